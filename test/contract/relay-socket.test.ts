/** The relay adapter's socket against the real relay, and against sockets that misbehave. */
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { systemClock } from '../../client/adapters/system-clock.ts';
import { createWebSocketRelay } from '../../client/adapters/websocket-relay.ts';
import type { HeardFrame, Relay, RelayConnection } from '../../client/ports/relay.ts';
import { encodeFrame, parseClientFrame, type RelayFrame } from '../../server/protocol/frames.ts';
import { manualClock } from '../support/manual-clock.ts';
import { addressOf, login, registerMany } from '../support/relay-device.ts';
import { type RunningRelay, startRelay } from '../support/relay.ts';

type Heard = { connection: RelayConnection; next(): Promise<HeardFrame | { type: 'closed'; code: number }>; waiting(): number };

/** What the handlers were told, in order. */
function listenTo(relay: Relay, token: string): Heard {
  const heard: (HeardFrame | { type: 'closed'; code: number })[] = [];
  let wake: (() => void) | undefined;
  const tell = (one: (typeof heard)[number]): void => {
    heard.push(one);
    wake?.();
  };
  const connection = relay.connect(token, { frame: tell, closed: (code) => tell({ type: 'closed', code }) });
  onTestFinished(() => connection.close());
  return {
    connection,
    waiting: () => heard.length,
    async next() {
      while (heard.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      return heard.shift() as (typeof heard)[number];
    },
  };
}

const WELCOME: RelayFrame = { type: 'welcome', protocol: 1, acknowledged: 0, waiting: 0, time: 1_700_000_000_000 };

describe('the real relay', () => {
  let running: RunningRelay;
  let devices: Awaited<ReturnType<typeof registerMany>>;
  beforeAll(async () => {
    running = await startRelay();
    devices = await registerMany(running.origin, running.firstInvite as string, 2);
  });
  afterAll(() => running.stop());

  const relayNow = (): Relay => createWebSocketRelay({ origin: running.origin, clock: systemClock });

  it('carries an envelope from one device to another, and its acknowledgement', async () => {
    const [ann, bob] = devices as [(typeof devices)[0], (typeof devices)[0]];
    const atAnn = listenTo(relayNow(), ann.token);
    const atBob = listenTo(relayNow(), bob.token);
    for (const one of [atAnn, atBob]) {
      expect(await one.next()).toMatchObject({ type: 'welcome', acknowledged: 0 });
      expect(await one.next()).toMatchObject({ type: 'drained' });
    }
    const body = crypto.getRandomValues(new Uint8Array(2_048));
    const envelopeId = crypto.getRandomValues(new Uint8Array(16));
    atAnn.connection.send({ type: 'submit', requestId: 5, envelopeId, recipients: [addressOf(bob.device)], body });
    expect(await atAnn.next()).toEqual({ type: 'accepted', requestId: 5 });
    const delivered = await atBob.next();
    expect(delivered).toMatchObject({ type: 'deliver', envelopeId, body });
    if (delivered.type !== 'deliver') return;
    atBob.connection.send({ type: 'ack', sequence: delivered.sequence });
    // The relay reads a socket in order: once the signal is through, so is the ack before it.
    atBob.connection.send({ type: 'signal', recipients: [addressOf(ann.device)], body });
    expect(await atAnn.next()).toEqual({ type: 'signal', body });
    atBob.connection.close();
    const again = listenTo(relayNow(), await login(running.origin, bob.device));
    expect(await again.next()).toMatchObject({ type: 'welcome', acknowledged: delivered.sequence, waiting: 0 });
  });

  it('names the relay’s reason for closing', async () => {
    expect(await listenTo(relayNow(), 'no.such.token').next()).toEqual({ type: 'closed', code: 4401 });
    const [ann] = devices as [(typeof devices)[0]];
    const older = listenTo(relayNow(), ann.token);
    expect(await older.next()).toMatchObject({ type: 'welcome' });
    const newer = listenTo(relayNow(), ann.token);
    expect(await newer.next()).toMatchObject({ type: 'welcome' });
    for (;;) {
      const heard = await older.next();
      if (heard.type !== 'closed') continue;
      expect(heard.code).toBe(4409);
      break;
    }
  });

  it('tells once that the relay died, and that it is not there', async () => {
    const own = await startRelay();
    onTestFinished(() => own.stop());
    const [device] = await registerMany(own.origin, own.firstInvite as string, 1);
    const relay = createWebSocketRelay({ origin: own.origin, clock: systemClock });
    const heard = listenTo(relay, device?.token as string);
    expect(await heard.next()).toMatchObject({ type: 'welcome' });
    expect(await heard.next()).toMatchObject({ type: 'drained' });
    await own.kill('SIGKILL');
    expect(await heard.next()).toEqual({ type: 'closed', code: 1006 });
    heard.connection.send({ type: 'ack', sequence: 1 });
    expect(await listenTo(relay, 'token').next()).toMatchObject({ type: 'closed' });
    expect(heard.waiting()).toBe(0);
  });
});

async function impostor(greet: (socket: WebSocket) => void) {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  const sockets = new Promise<WebSocket>((resolve) => {
    server.on('connection', (socket) => {
      greet(socket);
      resolve(socket);
    });
  });
  await new Promise((resolve) => server.once('listening', resolve));
  onTestFinished(() => {
    for (const socket of server.clients) socket.terminate();
    server.close();
  });
  const clock = manualClock();
  return {
    relay: createWebSocketRelay({ origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, clock }),
    clock,
    socket: sockets,
  };
}

function speak(...frames: RelayFrame[]) {
  return (socket: WebSocket): void => {
    for (const frame of frames) socket.send(encodeFrame(frame));
  };
}

function nextFrom(socket: WebSocket) {
  return new Promise<ReturnType<typeof parseClientFrame>>((resolve) => {
    socket.once('message', (data) => resolve(parseClientFrame(new Uint8Array(data as Buffer))));
  });
}

describe('a socket that misbehaves', () => {
  it('says hello with its token first, and hears nothing before the welcome', async () => {
    let first: Promise<unknown> | undefined;
    const { relay } = await impostor((socket) => {
      first = nextFrom(socket).then((frame) => {
        speak(WELCOME)(socket);
        return frame;
      });
    });
    const heard = listenTo(relay, 'the token');
    heard.connection.send({ type: 'ack', sequence: 9 });
    expect(await heard.next()).toEqual(WELCOME);
    expect(await first).toEqual({ type: 'hello', protocolMin: 1, protocolMax: 1, token: 'the token' });
  });

  it.each<[string, (socket: WebSocket) => void, number]>([
    ['text', (socket) => socket.send('hello'), 1006],
    ['bytes that are no frame', (socket) => socket.send(Uint8Array.of(1, 0x99)), 1006],
    ['a frame before the welcome', speak({ type: 'accepted', requestId: 1 }), 1006],
    ['a second welcome', speak(WELCOME, WELCOME), 1006],
    ['a protocol nobody offered', speak({ ...WELCOME, protocol: 9 }), 4426],
  ])('%s ends the connection', async (_, greet, code) => {
    const { relay } = await impostor(greet);
    const heard = listenTo(relay, 'token');
    let one = await heard.next();
    if (one.type === 'welcome') one = await heard.next();
    expect(one).toEqual({ type: 'closed', code });
  });

  it('is given up when it never says welcome', async () => {
    const { relay, clock, socket } = await impostor(() => undefined);
    const heard = listenTo(relay, 'token');
    await socket;
    clock.advance(19_999);
    expect(heard.waiting()).toBe(0);
    clock.advance(1);
    expect(await heard.next()).toEqual({ type: 'closed', code: 1006 });
    expect(clock.pending()).toBe(0);
  });

  it('is asked after 25 s of silence, lives on with its answer and is given up 10 s after a question without one', async () => {
    const { relay, clock, socket } = await impostor((one) => one.once('message', () => speak(WELCOME)(one)));
    const heard = listenTo(relay, 'token');
    expect(await heard.next()).toEqual(WELCOME);
    const peer = await socket;
    for (let round = 1; round <= 2; round++) {
      const asked = nextFrom(peer);
      clock.advance(25_000);
      expect(await asked).toEqual({ type: 'ping', value: round });
      speak({ type: 'pong', value: round }, { type: 'drained', sequence: round })(peer);
      expect(await heard.next()).toEqual({ type: 'drained', sequence: round });
    }
    clock.advance(25_000 + 9_999);
    expect(heard.waiting()).toBe(0);
    clock.advance(1);
    expect(await heard.next()).toEqual({ type: 'closed', code: 1006 });
  });

  it('is silent towards the engine after close', async () => {
    const { relay, clock, socket } = await impostor(speak(WELCOME));
    const heard = listenTo(relay, 'token');
    expect(await heard.next()).toEqual(WELCOME);
    const peer = await socket;
    const gone = new Promise((resolve) => peer.once('close', resolve));
    heard.connection.close();
    heard.connection.close();
    speak({ type: 'drained', sequence: 1 })(peer);
    await gone;
    expect(heard.waiting()).toBe(0);
    expect(clock.pending()).toBe(0);
  });
});

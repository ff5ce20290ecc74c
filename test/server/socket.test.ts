import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeFrame } from '../../server/protocol/frames.ts';
import { MAX_FRAME_BYTES } from '../../server/protocol/limits.ts';
import { addressOf, granted } from '../support/relay-device.ts';
import { type LocalRelay, localRelay } from '../support/relay-in-process.ts';
import { connect, openSocket } from '../support/relay-socket.ts';

let local: LocalRelay;
let origin: string;
let token: string;

beforeEach(async () => {
  local = await localRelay({ members: 2 });
  origin = local.origin;
  token = local.members[0]?.token ?? '';
});
afterEach(() => local.close());

const hello = (fields: { protocolMin?: number; protocolMax?: number; token?: string } = {}) =>
  ({ type: 'hello', protocolMin: 1, protocolMax: 1, token, ...fields }) as const;

describe('hello', () => {
  it('R2: welcomes with the protocol both speak', async () => {
    const socket = await openSocket(origin);
    socket.send(hello({ protocolMax: 9 }));
    expect(await socket.expect('welcome')).toEqual({ type: 'welcome', protocol: 1, acknowledged: 0, waiting: 0, time: local.clock.now() });
  });

  it.each([
    { what: 'a version we do not speak', frame: () => hello({ protocolMin: 2, protocolMax: 9 }), code: 4426 },
    { what: 'a range upside down', frame: () => hello({ protocolMin: 2, protocolMax: 1 }), code: 4426 },
    { what: 'a token that is none', frame: () => hello({ token: 'no.token.here' }), code: 4401 },
    { what: 'no token', frame: () => hello({ token: '' }), code: 4401 },
    { what: 'a ping first', frame: () => ({ type: 'ping', value: 1 }) as const, code: 4400 },
    { what: 'an acknowledgement first', frame: () => ({ type: 'ack', sequence: 1 }) as const, code: 4400 },
  ])('R2: $what ends the socket with $code', async ({ frame, code }) => {
    const socket = await openSocket(origin);
    socket.send(frame());
    expect(await socket.closed).toBe(code);
  });

  it('R2: a submit before welcome ends the socket and stores nothing, even right behind a good hello', async () => {
    const recipients = local.members.slice(1).map(({ device }) => addressOf(device));
    for (const first of [[], [hello()]]) {
      const socket = await openSocket(origin);
      for (const frame of first) socket.send(frame);
      socket.send({ type: 'submit', requestId: 1, envelopeId: new Uint8Array(16), recipients, body: new Uint8Array(2_048) });
      expect(await socket.closed).toBe(4400);
    }
    expect((await connect(origin, local.members[1]?.token ?? '')).welcome.waiting).toBe(0);
  });

  it('R2: silence is ended after ten seconds', async () => {
    const socket = await openSocket(origin);
    await granted(origin, 'account/me', {}, token);
    local.clock.advance(10_000);
    expect(await socket.closed).toBe(4408);
  });

  it('R2: a second hello ends the socket, before the welcome and after', async () => {
    const hasty = await openSocket(origin);
    for (let i = 0; i < 2; i++) hasty.send(hello());
    expect(await hasty.closed).toBe(4400);
    const socket = await connect(origin, token);
    socket.send(hello());
    expect(await socket.closed).toBe(4400);
  });
});

describe('socket', () => {
  it('R3: a newer socket of the device replaces the older, which hears why', async () => {
    const older = await connect(origin, token);
    const newer = await connect(origin, token);
    expect(await older.closed).toBe(4409);
    await newer.expect('drained');
    newer.send({ type: 'ping', value: 5 });
    expect(await newer.expect('pong')).toEqual({ type: 'pong', value: 5 });
  });

  it('R1: a text message ends it', async () => {
    const socket = await connect(origin, token);
    socket.raw.send('hello');
    expect(await socket.closed).toBe(4400);
  });

  it('R1: a frame of another frame version ends it with 4426, an unknown type and an empty message with 4400', async () => {
    for (const [bytes, code] of [
      [Uint8Array.of(2, 5, 0, 0, 0, 0), 4426],
      [Uint8Array.of(1, 0x7f), 4400],
      [Uint8Array.of(1, 0x84), 4400],
      [new Uint8Array(0), 4400],
    ] as const) {
      const socket = await connect(origin, token);
      socket.raw.send(bytes);
      expect(await socket.closed).toBe(code);
    }
  });

  it('R1: a frame beyond the largest ends it with 4413, one far beyond with 1009, in fragments too', async () => {
    const cases: [number, boolean, number][] = [
      [MAX_FRAME_BYTES + 1, false, 4413],
      [MAX_FRAME_BYTES + 1, true, 4413],
      [2 * MAX_FRAME_BYTES + 1, false, 1009],
      [2 * MAX_FRAME_BYTES + 1, true, 1009],
    ];
    for (const [length, inFragments, code] of cases) {
      const socket = await connect(origin, token);
      const bytes = Buffer.concat([Buffer.of(1, 2), randomBytes(length - 2)]);
      if (inFragments) {
        const middle = Math.floor(length / 2);
        socket.raw.send(bytes.subarray(0, middle), { fin: false });
        socket.raw.send(bytes.subarray(middle), { fin: true });
      } else socket.raw.send(bytes);
      expect(await socket.closed, `${length} ${inFragments}`).toBe(code);
    }
  });

  it('R1: fragments of a good frame are one frame', async () => {
    const socket = await connect(origin, token);
    await socket.expect('drained');
    const bytes = encodeFrame({ type: 'ping', value: 77 });
    for (let i = 0; i < bytes.length; i++) socket.raw.send(bytes.subarray(i, i + 1), { fin: i === bytes.length - 1 });
    expect(await socket.expect('pong')).toEqual({ type: 'pong', value: 77 });
  });

  it("R28: submits beyond the device's rate are refused with the time to wait, and the socket goes on", async () => {
    const limited = await localRelay({ members: 2, config: { rateFactor: 1 } });
    try {
      const socket = await connect(limited.origin, limited.members[0]?.token ?? '');
      await socket.expect('drained');
      const to = limited.members[1]?.device;
      if (!to) throw new Error('members');
      const answers: string[] = [];
      // In two parts, as no more than 500 without a token may be under way to one account (R52).
      for (const part of [300, 302]) {
        for (let requestId = 0; requestId < part; requestId++) {
          const envelopeId = new Uint8Array(randomBytes(16));
          socket.send({ type: 'submit', requestId, envelopeId, recipients: [addressOf(to)], body: new Uint8Array(2_048) });
        }
        for (let i = 0; i < part; i++) {
          const frame = await socket.next();
          answers.push(frame.type === 'refused' ? `${frame.code} ${frame.retryAfterMs}` : frame.type);
        }
      }
      expect(answers.filter((answer) => answer === 'accepted')).toHaveLength(600);
      expect(answers.filter((answer) => answer === 'rate_limited 17')).toHaveLength(2);
    } finally {
      await limited.close();
    }
  });

  it('R30: a relay that stops tells every socket to come back', async () => {
    const socket = await connect(origin, token);
    local = await local.reopen();
    expect(await socket.closed).toBe(1012);
  });
});

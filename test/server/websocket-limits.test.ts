import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RATES } from '../../server/config/rates.ts';
import { encodeFrame } from '../../server/protocol/frames.ts';
import { granted, login, type RelayDevice } from '../support/relay-device.ts';
import { type LocalRelay, localRelay } from '../support/relay-in-process.ts';
import { connect, openSocket } from '../support/relay-socket.ts';
import { OPCODE, openRawWebSocket, type RawWebSocket, webSocketFrame } from '../support/raw-websocket.ts';

let local: LocalRelay;
let token: string;

beforeEach(async () => {
  local = await localRelay({ members: 1 });
  token = local.members[0]?.token ?? '';
});
afterEach(() => local.close());

const hello = () => encodeFrame({ type: 'hello', protocolMin: 1, protocolMax: 1, token });
const ping = encodeFrame({ type: 'ping', value: 1 });

// welcome: two bytes of WebSocket's, then version, type, u16, u64, u32, u64; drained: the same two, then version, type, u64.
const GREETING_BYTES = 2 + 24 + 2 + 10;

async function welcomed(): Promise<RawWebSocket> {
  const socket = await openRawWebSocket(local.origin);
  socket.write(webSocketFrame(hello()));
  await socket.heard(GREETING_BYTES);
  return socket;
}

describe('frames of WebSocket', () => {
  it.each([
    ['compressed, though nothing was agreed', webSocketFrame(ping, { reserved: 4 })],
    ['with another reserved bit', webSocketFrame(ping, { reserved: 1 })],
    ['without a mask', webSocketFrame(ping, { masked: false })],
    ['of an unknown type', webSocketFrame(ping, { opcode: 3 })],
    ['a ping of 126 bytes', webSocketFrame(new Uint8Array(126), { opcode: OPCODE.ping })],
    ['a ping in fragments', webSocketFrame(ping, { opcode: OPCODE.ping, fin: false })],
    ['a continuation of nothing', webSocketFrame(ping, { opcode: OPCODE.continuation })],
    ['a second beginning', Buffer.concat([webSocketFrame(ping, { fin: false }), webSocketFrame(ping)])],
  ])('R56: %s: end the socket with 1002, before the welcome and after', async (_what, bytes) => {
    for (const socket of [await openRawWebSocket(local.origin), await welcomed()]) {
      socket.write(bytes);
      expect(await socket.closeCode()).toBe(1002);
      await socket.closed;
    }
  });

  it('R56: compression is not agreed to, however it is offered', async () => {
    for (const offer of ['permessage-deflate', 'permessage-deflate; client_max_window_bits, x-webkit-deflate-frame']) {
      const socket = await openRawWebSocket(local.origin, { 'sec-websocket-extensions': offer });
      expect(socket.extensions).toBeUndefined();
      socket.close();
    }
  });

  it('R56: a length far beyond the largest frame ends the socket with 1009 before a byte of it has come', async () => {
    const socket = await welcomed();
    socket.write(webSocketFrame(new Uint8Array(300_000)).subarray(0, 14));
    expect(await socket.closeCode()).toBe(1009);
  });

  it('R56: a message in 256 fragments is one frame, one in 257 ends the socket with 1008, however small they are', async () => {
    const pieces = (count: number) =>
      Buffer.concat(
        Array.from({ length: count }, (_, index) => {
          const part = index < ping.length ? ping.subarray(index, index + 1) : new Uint8Array(0);
          return webSocketFrame(part, { opcode: index === 0 ? OPCODE.binary : OPCODE.continuation, fin: index === count - 1 });
        }),
      );
    const socket = await welcomed();
    socket.write(pieces(256));
    expect((await socket.heard(GREETING_BYTES + 8)).subarray(GREETING_BYTES + 2, GREETING_BYTES + 4)).toEqual(Buffer.from([1, 0x87]));
    socket.write(pieces(257));
    expect(await socket.closeCode()).toBe(1008);
  });

  it('R56: who asks for pongs and takes none is cut off', async () => {
    const socket = await welcomed();
    socket.write(Buffer.concat(Array.from({ length: 200 }, () => webSocketFrame(new Uint8Array(0), { opcode: OPCODE.ping }))));
    expect(await socket.closeCode()).toBe(1006);
  });
});

describe('before the welcome', () => {
  it('R56: a ping or pong of WebSocket ends the socket', async () => {
    for (const opcode of [OPCODE.ping, OPCODE.pong]) {
      const socket = await openRawWebSocket(local.origin);
      socket.write(webSocketFrame(new Uint8Array(0), { opcode }));
      expect(await socket.closeCode()).toBe(4400);
      socket.close();
    }
  });

  it('R56: a message that does not end holds 16 KiB and no more', async () => {
    const socket = await openRawWebSocket(local.origin);
    const start = webSocketFrame(new Uint8Array(100_000), { fin: false });
    socket.write(start.subarray(0, 16_000));
    expect((await local.relay.store.mailbox(1)).waiting).toBe(0);
    expect(socket.isClosed()).toBe(false);
    socket.write(start.subarray(16_000, 17_000));
    await socket.closed;
  });

  it('R2, R56: half a hello is ended after ten seconds', async () => {
    const socket = await openRawWebSocket(local.origin);
    socket.write(webSocketFrame(hello()).subarray(0, 40));
    await granted(local.origin, 'account/me', {}, token);
    local.clock.advance(10_000);
    expect(await socket.closeCode()).toBe(4408);
    socket.close();
  });

  it('R56: of the sockets, and of those of an address, a quarter may be still to greet', async () => {
    const tight = await localRelay({ members: 2, config: { maxSockets: 20, maxSocketsPerAddress: 8 } });
    try {
      const strangers = [await openSocket(tight.origin), await openSocket(tight.origin)];
      expect(await (await openSocket(tight.origin)).closed).toBe(4429);
      await strangers[0]?.close();
      for (const { token: ours } of tight.members) await (await connect(tight.origin, ours)).expect('drained');
      await openSocket(tight.origin);
      expect(await (await openSocket(tight.origin)).closed).toBe(4429);
    } finally {
      await tight.close();
    }
  });

  it('R56: a welcomed socket that ends gives its place back once', async () => {
    const tight = await localRelay({ members: 1, config: { maxSocketsPerAddress: 4 } });
    try {
      for (let i = 0; i < 8; i++) {
        const device = await connect(tight.origin, tight.members[0]?.token ?? '');
        await device.expect('drained');
        await device.close();
      }
      const stranger = await openSocket(tight.origin);
      expect(await (await openSocket(tight.origin)).closed).toBe(4429);
      await stranger.close();
    } finally {
      await tight.close();
    }
  });
});

describe('floods', () => {
  let limited: LocalRelay;
  beforeEach(async () => {
    limited = await localRelay({ members: 1, config: { rateFactor: 1 } });
  });
  afterEach(() => limited.close());

  it("R28: WebSocket's pings count as the device's frames, and too many end the socket", async () => {
    const device = await connect(limited.origin, limited.members[0]?.token ?? '');
    await device.expect('drained');
    // In portions whose pongs are taken before the next.
    for (let sent = 0; sent < RATES.deviceFrame.burst; sent += 51) {
      for (let i = 0; i < 50; i++) device.raw.ping();
      device.send({ type: 'ping', value: 1 });
      await device.next().catch(() => undefined);
    }
    expect(await device.closed).toBe(4429);
  });

  it('R28: a device that connects over and over is told to wait', async () => {
    for (let i = 0; i < RATES.deviceHello.burst; i++) await (await connect(limited.origin, limited.members[0]?.token ?? '')).close();
    await expect(connect(limited.origin, limited.members[0]?.token ?? '')).rejects.toThrow('4429');
    limited.clock.advance(1_000 / RATES.deviceHello.perSecond);
    await (await connect(limited.origin, limited.members[0]?.token ?? '')).close();
  });

  it('R28: tokens that fail are told to wait at last; good ones of the same address never are', async () => {
    const codes = new Set<number>();
    for (let i = 0; i < RATES.addressDenied.burst; i++) {
      if (i % 100 === 0) limited.clock.advance(2_000 / RATES.addressDenied.perSecond);
      const socket = await openSocket(limited.origin);
      socket.send({ type: 'hello', protocolMin: 1, protocolMax: 1, token: 'no.token.here' });
      codes.add(await socket.closed);
    }
    expect([...codes]).toEqual([4401]);
    for (let i = 0; i < 12; i++) {
      const socket = await openSocket(limited.origin);
      socket.send({ type: 'hello', protocolMin: 1, protocolMax: 1, token: 'no.token.here' });
      codes.add(await socket.closed);
    }
    expect([...codes]).toEqual([4401, 4429]);
    const device = limited.members[0]?.device as RelayDevice;
    await (await connect(limited.origin, await login(limited.origin, device))).close();
  });
});

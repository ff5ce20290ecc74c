import { createHash, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Bytes } from '../../server/protocol/bytes.ts';
import { ERROR_CODES, ProtocolError } from '../../server/protocol/errors.ts';
import { type ClientFrame, encodeFrame, parseClientFrame, parseRelayFrame, type RelayFrame } from '../../server/protocol/frames.ts';
import { ENVELOPE_SIZES_BYTES } from '../../server/protocol/limits.ts';
import { addressOf, granted, login, type RelayDevice } from '../support/relay-device.ts';
import { type LocalRelay, localRelay } from '../support/relay-in-process.ts';
import { connect, openSocket } from '../support/relay-socket.ts';

const bytesOf = (length: number): fc.Arbitrary<Bytes> =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((bytes) => new Uint8Array(bytes));
const uint32 = fc.integer({ min: 0, max: 0xffff_ffff });
const uint16 = fc.integer({ min: 0, max: 0xffff });
const uint53 = fc.maxSafeNat();
const account = bytesOf(32).map((bytes) => Buffer.from(bytes).toString('base64url'));
const body = fc.constantFrom(...ENVELOPE_SIZES_BYTES.slice(0, 2)).chain(bytesOf);
const recipient = fc.record({ accountId: account, deviceId: fc.integer({ min: 1, max: 0x7fff_ffff }), listVersion: uint32 });
const recipients = fc.uniqueArray(recipient, { minLength: 1, maxLength: 4, selector: ({ accountId }) => accountId });
const asciiText = fc.string({ unit: 'binary-ascii', maxLength: 300 });

const clientFrame: fc.Arbitrary<ClientFrame> = fc.oneof(
  fc.record({ type: fc.constant('hello' as const), protocolMin: uint16, protocolMax: uint16, token: asciiText }),
  fc.record({ type: fc.constant('submit' as const), requestId: uint32, envelopeId: bytesOf(16), recipients, body }),
  fc.record({ type: fc.constant('ack' as const), sequence: uint53 }),
  fc.record({ type: fc.constant('signal' as const), recipients, body }),
  fc.record({ type: fc.constant('ping' as const), value: uint32 }),
);
const relayFrame: fc.Arbitrary<RelayFrame> = fc.oneof(
  fc.record({ type: fc.constant('welcome' as const), protocol: uint16, acknowledged: uint53, waiting: uint32, time: uint53 }),
  fc.record({ type: fc.constant('accepted' as const), requestId: uint32 }),
  fc.record({
    type: fc.constant('refused' as const),
    requestId: uint32,
    code: fc.constantFrom(...ERROR_CODES),
    retryAfterMs: uint32,
    accounts: fc.array(account, { maxLength: 3 }),
  }),
  fc.record({ type: fc.constant('deliver' as const), sequence: uint53, envelopeId: bytesOf(16), storedAt: uint53, body }),
  fc.record({ type: fc.constant('signal' as const), body }),
  fc.record({ type: fc.constant('drained' as const), sequence: uint53 }),
  fc.record({ type: fc.constant('pong' as const), value: uint32 }),
);

function codeOf(parse: (bytes: Bytes) => unknown, bytes: Bytes): string {
  try {
    parse(bytes);
    return 'parsed';
  } catch (error) {
    return error instanceof ProtocolError ? error.code : String(error);
  }
}

const REFUSALS = /^(bad_frame|unsupported_version|too_large)$/;

describe('frames', () => {
  it('R1: every frame is read as it was written', () => {
    const client = fc.property(clientFrame, (frame) => {
      expect(parseClientFrame(encodeFrame(frame))).toEqual(frame);
    });
    const relay = fc.property(relayFrame, (frame) => {
      expect(parseRelayFrame(encodeFrame(frame))).toEqual(frame);
    });
    fc.assert(client);
    fc.assert(relay);
  });

  it('R1: a frame cut anywhere, or with a byte more, is refused', () => {
    const check = (parse: (bytes: Bytes) => unknown) => (frame: ClientFrame | RelayFrame, at: number) => {
      const bytes = encodeFrame(frame);
      const cut = bytes.slice(0, at % bytes.length);
      expect(codeOf(parse, cut)).toMatch(REFUSALS);
      expect(codeOf(parse, new Uint8Array([...bytes, 0]))).toMatch(REFUSALS);
    };
    fc.assert(fc.property(clientFrame, fc.nat(), check(parseClientFrame)), { numRuns: 300 });
    fc.assert(fc.property(relayFrame, fc.nat(), check(parseRelayFrame)), { numRuns: 300 });
  });

  it('R1: a number beyond 2^53−1, a device id of 0 or 2^31, a recipient twice, no recipient, 1,025 recipients are refused', () => {
    expect(codeOf(parseClientFrame, Uint8Array.of(1, 3, 0, 0x20, 0, 0, 0, 0, 0, 0))).toBe('bad_frame');
    expect(codeOf(parseClientFrame, Uint8Array.of(1, 3, 0, 0x1f, 255, 255, 255, 255, 255, 255))).toBe('parsed');
    const to = (deviceId: number, index = 0) => ({ accountId: Buffer.alloc(32, index).toString('base64url'), deviceId, listVersion: 1 });
    const submit = (list: ReturnType<typeof to>[]) =>
      codeOf(
        parseClientFrame,
        encodeFrame({ type: 'submit', requestId: 1, envelopeId: new Uint8Array(16), recipients: list, body: new Uint8Array(2_048) }),
      );
    const many = Array.from({ length: 1_025 }, (_, index) => to(index + 1));
    for (const list of [[to(0)], [to(2 ** 31)], [to(1), to(1)], [], many]) expect(submit(list)).toBe('bad_frame');
    for (const list of [[to(1)], [to(2 ** 31 - 1)], [to(1), to(1, 2)], many.slice(1)]) expect(submit(list)).toBe('parsed');
  });
});

describe('a live relay', () => {
  let local: LocalRelay;
  beforeAll(async () => {
    local = await localRelay({ members: 2 });
  });
  afterAll(() => local.close());

  /** A stream of chance that a seed repeats. */
  function chance(seed: string) {
    let state = createHash('sha256').update(seed).digest();
    return (below: number): number => {
      state = createHash('sha256').update(state).digest();
      return state.readUInt32BE(0) % below;
    };
  }

  function garbage(next: (below: number) => number, to: RelayDevice): Uint8Array {
    const whole = encodeFrame(
      [
        { type: 'submit', requestId: 1, envelopeId: new Uint8Array(16), recipients: [addressOf(to)], body: new Uint8Array(2_048) } as const,
        { type: 'ack', sequence: next(1_000) } as const,
        { type: 'signal', recipients: [addressOf(to)], body: new Uint8Array(2_048) } as const,
        { type: 'ping', value: 7 } as const,
        { type: 'hello', protocolMin: 1, protocolMax: 1, token: 'x' } as const,
      ][next(5)] as ClientFrame,
    );
    const kind = next(4);
    if (kind === 0) return Uint8Array.from({ length: next(60) }, () => next(256));
    if (kind === 1) return whole.slice(0, next(whole.length));
    if (kind === 2) return new Uint8Array([...whole, ...new Uint8Array(1 + next(9))]);
    // A byte changed in front of the body, where it means something.
    const changed = whole.slice();
    const at = next(Math.min(changed.length, 60));
    changed[at] = ((changed[at] ?? 0) + 1 + next(255)) % 256;
    return changed;
  }

  it('R1: takes thousands of broken frames, each with an answer or the end of its own socket, and loses nothing meanwhile', async () => {
    const seed = randomBytes(8).toString('hex');
    const next = chance(seed);
    const { origin } = local;
    const [alice, bob] = local.members;
    if (!alice || !bob) throw new Error('members');
    const kept = new Uint8Array(randomBytes(2_048));
    const sender = await connect(origin, alice.token);
    sender.send({
      type: 'submit',
      requestId: 1,
      envelopeId: new Uint8Array(randomBytes(16)),
      recipients: [addressOf(bob.device)],
      body: kept,
    });
    for (let frame = await sender.next(); frame.type !== 'accepted'; ) frame = await sender.next();
    await sender.close();

    const ends = new Set<number>();
    let sent = 0;
    while (sent < 3_000) {
      const greeted = next(2) === 0;
      const socket = greeted ? await connect(origin, alice.token) : await openSocket(origin);
      let open = true;
      void socket.closed.then(() => {
        open = false;
      });
      socket.listen(() => undefined);
      for (let i = 0; i < 40 && open; i++) {
        socket.raw.send(garbage(next, bob.device));
        sent += 1;
        if (i % 8 === 7) await new Promise((resolve) => setImmediate(resolve));
      }
      socket.raw.send('done');
      ends.add(await socket.closed);
    }
    // 1006: more than 16 KiB before the welcome (R56), as while a token is looked up.
    expect(
      [...ends].filter((code) => ![1006, 4400, 4401, 4413, 4426].includes(code)),
      `seed ${seed}`,
    ).toEqual([]);

    const reader = await connect(origin, await login(origin, bob.device));
    const bodies: Uint8Array[] = [];
    for (let frame = await reader.next(); frame.type !== 'drained'; frame = await reader.next()) {
      if (frame.type !== 'deliver') continue;
      bodies.push(frame.body);
      reader.send({ type: 'ack', sequence: frame.sequence });
    }
    expect(
      bodies.some((one) => Buffer.compare(one, kept) === 0),
      `seed ${seed}`,
    ).toBe(true);
    expect(await granted(origin, 'account/me', {}, alice.token)).toMatchObject({ username: 'admin_0' });
  });
});

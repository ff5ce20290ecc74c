import { SessionLock } from '@privacyresearch/libsignal-protocol-typescript/lib/session-lock.js';
import { beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { nodePrimitives } from '../../client/adapters/node-primitives.ts';
import {
  type Bytes,
  encrypt,
  installPrimitives,
  MAX_ARCHIVED_SESSIONS,
  primitives,
  sessionInfo,
  signPrekey,
  startSession,
} from '../../crypto/index.ts';
import {
  type Bare,
  type BareMessage,
  type BareParty,
  bareInner,
  bareParty,
  bareReceive,
  bareSend,
  bareStart,
  loadBare,
} from '../support/bare-libsignal.ts';
import { refusal } from '../support/refusal.ts';
import { seededRandom } from '../support/seeded-random.ts';
import {
  bundleOf,
  inputOf,
  makePair,
  makeParty,
  openSession,
  type Party,
  receive,
  refused,
  send,
  start,
} from '../support/session-party.ts';

// Each defect of the library, shown on the library as it comes from npm, and closed by ours.

let bare: Bare;
let alice: BareParty;
let bob: BareParty;

beforeAll(() => installPrimitives(nodePrimitives));

beforeEach(async () => {
  bare = loadBare();
  alice = await bareParty(bare, 'alice');
  bob = await bareParty(bare, 'bob');
});

async function bareTurn(from: BareParty, to: BareParty, text: string): Promise<string> {
  return bareReceive(bare, to, from.name, await bareSend(bare, from, to.name, text));
}

const failure = (run: Promise<unknown>): Promise<string> =>
  run.then(
    () => 'went through',
    (error: unknown) => String(error),
  );

test('L1 a first message from an untrusted identity is refused', async () => {
  const mallory = await bareParty(bare, 'alice');
  bob.store.trusted = () => false;
  await bareStart(bare, mallory, bob);
  expect(await bareTurn(mallory, bob, 'I am Alice')).toBe('I am Alice');
  expect(bob.store.identities.get('alice.1')).toEqual(mallory.identity.pubKey);

  const random = seededRandom('L1');
  const [ours, impostor] = [await makeParty(random), await makeParty(random)];
  await start(impostor, ours, 1);
  const message = await send(impostor, ours, 'I am Alice');
  const expectedIdentity = (await makeParty(random)).ours.identity.publicKey;
  expect(await refused(ours, impostor, message, { expectedIdentity })).toBe('untrusted-identity');
});

test('L2 a session does not grow with the turns of a conversation', async () => {
  await bareStart(bare, alice, bob);
  const sizes: number[] = [];
  for (let turn = 0; turn < 60; turn++) {
    await (turn % 2 ? bareTurn(bob, alice, 'turn') : bareTurn(alice, bob, 'turn'));
    sizes.push((bob.store.sessions.get('alice.1') ?? '').length);
  }
  expect((sizes[59] as number) - (sizes[29] as number)).toBeGreaterThan(15 * 100);

  const pair = await makePair(seededRandom('L2'));
  const ours: number[] = [];
  for (let turn = 0; turn < 200; turn++) {
    const [from, to] = turn % 2 ? [pair.alice, pair.bob] : [pair.bob, pair.alice];
    await receive(to, from, await send(from, to, 'turn'));
    ours.push(openSession(to, from).length);
  }
  expect(new Set(ours.slice(30)).size).toBe(1);
  expect(ours.at(-1)).toBeLessThan(1_000);
});

test('L3 a late message for an archived session leaves the open one as it was', async () => {
  await bareStart(bare, alice, bob);
  await bareTurn(alice, bob, 'hello');
  await bareTurn(bob, alice, 'hello');
  const bareLate = await bareSend(bare, alice, 'bob', 'late');
  await bareStart(bare, alice, bob);
  await bareTurn(alice, bob, 'new session');
  const bareNext = await bareSend(bare, alice, 'bob', 'next');
  expect(await bareReceive(bare, bob, 'alice', bareLate)).toBe('late');
  expect(await failure(bareReceive(bare, bob, 'alice', bareNext))).not.toBe('went through');

  const pair = await makePair(seededRandom('L3'));
  const late = await send(pair.alice, pair.bob, 'late');
  await start(pair.alice, pair.bob, 2);
  await receive(pair.bob, pair.alice, await send(pair.alice, pair.bob, 'new session'));
  const next = await send(pair.alice, pair.bob, 'next');
  expect(await receive(pair.bob, pair.alice, late)).toBe('late');
  expect(await receive(pair.bob, pair.alice, next)).toBe('next');
});

test('L4 nothing is left in the library’s queue', async () => {
  const lock = bareInner<{ SessionLock: { _promises: unknown[] } }>('session-lock').SessionLock;
  await bareStart(bare, alice, bob);
  for (let i = 0; i < 5; i++) await bareSend(bare, alice, 'bob', 'text');
  expect(lock._promises.length).toBe(6);

  const pair = await makePair(seededRandom('L4'));
  for (let i = 0; i < 5; i++) await receive(pair.bob, pair.alice, await send(pair.alice, pair.bob, 'text'));
  expect(SessionLock._promises.length + SessionLock.errors.length).toBe(0);
});

test('L5 prekey id 0 is never used and never looked up', async () => {
  // Alice used no one-time prekey; the library writes that as 0, and looks 0 up.
  bob.store.prekeys.set(0, (await bare.KeyHelper.generatePreKey(0)).keyPair);
  await bareStart(bare, alice, bob);
  expect(await failure(bareTurn(alice, bob, 'without'))).toContain('Bad MAC');

  const random = seededRandom('L5');
  const [from, to] = [await makeParty(random), await makeParty(random)];
  await start(from, to);
  const asked: number[] = [];
  const oneTimePrekey = (id: number) => {
    asked.push(id);
    return to.oneTimePrekeys.get(1);
  };
  expect(await receive(to, from, await send(from, to, 'without'), { oneTimePrekey })).toBe('without');
  expect(asked).toEqual([]);
  const { signedPrekey } = bundleOf(to);
  const zero = { id: 0, publicKey: signedPrekey.publicKey };
  const begin = (changes: object) => refusal(() => startSession(from.ours, from.address, { ...bundleOf(to), ...changes }, random));
  expect(await begin({ oneTimePrekey: zero })).toBe('malformed');
  expect(await begin({ signedPrekey: { ...signedPrekey, id: 0 } })).toBe('malformed');
});

test('L6 a first message naming an absent one-time prekey says so', async () => {
  const { keyPair } = await bare.KeyHelper.generatePreKey(5);
  await bareStart(bare, alice, bob, { keyId: 5, publicKey: keyPair.pubKey });
  expect(await failure(bareTurn(alice, bob, 'gone'))).toContain('Bad MAC');

  const random = seededRandom('L6');
  const [from, to] = [await makeParty(random), await makeParty(random)];
  await start(from, to, 1);
  const message = await send(from, to, 'gone');
  to.oneTimePrekeys.delete(1);
  expect(await refused(to, from, message)).toBe('unknown-prekey');
  await start(from, to, 2);
  const other = await send(from, to, 'gone too');
  to.signedPrekeys.delete(1);
  expect(await refused(to, from, other)).toBe('unknown-prekey');
});

// Signal's library from 0.24 on writes 0x34 first and puts it under the MAC: the same here, through the library's WebCrypto.
function writeAs34(): void {
  const { subtle } = globalThis.crypto;
  const sign = (algorithm: AlgorithmIdentifier, key: CryptoKey, data: ArrayBuffer) => {
    const bytes = new Uint8Array(data);
    if (bytes.length > 67 && bytes[0] === 5 && bytes[33] === 5 && bytes[66] === 0x33) bytes[66] = 0x34;
    return subtle.sign(algorithm, key, bytes);
  };
  const patched = {
    getRandomValues: <T extends Uint8Array<ArrayBuffer>>(array: T): T => globalThis.crypto.getRandomValues(array),
    subtle: { importKey: subtle.importKey.bind(subtle), encrypt: subtle.encrypt.bind(subtle), decrypt: subtle.decrypt.bind(subtle), sign },
  };
  bare.setWebCrypto(patched as unknown as Crypto);
}

const toBytes = (text: string): Bytes => Uint8Array.from(text, (character) => character.charCodeAt(0));

function asBareParty(party: Party): Promise<BareParty> {
  const { publicKey } = party.signedPrekeys.get(1) ?? party.ours.identity;
  const encoded = (key: Uint8Array) => new Uint8Array([5, ...key]).buffer;
  return bareParty(bare, 'ours').then((made) => ({
    ...made,
    identity: { pubKey: encoded(party.ours.identity.publicKey), privKey: party.ours.identity.privateKey.buffer },
    signed: { pubKey: encoded(publicKey), privKey: new ArrayBuffer(32) },
    signature: party.signature.slice().buffer,
  }));
}

test('L7 version byte 0x34 is read, with the MAC over it; ours stays 0x33; the stock library and ours talk', async () => {
  const ours = await makeParty(seededRandom('L7'));
  const them = await makeParty(seededRandom('L7 them'));
  const identityKey = new Uint8Array(alice.identity.pubKey).slice(1);
  const stranger: Party = { ...them, ours: { ...them.ours, identity: { ...them.ours.identity, publicKey: identityKey } } };

  await bareStart(bare, alice, await asBareParty(ours));
  const plain = await bareSend(bare, alice, 'ours', 'in 0x33');
  expect(await receive(ours, stranger, toBytes(`\u0001${plain.body}`))).toBe('in 0x33');
  const answer = await send(ours, stranger, 'answer');
  const latin1 = String.fromCharCode(...answer.subarray(1));
  expect(answer[1]).toBe(0x33);
  expect(await bareReceive(bare, alice, 'ours', { type: 1, body: latin1 })).toBe('answer');
  const refusedByBare: BareMessage = { type: 1, body: `4${latin1.slice(1)}` };
  expect(await failure(bareReceive(bare, alice, 'ours', refusedByBare))).toContain('Incompatible version');

  const unchanged = await bareSend(bare, alice, 'ours', 'MAC over 0x33');
  expect(await refused(ours, stranger, toBytes(`\u00024${unchanged.body.slice(1)}`))).toBe('bad-mac');
  writeAs34();
  const modern = await bareSend(bare, alice, 'ours', 'in 0x34');
  expect(await refused(ours, stranger, toBytes(`\u0002${modern.body}`))).toBe('bad-mac');
  expect(await receive(ours, stranger, toBytes(`\u00024${modern.body.slice(1)}`))).toBe('in 0x34');
  expect(await refused(ours, stranger, toBytes(`\u0002D${modern.body.slice(1)}`))).toBe('unsupported-version');
});

const LOW_ORDER = ['00'.repeat(32), `01${'00'.repeat(31)}`, `ec${'ff'.repeat(30)}7f`, `ed${'ff'.repeat(30)}7f`].map((hex) =>
  Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16)),
);

test('L8 low-order public keys are refused in bundles and in messages', async () => {
  const { crypto } = bareInner<{ crypto: { ECDHE(publicKey: ArrayBuffer, privateKey: ArrayBuffer): Promise<ArrayBuffer> } }>(
    'internal/index',
  );
  for (const point of LOW_ORDER) {
    const shared = await crypto.ECDHE(new Uint8Array([5, ...point]).buffer, alice.identity.privKey);
    expect(new Uint8Array(shared)).toEqual(new Uint8Array(32));
  }

  const random = seededRandom('L8');
  const [from, to] = [await makeParty(random), await makeParty(random)];
  await start(from, to, 1);
  const first = await send(from, to, 'text');
  // 1 type, 1 version, registration id 2, one-time 2, signed 2; then tag, length, 0x05 before each key.
  const baseKeyAt = 11;
  const identityKeyAt = baseKeyAt + 32 + 3;
  const ratchetKeyAt = identityKeyAt + 32 + 2 + 1 + 3;
  const bundle = bundleOf(to, 1);
  for (const point of LOW_ORDER) {
    const signature = await signPrekey(to.ours.identity.privateKey, point, random);
    const begin = (changes: object) => refusal(() => startSession(from.ours, from.address, { ...bundle, ...changes }, random));
    expect(await begin({ identityKey: point })).toBe('bad-key');
    expect(await begin({ signedPrekey: { id: 1, publicKey: point, signature } })).toBe('bad-key');
    expect(await begin({ oneTimePrekey: { id: 1, publicKey: point } })).toBe('bad-key');
    for (const at of [baseKeyAt, identityKeyAt, ratchetKeyAt]) {
      const changed = first.slice();
      expect(changed[at - 1]).toBe(5);
      changed.set(point, at);
      expect(await refused(to, from, changed, { expectedIdentity: null })).toBe('bad-key');
    }
    expect(await refusal(async () => primitives.x25519(from.ours.identity.privateKey, point))).toBe('bad-key');
  }
});

test('L9 an address is two values, never a text to take apart', async () => {
  expect(bare.SignalProtocolAddress.fromString('john.doe.2').toString()).toBe('john.NaN');

  const { alice: a, bob: b } = await makePair(seededRandom('L9'));
  const second = { ...b, address: { ...b.address, deviceId: 2_147_483_647 }, sessions: new Map() };
  await start(a, second, 2);
  expect(await receive(second, a, await send(a, second, 'to the other device'))).toBe('to the other device');
  const named = { accountId: 'john.doe', deviceId: 2 };
  expect(await refusal(() => encrypt(openSession(a, b), a.ours, named, Uint8Array.of(1)))).toBe('malformed');
});

test('L10 verification says true for valid, signatures are randomised, any key signs', async () => {
  const { Curve25519Wrapper } = await import('@privacyresearch/curve25519-typescript');
  const stock = await Curve25519Wrapper.create();
  const message = new TextEncoder().encode('message');
  const pair = stock.keyPair(new Uint8Array(32).fill(7).buffer);
  const stockSignature = stock.sign(pair.privKey, message.buffer);
  expect(stock.verify(pair.pubKey, message.buffer, stockSignature)).toBe(false);
  expect(stock.verify(pair.pubKey, message.buffer, new ArrayBuffer(64))).toBe(true);
  expect(stock.sign(pair.privKey, message.buffer)).toEqual(stockSignature);
  const raw = new Uint8Array(32).fill(0xff);
  const { pubKey } = stock.keyPair(raw.slice().buffer);
  expect(stock.verify(pubKey, message.buffer, stock.sign(raw.slice().buffer, message.buffer))).toBe(true);

  const random = seededRandom('L10');
  const publicKey = await primitives.x25519PublicKey(raw);
  const [one, two] = [await primitives.xeddsaSign(raw, message, random), await primitives.xeddsaSign(raw, message, random)];
  expect(one).not.toEqual(two);
  expect(await primitives.xeddsaVerify(publicKey, message, one)).toBe(true);
  expect(await primitives.xeddsaVerify(publicKey, message, new Uint8Array(64))).toBe(false);
  // The two agree about what is valid.
  expect(stock.verify(new Uint8Array(publicKey).buffer, message.buffer, one.buffer)).toBe(false);
  expect(await primitives.xeddsaVerify(new Uint8Array(pair.pubKey), message, new Uint8Array(stockSignature))).toBe(true);
});

test('L11 nothing is ever printed, in success or in failure', async () => {
  const methods = ['log', 'info', 'warn', 'error', 'debug', 'trace', 'dir'] as const;
  const spies = methods.map((method) => vi.spyOn(console, method).mockImplementation(() => undefined));
  const printed = () => spies.reduce((sum, spy) => sum + spy.mock.calls.length, 0);
  const { crypto } = bareInner<{ crypto: { ECDHE(publicKey: ArrayBuffer, privateKey: ArrayBuffer): unknown } }>('internal/index');
  await failure(Promise.resolve().then(() => crypto.ECDHE(new Uint8Array(31).buffer, alice.identity.privKey)));
  expect(printed()).toBe(1);
  for (const spy of spies) spy.mockClear();

  const { alice: a, bob: b } = await makePair(seededRandom('L11'));
  const message = await send(a, b, 'text');
  for (let at = 0; at < message.length; at += 5) {
    const changed = message.slice();
    changed[at] = (changed[at] as number) ^ 0x11;
    await refused(b, a, changed);
  }
  await receive(b, a, message);
  await refused(b, a, message);
  await refused(b, a, message, { session: null });
  expect(printed()).toBe(0);
  for (const spy of spies) spy.mockRestore();
});

test('L12 an unauthenticated message changes no identity', async () => {
  await bareStart(bare, alice, bob);
  const message = await bareSend(bare, alice, 'bob', 'forged');
  const forged = {
    ...message,
    body: `${message.body.slice(0, -1)}${String.fromCharCode(message.body.charCodeAt(message.body.length - 1) ^ 1)}`,
  };
  expect(await failure(bareReceive(bare, bob, 'alice', forged))).toContain('Bad MAC');
  expect(bob.store.identities.size).toBe(1);

  const random = seededRandom('L12');
  const [from, to] = [await makeParty(random), await makeParty(random)];
  await start(from, to, 1);
  const first = await send(from, to, 'forged');
  first[first.length - 1] = (first.at(-1) as number) ^ 1;
  // Whatever is to be stored comes with the text, and there is no text.
  expect(await refused(to, from, first, { expectedIdentity: null })).toBe('bad-mac');
  expect(to.oneTimePrekeys.has(1)).toBe(true);
});

test('L13 the identity is a value that goes in and comes out, not a name in a store', async () => {
  await bareStart(bare, alice, bob);
  expect(alice.store.calls).toEqual(['trusted? bob', 'save bob.1']);

  const { alice: a, bob: b } = await makePair(seededRandom('L13'));
  expect(sessionInfo(openSession(a, b)).identityKey).toEqual(b.ours.identity.publicKey);
  expect(sessionInfo(openSession(b, a)).identityKey).toEqual(a.ours.identity.publicKey);
});

test('L14 a first message without one-time prekey cannot be replayed once its session is forgotten', async () => {
  await bareStart(bare, alice, bob);
  const message = await bareSend(bare, alice, 'bob', 'pay');
  expect(await bareReceive(bare, bob, 'alice', message)).toBe('pay');
  expect(await failure(bareReceive(bare, bob, 'alice', message))).toContain('MessageCounterError');
  bob.store.sessions.clear();
  expect(await bareReceive(bare, bob, 'alice', message)).toBe('pay');

  const random = seededRandom('L14');
  const [from, to] = [await makeParty(random), await makeParty(random)];
  await start(from, to);
  const first = await send(from, to, 'pay');
  expect(await receive(to, from, first)).toBe('pay');
  expect(await refused(to, from, first)).toBe('duplicate');
  for (let i = 0; i <= MAX_ARCHIVED_SESSIONS; i++) {
    await start(from, to);
    await receive(to, from, await send(from, to, `start ${i}`));
  }
  expect(await refused(to, from, first)).toBe('unknown-session');
  // What keeps it out is the memory of its keys, and that alone.
  expect(await refused(to, from, first, { isKnownFirst: () => false })).toBeNull();
  expect(inputOf(to, from, first).signedPrekey(1)).toBeDefined();
});

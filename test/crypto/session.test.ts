import { beforeAll, expect, test } from 'vitest';
import {
  type Bytes,
  encrypt,
  expireSkippedKeys,
  generateKeyPair,
  installPrimitives,
  MAX_ARCHIVED_JUMP,
  MAX_ARCHIVED_SESSIONS,
  MAX_ENVELOPE_BYTES,
  MAX_PAIRWISE_JUMP,
  MAX_SKIPPED_KEYS,
  MAX_SKIPPED_KEYS_A_SESSION,
  peekFirst,
  primitives,
  SKIPPED_KEY_KEEP_MS,
  sessionInfo,
  signPrekey,
  startSession,
} from '../../crypto/index.ts';
import { nodePrimitives } from '../../client/adapters/node-primitives.ts';
import { NOW } from '../support/accounts.ts';
import { forgedLater } from '../support/forged-message.ts';
import { refusal } from '../support/refusal.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { bundleOf, makePair, makeParty, openSession, receive, refused, send, sendBytes, start } from '../support/session-party.ts';

beforeAll(() => installPrimitives(nodePrimitives));

test('S1: a conversation: first message, answer, many turns, both sessions acknowledged', async () => {
  const random = seededRandom('conversation');
  const alice = await makeParty(random);
  const bob = await makeParty(random);
  await start(alice, bob, 2);
  const first = await send(alice, bob, 'hello');
  expect(first[0]).toBe(1);
  expect(peekFirst(first)).toMatchObject({
    identityKey: alice.ours.identity.publicKey,
    registrationId: 77,
    signedPrekeyId: 1,
    oneTimePrekeyId: 2,
  });
  expect(sessionInfo(openSession(alice, bob))).toMatchObject({ suite: 1, acknowledged: false });
  expect(await receive(bob, alice, first)).toBe('hello');
  expect(bob.oneTimePrekeys.has(2)).toBe(false);
  expect(await receive(bob, alice, await send(alice, bob, 'still a first message'))).toBe('still a first message');
  const answer = await send(bob, alice, 'hello Alice');
  expect(answer[0]).toBe(2);
  expect(peekFirst(answer)).toBeNull();
  expect(await receive(alice, bob, answer)).toBe('hello Alice');
  expect(sessionInfo(openSession(alice, bob))).toMatchObject({ acknowledged: true, identityKey: bob.ours.identity.publicKey });
  for (let turn = 0; turn < 30; turn++) {
    const [from, to] = turn % 2 ? [alice, bob] : [bob, alice];
    expect(await receive(to, from, await send(from, to, `turn ${turn}`))).toBe(`turn ${turn}`);
  }
});

test('sizes are those of the facts: 256 bytes make 403 in a first message and 323 in a later one', async () => {
  const { alice, bob } = await makePair(seededRandom('sizes'));
  expect((await sendBytes(alice, bob, new Uint8Array(256))).length).toBe(1 + 323);
  const carol = await makeParty(alice.random);
  await start(alice, carol, 1);
  expect((await sendBytes(alice, carol, new Uint8Array(256))).length).toBe(1 + 403);
});

test('an empty text and the largest pass, one byte more does not', async () => {
  const { alice, bob } = await makePair(seededRandom('largest'));
  expect(await receive(bob, alice, await send(alice, bob, ''))).toBe('');
  expect(await refusal(() => encrypt(openSession(alice, bob), alice.ours, bob.address, new Uint8Array(MAX_ENVELOPE_BYTES + 1)))).toBe(
    'too-large',
  );
  expect(await refused(bob, alice, new Uint8Array(MAX_ENVELOPE_BYTES + 1))).toBe('too-large');
});

test('no key is used twice: the same text encrypted from two values differs, the state never repeats', async () => {
  const { alice, bob } = await makePair(seededRandom('no reuse'));
  const seen = new Set<string>();
  for (let i = 0; i < 20; i++) seen.add((await send(alice, bob, 'same')).join());
  expect(seen.size).toBe(20);
});

test('S1: nothing given is changed by success either', async () => {
  const { alice, bob } = await makePair(seededRandom('pure'));
  const before = openSession(alice, bob).slice();
  const { message } = await encrypt(openSession(alice, bob), alice.ours, bob.address, Uint8Array.of(1));
  expect(openSession(alice, bob)).toEqual(before);
  const theirs = openSession(bob, alice);
  const copy = theirs.slice();
  await receive(bob, alice, message);
  expect(theirs).toEqual(copy);
});

test('S2: a jump of 2,000 decrypts, 2,001 is too-far-ahead, and what was skipped decrypts later', async () => {
  const { alice, bob } = await makePair(seededRandom('jump'));
  const messages: Bytes[] = [];
  for (let i = 0; i <= MAX_PAIRWISE_JUMP + 2; i++) messages.push(await send(alice, bob, `${i}`));
  expect(await refused(bob, alice, messages[MAX_PAIRWISE_JUMP] as Bytes)).toBe('too-far-ahead');
  expect(await receive(bob, alice, messages[MAX_PAIRWISE_JUMP - 1] as Bytes)).toBe(`${MAX_PAIRWISE_JUMP - 1}`);
  expect(await receive(bob, alice, messages[0] as Bytes)).toBe('0');
  expect(await receive(bob, alice, messages[MAX_PAIRWISE_JUMP + 2] as Bytes)).toBe(`${MAX_PAIRWISE_JUMP + 2}`);
  expect(await receive(bob, alice, messages[1] as Bytes)).toBe('1');
  expect(await receive(bob, alice, messages[MAX_PAIRWISE_JUMP] as Bytes)).toBe(`${MAX_PAIRWISE_JUMP}`);
});

test('S2: max-skip: a chain keeps 2,000 skipped keys and drops the oldest', async () => {
  const { alice, bob } = await makePair(seededRandom('max-skip'));
  const messages: Bytes[] = [];
  for (let i = 0; i < MAX_SKIPPED_KEYS + 3; i++) messages.push(await send(alice, bob, `${i}`));
  expect(await receive(bob, alice, messages[1_500] as Bytes)).toBe('1500');
  expect(await receive(bob, alice, messages.at(-1) as Bytes)).toBe(`${MAX_SKIPPED_KEYS + 2}`);
  // Skipped: 0…2001 without 1500, that is 2,001: key 0 is dropped, key 1 is the oldest kept.
  expect(await refused(bob, alice, messages[0] as Bytes)).toBe('duplicate');
  expect(await receive(bob, alice, messages[1] as Bytes)).toBe('1');
  expect(openSession(bob, alice).length).toBeLessThan(MAX_SKIPPED_KEYS * 38 + 2_000);
});

test('S2: skipped keys die after 33 days, in the session used and in idle ones', async () => {
  const { alice, bob } = await makePair(seededRandom('expiry'));
  const late = await send(alice, bob, 'late');
  const inTime = await send(alice, bob, 'in time');
  await receive(bob, alice, inTime);
  const session = openSession(bob, alice);
  const day = 24 * 3_600_000;
  expect(await refused(bob, alice, late, { session: expireSkippedKeys(session, NOW + SKIPPED_KEY_KEEP_MS) })).toBeNull();
  expect(await refused(bob, alice, late, { session: expireSkippedKeys(session, NOW + SKIPPED_KEY_KEEP_MS + day) })).toBe('duplicate');
  await receive(bob, alice, await send(alice, bob, 'next'), { now: NOW + SKIPPED_KEY_KEEP_MS + day });
  expect(await refused(bob, alice, late)).toBe('duplicate');
});

test('S3: both start at once: everything arrives, and they settle on one session', async () => {
  const random = seededRandom('both');
  const alice = await makeParty(random);
  const bob = await makeParty(random);
  await start(alice, bob, 1);
  await start(bob, alice, 1);
  const [a, b] = [await send(alice, bob, 'from Alice'), await send(bob, alice, 'from Bob')];
  expect(await receive(bob, alice, a)).toBe('from Alice');
  expect(await receive(alice, bob, b)).toBe('from Bob');
  const [a2, b2] = [await send(alice, bob, 'again Alice'), await send(bob, alice, 'again Bob')];
  expect(await receive(bob, alice, a2)).toBe('again Alice');
  expect(await receive(alice, bob, b2)).toBe('again Bob');
  for (let i = 0; i < 4; i++) {
    expect(await receive(bob, alice, await send(alice, bob, `a${i}`))).toBe(`a${i}`);
    expect(await receive(alice, bob, await send(bob, alice, `b${i}`))).toBe(`b${i}`);
  }
  expect(sessionInfo(openSession(alice, bob)).acknowledged).toBe(true);
  expect(sessionInfo(openSession(bob, alice)).acknowledged).toBe(true);
  // suite 1, account 32, device 4, count 1, length 4; then the base key that names the open session.
  const openBaseKey = (session: Uint8Array) => session.slice(42, 74);
  expect(openBaseKey(openSession(alice, bob))).toEqual(openBaseKey(openSession(bob, alice)));
});

test('more than 2,000 lost at the end of a chain do not end the session', async () => {
  const { alice, bob } = await makePair(seededRandom('lost tail'));
  await receive(bob, alice, await send(alice, bob, 'the chain begins'));
  for (let i = 0; i <= MAX_PAIRWISE_JUMP; i++) await send(alice, bob, 'lost');
  await receive(alice, bob, await send(bob, alice, 'still there?'));
  expect(await receive(bob, alice, await send(alice, bob, 'yes'))).toBe('yes');
  expect(await receive(alice, bob, await send(bob, alice, 'good'))).toBe('good');
});

test('nothing lies beyond the end of a closed chain, and a text is whole blocks', async () => {
  const { alice, bob } = await makePair(seededRandom('closed'));
  const last = await send(alice, bob, 'last');
  await receive(bob, alice, last);
  await receive(alice, bob, await send(bob, alice, 'turn'));
  await receive(bob, alice, await send(alice, bob, 'new chain'));
  // 1 type, 1 version, 35 ratchet key, 1 tag: the counter, one byte.
  const beyond = last.slice();
  expect(beyond[37]).toBe(0x10);
  beyond[38] = 100;
  expect(await refused(bob, alice, beyond)).toBe('bad-mac');

  const whole = await send(alice, bob, 'sixteen or fewer');
  const short = await send(alice, bob, 'short');
  expect(short.at(-25)).toBe(16);
  const cut = new Uint8Array([...short.subarray(0, -25), 15, ...short.subarray(-23)]);
  expect(await refused(bob, alice, cut)).toBe('malformed');
  expect([await receive(bob, alice, short), await receive(bob, alice, whole)]).toEqual(['short', 'sixteen or fewer']);
});

test('S2: max-skip: a session keeps 4,000 skipped keys in all its chains, those of the oldest chain go first', async () => {
  const { alice, bob } = await makePair(seededRandom('all chains'));
  const each = 1_500;
  const skipped: Bytes[][] = [];
  for (let chain = 0; chain < 3; chain++) {
    const burst: Bytes[] = [];
    for (let i = 0; i <= each; i++) burst.push(await send(alice, bob, `${chain}/${i}`));
    await receive(bob, alice, burst.pop() as Bytes);
    skipped.push(burst);
    await receive(alice, bob, await send(bob, alice, 'turn'));
  }
  const over = 3 * each - MAX_SKIPPED_KEYS_A_SESSION;
  expect(await refused(bob, alice, skipped[0]?.[over - 1] as Bytes)).toBe('duplicate');
  expect(await receive(bob, alice, skipped[0]?.[over] as Bytes)).toBe(`0/${over}`);
  expect(await receive(bob, alice, skipped[1]?.[0] as Bytes)).toBe('1/0');
  expect(await receive(bob, alice, skipped[2]?.[0] as Bytes)).toBe('2/0');
});

test('S3: old-session-after-heal: a late message of the session left behind is read and does not bring that session back', async () => {
  const { alice, bob } = await makePair(seededRandom('heal'));
  const [late, later] = [await send(alice, bob, 'late'), await send(alice, bob, 'later')];
  await receive(bob, alice, later);
  await start(bob, alice, 2);
  const reset = await send(bob, alice, 'fresh start');
  expect(reset[0]).toBe(1);
  expect(await receive(bob, alice, late)).toBe('late');
  const still = await send(bob, alice, 'still fresh');
  expect(still[0]).toBe(1);
  expect(peekFirst(still)?.baseKey).toEqual(peekFirst(reset)?.baseKey);
  expect(await receive(alice, bob, reset)).toBe('fresh start');
  expect(await receive(alice, bob, still)).toBe('still fresh');
});

test('S3: archived sessions are bounded, the oldest goes first', async () => {
  const { alice, bob } = await makePair(seededRandom('archive'));
  const oldest = await send(alice, bob, 'oldest');
  const sizes: number[] = [];
  for (let i = 0; i < MAX_ARCHIVED_SESSIONS + 3; i++) {
    if (i === MAX_ARCHIVED_SESSIONS) expect(await refused(bob, alice, oldest)).toBeNull();
    await start(bob, alice);
    await receive(alice, bob, await send(bob, alice, `start ${i}`));
    sizes.push(openSession(bob, alice).length);
  }
  expect(sizes.at(-1)).toBe(sizes[MAX_ARCHIVED_SESSIONS]);
  expect(await refused(bob, alice, oldest)).toBe('bad-mac');
});

test('S2: under a new ratchet key an archived session jumps 64 messages, and 2,000 once that key is known', async () => {
  const { alice, bob } = await makePair(seededRandom('archived jump'));
  await receive(alice, bob, await send(bob, alice, 'your turn'));
  await start(bob, alice);
  const messages: Bytes[] = [];
  for (let i = 0; i <= MAX_ARCHIVED_JUMP + MAX_PAIRWISE_JUMP; i++) messages.push(await send(alice, bob, `${i}`));
  const before = openSession(bob, alice);
  // The open session's reason.
  expect(await refused(bob, alice, messages[MAX_ARCHIVED_JUMP] as Bytes)).toBe('bad-mac');
  expect(openSession(bob, alice)).toEqual(before);
  expect(await receive(bob, alice, messages[MAX_ARCHIVED_JUMP - 1] as Bytes)).toBe(`${MAX_ARCHIVED_JUMP - 1}`);
  expect(await refused(bob, alice, messages[MAX_ARCHIVED_JUMP + MAX_PAIRWISE_JUMP] as Bytes)).toBe('too-far-ahead');
  const last = MAX_ARCHIVED_JUMP + MAX_PAIRWISE_JUMP - 1;
  expect(await receive(bob, alice, messages[last] as Bytes)).toBe(`${last}`);
  expect(await receive(bob, alice, messages[MAX_ARCHIVED_JUMP] as Bytes)).toBe(`${MAX_ARCHIVED_JUMP}`);
});

test('S2: dear-forgery: what a forged later message makes a device do is bounded, however many sessions it keeps', async () => {
  const { alice, bob } = await makePair(seededRandom('dear'));
  for (let i = 0; i < MAX_ARCHIVED_SESSIONS; i++) await start(bob, alice);
  const { x25519, hmacSha256 } = primitives;
  const work = async (counter: number): Promise<{ agreements: number; hashes: number }> => {
    const { message } = await forgedLater({ ...alice.address }, counter);
    const done = { agreements: 0, hashes: 0 };
    primitives.x25519 = (...args) => {
      done.agreements++;
      return x25519(...args);
    };
    primitives.hmacSha256 = (...args) => {
      done.hashes++;
      return hmacSha256(...args);
    };
    try {
      expect(await refused(bob, alice, message)).toBe(counter < MAX_PAIRWISE_JUMP ? 'bad-mac' : 'too-far-ahead');
    } finally {
      Object.assign(primitives, { x25519, hmacSha256 });
    }
    return done;
  };
  const none = await work(0);
  const all = MAX_ARCHIVED_SESSIONS + 1;
  expect(none.agreements).toBe(all);
  // One step more for each number and each session tried, and nothing else.
  expect(await work(MAX_ARCHIVED_JUMP - 1)).toEqual({ agreements: all, hashes: none.hashes + all * (MAX_ARCHIVED_JUMP - 1) });
  expect(await work(MAX_ARCHIVED_JUMP)).toEqual({ agreements: 1, hashes: none.hashes / all + MAX_ARCHIVED_JUMP });
  expect(await work(MAX_PAIRWISE_JUMP - 1)).toEqual({ agreements: 1, hashes: none.hashes / all + MAX_PAIRWISE_JUMP - 1 });
  expect((await work(MAX_PAIRWISE_JUMP)).hashes).toBeLessThan(none.hashes / all);
});

test('S4: replayed-initial-message: with its session it is a duplicate, without it unknown', async () => {
  const random = seededRandom('replay');
  const alice = await makeParty(random);
  const bob = await makeParty(random);
  await start(alice, bob);
  const first = await send(alice, bob, 'hello');
  await receive(bob, alice, first);
  expect(await refused(bob, alice, first)).toBe('duplicate');
  expect(await refused(bob, alice, first, { session: null })).toBe('unknown-session');
});

test('a later message without a session, of a stranger, or replayed', async () => {
  const { alice, bob } = await makePair(seededRandom('later'));
  const message = await send(alice, bob, 'text');
  expect(await refused(bob, alice, message, { session: null })).toBe('unknown-session');
  const { alice: mallory, bob: victim } = await makePair(seededRandom('mallory'));
  expect(await refused(bob, alice, await send(mallory, victim, 'foreign'))).toBe('bad-mac');
  expect(await receive(bob, alice, message)).toBe('text');
  expect(await refused(bob, alice, message)).toBe('duplicate');
});

test('a message reflected to its own sender is refused', async () => {
  const { alice, bob } = await makePair(seededRandom('mirror'));
  expect(await refused(alice, bob, await send(alice, bob, 'mirror'))).toBe('bad-mac');
});

test('S1: a session belongs to one peer device', async () => {
  const { alice, bob } = await makePair(seededRandom('context'));
  const carol = await makeParty(alice.random);
  const session = openSession(alice, bob);
  expect(await refusal(() => encrypt(session, alice.ours, carol.address, Uint8Array.of(1)))).toBe('wrong-context');
  expect(await refusal(() => encrypt(session, alice.ours, { ...bob.address, deviceId: 2 }, Uint8Array.of(1)))).toBe('wrong-context');
  const message = await send(bob, alice, 'to Alice');
  expect(await refused(alice, bob, message, { peer: carol.address })).toBe('wrong-context');
  expect(await refusal(() => startSession(alice.ours, alice.address, bundleOf(carol), alice.random, session))).toBe('wrong-context');
  expect(await refusal(() => startSession(alice.ours, alice.address, bundleOf(alice), alice.random))).toBe('wrong-context');
});

test('S5: bad-prekey-signature: a bundle is refused before anything is started', async () => {
  const random = seededRandom('bundle');
  const alice = await makeParty(random);
  const bob = await makeParty(random);
  const bundle = bundleOf(bob, 1);
  const begin = (changes: Partial<typeof bundle>) =>
    refusal(() => startSession(alice.ours, alice.address, { ...bundle, ...changes }, random));
  const broken = bundle.signedPrekey.signature.map((byte, i) => (i === 7 ? byte ^ 1 : byte));
  expect(await begin({})).toBeNull();
  expect(await begin({ signedPrekey: { ...bundle.signedPrekey, signature: broken } })).toBe('bad-signature');
  expect(await begin({ signedPrekey: { ...bundle.signedPrekey, publicKey: (await generateKeyPair(random)).publicKey } })).toBe(
    'bad-signature',
  );
  expect(await begin({ identityKey: alice.ours.identity.publicKey })).toBe('bad-signature');
  expect(await begin({ registrationId: 0x4000 })).toBe('malformed');
  expect(await begin({ deviceId: 0 })).toBe('malformed');
  const signature = await signPrekey(alice.ours.identity.privateKey, bundle.signedPrekey.publicKey, random);
  expect(await begin({ signedPrekey: { ...bundle.signedPrekey, signature } })).toBe('bad-signature');
});

test('each single bit of a first and of a later message matters, or the message is refused', async () => {
  const { alice, bob } = await makePair(seededRandom('bits'));
  const later = await send(alice, bob, 'bits');
  const carol = await makeParty(alice.random);
  await start(carol, bob, 2);
  const first = await send(carol, bob, 'bits');
  const codes = new Set<string | null>();
  for (const [from, message] of [
    [alice, later],
    [carol, first],
  ] as const) {
    for (let i = 0; i < message.length * 8; i += 3) {
      const changed = message.slice();
      changed[i >> 3] = (changed[i >> 3] as number) ^ (1 << (i & 7));
      const code = await refused(bob, from, changed);
      // A registration id is not authenticated by X3DH; it names an installation and opens nothing.
      if (code === null) expect(peekFirst(changed)?.registrationId).not.toBe(77);
      else codes.add(code);
    }
    expect(await receive(bob, from, message)).toBe('bits');
  }
  expect([...codes]).toEqual(
    expect.arrayContaining(['bad-key', 'bad-mac', 'malformed', 'unknown-prekey', 'unsupported-version', 'untrusted-identity']),
  );
});

test('every cut of a message and every byte added is refused', async () => {
  const { alice, bob } = await makePair(seededRandom('cuts'));
  const message = await send(alice, bob, 'cut');
  for (let length = 0; length < message.length; length++) {
    expect(['malformed', 'bad-mac']).toContain(await refused(bob, alice, message.slice(0, length)));
  }
  expect(await refused(bob, alice, new Uint8Array([...message, 0]))).toBe('malformed');
  expect(await receive(bob, alice, message)).toBe('cut');
});

test('stored bytes that are not a session of this build are refused', async () => {
  const { alice, bob } = await makePair(seededRandom('stored'));
  const session = openSession(alice, bob);
  const message = await send(bob, alice, 'text');
  const later = session.slice();
  later[0] = 2;
  expect(await refused(alice, bob, message, { session: later })).toBe('unsupported-version');
  for (let length = 0; length < session.length; length += 7) {
    expect(await refused(alice, bob, message, { session: session.slice(0, length) })).toBe('malformed');
  }
  expect(await refused(alice, bob, message, { session: new Uint8Array([...session, 0]) })).toBe('malformed');
});

test('S5: the expected identity decides for stored sessions too, and a changed one cannot come in by a first message', async () => {
  const { alice, bob } = await makePair(seededRandom('expected'));
  const other = await generateKeyPair(alice.random);
  const message = await send(alice, bob, 'text');
  expect(await refused(bob, alice, message, { expectedIdentity: other.publicKey })).toBe('untrusted-identity');
  const impostor = { ...(await makeParty(alice.random)), address: alice.address };
  await start(impostor, bob, 2);
  const first = await send(impostor, bob, 'me');
  expect(await refused(bob, alice, first)).toBe('untrusted-identity');
  // Even where the caller says it expects nothing: there is a session under another key.
  expect(await refused(bob, alice, first, { expectedIdentity: null })).toBe('untrusted-identity');
  expect(await refused(bob, alice, first, { expectedIdentity: null, session: null })).toBeNull();
});

test('sessions are deterministic in their randomness: same seed, same bytes', async () => {
  const run = async () => {
    const { alice, bob } = await makePair(seededRandom('deterministic'));
    return [openSession(alice, bob), openSession(bob, alice), await send(bob, alice, 'x')];
  };
  expect(await run()).toEqual(await run());
});

test('two calls at once on two values do not disturb each other', async () => {
  const pairs = await Promise.all(['p', 'q', 'r'].map((seed) => makePair(seededRandom(seed))));
  const texts = await Promise.all(
    pairs.map(async ({ alice, bob }, n) => {
      for (let i = 0; i < 5; i++) await receive(bob, alice, await send(alice, bob, `${n}/${i}`));
      return receive(alice, bob, await send(bob, alice, `${n}`));
    }),
  );
  expect(texts).toEqual(['0', '1', '2']);
});

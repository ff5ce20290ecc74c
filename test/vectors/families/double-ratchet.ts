/** S1 to S3: conversations, with every key on the way and everything that must be refused. */
import {
  accountIdFromBytes,
  CryptoError,
  decrypt,
  type DeviceAddress,
  encrypt,
  type KeyPair,
  MAX_ARCHIVED_SESSIONS,
  MAX_OLD_RECEIVING_CHAINS,
  MAX_PAIRWISE_JUMP,
  MAX_SKIPPED_KEYS,
  type RandomBytes,
  type Session,
  SKIPPED_KEY_KEEP_MS,
  signPrekey,
  startSession,
} from '../../../crypto/index.ts';
import { recordsOf } from '../../../crypto/session/session.ts';
import { type Family, type Given, given, type JsonObject, type Make } from '../family.ts';
import { type Bytes, type CryptoErrorCode, toHex } from '../hex.ts';
import { agreed, joined } from '../independent.ts';
import { firstMessage, initiate, pairOf, ReferenceSender } from '../reference-ratchet.ts';
import { hex, int, list, object, oneOf, text } from '../shape.ts';
import { cut, LOW_ORDER_U, NOT_CANONICAL_U, replaced, turned } from '../spoil.ts';
import { trimming } from './trimming.ts';

const NOW = Date.UTC(2026, 10, 20);
const DAY_MS = 24 * 3_600_000;
// One version byte and one type byte before the protobuf; the ratchet key's 32 bytes; counters of one byte each.
const AT = { version: 1, ratchetKey: 5, counter: 38, previous: 40, ciphertext: 43 };

/** Of a first message without a one-time prekey, with ids of one byte, or of a later one. */
function ratchetKeyOf(message: Bytes): Bytes {
  if (message[0] === 2) return message.slice(AT.ratchetKey, AT.ratchetKey + 32);
  const lengthBytes = (message[77] as number) < 0x80 ? 1 : 2;
  return message.slice(77 + lengthBytes + 4, 77 + lengthBytes + 36);
}

type Name = 'a' | 'b';
type Side = {
  ours: { identity: KeyPair; registrationId: number };
  address: DeviceAddress;
  signed: KeyPair;
  signature: Bytes;
  session: Session | null;
  known: Set<string>;
  random: RandomBytes;
  /** The reference, where it can still follow: one session, nothing started anew. */
  reference: ReferenceSender | null;
  base: Bytes | null;
  acknowledged: boolean;
};

async function makeSide(input: JsonObject, name: Name, given: Given): Promise<Side> {
  const one = input[name] as JsonObject;
  const identity = await pairOf(given.bytes(one['identityPrivateKey']));
  const signed = await pairOf(given.bytes(one['signedPrekeyPrivateKey']));
  const signature = await signPrekey(identity.privateKey, signed.publicKey, () => new Uint8Array(64));
  const address = { accountId: accountIdFromBytes(new Uint8Array(32).fill(name === 'a' ? 0xaa : 0xbb)), deviceId: 1 };
  return {
    ours: { identity, registrationId: 7 },
    address,
    signed,
    signature,
    session: null,
    known: new Set(),
    random: given.random(one['random']),
    reference: null,
    base: null,
    acknowledged: false,
  };
}

const other = (name: Name): Name => (name === 'a' ? 'b' : 'a');

/** Both sides, the implementation and the reference beside it. */
async function play(input: JsonObject, given: Given): Promise<JsonObject> {
  const sides = { a: await makeSide(input, 'a', given), b: await makeSide(input, 'b', given) };
  const shown: JsonObject[] = [];
  let starts = 0;

  async function start(name: Name): Promise<JsonObject> {
    const [from, to] = [sides[name], sides[other(name)]];
    const drawn: Bytes[] = [];
    const random: RandomBytes = (length) => {
      const next = from.random(length);
      drawn.push(next.slice());
      return next;
    };
    const signedPrekey = { id: 1, publicKey: to.signed.publicKey, signature: to.signature };
    const bundle = { ...to.address, registrationId: 7, identityKey: to.ours.identity.publicKey, signedPrekey };
    from.session = await startSession(from.ours, from.address, bundle, random, from.session ?? undefined);
    starts++;
    const own = await initiate(
      from.ours.identity,
      { identityKey: bundle.identityKey, signedPrekey: to.signed.publicKey, oneTimePrekey: null },
      joined(...drawn),
    );
    from.base = own.ephemeral.publicKey;
    from.acknowledged = false;
    from.reference = new ReferenceSender(own.sending.rootKey, own.ratchet, own.sending.chainKey);
    to.reference = starts === 1 ? new ReferenceSender(own.rootKey, to.signed, null) : null;
    return {};
  }

  async function send(name: Name, plaintext: Bytes): Promise<JsonObject> {
    const [from, to] = [sides[name], sides[other(name)]];
    if (!from.session) throw new Error('no session');
    const done = await encrypt(from.session, from.ours, to.address, plaintext);
    from.session = done.session;
    const message = toHex(done.message);
    if (!from.reference) return { message };
    const made = from.reference.write(plaintext, from.ours.identity.publicKey, to.ours.identity.publicKey);
    const fields = {
      registrationId: 7,
      oneTimePrekeyId: 0,
      signedPrekeyId: 1,
      baseKey: from.base as Bytes,
      identityKey: from.ours.identity.publicKey,
    };
    const whole =
      from.base && !from.acknowledged
        ? joined(Uint8Array.of(1), firstMessage(fields, made.message))
        : joined(Uint8Array.of(2), made.message);
    agreed('message', done.message, whole);
    return { message, ...Object.fromEntries(Object.entries(made.shown).map(([key, value]) => [key, toHex(value)])) };
  }

  async function receive(name: Name, message: Bytes, now: number): Promise<JsonObject> {
    const [to, from] = [sides[name], sides[other(name)]];
    const drawn: Bytes[] = [];
    const random: RandomBytes = (length) => {
      const next = to.random(length);
      drawn.push(next.slice());
      return next;
    };
    const done = await decrypt({
      session: to.session,
      ours: to.ours,
      peer: from.address,
      message,
      expectedIdentity: from.ours.identity.publicKey,
      signedPrekey: (id) => (id === 1 ? to.signed : undefined),
      oneTimePrekey: () => undefined,
      isKnownFirst: (_, baseKey) => to.known.has(toHex(baseKey)),
      now,
      random,
    });
    const [before, after] = [to.session, done.session].map((session) => session && recordsOf(session, from.address)[0]?.join());
    to.session = done.session;
    if (done.first) to.known.add(toHex(done.first.baseKey));
    // A session that the reference does not follow.
    if (done.first && starts > 1) to.reference = null;
    // A new ratchet key of theirs made a new pair of ours, and not in a session left behind: the reference turns with it.
    if (drawn.length > 0 && before !== after && to.reference) {
      to.acknowledged = true;
      await to.reference.turn(ratchetKeyOf(message), drawn[0] as Bytes);
    }
    return { plaintext: toHex(done.plaintext), sessionBytes: done.session.length };
  }

  async function step(one: JsonObject): Promise<JsonObject> {
    const name = one['by'] as Name;
    if (one['op'] === 'start') return start(name);
    if (one['op'] === 'send') return send(name, given.bytes(one['plaintext']));
    if (one['op'] === 'receive') return receive(name, given.bytes(one['message']), Number(one['now'] ?? NOW));
    if (one['op'] === 'refuse') {
      const before = toHex(sides[name].session ?? new Uint8Array());
      const code = await receive(name, given.bytes(one['message']), Number(one['now'] ?? NOW)).then(
        () => 'none',
        (error: unknown) => (error instanceof CryptoError ? error.code : String(error)),
      );
      if (code !== one['error']) throw new Error(`refused as ${code}, not as ${String(one['error'])}`);
      if (before !== toHex(sides[name].session ?? new Uint8Array())) throw new Error('the session changed');
      return {};
    }
    for (let i = 0; i < Number(one['count']); i++) await send(name, Uint8Array.of(0));
    return {};
  }

  for (const one of input['steps'] as JsonObject[]) shown.push(await step(one));
  return { steps: shown };
}

/** Writes a case down while it happens, so that later steps can hold earlier messages, spoilt or not. */
class Script {
  readonly steps: JsonObject[] = [];
  readonly sides: JsonObject;
  readonly #given: Given;
  constructor(make: Make, given: Given, sides?: JsonObject) {
    this.#given = given;
    const side = (): JsonObject => ({
      identityPrivateKey: toHex(make.random(32)),
      signedPrekeyPrivateKey: toHex(make.random(32)),
      random: toHex(make.random(1_600)),
    });
    this.sides = sides ?? { a: side(), b: side() };
  }

  input(more: readonly JsonObject[] = []): JsonObject {
    return { ...this.sides, steps: [...this.steps, ...more] };
  }

  /** Plays all so far and gives the messages of the sends, by step. */
  async add(...steps: JsonObject[]): Promise<string> {
    this.steps.push(...steps);
    const { steps: shown } = (await play(structuredClone(this.input()), this.#given)) as { steps: JsonObject[] };
    return (shown.findLast((one) => one['message'] !== undefined)?.['message'] ?? '') as string;
  }

  async say(by: Name, plaintext: string): Promise<string> {
    return this.add({ op: 'send', by, plaintext });
  }

  async tell(by: Name, plaintext: string): Promise<string> {
    const message = await this.say(by, plaintext);
    await this.add(receive(other(by), message));
    return message;
  }
}

const start = (by: Name): JsonObject => ({ op: 'start', by });
const receive = (by: Name, message: string, now?: number): JsonObject => ({
  op: 'receive',
  by,
  message,
  ...(now !== undefined && { now }),
});
const refuse = (by: Name, message: string, error: CryptoErrorCode): JsonObject => ({ op: 'refuse', by, message, error });
const skip = (by: Name, count: number): JsonObject => ({ op: 'drop', by, count });

export const doubleRatchet: Family = {
  name: 'double-ratchet',
  algorithm: 'Double Ratchet (S1 to S3)',
  notes: {
    Basic: {
      bugType: 'BASIC',
      description: 'Conversations in order, with the keys of every message.',
      links: ['https://signal.org/docs/specifications/doubleratchet/'],
    },
    OutOfOrder: { bugType: 'STATE', description: 'Messages overtake one another, within a chain and across chains.' },
    Limit: { bugType: 'EDGE_CASE', description: 'The edges of jump, stored keys, old chains and archived sessions, and one past them.' },
    Age: { bugType: 'CONFIDENTIALITY', description: 'Skipped keys die after 33 days.' },
    Replay: { bugType: 'REPLAY', description: 'A message that was opened already.' },
    Forged: { bugType: 'AUTH_BYPASS', description: 'Changed on the way.', effect: 'A forger moves the ratchet.' },
    Unmoved: {
      bugType: 'STATE',
      description: 'After a refusal the conversation goes on as if nothing had come.',
      effect: 'A forged message breaks the session (the library’s L3).',
    },
    Simultaneous: { bugType: 'STATE', description: 'Both sides start at once, or start anew.' },
    BadKey: { bugType: 'EDGE_CASE', description: 'A ratchet key of low order or not canonical.' },
    Malformed: { bugType: 'MALFORMED', description: 'Bytes that are no session message.' },
    Version: { bugType: 'CONFUSION', description: 'Another type or version byte.' },
    Growth: { bugType: 'STATE', description: 'A session is no longer after many turns than after a few (L2).' },
  },
  shapes: {
    conversation: {
      input: {
        a: object({ identityPrivateKey: hex(32), signedPrekeyPrivateKey: hex(32), random: hex() }),
        b: object({ identityPrivateKey: hex(32), signedPrekeyPrivateKey: hex(32), random: hex() }),
        steps: list(
          object({
            op: oneOf('start', 'send', 'receive', 'refuse', 'drop'),
            by: oneOf('a', 'b'),
            'plaintext?': hex(),
            'message?': hex(),
            'now?': int,
            'error?': text,
            'count?': int,
          }),
        ),
      },
      expected: {
        steps: list(
          object({
            'message?': hex(),
            'plaintext?': hex(),
            'sessionBytes?': int,
            'rootKey?': hex(32),
            'chainKey?': hex(32),
            'messageKey?': hex(32),
            'cipherKey?': hex(32),
            'macKey?': hex(32),
            'iv?': hex(16),
          }),
        ),
      },
    },
  },
  run: (_type, input, given) => play(input, given),
  async generate(make) {
    const { group, valid, invalid } = trimming(make, play);
    const script = (sides?: JsonObject): Script => new Script(make, given(), sides);
    /** A started conversation with one message each way behind it. */
    async function begun(): Promise<Script> {
      const made = script();
      await made.add(start('a'));
      await made.tell('a', '01');
      await made.tell('b', '02');
      return made;
    }
    group('conversation');
    const pingpong = await begun();
    for (let turn = 0; turn < 6; turn++) await pingpong.tell(turn % 2 ? 'b' : 'a', `1${turn}`);
    await valid('a message there, a message back', ['Basic'], pingpong.input());
    const stream = await begun();
    for (let i = 0; i < 5; i++) await stream.tell('a', `2${i}`);
    await stream.tell('b', '2a');
    await valid('several in a row, then an answer', ['Basic'], stream.input());
    const lengths = await begun();
    for (const length of [0, 15, 16, 17, 256]) await lengths.tell('a', '61'.repeat(length));
    await valid('texts of several lengths', ['Basic'], lengths.input());
    const unanswered = script();
    await unanswered.add(start('a'));
    for (const one of ['01', '02', '03']) await unanswered.tell('a', one);
    await valid('first messages until the answer', ['Basic'], unanswered.input());

    const order = await begun();
    const row: string[] = [];
    for (let i = 0; i < 4; i++) row.push(await order.say('a', `3${i}`));
    await valid('backwards', ['OutOfOrder'], order.input(row.toReversed().map((message) => receive('b', message))));
    await valid('the second, fourth, first, third', ['OutOfOrder'], order.input([1, 3, 0, 2].map((at) => receive('b', row[at] as string))));
    await invalid('the same twice', ['Replay'], order.input([receive('b', row[0] as string), receive('b', row[0] as string)]), 'duplicate');
    await invalid('an overtaken one twice', ['Replay'], order.input([3, 1, 1].map((at) => receive('b', row[at] as string))), 'duplicate');
    await valid(
      'a replay moves nothing',
      ['Unmoved'],
      order.input([
        receive('b', row[1] as string),
        refuse('b', row[1] as string, 'duplicate'),
        receive('b', row[0] as string),
        receive('b', row[2] as string),
      ]),
    );

    const across = await begun();
    const early = await across.say('a', '40');
    const late = await across.say('a', '41');
    await across.add(receive('b', late));
    await across.tell('b', '42');
    const next = await across.say('a', '43');
    await valid(
      'a message of the chain before comes after the next chain began',
      ['OutOfOrder'],
      across.input([receive('b', next), receive('b', early)]),
    );
    await valid('and before it', ['OutOfOrder'], across.input([receive('b', early), receive('b', next)]));
    await invalid('and twice', ['Replay'], across.input([receive('b', next), receive('b', early), receive('b', early)]), 'duplicate');

    const chains = await begun();
    const old = await chains.say('a', '50');
    await chains.tell('a', '51');
    for (let turn = 0; turn < MAX_OLD_RECEIVING_CHAINS; turn++) {
      await chains.tell('b', '52');
      await chains.tell('a', '53');
    }
    await valid(`a message ${MAX_OLD_RECEIVING_CHAINS} chains late`, ['Limit'], chains.input([receive('b', old)]));
    await chains.tell('b', '54');
    await chains.tell('a', '55');
    await invalid('a chain later it is too late', ['Limit'], chains.input([receive('b', old)]), 'bad-mac');

    const jump = await begun();
    await jump.add(skip('a', MAX_PAIRWISE_JUMP - 1));
    const edge = await jump.say('a', '60');
    const past = await jump.say('a', '61');
    const first = jump.steps.length;
    await valid(`message ${MAX_PAIRWISE_JUMP} of a chain nothing was read of`, ['Limit'], jump.input([receive('b', edge)]));
    await invalid(`message ${MAX_PAIRWISE_JUMP + 1} of it`, ['Limit'], jump.input([receive('b', past)]), 'too-far-ahead');
    await valid(
      'is read once the one before was',
      ['Limit'],
      jump.input([refuse('b', past, 'too-far-ahead'), receive('b', edge), receive('b', past)]),
    );
    if (first < 3) throw new Error('nothing was skipped');
    const stored = await begun();
    const oldest = await stored.say('a', '70');
    const second = await stored.say('a', '71');
    await stored.add(skip('a', MAX_SKIPPED_KEYS - 3));
    const middle = await stored.say('a', '72');
    await stored.add(skip('a', 2));
    const newest = await stored.say('a', '73');
    await valid(
      `more than ${MAX_SKIPPED_KEYS} skipped: the second oldest is still here`,
      ['Limit'],
      stored.input([receive('b', middle), receive('b', newest), receive('b', second)]),
    );
    await valid(
      `up to ${MAX_SKIPPED_KEYS} skipped: the oldest is still here`,
      ['Limit'],
      stored.input([receive('b', middle), receive('b', oldest)]),
    );

    const aged = await begun();
    const waits = await aged.say('a', '80');
    const overtakes = await aged.say('a', '81');
    const after = await aged.say('a', '82');
    const days = SKIPPED_KEY_KEEP_MS / DAY_MS;
    await valid(
      `opened after ${days} days`,
      ['Age'],
      aged.input([receive('b', overtakes), receive('b', after, NOW + days * DAY_MS), receive('b', waits, NOW + days * DAY_MS)]),
    );
    await invalid(
      `gone after ${days + 1} days, once anything came`,
      ['Age'],
      aged.input([receive('b', overtakes), receive('b', after, NOW + (days + 1) * DAY_MS), receive('b', waits, NOW + (days + 1) * DAY_MS)]),
      'duplicate',
    );

    const forged = await begun();
    const good = await forged.say('a', '90');
    const better = await forged.say('a', '91');
    const spoil = async (comment: string, kind: string, message: string, error: CryptoErrorCode): Promise<void> => {
      await invalid(comment, [kind], forged.input([receive('b', message)]), error);
    };
    for (const [what, spoilt, error] of [
      ['one bit of the ratchet key', turned(good, AT.ratchetKey + 7), 'bad-mac'],
      ['another counter', replaced(good, AT.counter, '05'), 'bad-mac'],
      ['another previous counter', replaced(good, AT.previous, '05'), 'bad-mac'],
      ['one bit of the ciphertext', turned(good, AT.ciphertext), 'bad-mac'],
      ['one bit of the MAC', turned(good, -8), 'bad-mac'],
      ['the last bit of the MAC', turned(good, -1), 'bad-mac'],
      ['a MAC of zeros', `${cut(good, good.length / 2 - 8)}${'00'.repeat(8)}`, 'bad-mac'],
      ['the MAC of another message', `${cut(good, good.length / 2 - 8)}${better.slice(-16)}`, 'bad-mac'],
    ] as const) {
      await spoil(what, 'Forged', spoilt, error);
      await valid(
        `${what}: refused, and the true one is read`,
        ['Unmoved'],
        forged.input([refuse('b', spoilt, error), receive('b', good), receive('b', better)]),
      );
    }
    for (const [what, key] of [...LOW_ORDER_U, ...NOT_CANONICAL_U])
      await spoil(`ratchet key ${what}`, 'BadKey', replaced(good, AT.ratchetKey, key), 'bad-key');
    for (const length of [1, 2, 4, 36, 38, 40, 43, 50]) await spoil(`${length} bytes`, 'Malformed', cut(good, length), 'malformed');
    await spoil('a byte more', 'Malformed', `${good}00`, 'malformed');
    await spoil(
      'a ciphertext that is no whole block',
      'Malformed',
      `${cut(good, AT.ciphertext - 1)}0f${good.slice(2 * AT.ciphertext + 2)}`,
      'malformed',
    );
    for (const version of ['22', '32', '44'])
      await spoil(`version ${version}`, 'Version', replaced(good, AT.version, version), 'unsupported-version');
    await spoil('version 34 under a MAC over 33', 'Version', replaced(good, AT.version, '34'), 'bad-mac');
    await spoil('type 3', 'Version', replaced(good, 0, '03'), 'unsupported-version');
    await invalid('one’s own message', ['Forged'], forged.input([receive('a', good)]), 'bad-mac');

    const both = script();
    await both.add(start('a'));
    const fromA = await both.say('a', 'a0');
    await both.add(start('b'));
    const fromB = await both.say('b', 'b0');
    await both.add(receive('a', fromB), receive('b', fromA));
    await both.tell('a', 'a1');
    await both.tell('b', 'b1');
    await both.tell('a', 'a2');
    await valid('both start at once: everything arrives, and they settle', ['Simultaneous'], both.input());
    const anew = await begun();
    const underOld = await anew.say('b', 'c0');
    await anew.add(start('a'));
    await anew.tell('a', 'c1');
    await valid(
      'a late message of the session before is read, and does not bring it back',
      ['Simultaneous'],
      anew.input([receive('a', underOld), { op: 'send', by: 'a', plaintext: 'c2' }]),
    );
    const stepped = await begun();
    await stepped.tell('a', 'c3');
    const stepUnderOld = await stepped.say('b', 'c4');
    await stepped.add(start('a'));
    await stepped.tell('a', 'c5');
    await valid(
      'nor does one with a new ratchet key',
      ['Simultaneous'],
      stepped.input([receive('a', stepUnderOld), { op: 'send', by: 'a', plaintext: 'c6' }]),
    );
    const many = await begun();
    const archived = await many.say('b', 'd0');
    for (let i = 0; i < MAX_ARCHIVED_SESSIONS; i++) await many.add(start('a'));
    await valid(`${MAX_ARCHIVED_SESSIONS} newer sessions: the old one still reads`, ['Limit'], many.input([receive('a', archived)]));
    await invalid('one more and it is gone', ['Limit'], many.input([start('a'), receive('a', archived)]), 'bad-mac');
    const lost = await begun();
    const unread = await lost.say('a', 'e0');
    await invalid(
      'a later message to one who has no session',
      ['Forged'],
      script(lost.sides).input([receive('b', unread)]),
      'unknown-session',
    );

    const long = await begun();
    for (let turn = 0; turn < 24; turn++) await long.tell(turn % 2 ? 'b' : 'a', 'f0');
    const played = (await valid('24 turns', ['Growth'], long.input()))['steps'] as JsonObject[];
    const sizes = played.flatMap((one) => (one['sessionBytes'] === undefined ? [] : [Number(one['sessionBytes'])]));
    if (Math.max(...sizes.slice(-2)) > 3_000) throw new Error(`a session of ${sizes.at(-1)} bytes`);
  },
};

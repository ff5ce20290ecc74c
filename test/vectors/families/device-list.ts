/** C16 to C18: the chains of an account: identity rotation and device list. */
import {
  type AccountId,
  type BackupMark,
  type Bytes,
  deriveAccountKey,
  type DeviceList,
  encodeGenesis,
  generateKeyPair,
  generateGenesis,
  accountIdOf,
  accountIdFromBytes,
  accountIdToBytes,
  type KeyPair,
  parseGenesis,
  type RandomBytes,
  signDeviceList,
  signIdentityRotation,
  verifyDeviceList,
  verifyRotationChain,
} from '../../../crypto/index.ts';
import { CHAIN, NO_PREVIOUS, signEntry } from '../../../crypto/chain/entry.ts';
import { identitySigner, seedSigner } from '../../../crypto/index.ts';
import type { Family, JsonObject, Make } from '../family.ts';
import { type CryptoErrorCode, fromHex, toHex } from '../hex.ts';
import { agreed, hashOf } from '../independent.ts';
import { hex, int, list, nullable, object } from '../shape.ts';
import { cut, LOW_ORDER_U, replaced, turned } from '../spoil.ts';

const AT = { kind: 1, chainId: 2, sequence: 34, previous: 38, operation: 70, author: 71, size: 103, body: 107 };
const ADDED_AT = Date.UTC(2026, 10, 1);

const listShape = object({
  version: int,
  hash: hex(32),
  devices: list(object({ deviceId: int, addedAt: int })),
  backup: nullable(object({ sequence: int, digest: hex(32) })),
});

const knownShape = object({ version: int, hash: hex(32), backup: nullable(object({ sequence: int, digest: hex(32) })) });

type Account = { accountId: AccountId; id: string; seed: Bytes; genesis: string; identities: KeyPair[]; random: RandomBytes };

async function makeAccount(random: RandomBytes): Promise<Account> {
  const { seed, publicKey } = await deriveAccountKey(random(16));
  const identity = await generateKeyPair(random);
  const genesis = encodeGenesis(generateGenesis({ identityKey: identity.publicKey, accountKey: publicKey }, random));
  const accountId = accountIdOf(genesis);
  return { accountId, id: toHex(accountIdToBytes(accountId)), seed, genesis: toHex(genesis), identities: [identity], random };
}

function listJson({ version, hash, devices, backup }: DeviceList): JsonObject {
  return {
    version,
    hash: toHex(hash),
    devices: devices.map(({ deviceId, addedAt }) => ({ deviceId, addedAt })),
    backup: backup ? { sequence: backup.sequence, digest: toHex(backup.digest) } : null,
  };
}

function knownJson(list: DeviceList): JsonObject {
  const { devices: _, ...known } = listJson(list);
  return known;
}

function listOf(json: JsonObject, bytes: (hex: JsonObject[string] | undefined) => Bytes): DeviceList {
  const backup = json['backup'] as JsonObject | null;
  return {
    version: Number(json['version']),
    hash: bytes(json['hash']),
    // Which devices are known decides nothing.
    devices: [],
    ...(backup && { backup: { sequence: Number(backup['sequence']), digest: bytes(backup['digest']) } }),
  };
}

/** An entry signed by a key, whatever stands in it. */
function anyEntry(
  account: Account,
  changes: Partial<Parameters<typeof signEntry>[1]>,
  signer = identitySigner((account.identities.at(-1) as KeyPair).privateKey, account.random),
): Promise<Bytes> {
  const body = fromHex(`0100000001${ADDED_AT.toString(16).padStart(12, '0')}00`);
  const { accountId } = account;
  return signEntry(signer, {
    chain: CHAIN.deviceList,
    chainId: accountIdToBytes(accountId),
    sequence: 0,
    previousHash: NO_PREVIOUS,
    operation: 1,
    author: accountId,
    body,
    ...changes,
  });
}

async function makeRotations({ group, valid, invalid, random }: Make): Promise<Account> {
  const account = await makeAccount(random);
  const stranger = await makeAccount(random);
  const entries: string[] = [];
  let head = { version: 0, headHash: NO_PREVIOUS };
  group('rotation');
  const show = async (comment: string): Promise<JsonObject> =>
    valid(comment, ['Basic'], { genesis: account.genesis, entries: [...entries] });
  await show('no rotation: the key of the genesis record');
  for (let turn = 1; turn <= 3; turn++) {
    const next = await generateKeyPair(random);
    entries.push(toHex(await signIdentityRotation(account.seed, account.accountId, head, next.publicKey)));
    account.identities.push(next);
    const shown = await show(`${turn} of three rotations`);
    head = { version: turn, headHash: fromHex(shown['headHash'] as string) };
  }
  const [one, two, three] = entries as [string, string, string];
  const refuse = (comment: string, flag: string, shown: string[], error: CryptoErrorCode) =>
    invalid(comment, [flag], { genesis: account.genesis, entries: shown }, error);
  await refuse('without the first', 'BrokenLink', [two, three], 'broken-link');
  await refuse('without the second', 'BrokenLink', [one, three], 'broken-link');
  await refuse('in another order', 'BrokenLink', [two, one, three], 'broken-link');
  await refuse('the first twice', 'Replay', [one, one], 'broken-link');
  await refuse('another previous hash', 'BrokenLink', [one, replaced(two, AT.previous, '00'.repeat(32)), three], 'broken-link');
  const signed = (body: Bytes, changes: object = {}) =>
    signEntry(seedSigner(account.seed), {
      chain: CHAIN.identityRotation,
      chainId: fromHex(account.id),
      sequence: 3,
      previousHash: head.headHash,
      operation: 1,
      author: account.accountId,
      body,
      ...changes,
    });
  const fresh = (await generateKeyPair(random)).publicKey;
  const after = async (comment: string, flag: string, body: Bytes, error: CryptoErrorCode, changes: object = {}) =>
    refuse(comment, flag, [one, two, three, toHex(await signed(body, changes))], error);
  await after('back to the first key', 'Rules', (account.identities[0] as KeyPair).publicKey, 'not-allowed');
  await after('to the key it has', 'Rules', (account.identities[3] as KeyPair).publicKey, 'not-allowed');
  for (const [what, key] of LOW_ORDER_U) await after(`to ${what}`, 'BadKey', fromHex(key), 'bad-key');
  await after('to a key of 31 bytes', 'Malformed', fresh.slice(1), 'malformed');
  await after('to a key of 33 bytes', 'Malformed', Uint8Array.of(5, ...fresh), 'malformed');
  await after('another operation', 'Rules', fresh, 'not-allowed', { operation: 2 });
  await after('another author', 'Rules', fresh, 'not-allowed', { author: stranger.accountId });
  const forged = await signEntry(identitySigner((account.identities[3] as KeyPair).privateKey, random), {
    chain: CHAIN.identityRotation,
    chainId: fromHex(account.id),
    sequence: 3,
    previousHash: head.headHash,
    operation: 1,
    author: account.accountId,
    body: fresh,
  });
  await refuse('signed by the identity key, which may not', 'BadSignature', [one, two, three, toHex(forged)], 'bad-signature');
  await refuse('one bit of a signature', 'BadSignature', [one, turned(two, -1)], 'bad-signature');
  await refuse('one bit of the new key', 'BadSignature', [turned(one, AT.body + 3)], 'bad-signature');
  await refuse('a device list’s entry', 'WrongKind', [toHex(await anyEntry(account, {}))], 'wrong-kind');
  await invalid('of another account', ['WrongContext'], { genesis: stranger.genesis, entries: [one] }, 'wrong-context');
  for (const length of [0, 1, 34, 106, 202]) await refuse(`an entry of ${length} bytes`, 'Malformed', [cut(one, length)], 'malformed');
  await refuse('a byte more', 'Malformed', [`${one}00`], 'malformed');
  await refuse('another version', 'Malformed', [replaced(one, 0, '02')], 'unsupported-version');
  await refuse('65 entries', 'TooMany', Array(65).fill(one), 'too-large');
  return account;
}

async function makeLists(make: Make): Promise<void> {
  const { group, valid, invalid, random } = make;
  const account = await makeAccount(random);
  const stranger = await makeAccount(random);
  account.identities.push(await generateKeyPair(random));
  const keys = account.identities.map(({ publicKey }) => toHex(publicKey));
  const device = (deviceId: number) => ({ deviceId, addedAt: ADDED_AT + deviceId });
  const mark = (sequence: number): BackupMark => ({ sequence, digest: random(32) });
  const lists: DeviceList[] = [];
  const entries: string[] = [];
  group('list');
  async function add(comment: string, key: number, devices: number[], backup?: BackupMark): Promise<void> {
    const bytes = await signDeviceList(
      (account.identities[key] as KeyPair).privateKey,
      account.accountId,
      lists.at(-1) ?? null,
      devices.map(device),
      random,
      backup,
    );
    entries.push(toHex(bytes));
    const identityKeys = keys.slice(0, key + 1);
    await valid(comment, ['Basic'], { accountId: account.id, identityKeys, known: null, entries: [...entries] });
    lists.push(await verifyDeviceList(entries.map(fromHex), { accountId: account.accountId, identityKeys: identityKeys.map(fromHex) }));
  }
  await add('one device', 0, [1]);
  await add('three devices', 0, [1, 5, 9]);
  await add('with a backup', 0, [1, 5, 9], mark(3));
  await add(
    'twenty devices',
    0,
    Array.from({ length: 20 }, (_, at) => at + 1),
  );
  await add('after a rotation, one device removed', 1, [1, 9]);
  await add('a later backup', 1, [1, 9], mark(4));
  const base = { accountId: account.id, identityKeys: keys, known: null, entries } as JsonObject;
  const tail = (from: number): JsonObject => ({ entries: entries.slice(from) });
  const known = (at: number): JsonObject => ({ known: knownJson(lists[at] as DeviceList) });
  await valid('known to the second, shown from there', ['Known'], { ...base, ...known(1), ...tail(2) });
  await valid('known to the second, shown whole', ['Known'], { ...base, ...known(1) });
  await valid('known to the last, shown whole', ['Known'], { ...base, ...known(5) });
  await valid('known to the last, shown its last entry', ['Known'], { ...base, ...known(5), ...tail(5) });
  await valid('an end of the chain, to one who knows nothing', ['Known'], { ...base, ...tail(4) });
  const refuse = (comment: string, flag: string, changes: JsonObject, error: CryptoErrorCode) =>
    invalid(comment, [flag], { ...base, ...changes }, error);
  await refuse('ends before what is known', 'Rollback', { ...known(5), entries: entries.slice(0, 5) }, 'stale');
  await refuse('begins after what is known', 'Rollback', { ...known(1), ...tail(3) }, 'broken-link');
  await refuse('nothing', 'Rollback', { entries: [] }, 'malformed');
  const rewritten = { ...(lists[1] as DeviceList), hash: fromHex(turned(toHex((lists[1] as DeviceList).hash), 0)) };
  await refuse('another history than the known one, shown whole', 'Fork', { known: knownJson(rewritten) }, 'broken-link');
  await refuse('another history than the known one, shown from there', 'Fork', { known: knownJson(rewritten), ...tail(2) }, 'broken-link');
  await refuse('an entry left out', 'BrokenLink', { entries: [...entries.slice(0, 2), ...entries.slice(3)] }, 'broken-link');
  await refuse(
    'entries in another order',
    'BrokenLink',
    { entries: [entries[1], entries[0], ...entries.slice(2)] as string[] },
    'broken-link',
  );
  await refuse('the first entry twice', 'Replay', { entries: [entries[0] as string, ...entries] }, 'broken-link');
  await refuse('ends under the key that was rotated away', 'BadSignature', { entries: entries.slice(0, 4) }, 'bad-signature');
  await refuse('the new key first, the old one after it', 'BadSignature', { identityKeys: [...keys].reverse() }, 'bad-signature');
  await refuse(
    'under strangers’ keys',
    'BadSignature',
    { identityKeys: [toHex((stranger.identities[0] as KeyPair).publicKey)] },
    'bad-signature',
  );
  await refuse(
    'one bit of a signature',
    'BadSignature',
    { entries: [...entries.slice(0, 5), turned(entries[5] as string, -3)] },
    'bad-signature',
  );
  await refuse(
    'a device added by the relay',
    'BadSignature',
    { entries: [turned(entries[0] as string, AT.body + 4, 1)], identityKeys: keys.slice(0, 1) },
    'bad-signature',
  );
  await refuse('of another account', 'WrongContext', { accountId: stranger.id }, 'wrong-context');
  const last = lists[5] as DeviceList;
  const next = async (comment: string, flag: string, error: CryptoErrorCode, changes: object) =>
    refuse(
      comment,
      flag,
      { entries: [...entries, toHex(await anyEntry(account, { sequence: 6, previousHash: last.hash, ...changes }))] },
      error,
    );
  const body = (text: string) => ({ body: fromHex(text) });
  const time = '019a3d2f1000';
  await next('an older backup', 'Rollback', 'stale', body(`0100000001${time}0100000003${'00'.repeat(32)}`));
  await next('the backup taken away', 'Rollback', 'stale', body(`0100000001${time}00`));
  await next('no device', 'Malformed', 'malformed', body(`000100000004${'00'.repeat(32)}`));
  await next('a device twice', 'Malformed', 'malformed', body(`0200000001${time}00000001${time}00`));
  await next('devices not ascending', 'Malformed', 'malformed', body(`0200000005${time}00000001${time}00`));
  await next('device id 0', 'Malformed', 'malformed', body(`0100000000${time}00`));
  await next('device id 2^31', 'Malformed', 'malformed', body(`0180000000${time}00`));
  const twenty = Array.from({ length: 20 }, (_, at) => `${(at + 1).toString(16).padStart(8, '0')}${time}`).join('');
  const full = `14${twenty}0100000005${'00'.repeat(32)}`;
  const longest = { sequence: 6, previousHash: last.hash, ...body(full) };
  await valid('the longest body: 20 devices and a backup', ['Bounds'], {
    ...base,
    entries: [...entries, toHex(await anyEntry(account, longest))],
  });
  await next('a byte after the longest body', 'TooMany', 'too-large', body(`${full}00`));
  await next('a byte after a shorter one', 'Malformed', 'malformed', body(`0100000001${time}0100000005${'00'.repeat(32)}00`));
  await next(
    '21 devices',
    'TooMany',
    'too-large',
    body(`15${Array.from({ length: 21 }, (_, at) => (at + 1).toString(16).padStart(8, '0') + time).join('')}00`.slice(0, 476)),
  );
  await next('a flag of 2', 'Malformed', 'malformed', body(`0100000001${time}02`));
  await next('a byte after the body', 'Malformed', 'malformed', body(`0100000001${time}0000`));
  await next('an empty body', 'Malformed', 'malformed', body(''));
  await next('another operation', 'Rules', 'not-allowed', { operation: 2 });
  await next('another author', 'Rules', 'not-allowed', { author: stranger.accountId });
  await next('a sequence too high', 'BrokenLink', 'broken-link', { sequence: 7 });
  await next('an entry of the rotation chain', 'WrongKind', 'wrong-kind', { chain: CHAIN.identityRotation });
  for (const length of [0, 1, 2, 34, 106, 170])
    await refuse(`an entry of ${length} bytes`, 'Malformed', { entries: [cut(entries[0] as string, length)] }, 'malformed');
}

export const deviceList: Family = {
  name: 'device-list',
  algorithm: 'Identity rotation and device list (C16 to C18)',
  notes: {
    Basic: { bugType: 'BASIC', description: 'Chains as an account signs them.' },
    Known: { bugType: 'BASIC', description: 'Shown to somebody who knows an earlier version.' },
    Rollback: { bugType: 'REPLAY', description: 'Less than what is known, or an older backup.', effect: 'A removed device is back.' },
    Fork: { bugType: 'AUTH_BYPASS', description: 'Well signed, but not what was shown before.', effect: 'Two people see two lists.' },
    BrokenLink: { bugType: 'MISSING_STEP', description: 'An entry that does not follow the one before it.' },
    Replay: { bugType: 'REPLAY', description: 'An entry shown twice.' },
    BadSignature: {
      bugType: 'MISSING_STEP',
      description: 'Not signed by the key that may at that point.',
      effect: 'The relay adds a device.',
      links: ['https://nvd.nist.gov/vuln/detail/CVE-2022-39250'],
    },
    BadKey: { bugType: 'EDGE_CASE', description: 'A rotation to a key of low order.' },
    Rules: { bugType: 'AUTH_BYPASS', description: 'Well signed and not permitted.' },
    WrongKind: { bugType: 'CONFUSION', description: 'An entry of another chain.' },
    WrongContext: { bugType: 'CONFUSION', description: 'An entry of another account.' },
    Malformed: { bugType: 'MALFORMED', description: 'Bytes that are no such entry; bodies are well signed.' },
    Bounds: { bugType: 'EDGE_CASE', description: 'The longest body there is.' },
    TooMany: { bugType: 'EDGE_CASE', description: 'More entries or devices than there may be.' },
  },
  shapes: {
    rotation: {
      input: { genesis: hex(81), entries: list(hex()) },
      expected: { accountId: hex(32), version: int, headHash: hex(32), identityKey: hex(32), identityKeys: list(hex(32)) },
    },
    list: {
      input: { accountId: hex(32), identityKeys: list(hex(32)), known: nullable(knownShape), entries: list(hex()) },
      expected: { list: listShape },
    },
  },
  async run(type, input, { bytes }) {
    const entries = (input['entries'] as string[]).map(bytes);
    const entryHash = (): Uint8Array => (entries.length === 0 ? NO_PREVIOUS : hashOf('Sottovoce v1 chain entry', entries.at(-1) as Bytes));
    if (type === 'rotation') {
      const genesis = bytes(input['genesis']);
      const head = await verifyRotationChain(parseGenesis(genesis), entries);
      return {
        accountId: toHex(accountIdToBytes(accountIdOf(genesis))),
        version: head.version,
        headHash: agreed('head hash', head.headHash, entryHash()),
        identityKey: toHex(head.identityKey),
        identityKeys: head.identityKeys.map(toHex),
      };
    }
    const known = input['known'] as JsonObject | null;
    const verified = await verifyDeviceList(entries, {
      accountId: accountIdFromBytes(bytes(input['accountId'])),
      identityKeys: (input['identityKeys'] as string[]).map(bytes),
      ...(known && { known: listOf(known, bytes) }),
    });
    agreed('list hash', verified.hash, entryHash());
    return { list: listJson(verified) };
  },
  async generate(make) {
    await makeRotations(make);
    await makeLists(make);
  },
};

/** C15: the device record: everything public that one device is known by. */
import {
  accountIdFromBytes,
  accountIdToBytes,
  type DeviceRecord,
  generateKeyPair,
  generateSealingKey,
  identitySigner,
  PURPOSE,
  type RandomBytes,
  signDeviceRecord,
  signPrekey,
  signPurpose,
  verifyDeviceRecord,
} from '../../../crypto/index.ts';
import type { Family, JsonObject, Make } from '../family.ts';
import { type CryptoErrorCode, fromHex, toHex } from '../hex.ts';
import { sha256Of } from '../independent.ts';
import { hex, int } from '../shape.ts';
import { cut, LOW_ORDER_U, NOT_CANONICAL_U, NOT_PRIME_ORDER_U, PRIME_ORDER_U, replaced, turned } from '../spoil.ts';

const NOW = Date.UTC(2026, 10, 20);
const DAY_MS = 24 * 3_600_000;

// Offsets of C15's fields.
const AT = {
  account: 1,
  device: 33,
  registration: 37,
  login: 39,
  prekeyId: 71,
  prekey: 75,
  prekeySignature: 107,
  sealingId: 171,
  sealing: 175,
  createdAt: 1391,
  sequence: 1397,
  signature: 1401,
};

type Held = { identityPrivateKey: string; record: DeviceRecord; bytes: string; expected: JsonObject };

async function makeRecord(random: RandomBytes): Promise<Held> {
  const identity = await generateKeyPair(random);
  const prekey = await generateKeyPair(random);
  const { publicKey } = await generateSealingKey(random);
  const accountId = accountIdFromBytes(random(32));
  const record: DeviceRecord = {
    accountId,
    deviceId: 7,
    registrationId: 77,
    loginKey: fromHex('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a'),
    signedPrekey: { id: 3, publicKey: prekey.publicKey, signature: await signPrekey(identity.privateKey, prekey.publicKey, random) },
    sealingKey: { id: 4, publicKey },
    createdAt: NOW,
    sequence: 9,
  };
  const bytes = toHex(await signDeviceRecord(identity.privateKey, record, random));
  const expected = { accountId: toHex(accountIdToBytes(accountId)), identityKey: toHex(identity.publicKey), now: NOW, knownSequence: 9 };
  return { identityPrivateKey: toHex(identity.privateKey), record, bytes, expected };
}

/** Signed anew over changed bytes: what the owner of the identity key could publish. */
async function resigned(held: Held, at: number, by: string, random: RandomBytes): Promise<string> {
  const body = replaced(held.bytes, at, by).slice(0, 2 * AT.signature);
  const signature = await signPurpose(identitySigner(fromHex(held.identityPrivateKey), random), PURPOSE.deviceRecord, fromHex(body));
  return body + toHex(signature);
}

async function makeSigned({ random, valid, invalid }: Make, held: Held): Promise<void> {
  const good = { ...held.expected, record: held.bytes };
  const number = (value: number, bytes: number): string => value.toString(16).padStart(2 * bytes, '0');
  const signed = async (comment: string, flag: string, at: number, by: string, error: CryptoErrorCode | null) => {
    const input = { ...good, record: await resigned(held, at, by, random) };
    await (error ? invalid(comment, [flag], input, error) : valid(comment, [flag], input));
  };
  for (const [id, ok] of [
    [0, false],
    [1, true],
    [0x7fffffff, true],
    [0x80000000, false],
  ] as const) {
    await signed(`device id ${id}`, 'Bounds', AT.device, number(id, 4), ok ? null : 'malformed');
  }
  for (const [id, ok] of [
    [0, false],
    [1, true],
    [0x3fff, true],
    [0x4000, false],
  ] as const) {
    await signed(`registration id ${id}`, 'Bounds', AT.registration, number(id, 2), ok ? null : 'malformed');
  }
  for (const [id, ok] of [
    [0, false],
    [1, true],
    [0xffffff, true],
    [0x1000000, false],
  ] as const) {
    await signed(`prekey id ${id}`, 'Bounds', AT.prekeyId, number(id, 4), ok ? null : 'malformed');
    await signed(`sealing key id ${id}`, 'Bounds', AT.sealingId, number(id, 4), ok ? null : 'malformed');
  }
  for (const [what, key] of [...LOW_ORDER_U, ...NOT_CANONICAL_U, ...NOT_PRIME_ORDER_U]) {
    await signed(`signed prekey ${what}`, 'BadKey', AT.prekey, key, 'bad-key');
    await signed(`X25519 half of the sealing key ${what}`, 'BadKey', AT.sealing + 1184, key, 'bad-key');
  }
  await signed('X25519 half of the sealing key: the one of those without torsion', 'Basic', AT.sealing + 1184, PRIME_ORDER_U, null);
  await signed('login key of low order', 'BadKey', AT.login, `01${'00'.repeat(31)}`, 'bad-key');
  await signed('login key not canonical', 'BadKey', AT.login, `ee${'ff'.repeat(30)}7f`, 'bad-key');
  await signed('ML-KEM coefficient 3329', 'BadKey', AT.sealing, '010d', 'bad-key');
  await signed('ML-KEM coefficient 4095', 'BadKey', AT.sealing, 'ff0f', 'bad-key');
  await signed('signature of the prekey changed, record signed anew', 'BadSignature', AT.prekeySignature, '00'.repeat(64), 'bad-signature');
  await signed(
    'another prekey under the old signature, record signed anew',
    'BadSignature',
    AT.prekey,
    `09${'00'.repeat(31)}`,
    'bad-signature',
  );
  for (const [what, at, error] of [
    ['30 days old', NOW - 30 * DAY_MS, null],
    ['a millisecond more than 30 days old', NOW - 30 * DAY_MS - 1, 'stale'],
    ['24 hours ahead', NOW + DAY_MS, null],
    ['a millisecond more than 24 hours ahead', NOW + DAY_MS + 1, 'stale'],
    ['made at 0', 0, 'stale'],
  ] as const) {
    await signed(what, 'Stale', AT.createdAt, number(at, 6), error);
  }
  await signed('sequence below the known one', 'Stale', AT.sequence, number(8, 4), 'stale');
  await signed('sequence above the known one', 'Stale', AT.sequence, number(10, 4), null);
  await signed('the largest sequence', 'Bounds', AT.sequence, 'ffffffff', null);
  await signed('a stale record of another account is of another account', 'Order', AT.account, 'ff'.repeat(32), 'wrong-context');
}

export const deviceRecord: Family = {
  name: 'device-record',
  algorithm: 'Device record (C15)',
  notes: {
    Basic: { bugType: 'BASIC', description: 'A record as its device signs it.' },
    Bounds: { bugType: 'EDGE_CASE', description: 'Ids at the edge of what is allowed and one past it (C2), well signed.' },
    BadKey: { bugType: 'EDGE_CASE', description: 'A key nobody may use (C5), well signed.', effect: 'Secrets everybody can compute.' },
    BadSignature: {
      bugType: 'MISSING_STEP',
      description: 'A signature that does not verify: the record’s, or its prekey’s.',
      effect: 'The relay hands out keys of its own.',
    },
    WrongContext: { bugType: 'CONFUSION', description: 'Authentic, of another account.' },
    WrongPurpose: { bugType: 'CONFUSION', description: 'The right key signed the right bytes for another purpose.' },
    Stale: {
      bugType: 'REPLAY',
      description: 'Too old, too far ahead, or older than one that was seen.',
      effect: 'Keys that were rotated away are used again.',
    },
    BitFlip: { bugType: 'AUTH_BYPASS', description: 'One bit of a field is changed.' },
    Truncated: { bugType: 'MALFORMED', description: 'Another length than 1,465 bytes.' },
    Version: { bugType: 'CONFUSION', description: 'Another version byte.' },
    Order: { bugType: 'EDGE_CASE', description: 'Two things are wrong; which is told first.' },
  },
  shapes: {
    verify: {
      input: { accountId: hex(32), identityKey: hex(), now: int, knownSequence: int, record: hex() },
      expected: {
        deviceId: int,
        registrationId: int,
        loginKey: hex(32),
        signedPrekeyId: int,
        signedPrekey: hex(32),
        sealingKeyId: int,
        sealingKeyHash: hex(32),
        createdAt: int,
        sequence: int,
      },
    },
  },
  async run(_type, input, { bytes }) {
    const record = await verifyDeviceRecord(bytes(input['record']), {
      accountId: accountIdFromBytes(bytes(input['accountId'])),
      identityKey: bytes(input['identityKey']),
      now: Number(input['now']),
      knownSequence: Number(input['knownSequence']),
    });
    const { signedPrekey, sealingKey } = record;
    return {
      deviceId: record.deviceId,
      registrationId: record.registrationId,
      loginKey: toHex(record.loginKey),
      signedPrekeyId: signedPrekey.id,
      signedPrekey: toHex(signedPrekey.publicKey),
      sealingKeyId: sealingKey.id,
      sealingKeyHash: toHex(sha256Of(sealingKey.publicKey)),
      createdAt: record.createdAt,
      sequence: record.sequence,
    };
  },
  async generate(make) {
    const { random, group, valid, invalid } = make;
    const held = await makeRecord(random);
    const other = await makeRecord(random);
    const good = { ...held.expected, record: held.bytes };
    const refuse = (comment: string, flag: string, changes: JsonObject, error: CryptoErrorCode) =>
      invalid(comment, [flag], { ...good, ...changes }, error);
    group('verify');
    await valid('as it is', ['Basic'], good);
    await valid('seen for the first time', ['Basic'], { ...good, knownSequence: 0 });
    await valid('of another account, under that account’s key', ['Basic'], { ...other.expected, record: other.bytes });
    await makeSigned(make, held);
    await refuse('shown for another account', 'WrongContext', { accountId: other.expected['accountId'] as string }, 'wrong-context');
    await refuse('another account’s record', 'WrongContext', { record: other.bytes }, 'wrong-context');
    await refuse('under another identity key', 'BadSignature', { identityKey: other.expected['identityKey'] as string }, 'bad-signature');
    await refuse('under an identity key of zeros', 'BadSignature', { identityKey: '00'.repeat(32) }, 'bad-signature');
    const purpose = await signPurpose(
      identitySigner(fromHex(held.identityPrivateKey), random),
      PURPOSE.deviceList,
      fromHex(cut(held.bytes, AT.signature)),
    );
    await refuse('signed for device lists', 'WrongPurpose', { record: cut(held.bytes, AT.signature) + toHex(purpose) }, 'bad-signature');
    for (const [what, at] of [
      ['device id', AT.device + 3],
      ['registration id', AT.registration + 1],
      ['login key', AT.login + 3],
      ['prekey id', AT.prekeyId + 3],
      ['prekey’s signature', AT.prekeySignature + 4],
      ['sealing key id', AT.sealingId + 3],
      ['date', AT.createdAt + 5],
      ['sequence', AT.sequence + 3],
      ['signature', AT.signature + 9],
      ['signature’s last byte', AT.signature + 63],
    ] as const) {
      await refuse(`one bit of the ${what}`, 'BitFlip', { record: turned(held.bytes, at, 1) }, 'bad-signature');
    }
    // One turned bit may leave the subgroup of prime order, and be refused before the signature is looked at.
    for (const [what, at] of [
      ['prekey', AT.prekey],
      ['X25519 half of the sealing key', AT.sealing + 1184],
    ] as const) {
      await refuse(`another ${what}`, 'BitFlip', { record: replaced(held.bytes, at, PRIME_ORDER_U) }, 'bad-signature');
    }
    for (const length of [0, 1, 33, 37, 39, 71, 75, 107, 171, 175, 1391, 1397, 1401, 1464]) {
      await refuse(`${length} bytes`, 'Truncated', { record: cut(held.bytes, length) }, 'malformed');
    }
    await refuse('1,466 bytes', 'Truncated', { record: `${held.bytes}00` }, 'too-large');
    for (const version of ['00', '02', 'ff'])
      await refuse(`version ${version}`, 'Version', { record: replaced(held.bytes, 0, version) }, 'unsupported-version');
    await refuse(
      'unsigned and stale: the signature is looked at first',
      'Order',
      { record: turned(held.bytes, AT.signature), now: NOW + 60 * DAY_MS },
      'bad-signature',
    );
  },
};

/**
 * The device record: everything public of one device, signed by the account's identity key (D6).
 *   record = version 1 ‖ account 32 ‖ device u32 ‖ registration id u16 ‖ login key 32
 *            ‖ signed prekey (id u32 ‖ key 32 ‖ signature 64) ‖ sealing key (id u32 ‖ key 1216)
 *            ‖ created at 6 ‖ sequence u32 ‖ signature 64                                  1,465 bytes
 * The signature is XEdDSA over all before it, purpose "device record". It binds the KEM key to account and device (ATTACKS 12); the
 * dates bound how long a relay can serve a stale record (ATTACKS 14).
 *
 * Not promised: that this is the newest record. A relay may withhold one for 30 days.
 */
import { type Bytes, concat, type RandomBytes } from '../bytes.ts';
import { require } from '../errors.ts';
import { PURPOSE } from '../labels.ts';
import { DEVICE_RECORD_MAX_AGE_MS, MAX_CLOCK_SKEW_MS, MAX_REGISTRATION_ID } from '../limits.ts';
import { isUsableEdwards } from '../primitives/points.ts';
import { reader } from '../wire/reader.ts';
import { writer } from '../wire/writer.ts';
import { type AccountId, accountIdFromBytes, accountIdToBytes, requireDeviceId } from './account-id.ts';
import { CURVE_KEY_BYTES, requireCurveKey, requirePrimeOrderKey } from './curve-key.ts';
import { requirePrimeOrderSealingKey, requireSealingKey, SEALING_PUBLIC_KEY_BYTES } from './sealing-key.ts';
import { identitySigner, SIGNATURE_BYTES, signPurpose, verifyPurpose } from './signature.ts';
import { requirePrekeyId, type SignedPrekey, verifyPrekey } from './signed-prekey.ts';

export type DeviceRecord = {
  accountId: AccountId;
  deviceId: number;
  registrationId: number;
  loginKey: Bytes;
  signedPrekey: SignedPrekey;
  sealingKey: { id: number; publicKey: Bytes };
  createdAt: number;
  sequence: number;
};

export type DeviceRecordExpectation = { accountId: AccountId; identityKey: Bytes; now: number; knownSequence?: number };

const DEVICE_RECORD_BYTES = 1_465;

const VERSION = 1;
const LOGIN_KEY_BYTES = 32;

function requireRegistrationId(id: number): number {
  require(Number.isInteger(id) && id >= 1 && id <= MAX_REGISTRATION_ID, 'malformed');
  return id;
}

// Under a low-order Ed25519 key a signature may verify that nobody made.
function requireLoginKey(key: Bytes): Bytes {
  require(isUsableEdwards(key), 'bad-key');
  return key;
}

function encodeUnsigned(record: DeviceRecord): Bytes {
  return writer()
    .u8(VERSION)
    .fixed(accountIdToBytes(record.accountId), 32)
    .u32(requireDeviceId(record.deviceId))
    .u16(requireRegistrationId(record.registrationId))
    .fixed(requireLoginKey(record.loginKey), LOGIN_KEY_BYTES)
    .u32(requirePrekeyId(record.signedPrekey.id))
    .fixed(requireCurveKey(record.signedPrekey.publicKey), CURVE_KEY_BYTES)
    .fixed(record.signedPrekey.signature, SIGNATURE_BYTES)
    .u32(requirePrekeyId(record.sealingKey.id))
    .fixed(requireSealingKey(record.sealingKey.publicKey), SEALING_PUBLIC_KEY_BYTES)
    .time(record.createdAt)
    .u32(record.sequence)
    .done();
}

export async function signDeviceRecord(identityPrivateKey: Bytes, record: DeviceRecord, random: RandomBytes): Promise<Bytes> {
  const body = encodeUnsigned(record);
  return concat(body, await signPurpose(identitySigner(identityPrivateKey, random), PURPOSE.deviceRecord, body));
}

/** Form and usable keys only: says nothing of who signed it. */
export function parseDeviceRecord(bytes: Uint8Array): DeviceRecord {
  const from = reader(bytes, DEVICE_RECORD_BYTES);
  from.expect(VERSION, 'unsupported-version');
  const record: DeviceRecord = {
    accountId: accountIdFromBytes(from.bytes(32)),
    deviceId: requireDeviceId(from.u32()),
    registrationId: requireRegistrationId(from.u16()),
    loginKey: requireLoginKey(from.bytes(LOGIN_KEY_BYTES)),
    signedPrekey: {
      id: requirePrekeyId(from.u32()),
      publicKey: requirePrimeOrderKey(from.bytes(CURVE_KEY_BYTES)),
      signature: from.bytes(SIGNATURE_BYTES),
    },
    sealingKey: { id: requirePrekeyId(from.u32()), publicKey: requirePrimeOrderSealingKey(from.bytes(SEALING_PUBLIC_KEY_BYTES)) },
    createdAt: from.time(),
    sequence: from.u32(),
  };
  from.bytes(SIGNATURE_BYTES);
  from.end();
  return record;
}

/**
 * Throws `wrong-context` for another account's record, `bad-signature` for the record's or its prekey's signature, `stale` for a date
 * too old or in the future, or a sequence below one already seen.
 */
export async function verifyDeviceRecord(bytes: Uint8Array, expected: DeviceRecordExpectation): Promise<DeviceRecord> {
  const record = parseDeviceRecord(bytes);
  require(record.accountId === expected.accountId, 'wrong-context');
  const signedLength = bytes.length - SIGNATURE_BYTES;
  await verifyPurpose(expected.identityKey, PURPOSE.deviceRecord, bytes.subarray(0, signedLength), bytes.subarray(signedLength));
  await verifyPrekey(expected.identityKey, record.signedPrekey);
  require(record.createdAt >= expected.now - DEVICE_RECORD_MAX_AGE_MS, 'stale');
  require(record.createdAt <= expected.now + MAX_CLOCK_SKEW_MS, 'stale');
  require(record.sequence >= (expected.knownSequence ?? 0), 'stale');
  return record;
}

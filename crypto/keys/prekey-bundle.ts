/**
 * The prekey bundle: what an initiator needs of one device (https://signal.org/docs/specifications/x3dh/ §3.3). It is put together
 * from a verified device record and a one-time prekey the relay handed out; it is never an encoding of its own.
 */
import type { Bytes } from '../bytes.ts';
import type { AccountId } from './account-id.ts';
import { requirePrimeOrderKey } from './curve-key.ts';
import type { DeviceRecord } from './device-record.ts';
import type { OneTimePrekey } from './one-time-prekey.ts';
import { requirePrekeyId, type SignedPrekey } from './signed-prekey.ts';

export type PrekeyBundle = {
  accountId: AccountId;
  deviceId: number;
  registrationId: number;
  identityKey: Bytes;
  signedPrekey: SignedPrekey;
  oneTimePrekey?: OneTimePrekey;
};

/** Throws `malformed` or `bad-key` for a one-time prekey that cannot be one. */
export function prekeyBundleOf(verified: DeviceRecord, identityKey: Bytes, oneTimePrekey?: OneTimePrekey): PrekeyBundle {
  const { accountId, deviceId, registrationId, signedPrekey } = verified;
  const bundle: PrekeyBundle = { accountId, deviceId, registrationId, identityKey, signedPrekey };
  if (!oneTimePrekey) return bundle;
  requirePrekeyId(oneTimePrekey.id);
  requirePrimeOrderKey(oneTimePrekey.publicKey);
  return { ...bundle, oneTimePrekey };
}

/**
 * Account id = SHA-256("Sottovoce v1 account id" ‖ 0x00 ‖ genesis record), written base64url: 43 characters, 32 bytes (D6).
 * An identity, not a name: two genesis records never share it, and nobody can choose it.
 */
import { type Bytes, fromBase64url, toBase64url } from '../bytes.ts';
import { require } from '../errors.ts';
import { MAX_DEVICE_ID } from '../limits.ts';

export type AccountId = string;
export type DeviceAddress = { accountId: AccountId; deviceId: number };

export const ACCOUNT_ID_BYTES = 32;
const ACCOUNT_ID_CHARACTERS = 43;

export function accountIdToBytes(id: AccountId): Bytes {
  require(id.length === ACCOUNT_ID_CHARACTERS, 'malformed');
  return fromBase64url(id);
}

export function accountIdFromBytes(bytes: Uint8Array): AccountId {
  require(bytes.length === ACCOUNT_ID_BYTES, 'malformed');
  return toBase64url(bytes);
}

/** Device ids start at 1; 0 is nobody's. */
export function requireDeviceId(deviceId: number): number {
  require(Number.isInteger(deviceId) && deviceId >= 1 && deviceId <= MAX_DEVICE_ID, 'malformed');
  return deviceId;
}

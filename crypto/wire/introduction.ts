/**
 * The introduction: what the first message of a stranger carries, encrypted, so that its receiver need not ask the relay who wrote (D6).
 *   genesis 81 ‖ count 1 × rotation entry ‖ count u16 × device-list entry ‖ certificate
 * (entries and certificate length-prefixed u32). The receiver requires: the genesis record hashes to the claimed account id, the
 * current identity key is the one of the X3DH handshake, and the sending device is listed (ATTACKS 13).
 *
 * Not promised: anything about the username. The certificate is the relay's word, checked by whoever shows a name.
 */
import { type Bytes, equalBytes } from '../bytes.ts';
import { type DeviceList, verifyDeviceList } from '../chain/device-list.ts';
import { verifyRotationChain } from '../chain/identity-rotation.ts';
import { require } from '../errors.ts';
import type { AccountId } from '../keys/account-id.ts';
import { accountIdOf, GENESIS_BYTES, type GenesisRecord, parseGenesis } from '../keys/genesis-record.ts';
import { MAX_CERTIFICATE_BYTES, MAX_DEVICE_LIST_ENTRIES, MAX_ENVELOPE_BYTES, MAX_IDENTITY_ROTATIONS } from '../limits.ts';
import type { Reader } from './reader.ts';
import type { Writer } from './writer.ts';

/** `certificate` is a compact JWS, or '' when the relay gave none. */
export type Introduction = { genesis: Bytes; rotations: Bytes[]; deviceList: Bytes[]; certificate: string };

export type VerifiedIntroduction = { genesis: GenesisRecord; deviceList: DeviceList; identityKeys: Bytes[] };

export function writeIntroduction(to: Writer, introduction: Introduction): void {
  const { genesis, rotations, deviceList, certificate } = introduction;
  require(rotations.length <= MAX_IDENTITY_ROTATIONS && deviceList.length <= MAX_DEVICE_LIST_ENTRIES, 'too-large');
  to.fixed(genesis, GENESIS_BYTES).u8(rotations.length);
  for (const entry of rotations) to.sized(entry, MAX_ENVELOPE_BYTES);
  to.u16(deviceList.length);
  for (const entry of deviceList) to.sized(entry, MAX_ENVELOPE_BYTES);
  to.text(certificate, MAX_CERTIFICATE_BYTES);
}

export function readIntroduction(from: Reader): Introduction {
  const genesis = from.bytes(GENESIS_BYTES);
  const rotationCount = from.u8();
  require(rotationCount <= MAX_IDENTITY_ROTATIONS, 'too-large');
  const rotations = Array.from({ length: rotationCount }, () => from.sized(MAX_ENVELOPE_BYTES));
  const entryCount = from.u16();
  require(entryCount <= MAX_DEVICE_LIST_ENTRIES, 'too-large');
  const deviceList = Array.from({ length: entryCount }, () => from.sized(MAX_ENVELOPE_BYTES));
  return { genesis, rotations, deviceList, certificate: from.text(MAX_CERTIFICATE_BYTES) };
}

/**
 * Throws `wrong-context` when the record is not the claimed account's, `untrusted-identity` when another identity key made the
 * handshake, `not-allowed` when the account does not list the device; else as the chains throw.
 */
export async function verifyIntroduction(
  introduction: Introduction,
  claim: { identityKey: Bytes; fromAccount: AccountId; fromDevice: number },
): Promise<VerifiedIntroduction> {
  require(accountIdOf(introduction.genesis) === claim.fromAccount, 'wrong-context');
  const genesis = parseGenesis(introduction.genesis);
  const { identityKey, identityKeys } = await verifyRotationChain(genesis, introduction.rotations);
  require(equalBytes(identityKey, claim.identityKey), 'untrusted-identity');
  const deviceList = await verifyDeviceList(introduction.deviceList, { accountId: claim.fromAccount, identityKeys });
  require(deviceList.devices.some((device) => device.deviceId === claim.fromDevice), 'not-allowed');
  return { genesis, deviceList, identityKeys };
}

/**
 * The genesis record: what an account id is the hash of (D6).
 *   record = version 1 ‖ identity key 32 ‖ account key 32 ‖ random 16                      81 bytes
 *   id     = SHA-256("Sottovoce v1 account id" ‖ 0x00 ‖ record)                            32 bytes, base64url 43 characters
 * Both keys are X25519 u-coordinates. The random bytes make the id of the same keys differ from relay to relay.
 *
 * Not promised: that the author holds the private keys. That shows with the first signature under each.
 */
import { type Bytes, concat, type RandomBytes, utf8 } from '../bytes.ts';
import { LABEL } from '../labels.ts';
import { primitives } from '../primitives/installed.ts';
import { reader } from '../wire/reader.ts';
import { writer } from '../wire/writer.ts';
import { type AccountId, accountIdFromBytes } from './account-id.ts';
import { CURVE_KEY_BYTES, requireCurveKey } from './curve-key.ts';

export type GenesisRecord = { identityKey: Bytes; accountKey: Bytes; random: Bytes };

export const GENESIS_BYTES = 81;

const VERSION = 1;
const RANDOM_BYTES = 16;

export function generateGenesis(keys: { identityKey: Bytes; accountKey: Bytes }, random: RandomBytes): GenesisRecord {
  return { identityKey: keys.identityKey, accountKey: keys.accountKey, random: random(RANDOM_BYTES) };
}

export function encodeGenesis(record: GenesisRecord): Bytes {
  return writer()
    .u8(VERSION)
    .fixed(requireCurveKey(record.identityKey), CURVE_KEY_BYTES)
    .fixed(requireCurveKey(record.accountKey), CURVE_KEY_BYTES)
    .fixed(record.random, RANDOM_BYTES)
    .done();
}

export function parseGenesis(bytes: Uint8Array): GenesisRecord {
  const from = reader(bytes, GENESIS_BYTES);
  from.expect(VERSION, 'unsupported-version');
  const identityKey = requireCurveKey(from.bytes(CURVE_KEY_BYTES));
  const accountKey = requireCurveKey(from.bytes(CURVE_KEY_BYTES));
  const random = from.bytes(RANDOM_BYTES);
  from.end();
  return { identityKey, accountKey, random };
}

export function accountIdOf(genesisBytes: Uint8Array): AccountId {
  return accountIdFromBytes(primitives.sha256(concat(utf8(LABEL.accountId), Uint8Array.of(0), genesisBytes)));
}

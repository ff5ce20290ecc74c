/**
 * The two messages of Signal's sender keys, byte for byte as Signal's library makes them:
 *   SenderKeyDistributionMessage = 0x33 ‖ pb{1 distribution id[16], 2 chain id, 3 iteration, 4 chain key[32], 5 signing key[33]}
 *   SenderKeyMessage             = 0x33 ‖ pb{1 distribution id[16], 2 chain id, 3 iteration, 4 ciphertext} ‖ signature[64]
 * 0x33 is message version 3 twice. The signing key is 0x05 ‖ X25519 public key; the signature is XEdDSA
 * (https://signal.org/docs/specifications/xeddsa/) over all before it, 0x33 included. A chain id is 31 random bits.
 *
 * Form only: nothing here verifies or decrypts. A signing key of low order, under which anybody could sign, is refused.
 */
import { type Bytes, concat } from '../bytes.ts';
import { require } from '../errors.ts';
import { requireCurveKey } from '../keys/curve-key.ts';
import { SIGNATURE_BYTES } from '../keys/signature.ts';
import { MAX_ENVELOPE_BYTES } from '../limits.ts';
import { fieldReader, fieldWriter } from '../wire/signal-protobuf.ts';

const VERSION = 0x33;
const KEY_TYPE = 0x05;
const CBC_BLOCK_BYTES = 16;

export const DISTRIBUTION_ID_BYTES = 16;
export const MAX_CHAIN_ID = 0x7fff_ffff;

export type SenderKeyDistribution = {
  distributionId: Uint8Array;
  chainId: number;
  iteration: number;
  chainKey: Uint8Array;
  signingKey: Uint8Array;
};

export type SenderKeyMessage = {
  distributionId: Uint8Array;
  chainId: number;
  iteration: number;
  ciphertext: Uint8Array;
  signed: Uint8Array;
  signature: Uint8Array;
};

export function encodeDistribution(distribution: SenderKeyDistribution): Bytes {
  return fieldWriter(VERSION)
    .bytes(1, distribution.distributionId)
    .number(2, distribution.chainId)
    .number(3, distribution.iteration)
    .bytes(4, distribution.chainKey)
    .bytes(5, concat(Uint8Array.of(KEY_TYPE), distribution.signingKey))
    .done();
}

export function parseDistribution(bytes: Uint8Array): SenderKeyDistribution {
  require(bytes.length <= MAX_ENVELOPE_BYTES, 'too-large');
  require(bytes.length > 0, 'malformed');
  require(bytes[0] === VERSION, 'unsupported-version');
  const fields = fieldReader(bytes.subarray(1));
  const distributionId = fields.bytes(1);
  const chainId = fields.number(2);
  const iteration = fields.number(3);
  const chainKey = fields.bytes(4);
  const typedKey = fields.bytes(5);
  fields.end();
  require(distributionId.length === DISTRIBUTION_ID_BYTES && chainId <= MAX_CHAIN_ID && chainKey.length === 32, 'malformed');
  require(typedKey.length === 33 && typedKey[0] === KEY_TYPE, 'bad-key');
  return { distributionId, chainId, iteration, chainKey, signingKey: requireCurveKey(typedKey.subarray(1)) };
}

/** Everything that the signature is over. */
export function encodeSigned(message: { distributionId: Uint8Array; chainId: number; iteration: number; ciphertext: Uint8Array }): Bytes {
  return fieldWriter(VERSION)
    .bytes(1, message.distributionId)
    .number(2, message.chainId)
    .number(3, message.iteration)
    .bytes(4, message.ciphertext)
    .done();
}

export function parseSenderKeyMessage(bytes: Uint8Array): SenderKeyMessage {
  require(bytes.length <= MAX_ENVELOPE_BYTES, 'too-large');
  require(bytes.length > SIGNATURE_BYTES, 'malformed');
  require(bytes[0] === VERSION, 'unsupported-version');
  const signed = bytes.subarray(0, bytes.length - SIGNATURE_BYTES);
  const fields = fieldReader(signed.subarray(1));
  const distributionId = fields.bytes(1);
  const chainId = fields.number(2);
  const iteration = fields.number(3);
  const ciphertext = fields.bytes(4);
  fields.end();
  require(distributionId.length === DISTRIBUTION_ID_BYTES && chainId <= MAX_CHAIN_ID, 'malformed');
  require(ciphertext.length > 0 && ciphertext.length % CBC_BLOCK_BYTES === 0, 'malformed');
  return { distributionId, chainId, iteration, ciphertext, signed, signature: bytes.subarray(signed.length) };
}

/** What a message claims, before anything is verified. */
export function peekSenderKeyMessage(message: Uint8Array): { distributionId: Bytes; chainId: number; iteration: number } {
  const { distributionId, chainId, iteration } = parseSenderKeyMessage(message);
  return { distributionId: concat(distributionId), chainId, iteration };
}

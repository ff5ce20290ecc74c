/**
 * One's own sender key (D3; the scheme is Signal's, analysed in https://eprint.iacr.org/2023/1385).
 *   opaque bytes = version 1 ‖ distribution id 16 ‖ chain id u32 ‖ iteration u32 ‖ chain key 32 ‖ signing seed 32
 *                  ‖ signing key 32 ‖ Edwards signing key 32                                                   153 bytes
 * Encrypting advances the chain; the bytes that come back replace the ones given, before the message leaves.
 * The signing key is a seeded one (account-key.ts): stock Ed25519 makes signatures that verify as XEdDSA.
 *
 * Not promised: that a thief of these bytes cannot go on writing in one's name; a new epoch or generation ends that. Messages carry no
 * signature of an identity key: within the group they stay deniable as in Signal.
 */
import { type Bytes, concat, type RandomBytes, utf8 } from '../bytes.ts';
import { require } from '../errors.ts';
import { type AccountId, accountIdToBytes } from '../keys/account-id.ts';
import { SEED_BYTES, seededPublicKey } from '../keys/account-key.ts';
import { LABEL } from '../labels.ts';
import { MAX_ENVELOPE_BYTES } from '../limits.ts';
import { primitives } from '../primitives/installed.ts';
import { reader } from '../wire/reader.ts';
import { writer } from '../wire/writer.ts';
import { CHAIN_KEY_BYTES, messageKey, messageSeed, nextChainKey } from './sender-chain.ts';
import { DISTRIBUTION_ID_BYTES, encodeDistribution, encodeSigned, MAX_CHAIN_ID } from './sender-key-message.ts';

export type SenderKey = Bytes;

const VERSION = 1;
const SENDER_KEY_BYTES = 153;

// A longer ciphertext fits no envelope.
const MAX_PLAINTEXT_BYTES = MAX_ENVELOPE_BYTES - 256;

type OwnState = {
  distributionId: Bytes;
  chainId: number;
  iteration: number;
  chainKey: Bytes;
  seed: Bytes;
  signingKey: Bytes;
  edwardsKey: Bytes;
};

function encodeSenderKey(state: OwnState): SenderKey {
  return writer()
    .u8(VERSION)
    .fixed(state.distributionId, DISTRIBUTION_ID_BYTES)
    .u32(state.chainId)
    .u32(state.iteration)
    .fixed(state.chainKey, CHAIN_KEY_BYTES)
    .fixed(state.seed, SEED_BYTES)
    .fixed(state.signingKey, 32)
    .fixed(state.edwardsKey, 32)
    .done();
}

function parseSenderKey(senderKey: SenderKey): OwnState {
  const from = reader(senderKey, SENDER_KEY_BYTES);
  from.expect(VERSION, 'unsupported-version');
  const state = {
    distributionId: from.bytes(DISTRIBUTION_ID_BYTES),
    chainId: from.u32(),
    iteration: from.u32(),
    chainKey: from.bytes(CHAIN_KEY_BYTES),
    seed: from.bytes(SEED_BYTES),
    signingKey: from.bytes(32),
    edwardsKey: from.bytes(32),
  };
  from.end();
  return state;
}

/** SHA-256("Sottovoce v1 group distribution id" ‖ 0x00 ‖ group id ‖ epoch ‖ account ‖ device ‖ generation), the first 16 bytes. */
export function distributionIdOf(groupId: Uint8Array, epoch: number, accountId: AccountId, deviceId: number, generation: number): Bytes {
  const context = writer().fixed(groupId, 32).u32(epoch).fixed(accountIdToBytes(accountId), 32).u32(deviceId).u32(generation).done();
  const hash = primitives.sha256(concat(utf8(LABEL.groupDistribution), Uint8Array.of(0), context));
  return hash.slice(0, DISTRIBUTION_ID_BYTES);
}

export async function createSenderKey(distributionId: Bytes, random: RandomBytes): Promise<SenderKey> {
  const seed = random(SEED_BYTES);
  const chainId = reader(random(4), 4).u32() & MAX_CHAIN_ID;
  return encodeSenderKey({
    distributionId,
    chainId,
    iteration: 0,
    chainKey: random(CHAIN_KEY_BYTES),
    seed,
    signingKey: await seededPublicKey(seed),
    edwardsKey: await primitives.ed25519PublicKey(seed),
  });
}

/** At the current iteration: whoever receives it reads what follows and nothing before (G3). */
export function senderKeyDistribution(senderKey: SenderKey): Bytes {
  return encodeDistribution(parseSenderKey(senderKey));
}

/** How many messages it has encrypted. */
export function senderKeyIteration(senderKey: SenderKey): number {
  return parseSenderKey(senderKey).iteration;
}

export async function groupEncrypt(
  senderKey: SenderKey,
  plaintext: Uint8Array,
): Promise<{ senderKey: SenderKey; message: Bytes; iteration: number }> {
  require(plaintext.length <= MAX_PLAINTEXT_BYTES, 'too-large');
  const state = parseSenderKey(senderKey);
  require(state.iteration < 0xffff_ffff, 'too-far-ahead');
  const { iv, key } = messageKey(messageSeed(state.chainKey));
  const signed = encodeSigned({ ...state, ciphertext: await primitives.aesCbcEncrypt(key, iv, plaintext) });
  const message = concat(signed, await primitives.ed25519Sign(state.seed, signed));
  // The sign bit of A, in which XEdDSA and Ed25519 differ. Kept with the key: deriving it anew would cost as much as the signature.
  message[message.length - 1] = (message[message.length - 1] as number) | ((state.edwardsKey[31] as number) & 0x80);
  const next = encodeSenderKey({ ...state, iteration: state.iteration + 1, chainKey: nextChainKey(state.chainKey) });
  return { senderKey: next, message, iteration: state.iteration };
}

/**
 * Opening a SenderKeyMessage (D3). The order matters: form, state by chain id, signature, and only then hashing forward and CBC, so that
 * nobody but the sender can make a receiver work or move (https://eprint.iacr.org/2023/1385 on unauthenticated ratchets).
 *
 * `duplicate` also stands for what this state can never open: an iteration before the distribution, or a skipped key dropped as the oldest.
 * Not promised: any binding to group, epoch or log head. Those are in the content header, inside the ciphertext.
 */
import { type Bytes, equalBytes } from '../bytes.ts';
import { require } from '../errors.ts';
import { MAX_GROUP_JUMP, MAX_SKIPPED_KEYS } from '../limits.ts';
import { primitives } from '../primitives/installed.ts';
import { messageKey, messageSeed, nextChainKey } from './sender-chain.ts';
import { parseSenderKeyMessage } from './sender-key-message.ts';
import { encodeStates, parseStates, type ReceivedState, type SenderKeyStates, SKIPPED_BYTES, viewOf } from './sender-key-states.ts';

type Step = { seed: Uint8Array; state: ReceivedState };

/** The seed of a message that was overtaken; it is taken out, so it opens once. */
function takeSkipped(state: ReceivedState, iteration: number): Step {
  const { skipped } = state;
  const view = viewOf(skipped);
  let low = 0;
  let high = skipped.length / SKIPPED_BYTES;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (view.getUint32(middle * SKIPPED_BYTES) < iteration) low = middle + 1;
    else high = middle;
  }
  const at = low * SKIPPED_BYTES;
  require(at < skipped.length && view.getUint32(at) === iteration, 'duplicate');
  const left = new Uint8Array(skipped.length - SKIPPED_BYTES);
  left.set(skipped.subarray(0, at));
  left.set(skipped.subarray(at + SKIPPED_BYTES), at);
  return { seed: skipped.subarray(at + 4, at + SKIPPED_BYTES), state: { ...state, skipped: left } };
}

/** Hashes forward to `iteration`, keeping the last 2,000 seeds on the way: time O(jump), memory bounded. */
function advance(state: ReceivedState, iteration: number): Step {
  const jump = iteration - state.iteration;
  require(jump <= MAX_GROUP_JUMP && iteration < 0xffff_ffff, 'too-far-ahead');
  const added = Math.min(jump, MAX_SKIPPED_KEYS);
  const kept = state.skipped.subarray(Math.max(0, state.skipped.length - (MAX_SKIPPED_KEYS - added) * SKIPPED_BYTES));
  const skipped = new Uint8Array(kept.length + added * SKIPPED_BYTES);
  skipped.set(kept);
  const view = viewOf(skipped);
  let at = kept.length;
  let chainKey = state.chainKey;
  for (let i = state.iteration; i < iteration; i++) {
    if (i >= iteration - added) {
      view.setUint32(at, i);
      skipped.set(messageSeed(chainKey), at + 4);
      at += SKIPPED_BYTES;
    }
    chainKey = nextChainKey(chainKey);
  }
  return { seed: messageSeed(chainKey), state: { ...state, iteration: iteration + 1, chainKey: nextChainKey(chainKey), skipped } };
}

export async function groupDecrypt(
  states: SenderKeyStates,
  message: Uint8Array,
): Promise<{ states: SenderKeyStates; plaintext: Bytes; chainId: number; iteration: number }> {
  const { distributionId, chainId, iteration, ciphertext, signed, signature } = parseSenderKeyMessage(message);
  const held = parseStates(states);
  require(equalBytes(held.distributionId, distributionId), 'unknown-sender-key');
  const state = held.states.find((candidate) => candidate.chainId === chainId);
  require(state !== undefined, 'unknown-sender-key');
  require(await primitives.xeddsaVerify(state.signingKey, signed, signature), 'bad-signature');
  const step = iteration < state.iteration ? takeSkipped(state, iteration) : advance(state, iteration);
  const { iv, key } = messageKey(step.seed);
  const plaintext = await primitives.aesCbcDecrypt(key, iv, ciphertext);
  const after = held.states.map((candidate) => (candidate === state ? step.state : candidate));
  return { states: encodeStates(distributionId, after), plaintext, chainId, iteration };
}

/**
 * The sender keys received from one device under one distribution id: at most 5 states, the newest first, as in Signal's library.
 *   opaque bytes = version 1 ‖ distribution id 16 ‖ count 1 ‖ state …
 *   state        = chain id u32 ‖ iteration u32 ‖ chain key 32 ‖ signing key 32 ‖ skipped count u16 ‖ (iteration u32 ‖ seed 32) …
 * Skipped seeds stand in rising order of iteration, the oldest first, at most 2,000: 72 kB a state. They are kept one by one, because a
 * chain key in their place would open messages already read as well. Views into the given bytes wherever nothing changes.
 */
import { type Bytes, concat, equalBytes } from '../bytes.ts';
import { require } from '../errors.ts';
import { MAX_SENDER_KEY_STATES, MAX_SKIPPED_KEYS } from '../limits.ts';
import { CHAIN_KEY_BYTES } from './sender-chain.ts';
import { DISTRIBUTION_ID_BYTES, parseDistribution } from './sender-key-message.ts';

export type SenderKeyStates = Bytes;

export type ReceivedState = {
  chainId: number;
  iteration: number;
  chainKey: Uint8Array;
  signingKey: Uint8Array;
  skipped: Uint8Array;
};

const VERSION = 1;
const HEAD_BYTES = 1 + DISTRIBUTION_ID_BYTES + 1;
const STATE_BYTES = 4 + 4 + CHAIN_KEY_BYTES + 32 + 2;

/** One skipped seed with its iteration. */
export const SKIPPED_BYTES = 4 + 32;

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function encodeStates(distributionId: Uint8Array, states: readonly ReceivedState[]): SenderKeyStates {
  const parts: Uint8Array[] = [Uint8Array.of(VERSION), distributionId, Uint8Array.of(states.length)];
  for (const state of states) {
    const numbers = new Uint8Array(10);
    const view = viewOf(numbers);
    view.setUint32(0, state.chainId);
    view.setUint32(4, state.iteration);
    view.setUint16(8, state.skipped.length / SKIPPED_BYTES);
    parts.push(numbers.subarray(0, 8), state.chainKey, state.signingKey, numbers.subarray(8), state.skipped);
  }
  return concat(...parts);
}

export function parseStates(bytes: SenderKeyStates): { distributionId: Uint8Array; states: ReceivedState[] } {
  require(bytes.length >= HEAD_BYTES, 'malformed');
  require(bytes[0] === VERSION, 'unsupported-version');
  const count = bytes[HEAD_BYTES - 1] as number;
  require(count >= 1 && count <= MAX_SENDER_KEY_STATES, 'malformed');
  const view = viewOf(bytes);
  const states: ReceivedState[] = [];
  let at = HEAD_BYTES;
  for (let i = 0; i < count; i++) {
    require(bytes.length - at >= STATE_BYTES, 'malformed');
    const skippedCount = view.getUint16(at + STATE_BYTES - 2);
    const end = at + STATE_BYTES + skippedCount * SKIPPED_BYTES;
    require(skippedCount <= MAX_SKIPPED_KEYS && end <= bytes.length, 'malformed');
    states.push({
      chainId: view.getUint32(at),
      iteration: view.getUint32(at + 4),
      chainKey: bytes.subarray(at + 8, at + 40),
      signingKey: bytes.subarray(at + 40, at + 72),
      skipped: bytes.subarray(at + STATE_BYTES, end),
    });
    at = end;
  }
  require(at === bytes.length, 'malformed');
  return { distributionId: bytes.subarray(1, 1 + DISTRIBUTION_ID_BYTES), states };
}

/**
 * Only ever called with a message that came through a pairwise session with that very device. A chain already held under the same signing
 * key is kept as it is, so that a repeated distribution neither rewinds it nor makes a read message readable again.
 */
export function acceptDistribution(known: SenderKeyStates | null, message: Uint8Array): SenderKeyStates {
  const { distributionId, ...fresh } = parseDistribution(message);
  const held = known === null ? { distributionId, states: [] } : parseStates(known);
  require(equalBytes(held.distributionId, distributionId), 'wrong-context');
  const same = held.states.find((state) => state.chainId === fresh.chainId && equalBytes(state.signingKey, fresh.signingKey));
  const others = held.states.filter((state) => state.chainId !== fresh.chainId);
  const states = [same ?? { ...fresh, skipped: new Uint8Array(0) }, ...others];
  return encodeStates(distributionId, states.slice(0, MAX_SENDER_KEY_STATES));
}

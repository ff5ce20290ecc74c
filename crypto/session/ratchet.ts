/**
 * The Double Ratchet. https://signal.org/docs/specifications/doubleratchet/ §3.4, §3.5, with Signal's version 3 of its constants (§5.2):
 *
 *   RK, CK = HKDF(DH(DHs, DHr), RK, "WhisperRatchet", 64) · MK = HMAC(CK, 01), CK = HMAC(CK, 02)
 *   cipher 32 ‖ mac 32 ‖ iv 16 = HKDF(MK, 0³², "WhisperMessageKeys", 80) · AES-256-CBC
 *   mac = HMAC(mac key, sender identity 33 ‖ receiver identity 33 ‖ version ‖ protobuf)[0..8]
 *
 * Byte for byte what `@privacyresearch/libsignal-protocol-typescript` makes, which the tests hold it against. Decrypting goes in the order
 * verify → decrypt → only then derive what was skipped and make a new sending key. A forger, who needs no key for it, makes us do one
 * Diffie–Hellman and walk the chain as far as he says, one HMAC a step, up to the bound of a jump; and leaves no trace (L3, L12). Version
 * byte 0x34 is read (L7); old chains go (L2); nothing is queued (L4) or printed (L11).
 *
 * Both functions change the state they are given: give them a freshly decoded one and drop it on failure.
 *
 * Does not promise healing before both sides have sent (§8.2) nor anything against whoever holds the state itself.
 */
import { type Bytes, concat, equalBytes, type RandomBytes, utf8, wipe } from '../bytes.ts';
import { require } from '../errors.ts';
import { generateKeyPair } from '../keys/curve-key.ts';
import { MAX_OLD_RECEIVING_CHAINS, MAX_PAIRWISE_JUMP } from '../limits.ts';
import { hkdf } from '../primitives/hkdf.ts';
import { primitives } from '../primitives/installed.ts';
import { ENCODED_KEY_BYTES, KEY_TYPE } from './library.ts';
import { encodeFirst, encodeLater, type LaterMessage, MAC_BYTES } from './message.ts';
import { type Chain, chainOf, type SessionState } from './record.ts';
import { boundSkipped, dayOf } from './skipped.ts';
import type { OurKeys } from './store.ts';

const RATCHET_INFO = utf8('WhisperRatchet');
const MESSAGE_KEYS_INFO = utf8('WhisperMessageKeys');
const NO_SALT = new Uint8Array(32);
const MESSAGE_KEY_SEED = Uint8Array.of(1);
const CHAIN_KEY_SEED = Uint8Array.of(2);

type MessageKeys = { cipherKey: Bytes; macKey: Bytes; iv: Bytes };

// §3.5 KDF_RK.
async function rootStep(state: SessionState): Promise<Bytes> {
  const secret = await primitives.x25519(state.ratchetPair.privateKey, state.remoteKey);
  const keys = hkdf(secret, state.rootKey, RATCHET_INFO, 64);
  state.rootKey = keys.slice(0, 32);
  const chainKey = keys.slice(32);
  wipe(secret, keys);
  return chainKey;
}

const messageKeyOf = (chainKey: Bytes): Bytes => primitives.hmacSha256(chainKey, MESSAGE_KEY_SEED);

// §3.5 KDF_CK, without the message key.
function advance(chain: Chain): void {
  require(chain.chainKey !== null, 'bad-mac');
  chain.chainKey = primitives.hmacSha256(chain.chainKey, CHAIN_KEY_SEED);
  chain.next++;
}

// §3.5 KDF_CK.
function chainStep(chain: Chain): Bytes {
  require(chain.chainKey !== null, 'bad-mac');
  const messageKey = messageKeyOf(chain.chainKey);
  advance(chain);
  return messageKey;
}

function expand(messageKey: Bytes): MessageKeys {
  const keys = hkdf(messageKey, NO_SALT, MESSAGE_KEYS_INFO, 80);
  wipe(messageKey);
  return { cipherKey: keys.subarray(0, 32), macKey: keys.subarray(32, 64), iv: keys.subarray(64) };
}

function macOf(macKey: Bytes, sender: Bytes, receiver: Bytes, authenticated: Bytes): Bytes {
  const input = new Uint8Array(2 * ENCODED_KEY_BYTES + authenticated.length);
  input[0] = KEY_TYPE;
  input.set(sender, 1);
  input[ENCODED_KEY_BYTES] = KEY_TYPE;
  input.set(receiver, ENCODED_KEY_BYTES + 1);
  input.set(authenticated, 2 * ENCODED_KEY_BYTES);
  return primitives.hmacSha256(macKey, input).subarray(0, MAC_BYTES);
}

/** §3.5 SkipMessageKeys, up to and without `until`. */
function skip(chain: Chain, until: number, day: number): void {
  // A closed chain ended where its sender said; nothing authentic lies beyond.
  while (chain.next < until) chain.skipped.set(chain.next, { key: chainStep(chain), day });
}

/** The key of one message; the chain stays where it is, for nothing has been authenticated. */
function messageKeyAt(chain: Chain, counter: number): Bytes {
  if (counter < chain.next) {
    const stored = chain.skipped.get(counter);
    require(stored !== undefined, 'duplicate');
    return stored.key.slice();
  }
  require(counter - chain.next < MAX_PAIRWISE_JUMP, 'too-far-ahead');
  require(chain.chainKey !== null, 'bad-mac');
  let key = chain.chainKey;
  for (let at = chain.next; at < counter; at++) key = primitives.hmacSha256(key, CHAIN_KEY_SEED);
  return messageKeyOf(key);
}

/** After the MAC: that message is taken, those before it are kept. */
function take(chain: Chain, counter: number, day: number): void {
  if (chain.skipped.delete(counter)) return;
  skip(chain, counter, day);
  advance(chain);
}

// §3.5 SkipMessageKeys(PN), after the MAC: PN is authentic now. PN is the number of the last message, so 0 may also say that there was none.
// Where it lies beyond the jump the chain stays open instead, for else no message of this peer would ever be accepted again.
function closePrevious(state: SessionState, previousKey: Bytes, previousCounter: number, day: number): void {
  const previous = chainOf(state, previousKey);
  if (!previous?.receiving || previousCounter - previous.next >= MAX_PAIRWISE_JUMP) return;
  skip(previous, previousCounter + 1, day);
  previous.chainKey = null;
}

// §3.5 DHRatchet, second half: DHs = new pair; RK, CKs = KDF_RK(RK, DH(DHs, DHr)).
async function sendingStep(state: SessionState, random: RandomBytes): Promise<void> {
  const sending = chainOf(state, state.ratchetPair.publicKey);
  state.previousCounter = Math.max(0, (sending?.next ?? 0) - 1);
  const receiving = state.chains.filter((chain) => chain !== sending);
  state.ratchetPair = await generateKeyPair(random);
  const chainKey = await rootStep(state);
  // Oldest first (L2).
  state.chains = receiving.slice(-1 - MAX_OLD_RECEIVING_CHAINS);
  state.chains.push({ receiving: false, ratchetKey: state.ratchetPair.publicKey, next: 0, chainKey, skipped: new Map() });
}

/** One session message in Signal's bytes, first or later by the state of the session. */
export async function encryptMessage(state: SessionState, ours: OurKeys, plaintext: Uint8Array): Promise<Bytes> {
  const chain = chainOf(state, state.ratchetPair.publicKey);
  // Otherwise the stored session is damaged.
  require(chain !== undefined && !chain.receiving && chain.chainKey !== null, 'malformed');
  const counter = chain.next;
  const { cipherKey, macKey, iv } = expand(chainStep(chain));
  const ciphertext = await primitives.aesCbcEncrypt(cipherKey, iv, plaintext);
  const authenticated = encodeLater({ ratchetKey: chain.ratchetKey, counter, previousCounter: state.previousCounter, ciphertext });
  const later = concat(authenticated, macOf(macKey, ours.identity.publicKey, state.identityKey, authenticated));
  wipe(cipherKey, macKey, iv);
  if (!state.pending) return later;
  return encodeFirst({
    ...state.pending,
    registrationId: ours.registrationId,
    baseKey: state.baseKey,
    identityKey: ours.identity.publicKey,
    later,
  });
}

export async function decryptMessage(
  state: SessionState,
  ours: OurKeys,
  message: LaterMessage,
  now: number,
  random: RandomBytes,
): Promise<Bytes> {
  const day = dayOf(now);
  const known = chainOf(state, message.ratchetKey);
  const previousKey = state.remoteKey;
  let chain = known;
  if (!chain) {
    // §3.5 DHRatchet, first half: RK, CKr = KDF_RK(RK, DH(DHs, DHr)).
    state.remoteKey = message.ratchetKey;
    chain = { receiving: true, ratchetKey: message.ratchetKey, next: 0, chainKey: await rootStep(state), skipped: new Map() };
    state.chains.push(chain);
  }
  // Our own message, sent back to us.
  require(chain.receiving, 'bad-mac');
  const { cipherKey, macKey, iv } = expand(messageKeyAt(chain, message.counter));
  const mac = macOf(macKey, state.identityKey, ours.identity.publicKey, message.authenticated);
  require(equalBytes(mac, message.mac), 'bad-mac');
  const plaintext = await primitives.aesCbcDecrypt(cipherKey, iv, message.ciphertext);
  wipe(cipherKey, macKey, iv);
  take(chain, message.counter, day);
  state.pending = null;
  if (!known) {
    closePrevious(state, previousKey, message.previousCounter, day);
    await sendingStep(state, random);
  }
  boundSkipped(state, day);
  return plaintext;
}

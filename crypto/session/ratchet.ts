/**
 * The Double Ratchet over the library's own steps, hardened. https://signal.org/docs/specifications/doubleratchet/ §3.4, §3.5.
 *
 *   RK, CK = HKDF(RK, DH(DHs, DHr), "WhisperRatchet") · MK = HMAC(CK, 01), CK = HMAC(CK, 02)
 *   cipher 32 ‖ mac 32 ‖ iv 16 = HKDF(MK, 0³², "WhisperMessageKeys")
 *   mac = HMAC(mac key, sender identity 33 ‖ receiver identity 33 ‖ version ‖ protobuf)[0..8] · AES-256-CBC
 *
 * What is the library's: deriving chains (`calculateRatchet`), advancing them (`fillMessageKeys`), and the whole of encrypting
 * (`encryptJob`). What is ours: decrypting, in the order verify → decrypt → only then make a new sending key, which costs a forger one
 * Diffie–Hellman and never leaves a trace (L3, L12); reading version byte 0x34 (L7); dropping old chains (L2); printing nothing (L11).
 * `encryptJob` is called without the library's queue, whose entries are never removed (L4): a value needs no lock.
 *
 * Does not promise healing before both sides have sent (§8.2) nor anything against whoever holds the state itself.
 */
import { type Bytes, concat, equalBytes, type RandomBytes, utf8, wipe } from '../bytes.ts';
import { require } from '../errors.ts';
import { MAX_OLD_RECEIVING_CHAINS, MAX_PAIRWISE_JUMP } from '../limits.ts';
import { hkdf } from '../primitives/hkdf.ts';
import { primitives } from '../primitives/installed.ts';
import { CHAIN, encodeKey, ephemeralPair, SessionCipher, SessionRecord, toBuffer } from './library.ts';
import { type LaterMessage, MAC_BYTES } from './message.ts';
import { type Chain, chainName, type SessionState } from './record.ts';
import { boundSkipped } from './skipped.ts';
import { LIBRARY_ADDRESS, type OurKeys, throwAwayStore } from './store.ts';

const MESSAGE_KEYS_INFO = utf8('WhisperMessageKeys');
const NO_SALT = new Uint8Array(32);

// `this['…']` below: members the library's types call private are reached so.

/** Holds one session for the library; its JSON is never made, the caller encodes the session itself. */
class OneSession extends SessionRecord {
  override serialize(): string {
    return '';
  }
}

export class Ratchet extends SessionCipher {
  readonly #ours: OurKeys;
  readonly #state: SessionState;

  /** Changes `state` in place: give it a freshly decoded one and drop it on failure. */
  constructor(ours: OurKeys, state: SessionState) {
    super(throwAwayStore(ours), LIBRARY_ADDRESS);
    this.#ours = ours;
    this.#state = state;
  }

  override async getRecord(): Promise<SessionRecord> {
    const record = new OneSession();
    record.updateSessionState(this.#state);
    return record;
  }

  /** One session message in Signal's bytes, first or later by the state of the session. */
  async encryptMessage(plaintext: Uint8Array): Promise<Bytes> {
    const pair = this.#state.currentRatchet.ephemeralKeyPair;
    const chain = pair && this.#state.chains[chainName(new Uint8Array(pair.pubKey))];
    // A stored session that is damaged: the library would stumble over it with an error of another kind.
    require(chain?.chainType === CHAIN.sending && chain.chainKey.key !== undefined, 'malformed');
    const { body }: { body: string } = await this['encryptJob'](toBuffer(plaintext));
    return Uint8Array.from(body, (character) => character.charCodeAt(0));
  }

  async decryptMessage(message: LaterMessage, now: number, random: RandomBytes): Promise<{ plaintext: Bytes; stepped: boolean }> {
    const name = chainName(message.ratchetKey);
    const stepped = this.#state.chains[name] === undefined;
    if (stepped) await this.#receivingStep(message.ratchetKey);
    const chain = this.#state.chains[name] as Chain;
    // Our own message, sent back to us.
    require(chain.chainType === CHAIN.receiving, 'bad-mac');
    await this.#advance(chain, message.counter);
    const messageKey = chain.messageKeys[message.counter];
    require(messageKey !== undefined, 'duplicate');
    const plaintext = await this.#open(message, new Uint8Array(messageKey));
    delete chain.messageKeys[message.counter];
    delete this.#state.pendingPreKey;
    if (stepped) {
      await this.#closePrevious(message.previousCounter);
      await this.#sendingStep(message.ratchetKey, random);
    }
    boundSkipped(this.#state, now);
    return { plaintext, stepped };
  }

  // §3.5 RatchetDecrypt: SkipMessageKeys. The bound is checked here so that it has its own code.
  async #advance(chain: Chain, counter: number): Promise<void> {
    const ahead = counter - chain.chainKey.counter;
    if (ahead <= 0) return;
    require(ahead <= MAX_PAIRWISE_JUMP, 'too-far-ahead');
    // A closed chain ended where its sender said; nothing authentic lies beyond.
    require(chain.chainKey.key !== undefined, 'bad-mac');
    await this['fillMessageKeys'](chain, counter);
  }

  // §3.5 DHRatchet, first half: RK, CKr = KDF_RK(RK, DH(DHs, DHr)).
  async #receivingStep(ratchetKey: Bytes): Promise<void> {
    await this['calculateRatchet'](this.#state, toBuffer(ratchetKey), false);
    (this.#state.chains[chainName(ratchetKey)] as Chain).storedOn = {};
  }

  // §3.5 SkipMessageKeys(PN), after the MAC: PN is authentic now. Where it lies beyond the jump the chain stays open instead, for else no
  // message of this peer would ever be accepted again.
  async #closePrevious(previousCounter: number): Promise<void> {
    const { chains, currentRatchet } = this.#state;
    const previous = chains[chainName(new Uint8Array(currentRatchet.lastRemoteEphemeralKey))];
    if (previous?.chainType !== CHAIN.receiving) return;
    if (previousCounter - previous.chainKey.counter > MAX_PAIRWISE_JUMP) return;
    await this.#advance(previous, previousCounter);
    delete previous.chainKey.key;
  }

  // §3.5 DHRatchet, second half: DHs = new pair; RK, CKs = KDF_RK(RK, DH(DHs, DHr)).
  async #sendingStep(remoteKey: Bytes, random: RandomBytes): Promise<void> {
    const { chains, currentRatchet } = this.#state;
    if (currentRatchet.ephemeralKeyPair) {
      const name = chainName(new Uint8Array(currentRatchet.ephemeralKeyPair.pubKey));
      currentRatchet.previousCounter = Math.max(0, chains[name]?.chainKey.counter ?? 0);
      delete chains[name];
    }
    const ratchetKey = toBuffer(remoteKey);
    currentRatchet.ephemeralKeyPair = await ephemeralPair(random);
    await this['calculateRatchet'](this.#state, ratchetKey, true);
    currentRatchet.lastRemoteEphemeralKey = ratchetKey;
    // Oldest first: objects keep the order in which chains were added (L2).
    const receiving = Object.keys(chains).filter((key) => chains[key]?.chainType === CHAIN.receiving);
    for (const old of receiving.slice(0, Math.max(0, receiving.length - 1 - MAX_OLD_RECEIVING_CHAINS))) delete chains[old];
  }

  async #open(message: LaterMessage, messageKey: Uint8Array): Promise<Bytes> {
    const keys = hkdf(messageKey, NO_SALT, MESSAGE_KEYS_INFO, 80);
    const sender = new Uint8Array(this.#state.indexInfo.remoteIdentityKey);
    const receiver = encodeKey(this.#ours.identity.publicKey);
    const mac = primitives.hmacSha256(keys.subarray(32, 64), concat(sender, receiver, message.authenticated));
    require(equalBytes(mac.subarray(0, MAC_BYTES), message.mac), 'bad-mac');
    const plaintext = await primitives.aesCbcDecrypt(keys.slice(0, 32), keys.slice(64, 80), message.ciphertext);
    wipe(keys);
    return plaintext;
  }
}

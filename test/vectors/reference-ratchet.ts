/**
 * X3DH and the Double Ratchet a second time, in the letters of their specifications and without anything of crypto/session: what the families
 * hold the implementation against. It keeps no bounds and refuses nothing.
 */
import { primitives } from '../../crypto/index.ts';
import { aesCbcEncrypt, hkdfSha256, hmacSha256, joined, utf8Of } from './independent.ts';

type Bytes = Uint8Array<ArrayBuffer>;
export type Pair = { privateKey: Bytes; publicKey: Bytes };

const ZEROS = new Uint8Array(32);

/** RFC 7748 §5: stored clamped, as Signal's libraries store it. */
export async function pairOf(random: Bytes): Promise<Pair> {
  const privateKey = random.slice();
  privateKey[0] = (privateKey[0] as number) & 248;
  privateKey[31] = ((privateKey[31] as number) & 127) | 64;
  return { privateKey, publicKey: await primitives.x25519PublicKey(privateKey) };
}

const dh = async (pair: Pair, publicKey: Bytes): Promise<Bytes> => primitives.x25519(pair.privateKey, publicKey);

/** X3DH §3.3 and §3.4. The DH outputs in the specification's order, and RK, CK of the first HKDF. */
export async function agree(outputs: readonly Promise<Bytes>[]) {
  const dhs = await Promise.all(outputs);
  const keys = hkdfSha256(joined(new Uint8Array(32).fill(0xff), ...dhs), ZEROS, utf8Of('WhisperText'), 64) as Bytes;
  return { dhs, rootKey: keys.slice(0, 32) };
}

/** §3.5 KDF_RK. */
export async function rootStep(rootKey: Bytes, pair: Pair, remote: Bytes): Promise<{ rootKey: Bytes; chainKey: Bytes }> {
  const keys = hkdfSha256(await dh(pair, remote), rootKey, utf8Of('WhisperRatchet'), 64) as Bytes;
  return { rootKey: keys.slice(0, 32), chainKey: keys.slice(32) };
}

const nextChainKey = (chainKey: Bytes): Bytes => hmacSha256(chainKey, Uint8Array.of(2)) as Bytes;

export function messageKeysOf(chainKey: Bytes) {
  const messageKey = hmacSha256(chainKey, Uint8Array.of(1)) as Bytes;
  const keys = hkdfSha256(messageKey, ZEROS, utf8Of('WhisperMessageKeys'), 80) as Bytes;
  return { messageKey, cipherKey: keys.slice(0, 32), macKey: keys.slice(32, 64), iv: keys.slice(64) };
}

function varint(value: number): Bytes {
  const out: number[] = [];
  let left = value;
  for (; left >= 0x80; left = Math.floor(left / 0x80)) out.push((left % 0x80) | 0x80);
  return Uint8Array.from([...out, left]);
}
const number = (field: number, value: number): Bytes => joined(Uint8Array.of(field << 3), varint(value));
const bytes = (field: number, value: Bytes): Bytes => joined(Uint8Array.of((field << 3) | 2), varint(value.length), value);
const encoded = (publicKey: Bytes): Bytes => joined(Uint8Array.of(5), publicKey);

export type Header = { ratchetKey: Bytes; counter: number; previousCounter: number };

export function laterMessage(
  header: Header,
  keys: ReturnType<typeof messageKeysOf>,
  plaintext: Bytes,
  sender: Bytes,
  receiver: Bytes,
): Bytes {
  const ciphertext = aesCbcEncrypt(keys.cipherKey, keys.iv, plaintext) as Bytes;
  const body = joined(
    Uint8Array.of(0x33),
    bytes(1, encoded(header.ratchetKey)),
    number(2, header.counter),
    number(3, header.previousCounter),
    bytes(4, ciphertext),
  );
  return joined(body, hmacSha256(keys.macKey, joined(encoded(sender), encoded(receiver), body)).subarray(0, 8));
}

export type FirstFields = { registrationId: number; oneTimePrekeyId: number; signedPrekeyId: number; baseKey: Bytes; identityKey: Bytes };

export function firstMessage(fields: FirstFields, later: Bytes): Bytes {
  return joined(
    Uint8Array.of(0x33),
    number(5, fields.registrationId),
    ...(fields.oneTimePrekeyId === 0 ? [] : [number(1, fields.oneTimePrekeyId)]),
    number(6, fields.signedPrekeyId),
    bytes(2, encoded(fields.baseKey)),
    bytes(3, encoded(fields.identityKey)),
    bytes(4, later),
  );
}

/** Everything an initiator computes up to his first message. */
export async function initiate(
  identity: Pair,
  peer: { identityKey: Bytes; signedPrekey: Bytes; oneTimePrekey: Bytes | null },
  random: Bytes,
) {
  const ephemeral = await pairOf(random.slice(0, 32));
  const ratchet = await pairOf(random.slice(32));
  const outputs = [dh(identity, peer.signedPrekey), dh(ephemeral, peer.identityKey), dh(ephemeral, peer.signedPrekey)];
  const agreed = await agree(peer.oneTimePrekey ? [...outputs, dh(ephemeral, peer.oneTimePrekey)] : outputs);
  return { ephemeral, ratchet, ...agreed, sending: await rootStep(agreed.rootKey, ratchet, peer.signedPrekey) };
}

/** One side of a conversation, sending only: what it writes can be computed from what it was given. */
export class ReferenceSender {
  rootKey: Bytes;
  pair: Pair;
  chainKey: Bytes | null;
  counter = 0;
  previousCounter = 0;
  constructor(rootKey: Bytes, pair: Pair, chainKey: Bytes | null) {
    this.rootKey = rootKey;
    this.pair = pair;
    this.chainKey = chainKey;
  }

  /** §3.5 DHRatchet, both halves: a new ratchet key came. */
  async turn(remote: Bytes, random: Bytes): Promise<void> {
    const received = await rootStep(this.rootKey, this.pair, remote);
    this.previousCounter = Math.max(0, this.chainKey ? this.counter - 1 : 0);
    this.pair = await pairOf(random);
    const sending = await rootStep(received.rootKey, this.pair, remote);
    this.rootKey = sending.rootKey;
    this.chainKey = sending.chainKey;
    this.counter = 0;
  }

  write(plaintext: Bytes, sender: Bytes, receiver: Bytes) {
    if (!this.chainKey) throw new Error('nothing was received yet');
    const keys = messageKeysOf(this.chainKey);
    const header = { ratchetKey: this.pair.publicKey, counter: this.counter, previousCounter: this.previousCounter };
    const shown = { rootKey: this.rootKey, chainKey: this.chainKey, ...keys };
    this.chainKey = nextChainKey(this.chainKey);
    this.counter++;
    return { shown, message: laterMessage(header, keys, plaintext, sender, receiver) };
  }
}

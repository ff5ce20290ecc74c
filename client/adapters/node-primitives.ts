/**
 * Primitives by OpenSSL, through node:crypto, for the engine outside the browser: the same bytes as the default, many times faster.
 * Raw 32-byte keys enter by the fixed DER heads of RFC 8410 (§7 PKCS#8, §4 SubjectPublicKeyInfo). XEdDSA signing stays with the default: OpenSSL signs only from a seed. Which keys and signatures are acceptable is checked around these by crypto/primitives.
 */
import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  hash,
  type KeyObject,
  sign,
  timingSafeEqual,
  verify,
} from 'node:crypto';
import { type Bytes, type Primitives, primitives } from '../../crypto/index.ts';

const TAG_BYTES = 16;

// Below this the default is done before OpenSSL has made its cipher object (bench/crypto).
const OPENSSL_PAYS_FROM_BYTES = 768;

const standard = { ...primitives };
// SHA-256: FIPS 180-4 §5.1.1.
const BLOCK_BYTES = 64;
const HASH_BYTES = 32;
const PKCS8 = {
  x25519: Buffer.from('302e020100300506032b656e04220420', 'hex'),
  ed25519: Buffer.from('302e020100300506032b657004220420', 'hex'),
};
const SPKI = { x25519: Buffer.from('302a300506032b656e032100', 'hex'), ed25519: Buffer.from('302a300506032b6570032100', 'hex') };

type Curve = keyof typeof PKCS8;

// A key object costs more than what is done with it: OpenSSL computes the public half of every private key it is given. A handshake or a
// ratchet turn uses the same few keys again and again, a burst of group messages one seed. So a few are kept: private ones for a second at
// most, public ones, which are no secret, until others take their place.
const KEEP_PRIVATE_MS = 1_000;
const MAX_PRIVATE_KEYS = 8;
const MAX_PUBLIC_KEYS = 256;

const privateKeys: { curve: Curve; raw: Uint8Array; key: KeyObject }[] = [];
const publicKeys = new Map<string, KeyObject>();

function forgetPrivate(): void {
  for (const { raw } of privateKeys.splice(0)) raw.fill(0);
}

function privateKey(curve: Curve, raw: Uint8Array): KeyObject {
  const known = privateKeys.find((one) => one.curve === curve && timingSafeEqual(one.raw, raw));
  if (known) return known.key;
  const key = createPrivateKey({ key: Buffer.concat([PKCS8[curve], raw]), format: 'der', type: 'pkcs8' });
  if (privateKeys.length >= MAX_PRIVATE_KEYS) privateKeys.shift()?.raw.fill(0);
  if (privateKeys.length === 0) setTimeout(forgetPrivate, KEEP_PRIVATE_MS).unref();
  privateKeys.push({ curve, raw: own(raw), key });
  return key;
}

function publicKey(curve: Curve, raw: Uint8Array): KeyObject {
  const name = `${curve} ${Buffer.from(raw.buffer, raw.byteOffset, raw.length).toString('latin1')}`;
  const known = publicKeys.get(name);
  if (known) return known;
  const key = createPublicKey({ key: Buffer.concat([SPKI[curve], raw]), format: 'der', type: 'spki' });
  const oldest = publicKeys.keys().next();
  if (publicKeys.size >= MAX_PUBLIC_KEYS && !oldest.done) publicKeys.delete(oldest.value);
  publicKeys.set(name, key);
  return key;
}

function rawPublicKey(curve: Curve, secret: Uint8Array): Bytes {
  return own(Buffer.from(privateKey(curve, secret).export({ format: 'jwk' }).x as string, 'base64url'));
}

// A Buffer may be a window into a shared pool; what leaves here is a plain array of its own.
function own(buffer: Uint8Array): Bytes {
  return new Uint8Array(buffer);
}

function joined(first: Uint8Array, ...rest: Uint8Array[]): Bytes {
  return own(Buffer.concat([first, ...rest]));
}

// RFC 2104 over the one-shot hash: three times as fast for a ratchet's few bytes as an Hmac object.
function hmacSha256(key: Uint8Array, bytes: Uint8Array): Bytes {
  const short = key.length > BLOCK_BYTES ? hash('sha256', key, 'buffer') : key;
  const inner = new Uint8Array(BLOCK_BYTES + bytes.length).fill(0x36, 0, BLOCK_BYTES);
  const outer = new Uint8Array(BLOCK_BYTES + HASH_BYTES).fill(0x5c, 0, BLOCK_BYTES);
  for (let i = 0; i < short.length; i++) {
    inner[i] = (inner[i] as number) ^ (short[i] as number);
    outer[i] = (outer[i] as number) ^ (short[i] as number);
  }
  inner.set(bytes, BLOCK_BYTES);
  outer.set(hash('sha256', inner, 'buffer'), BLOCK_BYTES);
  const mac = own(hash('sha256', outer, 'buffer'));
  inner.fill(0);
  outer.fill(0);
  return mac;
}

export const nodePrimitives: Partial<Primitives> = {
  sha256: (bytes) => own(hash('sha256', bytes, 'buffer')),
  sha512: (bytes) => own(hash('sha512', bytes, 'buffer')),
  hmacSha256,
  x25519: (secret, remote) => own(diffieHellman({ privateKey: privateKey('x25519', secret), publicKey: publicKey('x25519', remote) })),
  x25519PublicKey: (secret) => rawPublicKey('x25519', secret),
  ed25519PublicKey: (seed) => rawPublicKey('ed25519', seed),
  ed25519Sign: (seed, message) => own(sign(null, message, privateKey('ed25519', seed))),
  ed25519Verify: (key, message, signature) => verify(null, message, publicKey('ed25519', key), signature),
  aesGcmEncrypt(key, nonce, plaintext, aad) {
    const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(aad);
    const body = cipher.update(plaintext);
    return joined(body, cipher.final(), cipher.getAuthTag());
  },
  aesGcmDecrypt(key, nonce, ciphertext, aad) {
    const end = ciphertext.length - TAG_BYTES;
    const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES }).setAAD(aad);
    decipher.setAuthTag(ciphertext.subarray(end));
    const body = decipher.update(ciphertext.subarray(0, end));
    return joined(body, decipher.final());
  },
  aesCbcEncrypt(key, iv, plaintext) {
    if (plaintext.length < OPENSSL_PAYS_FROM_BYTES) return standard.aesCbcEncrypt(key, iv, plaintext);
    const cipher = createCipheriv('aes-256-cbc', key, iv);
    return joined(cipher.update(plaintext), cipher.final());
  },
  aesCbcDecrypt(key, iv, ciphertext) {
    if (ciphertext.length < OPENSSL_PAYS_FROM_BYTES) return standard.aesCbcDecrypt(key, iv, ciphertext);
    const decipher = createDecipheriv('aes-256-cbc', key, iv);
    return joined(decipher.update(ciphertext), decipher.final());
  },
};

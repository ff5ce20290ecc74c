/**
 * Primitives by OpenSSL, through node:crypto, for the engine outside the browser: the same bytes as the default, many times faster.
 * Raw 32-byte keys enter by the fixed DER heads of RFC 8410 (§7 PKCS#8, §4 SubjectPublicKeyInfo). XEdDSA signing stays with the default:
 * OpenSSL signs only from a seed. Which keys and signatures are acceptable is checked around these by crypto/primitives.
 */
import { createCipheriv, createDecipheriv, createHash, createHmac, createPrivateKey, createPublicKey, diffieHellman, sign, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { Bytes, Primitives } from '../../crypto/index.ts';

const TAG_BYTES = 16;
const PKCS8 = { x25519: Buffer.from('302e020100300506032b656e04220420', 'hex'), ed25519: Buffer.from('302e020100300506032b657004220420', 'hex') };
const SPKI = { x25519: Buffer.from('302a300506032b656e032100', 'hex'), ed25519: Buffer.from('302a300506032b6570032100', 'hex') };

type Curve = keyof typeof PKCS8;

function privateKey(curve: Curve, raw: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.concat([PKCS8[curve], raw]), format: 'der', type: 'pkcs8' });
}

function publicKey(curve: Curve, raw: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.concat([SPKI[curve], raw]), format: 'der', type: 'spki' });
}

function rawPublicKey(curve: Curve, secret: Uint8Array): Bytes {
  const der = createPublicKey(privateKey(curve, secret)).export({ format: 'der', type: 'spki' });
  return own(der.subarray(SPKI[curve].length));
}

// A Buffer may be a window into a shared pool; what leaves here is a plain array of its own.
function own(buffer: Uint8Array): Bytes {
  return new Uint8Array(buffer);
}

function joined(first: Uint8Array, ...rest: Uint8Array[]): Bytes {
  return own(Buffer.concat([first, ...rest]));
}

export const nodePrimitives: Partial<Primitives> = {
  sha256: (bytes) => own(createHash('sha256').update(bytes).digest()),
  sha512: (bytes) => own(createHash('sha512').update(bytes).digest()),
  hmacSha256: (key, bytes) => own(createHmac('sha256', key).update(bytes).digest()),
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
    const cipher = createCipheriv('aes-256-cbc', key, iv);
    return joined(cipher.update(plaintext), cipher.final());
  },
  aesCbcDecrypt(key, iv, ciphertext) {
    const decipher = createDecipheriv('aes-256-cbc', key, iv);
    return joined(decipher.update(ciphertext), decipher.final());
  },
};

/**
 * Primitives by the browser's own WebCrypto and by hash-wasm, for the engine's worker. Every member is tried on its own when it is
 * installed: what this browser lacks, or does otherwise, stays with the default.
 *
 * Curves and bulk AES go to WebCrypto; hashes and HMAC to WebAssembly, because a WebCrypto call costs more than hashing a ratchet's few
 * bytes. Raw 32-byte private keys enter by the PKCS#8 heads of RFC 8410 §7.
 */
import { createSHA256, createSHA512, type IHasher } from 'hash-wasm';
import { type Bytes, installPrimitives, type Primitives, primitives } from '../../crypto/index.ts';

const PKCS8 = {
  X25519: [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x6e, 0x04, 0x22, 0x04, 0x20],
  Ed25519: [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20],
} as const;

type Curve = keyof typeof PKCS8;

// SHA-256, FIPS 180-4 §1.
const BLOCK_BYTES = 64;
const HASH_BYTES = 32;

// A message's MAC input, with its keys, is about 400 bytes.
const MAX_SHORT_BYTES = 512;

// Below this the default is done before WebCrypto has copied the bytes to its thread.
const WEBCRYPTO_PAYS_FROM_BYTES = 1_024;

// u of the base point, RFC 7748 §4.1: a public key is a key agreement with it.
const BASE_POINT = Uint8Array.of(9, ...new Uint8Array(31));

function own(bytes: Uint8Array): Bytes {
  return new Uint8Array(bytes);
}

function privateKey(subtle: SubtleCrypto, curve: Curve, raw: Uint8Array, usage: KeyUsage): Promise<CryptoKey> {
  const der = new Uint8Array(48);
  der.set(PKCS8[curve]);
  der.set(raw, 16);
  return subtle.importKey('pkcs8', der, curve, false, [usage]).finally(() => der.fill(0));
}

function curves(subtle: SubtleCrypto): Partial<Primitives> {
  async function agree(secret: Uint8Array, remote: Uint8Array): Promise<Bytes> {
    const [key, point] = await Promise.all([
      privateKey(subtle, 'X25519', secret, 'deriveBits'),
      subtle.importKey('raw', own(remote), 'X25519', false, []),
    ]);
    return new Uint8Array(await subtle.deriveBits({ name: 'X25519', public: point }, key, 256));
  }
  return {
    x25519: agree,
    x25519PublicKey: (secret) => agree(secret, BASE_POINT),
    async ed25519Sign(seed, message) {
      const key = await privateKey(subtle, 'Ed25519', seed, 'sign');
      return new Uint8Array(await subtle.sign('Ed25519', key, own(message)));
    },
    async ed25519Verify(publicKey, message, signature) {
      const key = await subtle.importKey('raw', own(publicKey), 'Ed25519', false, ['verify']);
      return subtle.verify('Ed25519', key, own(signature), own(message));
    },
  };
}

type AesParams = Parameters<SubtleCrypto['encrypt']>[0];

function bulk(subtle: SubtleCrypto): Partial<Primitives> {
  const standard = { ...primitives };
  const key = (name: string, raw: Uint8Array, usage: 'encrypt' | 'decrypt') => subtle.importKey('raw', own(raw), name, false, [usage]);
  const small = (bytes: Uint8Array) => bytes.length < WEBCRYPTO_PAYS_FROM_BYTES;
  const gcm = (nonce: Uint8Array, aad: Uint8Array) => ({ name: 'AES-GCM', iv: own(nonce), additionalData: own(aad) });
  const cbc = (iv: Uint8Array) => ({ name: 'AES-CBC', iv: own(iv) });
  const encrypt = async (algorithm: AesParams, imported: Promise<CryptoKey>, bytes: Uint8Array) =>
    new Uint8Array(await subtle.encrypt(algorithm, await imported, own(bytes)));
  const decrypt = async (algorithm: AesParams, imported: Promise<CryptoKey>, bytes: Uint8Array) =>
    new Uint8Array(await subtle.decrypt(algorithm, await imported, own(bytes)));
  // Not async: what is short is done at once, without a turn of the event loop.
  return {
    aesGcmEncrypt: (raw, nonce, plaintext, aad) =>
      small(plaintext)
        ? standard.aesGcmEncrypt(raw, nonce, plaintext, aad)
        : encrypt(gcm(nonce, aad), key('AES-GCM', raw, 'encrypt'), plaintext),
    aesGcmDecrypt: (raw, nonce, ciphertext, aad) =>
      small(ciphertext)
        ? standard.aesGcmDecrypt(raw, nonce, ciphertext, aad)
        : decrypt(gcm(nonce, aad), key('AES-GCM', raw, 'decrypt'), ciphertext),
    aesCbcEncrypt: (raw, iv, plaintext) =>
      small(plaintext) ? standard.aesCbcEncrypt(raw, iv, plaintext) : encrypt(cbc(iv), key('AES-CBC', raw, 'encrypt'), plaintext),
    aesCbcDecrypt: (raw, iv, ciphertext) =>
      small(ciphertext) ? standard.aesCbcDecrypt(raw, iv, ciphertext) : decrypt(cbc(iv), key('AES-CBC', raw, 'decrypt'), ciphertext),
  };
}

// A hasher is one piece of WebAssembly memory; nothing awaits between `init` and `digest`, so calls never meet in it.
function once(hasher: IHasher, ...parts: Uint8Array[]): Bytes {
  hasher.init();
  for (const part of parts) hasher.update(part);
  return hasher.digest('binary') as Bytes;
}

async function hashes(): Promise<Partial<Primitives>> {
  const [sha256, sha512] = await Promise.all([createSHA256(), createSHA512()]);
  // RFC 2104 in two buffers made once, each given to the hash in one piece: in a browser a new array, or one call more into WebAssembly, costs as
  // much as a hash of so few bytes. Views of the inner one are kept by their length.
  const inner = new Uint8Array(BLOCK_BYTES + MAX_SHORT_BYTES);
  const outer = new Uint8Array(BLOCK_BYTES + HASH_BYTES);
  const views: (Uint8Array | undefined)[] = [];
  return {
    sha256: (bytes) => once(sha256, bytes),
    sha512: (bytes) => once(sha512, bytes),
    hmacSha256(key, bytes) {
      const short = key.length > BLOCK_BYTES ? once(sha256, key) : key;
      for (let i = 0; i < BLOCK_BYTES; i++) {
        const byte = short[i] ?? 0;
        inner[i] = byte ^ 0x36;
        outer[i] = byte ^ 0x5c;
      }
      if (bytes.length <= MAX_SHORT_BYTES) {
        inner.set(bytes, BLOCK_BYTES);
        const view = views[bytes.length] ?? inner.subarray(0, BLOCK_BYTES + bytes.length);
        views[bytes.length] = view;
        outer.set(once(sha256, view), BLOCK_BYTES);
      } else {
        outer.set(once(sha256, inner.subarray(0, BLOCK_BYTES), bytes), BLOCK_BYTES);
      }
      const mac = once(sha256, outer);
      inner.fill(0, 0, BLOCK_BYTES + Math.min(bytes.length, MAX_SHORT_BYTES));
      outer.fill(0);
      return mac;
    },
  };
}

async function installEach(members: Partial<Primitives>): Promise<(keyof Primitives)[]> {
  const installed: (keyof Primitives)[] = [];
  for (const name of Object.keys(members) as (keyof Primitives)[]) {
    const worked = await installPrimitives({ [name]: members[name] }).then(
      () => true,
      () => false,
    );
    if (worked) installed.push(name);
  }
  return installed;
}

/** The names of what this platform does; the rest stays as it is. Never rejects. */
export async function installWebPrimitives(subtle: SubtleCrypto = globalThis.crypto.subtle): Promise<(keyof Primitives)[]> {
  const hashed = await hashes().catch(() => ({}));
  return installEach({ ...hashed, ...bulk(subtle), ...curves(subtle) });
}

/**
 * The same strictness around every implementation: a faster one handed in by an adapter is as strict as the default, because the
 * checks stand here and not there. RFC 7748 §6.1 (all-zero result), RFC 8032 §5.1.7, and key sizes: only AES-256 is ever used.
 */
import type { Bytes } from '../bytes.ts';
import { CryptoError, type CryptoErrorCode, require } from '../errors.ts';
import { isCanonicalScalar, isUsableEdwards, isUsableX25519 } from './points.ts';
import type { MaybePromise, Primitives } from './primitives.ts';
import { xeddsaVerify } from './xeddsa.ts';

function attempt<T>(run: () => MaybePromise<T>, failed: () => T): MaybePromise<T> {
  try {
    const value = run();
    return value instanceof Promise ? value.catch(failed) : value;
  } catch {
    return failed();
  }
}

function fail(code: CryptoErrorCode): () => never {
  return () => {
    throw new CryptoError(code);
  };
}

function refuseZero(shared: Bytes): Bytes {
  let seen = 0;
  for (const byte of shared) seen |= byte;
  require(seen !== 0, 'bad-key');
  return shared;
}

function sized(bytes: Uint8Array, length: number): void {
  require(bytes.length === length, 'bad-key');
}

export function strict(raw: Primitives): Primitives {
  const verify: Primitives['ed25519Verify'] = (publicKey, message, signature) => {
    if (signature.length !== 64 || !isUsableEdwards(publicKey)) return false;
    if (!isUsableEdwards(signature.subarray(0, 32)) || !isCanonicalScalar(signature.subarray(32))) return false;
    return attempt(
      () => raw.ed25519Verify(publicKey, message, signature),
      () => false,
    );
  };
  return {
    ...raw,
    x25519(privateKey, publicKey) {
      sized(privateKey, 32);
      require(isUsableX25519(publicKey), 'bad-key');
      const shared = attempt(() => raw.x25519(privateKey, publicKey), fail('bad-key'));
      return shared instanceof Promise ? shared.then(refuseZero) : refuseZero(shared);
    },
    x25519PublicKey(privateKey) {
      sized(privateKey, 32);
      return raw.x25519PublicKey(privateKey);
    },
    ed25519PublicKey(seed) {
      sized(seed, 32);
      return raw.ed25519PublicKey(seed);
    },
    ed25519Sign(seed, message) {
      sized(seed, 32);
      return raw.ed25519Sign(seed, message);
    },
    ed25519Verify: verify,
    // Always over the Ed25519 in use: whoever brings a faster one makes both fast, and no one can bring a laxer one.
    xeddsaVerify: (publicKey, message, signature) => xeddsaVerify(verify, publicKey, message, signature),
    aesGcmEncrypt(key, nonce, plaintext, aad) {
      sized(key, 32);
      sized(nonce, 12);
      return raw.aesGcmEncrypt(key, nonce, plaintext, aad);
    },
    aesGcmDecrypt(key, nonce, ciphertext, aad) {
      sized(key, 32);
      sized(nonce, 12);
      return attempt(() => raw.aesGcmDecrypt(key, nonce, ciphertext, aad), fail('bad-mac'));
    },
    aesCbcEncrypt(key, iv, plaintext) {
      sized(key, 32);
      sized(iv, 16);
      return raw.aesCbcEncrypt(key, iv, plaintext);
    },
    aesCbcDecrypt(key, iv, ciphertext) {
      sized(key, 32);
      sized(iv, 16);
      return attempt(() => raw.aesCbcDecrypt(key, iv, ciphertext), fail('bad-mac'));
    },
  };
}

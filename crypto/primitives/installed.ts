/**
 * The primitives in use. Everything in `crypto/` calls members of `primitives` at the moment of use, so that an installed faster one
 * takes effect at once and everywhere. Installing is the one piece of module state in `crypto/`: it changes speed and never a byte.
 */
import { equalBytes } from '../bytes.ts';
import { CryptoError, require } from '../errors.ts';
import { noblePrimitives } from './noble.ts';
import type { Primitives } from './primitives.ts';
import { strict } from './strict.ts';

export type { Primitives } from './primitives.ts';

const standard = strict(noblePrimitives);
let raw: Primitives = noblePrimitives;

export const primitives: Primitives = { ...standard };

function pattern(length: number, start: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, i) => (start + i * 7) & 0xff);
}

type Probe = (p: Primitives) => Promise<Uint8Array>;

const byte = (value: boolean): Uint8Array => Uint8Array.of(value ? 1 : 0);
const key = pattern(32, 1);
// Over a kilobyte: a faster member may leave short inputs to the default.
const text = pattern(1_500, 2);
const flipped = text.map((value, i) => (i === 5 ? value ^ 1 : value));
const aad = pattern(9, 3);
const nonce = pattern(12, 4);
const iv = pattern(16, 5);
const random = (length: number) => pattern(length, 6);

// One probe per member; where a member can refuse, what it must refuse is part of the probe.
const PROBES: { [Name in keyof Primitives]: Probe } = {
  sha256: async (p) => p.sha256(text),
  sha512: async (p) => p.sha512(text),
  hmacSha256: async (p) => p.hmacSha256(pattern(100, 8), p.hmacSha256(key, text)),
  x25519: async (p) => p.x25519(key, await standard.x25519PublicKey(pattern(32, 9))),
  x25519PublicKey: async (p) => p.x25519PublicKey(key),
  ed25519PublicKey: async (p) => p.ed25519PublicKey(key),
  ed25519Sign: async (p) => p.ed25519Sign(key, text),
  async ed25519Verify(p) {
    const publicKey = await standard.ed25519PublicKey(key);
    const signature = await standard.ed25519Sign(key, text);
    require((await p.ed25519Verify(publicKey, text, signature)) === true, 'bad-signature');
    return byte(await p.ed25519Verify(publicKey, flipped, signature));
  },
  xeddsaSign: async (p) => p.xeddsaSign(key, text, random),
  async xeddsaVerify(p) {
    const publicKey = await standard.x25519PublicKey(key);
    const signature = await standard.xeddsaSign(key, text, random);
    require((await p.xeddsaVerify(publicKey, text, signature)) === true, 'bad-signature');
    return byte(await p.xeddsaVerify(publicKey, flipped, signature));
  },
  aesGcmEncrypt: async (p) => p.aesGcmEncrypt(key, nonce, text, aad),
  async aesGcmDecrypt(p) {
    const sealed = await standard.aesGcmEncrypt(key, nonce, text, aad);
    const broken = sealed.map((value, i) => (i === 3 ? value ^ 1 : value));
    await refused(async () => p.aesGcmDecrypt(key, nonce, broken, aad));
    return p.aesGcmDecrypt(key, nonce, sealed, aad);
  },
  aesCbcEncrypt: async (p) => p.aesCbcEncrypt(key, iv, text),
  async aesCbcDecrypt(p) {
    const sealed = await standard.aesCbcEncrypt(key, iv, text);
    await refused(async () => p.aesCbcDecrypt(key, iv, sealed.slice(0, -1)));
    return p.aesCbcDecrypt(key, iv, sealed);
  },
};

async function refused(run: () => Promise<unknown>): Promise<void> {
  const accepted = await run().then(
    () => true,
    () => false,
  );
  require(!accepted, 'bad-mac');
}

/**
 * Puts faster members in place of the default ones, all of them or none: each must first give the default's bytes, and refuse what the
 * default refuses, on fixed inputs. `xeddsaVerify` is always built from `ed25519Verify`. Rejects with `bad-key` if a member differs.
 */
export async function installPrimitives(faster: Partial<Primitives>): Promise<void> {
  const candidate = { ...raw, ...faster };
  const guarded = strict(candidate);
  for (const name of Object.keys(faster) as (keyof Primitives)[]) {
    const same = await PROBES[name](guarded).then(
      async (bytes) => equalBytes(bytes, await PROBES[name](standard)),
      () => false,
    );
    if (!same) throw new CryptoError('bad-key');
  }
  raw = candidate;
  Object.assign(primitives, guarded);
}

/** C30 a second time, from the specification: keys, associated data, and one layer of a message. */
import { aesGcmSeal, hashOf, hkdfSha256, joined, u32, utf8Of } from '../independent.ts';

type Keys = { outer: Uint8Array; inner: Uint8Array };
export type Link = { transcript: Uint8Array; fromNew: Keys; fromOld: Keys };

/** C30 by hand, from the agreed X25519 output on. */
export function linkOf(shared: Uint8Array, secret: Uint8Array, newKey: Uint8Array, oldKey: Uint8Array): Link {
  const transcript = hashOf('Sottovoce v1 link transcript', joined(Uint8Array.of(1), newKey, oldKey));
  const keysOf = (direction: number): Keys => ({
    outer: hkdfSha256(shared, transcript, joined(utf8Of('Sottovoce v1 link channel'), Uint8Array.of(direction)), 32),
    inner: hkdfSha256(secret, transcript, joined(utf8Of('Sottovoce v1 link code'), Uint8Array.of(direction)), 32),
  });
  return { transcript, fromNew: keysOf(1), fromOld: keysOf(2) };
}

export const aadOf = (direction: number, number: number): Uint8Array => joined(Uint8Array.of(1, direction), u32(number));

export function layer(secret: Uint8Array, label: string, salt: Uint8Array, aad: Uint8Array, plaintext: Uint8Array, kind = 7) {
  const key = hkdfSha256(secret, salt, joined(utf8Of(`Sottovoce v1 link ${label}`), Uint8Array.of(kind)), 32);
  const sealed = aesGcmSeal(key, new Uint8Array(12), joined(Uint8Array.of(kind), aad), plaintext);
  const record = new Uint8Array(salt.length + sealed.length);
  record.set(salt);
  record.set(sealed, salt.length);
  return { key, record };
}

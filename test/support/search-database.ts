/** What a thief of the relay's database would look for, beyond names and texts: anything that opens something, and anything that links. */
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { ed25519 } from '@noble/curves/ed25519.js';
import type { DumpedTable } from './dump-database.ts';

// RFC 8410 §7: a raw private key inside PKCS#8.
const PKCS8 = {
  x25519: Buffer.from('302e020100300506032b656e04220420', 'hex'),
  ed25519: Buffer.from('302e020100300506032b657004220420', 'hex'),
};

function publicHalf(curve: keyof typeof PKCS8, privateKey: Uint8Array): string {
  const key = createPrivateKey({ key: Buffer.concat([PKCS8[curve], privateKey]), format: 'der', type: 'pkcs8' });
  return createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32).toString('hex');
}

/** The public keys 32 bytes would be the private half of: X25519, an Ed25519 seed, and that seed's X25519 form (account keys). */
function publicHalves(privateKey: Uint8Array): string[] {
  const edwards = publicHalf('ed25519', privateKey);
  return [publicHalf('x25519', privateKey), edwards, Buffer.from(ed25519.utils.toMontgomery(Buffer.from(edwards, 'hex'))).toString('hex')];
}

const blobs = (tables: readonly DumpedTable[]): { place: string; bytes: Uint8Array }[] =>
  tables.flatMap(({ name, columns, rows }) =>
    columns.flatMap((column) =>
      rows.flatMap((row) => {
        const value = row[column];
        return value instanceof Uint8Array && value.length >= 32 ? [{ place: `${name}.${column}`, bytes: value }] : [];
      }),
    ),
  );

/**
 * Every place where 32 bytes are the private half of a public key that stands in the database too. `bodies` and group entries are left
 * out: they are ciphertext throughout, are searched for known secrets elsewhere, and each byte of them would cost three curve operations.
 */
export function privateHalves(tables: readonly DumpedTable[]): string[] {
  const searched = blobs(tables).filter(({ place }) => !['bodies.body', 'group_entries.entry'].includes(place));
  const windows = (bytes: Uint8Array) => Array.from({ length: bytes.length - 31 }, (_, at) => bytes.subarray(at, at + 32));
  // A sealing key's 1,216 bytes are the longest public value and hold no other key; records begin with the keys that matter.
  const publicKeys = new Set(
    searched.flatMap(({ bytes }) => windows(bytes.subarray(0, 512)).map((window) => Buffer.from(window).toString('hex'))),
  );
  const found = searched.filter(({ bytes }) =>
    windows(bytes.subarray(0, 512)).some((window) => publicHalves(window).some((half) => publicKeys.has(half))),
  );
  return [...new Set(found.map(({ place }) => place))];
}

/** Which tables changed between two dumps, and in which columns: what one act leaves behind. */
export function changes(before: readonly DumpedTable[], after: readonly DumpedTable[]): string[] {
  const text = (value: unknown): string => (value instanceof Uint8Array ? Buffer.from(value).toString('hex') : String(value));
  return after
    .flatMap(({ name, columns, rows }) => {
      const old = before.find((table) => table.name === name)?.rows ?? [];
      return columns
        .filter((column) => rows.map((row) => text(row[column])).join() !== old.map((row) => text(row[column])).join())
        .map((column) => `${name}.${column}`);
    })
    .sort();
}

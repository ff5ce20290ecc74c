/**
 * Names and bytes as storage sees them, under two subkeys of the vault key.
 *   name   = base64url(HMAC-SHA256(name key, part ‖ 0x00 ‖ part …))
 *   stored = schema u16 ‖ D1's AEAD(record key, aad = table ‖ 0x00 ‖ name ‖ schema u16, value)
 * The name binds store and record name, so a record moved to another place does not open (D9: AAD = store, name, schema).
 * Not prevented: putting back an older version of the same record.
 */
import {
  type Bytes,
  CryptoError,
  concat,
  hkdf,
  KIND,
  LABEL,
  openRecord,
  primitives,
  type RandomBytes,
  sealRecord,
  toBase64url,
  utf8,
  wipe,
} from '../../../crypto/index.ts';
import type { VaultTable } from '../../ports/vault.ts';
import { Failure } from '../api.ts';
import { decodeValue, encodeValue } from './codec.ts';

const SCHEMA_BYTES = 2;

export type Opened = { schema: number; value: unknown };

export type Sealer = {
  nameOf(...parts: readonly string[]): string;
  seal(table: VaultTable, name: string, value: unknown): Promise<Bytes>;
  open(table: VaultTable, name: string, stored: Uint8Array): Promise<Opened>;
  /** Overwrites the keys: nothing seals or opens afterwards. */
  forget(): void;
};

function aadOf(table: VaultTable, name: string, schema: Uint8Array): Bytes {
  return concat(utf8(`${table}\0${name}`), schema);
}

/** Takes the vault key's bytes over and wipes them. `schema` is what new records are written under. */
export function createSealer(vaultKey: Bytes, schema: number, random: RandomBytes): Sealer {
  const recordKey = hkdf(vaultKey, new Uint8Array(0), utf8(LABEL.vaultRecord), 32);
  const nameKey = hkdf(vaultKey, new Uint8Array(0), utf8(LABEL.vaultName), 32);
  wipe(vaultKey);
  const schemaBytes = Uint8Array.of(schema >> 8, schema & 0xff);
  let forgotten = false;

  function requireKeys(): void {
    if (forgotten) throw new Failure('locked');
  }

  return {
    nameOf(...parts) {
      requireKeys();
      // Two lists of parts may not meet in one name.
      if (parts.some((part) => part.includes('\0'))) throw new Failure('broken');
      return toBase64url(primitives.hmacSha256(nameKey, utf8(parts.join('\0'))));
    },
    async seal(table, name, value) {
      requireKeys();
      const plain = encodeValue(value);
      const sealed = await sealRecord(recordKey, LABEL.vaultRecord, KIND.vault, aadOf(table, name, schemaBytes), plain, random);
      return concat(schemaBytes, sealed);
    },
    async open(table, name, stored) {
      requireKeys();
      const schemaOf = stored.subarray(0, SCHEMA_BYTES);
      try {
        const aad = aadOf(table, name, schemaOf);
        const plain = await openRecord(recordKey, LABEL.vaultRecord, KIND.vault, aad, stored.subarray(SCHEMA_BYTES));
        return { schema: (schemaOf[0] as number) * 256 + (schemaOf[1] as number), value: decodeValue(plain) };
      } catch (error) {
        throw error instanceof CryptoError ? new Failure('damaged') : error;
      }
    },
    forget() {
      forgotten = true;
      wipe(recordKey, nameKey);
    },
  };
}

/** Passphrase → key of a wrap: Argon2id (RFC 9106) over the NFKC form, with the cost that stands in the header. */
import { argon2id } from 'hash-wasm';
import { type Bytes, utf8 } from '../../../crypto/index.ts';

export type PassphraseCost = { memoryKib: number; passes: number; lanes: number };

export async function derivePassphraseKey(passphrase: string, salt: Bytes, cost: PassphraseCost): Promise<Bytes> {
  const key = await argon2id({
    password: utf8(passphrase.normalize('NFKC')),
    salt,
    memorySize: cost.memoryKib,
    iterations: cost.passes,
    parallelism: cost.lanes,
    hashLength: 32,
    outputType: 'binary',
  });
  return new Uint8Array(key);
}

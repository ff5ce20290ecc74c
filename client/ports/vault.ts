/**
 * Raw storage under the vault: tables of sealed values by opaque keys. It can read nothing and decides nothing; sealing, naming and
 * caching are `messenger/vault`.
 */
export type VaultFailureCode =
  | 'not-owner' // a later epoch was claimed: somebody else writes now
  | 'storage'; // the medium refused (disk full, quota, closed, destroyed under us)

export class VaultFailure extends Error {
  override readonly name = 'VaultFailure';
  readonly code: VaultFailureCode;
  constructor(code: VaultFailureCode) {
    super(code);
    this.code = code;
  }
}

/** Three fixed tables, so that their names tell nothing: the plain header, sealed records, sealed message segments. */
export type VaultTable = 'header' | 'records' | 'segments';

export type VaultWrite = { table: VaultTable; key: string /** null deletes */; value: Uint8Array<ArrayBuffer> | null };

export type VaultStorage = {
  /** A new owner epoch, durable and higher than every earlier one; commits of earlier epochs are refused from now on. */
  claim(): Promise<number>;
  /**
   * All writes or none; durable (on disk, not in a cache) when it resolves. A later write to the same key wins. Throws `not-owner` when a
   * later epoch was claimed; nothing is written then. The bytes given may be changed by the caller afterwards.
   */
  commit(epoch: number, writes: readonly VaultWrite[]): Promise<void>;
  read(table: VaultTable, key: string): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** In the order of the keys. */
  readAll(table: VaultTable): Promise<[key: string, value: Uint8Array<ArrayBuffer>][]>;
  /** In the order asked; `undefined` where there is none. One consistent view. */
  readMany(table: VaultTable, keys: readonly string[]): Promise<(Uint8Array<ArrayBuffer> | undefined)[]>;
  /** Erases everything but the epoch, which goes on rising: an owner from before the end stays refused. Usable afterwards. */
  destroy(): Promise<void>;
  /** Everything after it throws `storage`. Idempotent. */
  close(): void;
};

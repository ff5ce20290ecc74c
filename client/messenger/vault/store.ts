/** A named set of records with one type of value; define it once, as a constant, beside what it holds. */
export type StoreOf<T> = {
  readonly name: string;
  /** Never set: carries the type. */
  readonly value?: T;
};

/** Names that begin with `@` are the vault's own. `T`: plain values only, see `codec.ts`. */
export function defineStore<T>(name: string): StoreOf<T> {
  return { name };
}

/** All records of all stores, by store and record name, decrypted. */
export type Records = Map<string, Map<string, unknown>>;

export function recordsOf(records: Records, store: string): Map<string, unknown> {
  let found = records.get(store);
  if (!found) {
    found = new Map();
    records.set(store, found);
  }
  return found;
}

/**
 * A map that keeps at least half of `maxWeight`, what was used last, and never more than all; an entry weighs one unless it is told. Two
 * maps, of which the older is dropped whole when the younger is half: taking the oldest entry out of one large map for each new one makes
 * every removal walk over the gaps that earlier ones left.
 */
export function generations<Value, Key = string>(maxWeight: number) {
  let younger = new Map<Key, Value>();
  let weight = 0;
  let older = new Map<Key, Value>();

  function turn(): void {
    older = younger;
    younger = new Map();
    weight = 0;
  }

  function set(key: Key, value: Value, itsWeight = 1): void {
    younger.set(key, value);
    weight += itsWeight;
    if (weight >= maxWeight / 2) turn();
  }

  return {
    get(key: Key): Value | undefined {
      const young = younger.get(key);
      if (young !== undefined) return young;
      const old = older.get(key);
      if (old !== undefined) set(key, old);
      return old;
    },
    set,
    delete(key: Key): void {
      younger.delete(key);
      older.delete(key);
    },
    /** What has not been used since the turn before is forgotten. */
    turn,
  };
}

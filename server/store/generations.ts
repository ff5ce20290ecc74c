/**
 * A map that keeps at least half of `maxEntries`, those used last, and never more than all. Two maps, of which the older is dropped whole
 * when the younger is half: taking the oldest entry out of one large map for each new one makes every removal walk over the gaps that
 * earlier ones left.
 */
export function generations<Value, Key = string>(maxEntries: number) {
  let younger = new Map<Key, Value>();
  let older = new Map<Key, Value>();

  function turn(): void {
    older = younger;
    younger = new Map();
  }

  function set(key: Key, value: Value): void {
    younger.set(key, value);
    if (younger.size >= maxEntries / 2) turn();
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

/**
 * A map that keeps at least half of `maxEntries`, those used last, and never more than all. Two maps, of which the older is dropped whole
 * when the younger is half: taking the oldest entry out of one large map for each new one makes every removal walk over the gaps that
 * earlier ones left.
 */
export function generations<Value>(maxEntries: number) {
  let younger = new Map<string, Value>();
  let older = new Map<string, Value>();

  function turn(): void {
    older = younger;
    younger = new Map();
  }

  function set(key: string, value: Value): void {
    younger.set(key, value);
    if (younger.size >= maxEntries / 2) turn();
  }

  return {
    get(key: string): Value | undefined {
      const young = younger.get(key);
      if (young !== undefined) return young;
      const old = older.get(key);
      if (old !== undefined) set(key, old);
      return old;
    },
    set,
    delete(key: string): void {
      younger.delete(key);
      older.delete(key);
    },
    isEmpty: () => younger.size === 0 && older.size === 0,
    /** What has not been used since the turn before is forgotten. */
    turn,
  };
}

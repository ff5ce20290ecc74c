/** A map that keeps the most recently used. */
export type Recent<V> = { get(key: string): V | undefined; set(key: string, value: V): void; delete(key: string): void; clear(): void };

export function createRecent<V>(max: number): Recent<V> {
  const kept = new Map<string, V>();

  function set(key: string, value: V): void {
    kept.delete(key);
    kept.set(key, value);
    const oldest = kept.size > max ? kept.keys().next().value : undefined;
    if (oldest !== undefined) kept.delete(oldest);
  }

  return {
    get(key) {
      const value = kept.get(key);
      if (value !== undefined) set(key, value);
      return value;
    },
    set,
    delete: (key) => kept.delete(key),
    clear: () => kept.clear(),
  };
}

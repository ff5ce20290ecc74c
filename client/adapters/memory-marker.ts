import type { Marker } from '../ports/marker.ts';

/** In Node nobody clears the vault's file behind the engine's back: the marker need not outlive the process. */
export function createMemoryMarker(marked = false): Marker {
  let present = marked;
  return {
    get: async () => present,
    async set() {
      present = true;
    },
    async clear() {
      present = false;
    },
  };
}

/**
 * Whether an envelope id may have been seen: Bloom filters over ids that are random already, so that bits of the id are its hashes. "No" is
 * certain, and spares a search on disk for nearly every envelope; "perhaps" is answered by searching. Who makes ids that collide makes his
 * own envelopes dearer, and nothing else.
 */
const BITS_LOG2 = 24;
const PROBES = 4;

// Of 2 MiB of bits then two thirds are set, and one answer in five is "perhaps" for nothing.
const MAX_IDS = 4_000_000;

const emptyBits = () => new Uint8Array(2 ** BITS_LOG2 / 8);

// Probes of 24 bits, three bytes apart, of the id's 16.
function probe(id: Uint8Array, index: number): number {
  const at = 3 * index;
  return ((id[at] as number) << 16) | ((id[at + 1] as number) << 8) | (id[at + 2] as number);
}

/** `reload` tells all ids that must be known however long ago they came; of the others at least the last `MAX_IDS` are. */
export function idFilter(reload: (add: (id: Uint8Array) => void) => void) {
  let younger = emptyBits();
  let older = emptyBits();
  let ids = 0;

  function set(id: Uint8Array): void {
    for (let index = 0; index < PROBES; index++) {
      const bit = probe(id, index);
      younger[bit >> 3] = (younger[bit >> 3] as number) | (1 << (bit & 7));
    }
  }

  function has(bits: Uint8Array, id: Uint8Array): boolean {
    for (let index = 0; index < PROBES; index++) {
      const bit = probe(id, index);
      if (((bits[bit >> 3] as number) & (1 << (bit & 7))) === 0) return false;
    }
    return true;
  }

  reload(set);
  return {
    add(id: Uint8Array): void {
      set(id);
      ids += 1;
      if (ids < MAX_IDS) return;
      ids = 0;
      older = younger;
      younger = emptyBits();
      reload(set);
    },
    mayHave: (id: Uint8Array): boolean => has(younger, id) || has(older, id),
  };
}

/**
 * Watches how large a byte array anyone asks for: a length that an input merely declares must be refused before room is made for it.
 * While watched, `Uint8Array` and `ArrayBuffer` are proxies that note numbers given to their constructors.
 */
let largest = 0;

function noting<C extends new (...args: never[]) => object>(made: C): C {
  const proxy: C = new Proxy(made, {
    construct(target, args: unknown[], newTarget) {
      const [length] = args;
      if (typeof length === 'number' && length > largest) largest = length;
      return Reflect.construct(target, args, newTarget === proxy ? target : newTarget) as object;
    },
  });
  return proxy;
}

export function watchAllocations(): () => void {
  const { Uint8Array: bytes, ArrayBuffer: buffer } = globalThis;
  globalThis.Uint8Array = noting(bytes);
  globalThis.ArrayBuffer = noting(buffer);
  return () => {
    globalThis.Uint8Array = bytes;
    globalThis.ArrayBuffer = buffer;
  };
}

/** The largest since the last call. */
export function largestAllocation(): number {
  const seen = largest;
  largest = 0;
  return seen;
}

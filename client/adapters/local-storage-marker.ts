/**
 * The marker in localStorage, on the page (workers have none). Why there: under storage pressure Chromium evicts an origin's databases,
 * caches and files, and localStorage is not among them; a cookie would last as long but tell the relay at every request. Where a browser
 * clears all at once (Safari after seven days without a visit, "clear site data"), nothing we may use survives, and the person sees the
 * first page as on a new device.
 */
import type { Marker } from '../ports/marker.ts';

const KEY = 'sottovoce';
const VALUE = '1';

/** `open` throws where the person has switched storage off: then there is no account here that could be missed. */
export function createLocalStorageMarker(open: () => Storage): Marker {
  function attempt<R>(run: (storage: Storage) => R, otherwise: R): R {
    try {
      return run(open());
    } catch {
      return otherwise;
    }
  }
  return {
    get: async () => attempt((storage) => storage.getItem(KEY) === VALUE, false),
    set: async () => attempt((storage) => storage.setItem(KEY, VALUE), undefined),
    clear: async () => attempt((storage) => storage.removeItem(KEY), undefined),
  };
}

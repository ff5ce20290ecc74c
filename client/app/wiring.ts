/** The page's side of the engine: the one worker, made under the one Trusted Types policy. The worker picks its own adapters. */
import { createLocalStorageMarker } from '../adapters/local-storage-marker.ts';
import { systemRandom } from '../adapters/system-random.ts';
import type { Messenger } from '../messenger/api.ts';
import { connectToWorker, Failure } from '../worker/bridge.ts';
import { ENGINE_LOCK } from '../worker/leader.ts';
import { lifelineCut } from '../worker/lifeline.ts';
// oxlint-disable-next-line import/default -- with this query the module is an address that Vite makes
import workerUrl from '../worker/messenger.worker.ts?worker&url';

type ScriptUrlPolicy = { createScriptURL(url: string): string };
/** Not in TypeScript's DOM types; a TrustedScriptURL goes where a string goes. W3C Trusted Types, §3. */
type TrustedTypes = { createPolicy(name: string, rules: ScriptUrlPolicy): ScriptUrlPolicy };

function isSupported(): boolean {
  return isSecureContext && 'Worker' in globalThis && 'subtle' in crypto && 'locks' in navigator && 'indexedDB' in globalThis;
}

/** The header `trusted-types sottovoce` allows this policy once, and the policy allows one address. */
function trusted(url: string): string {
  const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes };
  if (!trustedTypes) return url;
  const policy = trustedTypes.createPolicy('sottovoce', {
    createScriptURL(asked) {
      if (asked !== workerUrl) throw new TypeError('not the worker');
      return asked;
    },
  });
  return policy.createScriptURL(url);
}

function startWorker(name: string): { worker: Worker; refused: Promise<never> } {
  const worker = new Worker(trusted(workerUrl), { type: 'module', name });
  const refused = new Promise<never>((_, reject) => {
    worker.addEventListener('error', () => reject(new Failure('unsupported')), { once: true });
  });
  return { worker, refused };
}

/** No tab has the engine. */
export async function isEngineFree(): Promise<boolean> {
  const { held = [] } = await navigator.locks.query();
  return !held.some(({ name }) => name === ENGINE_LOCK);
}

/**
 * Call it once. Resolves when the engine answers; a worker that does not load, or a browser that lacks something, is `unsupported`.
 * `stopped` is told when the worker has ended: nothing that is asked of it after that has an answer.
 */
export async function connectMessenger(stopped: () => void): Promise<Messenger> {
  if (!isSupported()) throw new Failure('unsupported');
  const name = `sottovoce-${systemRandom(8).join('-')}`;
  const { worker, refused } = startWorker(name);
  const messenger = await Promise.race([
    connectToWorker(
      worker,
      createLocalStorageMarker(() => localStorage),
    ),
    refused,
  ]);
  void lifelineCut(navigator.locks, name).then(stopped);
  return {
    ...messenger,
    async signUp(input) {
      const result = await messenger.signUp(input);
      // Asked when there is something to lose; whatever the answer, the account stands.
      navigator.storage.persist().catch(() => false);
      return result;
    },
  };
}

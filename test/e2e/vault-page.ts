/** What vault.test.ts runs in the browser. */
import { openIndexedDbVault } from '../../client/adapters/indexeddb-vault.ts';
import { systemRandom } from '../../client/adapters/system-random.ts';
import { installWebPrimitives } from '../../client/adapters/web-primitives.ts';
import { defineStore } from '../../client/messenger/vault/store.ts';
import { createVault, openVault, vaultExists } from '../../client/messenger/vault/vault.ts';
import { createLeader } from '../../client/worker/leader.ts';
import { VAULT_STORAGE_CONTRACT } from '../contract/vault-storage.ts';

type Message = { id: string; from: string; text: string };

const PASSPHRASE = 'correct horse battery';
const drafts = defineStore<{ text: string }>('drafts');
const LOCK = 'sottovoce-engine';
const lost = Promise.withResolvers<string>();
const leader = createLeader(navigator.locks, LOCK);

const actions = {
  /** The name of every case, and what went wrong with it. */
  async contract(): Promise<[name: string, error: string | null][]> {
    const results: [string, string | null][] = [];
    for (const [index, { name, run }] of VAULT_STORAGE_CONTRACT.entries()) {
      try {
        await run({ open: () => openIndexedDbVault(`contract ${index}`) });
        results.push([name, null]);
      } catch (error) {
        results.push([name, String(error)]);
      }
    }
    return results;
  },

  async fill(): Promise<boolean> {
    await installWebPrimitives();
    const storage = openIndexedDbVault();
    const existed = await vaultExists(storage);
    const vault = await createVault<Message>(storage, PASSPHRASE, systemRandom);
    await vault.commit((tx) => {
      tx.put(drafts, 'ann', { text: 'see you' });
      for (let number = 0; number < 300; number++) tx.messages.append('ann', { id: `m${number}`, from: 'ann', text: `text ${number}` });
    });
    return existed;
  },

  async reopen(): Promise<unknown> {
    await installWebPrimitives();
    const vault = await openVault<Message>(openIndexedDbVault(), PASSPHRASE, systemRandom);
    const page = await vault.messages.page('ann', undefined, 2);
    return {
      draft: vault.store(drafts).get('ann')?.text,
      texts: page.entries.map(({ message }) => message.text),
      found: await vault.messages.find('ann', 'm7'),
    };
  },

  acquire: () => leader.acquire(() => lost.resolve('lost')),
  takeOver: () => leader.takeOver(),
  whenLost: () => lost.promise,
  whenFree: () => navigator.locks.request(LOCK, async () => 'free'),
};

export type VaultPageActions = typeof actions;
Object.assign(globalThis, { actions });

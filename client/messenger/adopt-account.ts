/**
 * Another device of an account: its vault is made with the identity it was given, and the device that gave it enters it in the list and
 * publishes its first record. How the identity travels from one to the other safely is linking's business (D6), not this file's.
 */
import { toBase64url } from '../../crypto/index.ts';
import type { VaultStorage } from '../ports/vault.ts';
import type { Message } from './api.ts';
import type { Engine } from './engine.ts';
import { adopt } from './new-account.ts';
import { openVaultView } from './open-vault.ts';
import { createStep } from './step.ts';
import { createVault } from './vault/vault.ts';

export async function adoptAccount({ core, relay, directory }: Engine, storage: VaultStorage, passphrase: string): Promise<void> {
  const { genesis, identity, accountKey, username, deviceList, deviceListEntries, certificate, certificateKey } = core.account();
  const material = { genesis, identity, accountKey, username, deviceList, deviceListEntries, certificate, certificateKey };
  const vault = openVaultView(await createVault<Message>(storage, passphrase, core.random));
  const { step, changes } = createStep(vault);
  const account = await adopt(core, step, material);
  const delivery = core.read.get('delivery', 'self');
  if (delivery) step.put('delivery', 'self', delivery);
  const publication = step.get('publication', 'self');
  await vault.commit(changes());
  await vault.close();
  const entry = account.deviceListEntries.at(-1);
  if (!publication || !entry) return;
  await relay.request('devices/list', { entry: toBase64url(entry) });
  await relay.request('devices/publish', { deviceRecord: toBase64url(publication.record) });
  await directory.refreshSelf();
}

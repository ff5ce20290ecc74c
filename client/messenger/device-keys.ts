/** The keys one device publishes, made together: signed prekey, sealing key, and the record that names them. */
import { type DeviceRecord, generateKeyPair, generateSealingKey, signDeviceRecord, signPrekey } from '../../crypto/index.ts';
import nacl from 'tweetnacl';
import type { Core } from './core.ts';
import type { Account, Publication } from './state.ts';
import type { Step } from './step.ts';

export const ONE_TIME_PREKEYS = 100;

type Maker = Pick<Core, 'random' | 'now'>;

/** Fresh halves under the next ids enter the step. What they replace is marked, not deleted. `skip`: numbers that an old copy cannot know of. */
export async function renewDeviceKeys(core: Maker, step: Step, account: Account, skip = 0): Promise<Publication> {
  const before = step.get('publication', 'self');
  const id = (before?.signedPrekeyId ?? 0) + 1 + skip;
  const now = core.now();
  const prekey = await generateKeyPair(core.random);
  const signature = await signPrekey(account.identity.privateKey, prekey.publicKey, core.random);
  const sealing = await generateSealingKey(core.random);
  for (const [key, old] of [...step.all('signedPrekeys')])
    if (old.supersededAt === null) step.put('signedPrekeys', key, { ...old, supersededAt: now });
  for (const [key, old] of [...step.all('sealingKeys')])
    if (old.supersededAt === null) step.put('sealingKeys', key, { ...old, supersededAt: now });
  step.put('signedPrekeys', String(id), { ...prekey, signature, supersededAt: null });
  step.put('sealingKeys', String(id), { ...sealing, supersededAt: null });
  const sequence = (before?.sequence ?? 0) + 1 + skip;
  const record: DeviceRecord = {
    accountId: account.accountId,
    deviceId: account.deviceId,
    registrationId: account.registrationId,
    loginKey: new Uint8Array(nacl.sign.keyPair.fromSeed(account.loginSeed).publicKey),
    signedPrekey: { id, publicKey: prekey.publicKey, signature },
    sealingKey: { id, publicKey: sealing.publicKey },
    createdAt: now,
    sequence,
  };
  const publication: Publication = {
    record: await signDeviceRecord(account.identity.privateKey, record, core.random),
    signedPrekeyId: id,
    sealingKeyId: id,
    sequence,
    createdAt: now,
    published: false,
    nextOneTimeId: (before?.nextOneTimeId ?? 1) + skip,
    offered: before?.offered ?? [],
  };
  step.put('publication', 'self', publication);
  return publication;
}

/** Private halves enter the step, and stay `offered` until the relay has taken the public ones. */
export async function makeOneTimePrekeys(core: Maker, step: Step, count: number): Promise<void> {
  const publication = step.get('publication', 'self');
  if (!publication) return;
  const { nextOneTimeId } = publication;
  const ids = Array.from({ length: count }, (_, index) => nextOneTimeId + index);
  for (const id of ids) step.put('oneTimePrekeys', String(id), await generateKeyPair(core.random));
  step.put('publication', 'self', { ...publication, nextOneTimeId: nextOneTimeId + count, offered: [...publication.offered, ...ids] });
}

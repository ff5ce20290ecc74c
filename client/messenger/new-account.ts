/** The birth of an account: all keys made here, committed before the relay hears of any, then registered (D6, D10). */
import {
  accountIdOf,
  deriveAccountKey,
  encodeGenesis,
  generateGenesis,
  generateKeyPair,
  generateRecoveryKey,
  type KeyPair,
  signDeviceList,
  toBase64url,
  verifyDeviceList,
} from '../../crypto/index.ts';
import type { Bytes } from '../../crypto/index.ts';
import nacl from 'tweetnacl';
import { concat, primitives } from '../../crypto/index.ts';
import { registrationBytes } from '../../server/protocol/signed-requests.ts';
import { accountIn, type Core } from './core.ts';
import { makeOneTimePrekeys, ONE_TIME_PREKEYS, renewDeviceKeys } from './device-keys.ts';
import type { Account } from './state.ts';
import type { Step } from './step.ts';

/** Ids of 31 bits, never 0. */
function freshDeviceId(core: Pick<Core, 'random'>): number {
  return new DataView(core.random(4).buffer).getUint32(0) & 0x7fff_ffff || 1;
}

function freshRegistrationId(core: Pick<Core, 'random'>): number {
  return new DataView(core.random(2).buffer).getUint16(0) & 0x3fff || 1;
}

export type NewAccount = {
  username: string;
  invite: string;
  contactLink: string | null;
  certificateKey: string;
  invitesBy: 'members' | 'admins';
};

type Maker = Pick<Core, 'random' | 'now'>;

/** What an account is, on any of its devices. */
export type AccountMaterial = { genesis: Bytes; identity: KeyPair; accountKey: Bytes; username: string };

async function putDevice(core: Maker, step: Step, account: Account): Promise<void> {
  step.put('account', 'self', account);
  step.put('cursor', 'self', { sequence: 0 });
  await renewDeviceKeys(core, step, account);
  await makeOneTimePrekeys(core, step, ONE_TIME_PREKEYS);
}

function bareAccount(core: Maker, material: AccountMaterial): Omit<Account, 'deviceList' | 'deviceListEntries'> {
  return {
    ...material,
    accountId: accountIdOf(material.genesis),
    deviceId: freshDeviceId(core),
    registrationId: freshRegistrationId(core),
    rotations: [],
    loginSeed: core.random(32),
    recovery: null,
    invite: null,
    contactLink: null,
    certificate: '',
    certificateAt: 0,
    certificateKey: '',
    role: 'member',
    invitesBy: 'members',
    settings: { readReceipts: true, typing: true },
  };
}

export async function createAccount(core: Maker, step: Step, input: NewAccount): Promise<string[]> {
  const { words, entropy } = generateRecoveryKey(core.random);
  const accountKey = (await deriveAccountKey(entropy)).publicKey;
  const identity = await generateKeyPair(core.random);
  const genesis = encodeGenesis(generateGenesis({ identityKey: identity.publicKey, accountKey }, core.random));
  const bare = bareAccount(core, { genesis, identity, accountKey, username: input.username });
  const { accountId, deviceId } = bare;
  const entry = await signDeviceList(identity.privateKey, accountId, null, [{ deviceId, addedAt: core.now() }], core.random);
  const deviceList = await verifyDeviceList([entry], { accountId, identityKeys: [identity.publicKey] });
  await putDevice(core, step, {
    ...bare,
    deviceList,
    deviceListEntries: [entry],
    recovery: words,
    invite: input.invite,
    contactLink: input.contactLink,
    certificateKey: input.certificateKey,
    invitesBy: input.invitesBy,
  });
  return words;
}

/** Asks the relay for the account that the vault already holds. The same request again after a lost answer gives the same account. */
export async function register(core: Core): Promise<void> {
  const account = core.account();
  if (account.invite === null) return;
  const publication = core.read.get('publication', 'self');
  if (!publication) throw new Error('no device keys');
  const { record, offered } = publication;
  const digest = primitives.sha256(concat(account.genesis, record));
  const bytes = registrationBytes({ origin: core.relay.origin, digest });
  const answer = await core.relay.request('registration/create', {
    invite: account.invite,
    username: account.username,
    genesis: toBase64url(account.genesis),
    deviceList: toBase64url(account.deviceListEntries[0] as Bytes),
    deviceRecord: toBase64url(record),
    oneTimePrekeys: offered.map((id) => ({ id, publicKey: toBase64url(core.read.get('oneTimePrekeys', String(id))?.publicKey as Bytes) })),
    signature: toBase64url(nacl.sign.detached(bytes, nacl.sign.keyPair.fromSeed(account.loginSeed).secretKey)),
  });
  await core.step((step) => {
    step.put('account', 'self', { ...accountIn(step), invite: null, role: answer.role });
    step.put('publication', 'self', { ...publication, published: true, offered: [] });
  });
}

/** A further device of an account whose identity it was given: enters the list, then publishes itself. Linking will come by this way. */
export async function adopt(
  core: Maker,
  step: Step,
  input: Pick<
    Account,
    'genesis' | 'identity' | 'accountKey' | 'username' | 'deviceList' | 'deviceListEntries' | 'certificate' | 'certificateKey'
  >,
): Promise<Account> {
  const bare = bareAccount(core, input);
  const { accountId, deviceId } = bare;
  const devices = [...input.deviceList.devices, { deviceId, addedAt: core.now() }];
  const entry = await signDeviceList(input.identity.privateKey, accountId, input.deviceList, devices, core.random);
  const deviceListEntries = [...input.deviceListEntries, entry];
  const deviceList = await verifyDeviceList(deviceListEntries, { accountId, identityKeys: [input.identity.publicKey] });
  const account = { ...bare, ...input, deviceList, deviceListEntries };
  await putDevice(core, step, account);
  return account;
}

/**
 * What the relay says about accounts, believed only as far as it proves itself: the genesis record hashes to the id, rotations are signed
 * by the account key, the device list by the identity key, and nothing that was known is taken back (D6; ATTACKS 2, 28, 29).
 */
import {
  accountIdOf,
  CryptoError,
  equalBytes,
  fromBase64url,
  parseGenesis,
  toBase64url,
  verifyDeviceList,
  verifyRotationChain,
} from '../../crypto/index.ts';
import type { Bytes, DeviceList } from '../../crypto/index.ts';
import type { PublicAccount } from '../../server/protocol/http.ts';
import { type AccountId, type Contact, Failure } from './api.ts';
import { certifiedName } from './certificate.ts';
import type { Conversations } from './conversations.ts';
import { accountIn, type Core } from './core.ts';
import type { RelaySession } from './relay-session.ts';
import { type ContactRecord, deviceKey } from './state.ts';
import type { Step, View } from './step.ts';

const MAX_ALARMS = 16;

export type Verified = {
  accountId: AccountId;
  username: string;
  genesis: Bytes;
  rotations: Bytes[];
  identityKeys: Bytes[];
  deviceList: DeviceList;
  entries: Bytes[];
};

/** `misbehaved`: signed things taken back or forked; `unexplained`: another identity than the account's own. */
export type Verdict = { verdict: 'ok'; account: Verified } | { verdict: 'misbehaved' | 'unexplained'; sign: string };

type Known = { genesis: Bytes; rotations: readonly Bytes[]; deviceList: DeviceList };

function startsWith(entries: readonly Bytes[], known: readonly Bytes[]): boolean {
  return entries.length >= known.length && known.every((entry, index) => equalBytes(entry, entries[index] as Bytes));
}

export type Records = { username: string; genesis: Bytes; rotations: Bytes[]; entries: Bytes[] };

function recordsOf(answer: PublicAccount): Records {
  return {
    username: answer.username,
    genesis: fromBase64url(answer.genesis),
    rotations: answer.rotations.map(fromBase64url),
    entries: answer.deviceList.map(fromBase64url),
  };
}

/** Pure: judges an account's records against its id and what is known of it. */
export async function judgeAccount(accountId: AccountId, records: Records, known: Known | undefined): Promise<Verdict> {
  const { username, genesis, rotations, entries } = records;
  const sign = toBase64url((entries.at(-1) ?? genesis).slice(-16));
  if (accountIdOf(genesis) !== accountId) return { verdict: 'unexplained', sign };
  try {
    const { identityKeys } = await verifyRotationChain(parseGenesis(genesis), rotations);
    if (known && !startsWith(rotations, known.rotations)) return { verdict: 'misbehaved', sign };
    // What was known under an identity key that has been rotated away no longer counts (C18): a thief may have signed it.
    const before = known && known.rotations.length === rotations.length ? { known: known.deviceList } : {};
    const deviceList = await verifyDeviceList(entries, { accountId, identityKeys, ...before });
    return { verdict: 'ok', account: { accountId, username, genesis, rotations, identityKeys, deviceList, entries } };
  } catch (error) {
    if (!(error instanceof CryptoError)) throw error;
    return { verdict: ['stale', 'broken-link', 'malformed'].includes(error.code) ? 'misbehaved' : 'unexplained', sign };
  }
}

export type Directory = {
  /** Asks the relay and keeps what stands up. Null: the relay knows no such account. Throws `contact-changed` when it does not stand up. */
  refresh(accountId: AccountId, metBy?: Contact['metBy']): Promise<ContactRecord | null>;
  find(username: string): Promise<ContactRecord | null>;
  /** A verified account enters the step; devices that are no longer listed lose their sessions. */
  learn(step: Step, account: Verified, metBy: Contact['metBy']): ContactRecord;
  alarm(step: Step, accountId: AccountId, verdict: 'misbehaved' | 'unexplained', sign: string): void;
  /** True when somebody else is known by that name: then the account is not to be shown under it. */
  refuseNamesake(step: Step, accountId: AccountId, username: string): boolean;
  /** A device record or session under an identity that the account never had. */
  unexplained(accountId: AccountId, sign: string): Promise<void>;
  refreshSelf(): Promise<void>;
};

export function createDirectory(core: Core, relay: RelaySession, conversations: Conversations): Directory {
  function knownOf(view: View, accountId: AccountId): Known | undefined {
    const own = accountIn(view);
    return own.accountId === accountId ? own : view.get('contacts', accountId);
  }

  function alarm(step: Step, accountId: AccountId, verdict: 'misbehaved' | 'unexplained', sign: string): void {
    const contact = step.get('contacts', accountId);
    const key = `${verdict} ${sign}`;
    if (!contact || contact.alarms.includes(key)) return;
    const identityChange = verdict === 'unexplained' ? 'unexplained' : contact.identityChange;
    step.put('contacts', accountId, { ...contact, identityChange, alarms: [...contact.alarms, key].slice(-MAX_ALARMS) });
    if (verdict === 'misbehaved') conversations.event(step, accountId, { event: 'relay-misbehaved', what: 'device-list' }, accountId);
    else if (contact.identityChange !== 'unexplained')
      conversations.event(step, accountId, { event: 'identity-changed', who: accountId }, accountId);
    conversations.show(step, accountId);
  }

  function dropUnlisted(step: Step, accountId: AccountId, before: DeviceList, after: DeviceList): void {
    const listed = new Set(after.devices.map((device) => device.deviceId));
    for (const { deviceId } of before.devices) {
      if (listed.has(deviceId)) continue;
      step.remove('peers', deviceKey(accountId, deviceId));
      step.remove('devices', deviceKey(accountId, deviceId));
    }
    const old = new Set(before.devices.map((device) => device.deviceId));
    if (after.devices.some((device) => !old.has(device.deviceId))) {
      conversations.event(step, accountId, { event: 'device-added', who: accountId }, accountId);
    }
  }

  function learn(step: Step, account: Verified, metBy: Contact['metBy']): ContactRecord {
    const { accountId, username, genesis, rotations, identityKeys, deviceList } = account;
    const known = step.get('contacts', accountId);
    const fetchedAt = core.now();
    const facts = { username, genesis, rotations, identityKeys, deviceList, fetchedAt };
    const fresh: ContactRecord = {
      accountId,
      standing: 'known',
      metBy,
      verified: false,
      identityChange: 'none',
      alarms: [],
      ...facts,
    };
    const next = known ? { ...known, ...facts } : fresh;
    step.put('contacts', accountId, next);
    if (known) {
      dropUnlisted(step, accountId, known.deviceList, deviceList);
      if (rotations.length > known.rotations.length) {
        for (const { deviceId } of deviceList.devices) step.remove('peers', deviceKey(accountId, deviceId));
        conversations.event(step, accountId, { event: 'identity-renewed', who: accountId }, accountId);
      }
      if (known.username !== username) conversations.show(step, accountId);
    }
    return next;
  }

  /** The records and the certificate agree, and are this account's. */
  async function judge(accountId: AccountId, answer: PublicAccount): Promise<Verdict> {
    const { certificateKey } = core.account();
    const name = await certifiedName(answer.certificate, accountId, { certificateKey, origin: core.relay.origin });
    const verdict = await judgeAccount(accountId, recordsOf(answer), knownOf(core.read, accountId));
    if (answer.accountId !== accountId) return { verdict: 'unexplained', sign: answer.accountId };
    if (verdict.verdict === 'ok' && name !== answer.username) return { verdict: 'misbehaved', sign: 'certificate' };
    return verdict;
  }

  async function take(accountId: AccountId, answer: PublicAccount, metBy: Contact['metBy']): Promise<ContactRecord> {
    const judged = await judge(accountId, answer);
    const contact = await core.step(async (step) => {
      if (judged.verdict !== 'ok') {
        alarm(step, accountId, judged.verdict, judged.sign);
        return null;
      }
      // What is known may have grown while the relay was asked.
      const now = knownOf(step, accountId);
      const { rotations, deviceList } = judged.account;
      if (now && now.rotations.length >= rotations.length && now.deviceList.version > deviceList.version)
        return step.get('contacts', accountId) ?? null;
      return learn(step, judged.account, metBy);
    });
    if (!contact) throw new Failure('contact-changed');
    return contact;
  }

  /** A name is given once and never changes: the relay shows another account under one that is known. Says so where the known one is. */
  function refuseNamesake(step: Step, accountId: AccountId, username: string): boolean {
    for (const [id, contact] of step.all('contacts')) {
      if (id === accountId || contact.username !== username || contact.standing === 'known') continue;
      const key = `namesake ${accountId.slice(-16)}`;
      if (contact.alarms.includes(key)) return true;
      step.put('contacts', id, { ...contact, alarms: [...contact.alarms, key].slice(-MAX_ALARMS) });
      conversations.event(step, id, { event: 'relay-misbehaved', what: 'first-contact' }, id);
      conversations.show(step, id);
      return true;
    }
    return false;
  }

  return {
    learn,
    alarm,
    refuseNamesake,
    unexplained: (accountId, sign) => core.step((step) => alarm(step, accountId, 'unexplained', sign)),
    async refresh(accountId, metBy = 'group') {
      const { account } = await relay.request('accounts/fetch', { accountId });
      return account && take(accountId, account, metBy);
    },
    async find(username) {
      const { account } = await relay.request('accounts/find', { username });
      if (!account) return null;
      if (account.username !== username) throw new Failure('contact-changed');
      if (account.accountId === core.account().accountId) return null;
      if (await core.step((step) => refuseNamesake(step, account.accountId, username))) throw new Failure('contact-changed');
      return take(account.accountId, account, 'username');
    },
    async refreshSelf() {
      const { accountId } = core.account();
      const { account } = await relay.request('accounts/fetch', { accountId });
      if (!account) return;
      const judged = await judge(accountId, account);
      await core.step((step) => {
        const own = accountIn(step);
        if (judged.verdict !== 'ok') {
          conversations.event(step, accountId, { event: 'relay-misbehaved', what: 'device-list' }, accountId);
        } else if (judged.account.deviceList.version > own.deviceList.version) {
          dropUnlisted(step, accountId, own.deviceList, judged.account.deviceList);
          step.put('account', 'self', { ...own, deviceList: judged.account.deviceList, deviceListEntries: judged.account.entries });
        }
      });
    },
  };
}

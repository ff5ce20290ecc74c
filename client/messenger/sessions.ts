/** Pairwise sessions: content in, sealed envelope out, and the way to a session with a device one has none with. */
import {
  CryptoError,
  DEVICE_RECORD_MAX_AGE_MS,
  DEVICE_RECORD_ROTATE_MS,
  encodeContent,
  encrypt,
  fromBase64url,
  type Introduction,
  KIND,
  prekeyBundleOf,
  sessionInfo,
  startSession,
  verifyDeviceRecord,
} from '../../crypto/index.ts';
import type { Bytes, DeviceRecord, OneTimePrekey } from '../../crypto/index.ts';
import type { DeviceBundle } from '../../server/protocol/http.ts';
import type { AccountId } from './api.ts';
import { accountIn, type Core } from './core.ts';
import type { Directory } from './directory.ts';
import { personOf } from './person.ts';
import type { RelaySession } from './relay-session.ts';
import { type Runs, recordOf } from './runs.ts';
import { type Account, deviceKey, type Peer } from './state.ts';
import type { Step, View } from './step.ts';

export const NO_PEER: Peer = {
  session: null,
  renew: false,
  sent: 0,
  received: { highest: 0, missing: [] },
  askedAt: 0,
  grantedAt: 0,
};

export type Content = { messageId: Bytes; sentAt: number; body: Bytes };

export type Sessions = {
  /** Devices among these that need a claim first: no session yet, or a record older than 48 hours, which `cached` puts up with. */
  unready(view: View, accountId: AccountId, deviceIds: readonly number[], cached?: boolean): number[];
  /** Takes no one-time prekey where there is a session: only the record is wanted. */
  claim(accountId: AccountId, deviceIds: readonly number[]): Promise<void>;
  /** The devices' records anew, and no one-time prekey: nobody but the relay can know of it. */
  fetchRecords(accountId: AccountId, deviceIds: readonly number[]): Promise<void>;
  /** A new session from the record at hand, without a one-time prekey and unseen by the relay. False: there is none, or it is too old. */
  restart(step: Step, accountId: AccountId, deviceId: number): Promise<boolean>;
  /** `counted: false` for signals, which may be lost without being missed. */
  seal(
    step: Step,
    accountId: AccountId,
    deviceId: number,
    content: Content,
    counted?: boolean,
  ): Promise<{ envelope: Bytes; counter: number }>;
};

export function ourKeys(account: Account): { identity: Account['identity']; registrationId: number } {
  return { identity: account.identity, registrationId: account.registrationId };
}

function introductionOf(account: Account): Introduction {
  const { genesis, rotations, deviceListEntries, certificate } = account;
  return { genesis, rotations, deviceList: deviceListEntries, certificate };
}

export function createSessions(core: Core, relay: RelaySession, runs: Runs, directory: Directory): Sessions {
  const hasSession = (view: View, key: string): boolean => {
    const peer = view.get('peers', key);
    return Boolean(peer?.session) && !peer?.renew;
  };

  function isReady(view: View, key: string, cached: boolean): boolean {
    const copy = view.get('devices', key);
    if (!copy || !hasSession(view, key)) return false;
    if (cached) return true;
    const age = core.now() - copy.fetchedAt;
    return age >= 0 && age < DEVICE_RECORD_ROTATE_MS;
  }

  async function start(step: Step, record: DeviceRecord, identityKey: Bytes, oneTime: OneTimePrekey | undefined): Promise<void> {
    const account = accountIn(step);
    const key = deviceKey(record.accountId, record.deviceId);
    const peer = step.get('peers', key) ?? NO_PEER;
    const ours = { accountId: account.accountId, deviceId: account.deviceId };
    const previous = peer.session ?? undefined;
    const session = await startSession(ourKeys(account), ours, prekeyBundleOf(record, identityKey, oneTime), core.random, previous);
    step.put('peers', key, { ...peer, session, renew: false });
  }

  async function begin(step: Step, record: DeviceRecord, bytes: Bytes, bundle: DeviceBundle, identityKey: Bytes): Promise<void> {
    const key = deviceKey(record.accountId, record.deviceId);
    step.put('devices', key, { record: bytes, fetchedAt: core.now() });
    if (hasSession(step, key)) return;
    const { oneTimePrekey } = bundle;
    await start(
      step,
      record,
      identityKey,
      oneTimePrekey ? { id: oneTimePrekey.id, publicKey: fromBase64url(oneTimePrekey.publicKey) } : undefined,
    );
  }

  async function takeBundle(accountId: AccountId, bundle: DeviceBundle): Promise<void> {
    const bytes = fromBase64url(bundle.deviceRecord);
    await core.step(async (step) => {
      const person = personOf(step, accountId);
      if (!person) return;
      const key = deviceKey(accountId, bundle.deviceId);
      const known = step.get('devices', key);
      try {
        const record = await verifyDeviceRecord(bytes, {
          accountId,
          identityKey: person.identityKey,
          now: core.now(),
          ...(known && { knownSequence: recordOf(known.record).sequence }),
        });
        if (record.deviceId !== bundle.deviceId) throw new CryptoError('wrong-context');
        await begin(step, record, bytes, bundle, person.identityKey);
      } catch (error) {
        if (!(error instanceof CryptoError)) throw error;
        // Too old is a device that was long away; older than what was shown before is a relay that takes back.
        const takenBack = known !== undefined && error.code === 'stale' && recordOf(bytes).sequence < recordOf(known.record).sequence;
        if (error.code === 'stale' && !takenBack) return;
        directory.alarm(step, accountId, takenBack ? 'misbehaved' : 'unexplained', `${bundle.deviceId} ${error.code}`);
      }
    });
  }

  async function request(accountId: AccountId, deviceIds: readonly number[], recordsOnly: boolean): Promise<void> {
    const body = { accountId, deviceIds: [...deviceIds], ...(recordsOnly && { recordsOnly }) };
    const { bundles } = await relay.request('prekeys/claim', body);
    for (const bundle of bundles) if (deviceIds.includes(bundle.deviceId)) await takeBundle(accountId, bundle);
  }

  return {
    unready: (view, accountId, deviceIds, cached = false) => deviceIds.filter((id) => !isReady(view, deviceKey(accountId, id), cached)),
    async claim(accountId, all) {
      const byNeed = Map.groupBy(all, (deviceId) => hasSession(core.read, deviceKey(accountId, deviceId)));
      for (const [recordsOnly, deviceIds] of byNeed) await request(accountId, deviceIds, recordsOnly);
    },
    fetchRecords: (accountId, deviceIds) => request(accountId, deviceIds, true),
    async restart(step, accountId, deviceId) {
      const person = personOf(step, accountId);
      const copy = step.get('devices', deviceKey(accountId, deviceId));
      if (!person || !copy) return false;
      const record = recordOf(copy.record);
      if (core.now() - record.createdAt >= DEVICE_RECORD_MAX_AGE_MS) return false;
      try {
        await start(step, record, person.identityKey, undefined);
        return true;
      } catch (error) {
        if (error instanceof CryptoError) return false;
        throw error;
      }
    },
    async seal(step, accountId, deviceId, content, counted = true) {
      const account = accountIn(step);
      const key = deviceKey(accountId, deviceId);
      const peer = step.get('peers', key);
      const copy = step.get('devices', key);
      if (!peer?.session || !copy) throw new CryptoError('unknown-session');
      const sent = counted ? peer.sent + 1 : peer.sent;
      const counter = Math.max(1, sent);
      const plaintext = encodeContent({
        kind: KIND.pairwise,
        from: { accountId: account.accountId, deviceId: account.deviceId },
        to: { accountId, deviceId },
        counter,
        deviceList: { version: account.deviceList.version, hash: account.deviceList.hash },
        ...content,
        ...(!sessionInfo(peer.session).acknowledged && { introduction: introductionOf(account) }),
      });
      const { session, message } = await encrypt(peer.session, ourKeys(account), { accountId, deviceId }, plaintext);
      const sealed = { kind: KIND.pairwise, fromAccount: account.accountId, fromDevice: account.deviceId, message };
      const envelope = await runs.seal(recordOf(copy.record), sealed);
      step.put('peers', key, { ...peer, session, sent });
      return { envelope, counter };
    },
  };
}

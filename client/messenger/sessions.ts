/** Pairwise sessions: content in, sealed envelope out, and the way to a session with a device one has none with. */
import {
  CryptoError,
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
import type { Bytes, DeviceRecord } from '../../crypto/index.ts';
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
  /** Devices among these that need a claim first: no session yet, or a record older than 48 hours. */
  unready(view: View, accountId: AccountId, deviceIds: readonly number[]): number[];
  claim(accountId: AccountId, deviceIds: readonly number[]): Promise<void>;
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
  function isReady(view: View, key: string): boolean {
    const copy = view.get('devices', key);
    const peer = view.get('peers', key);
    if (!copy || !peer?.session || peer.renew) return false;
    const age = core.now() - copy.fetchedAt;
    return age >= 0 && age < DEVICE_RECORD_ROTATE_MS;
  }

  async function begin(step: Step, record: DeviceRecord, bytes: Bytes, bundle: DeviceBundle, identityKey: Bytes): Promise<void> {
    const account = accountIn(step);
    const key = deviceKey(record.accountId, record.deviceId);
    step.put('devices', key, { record: bytes, fetchedAt: core.now() });
    const peer = step.get('peers', key) ?? NO_PEER;
    if (peer.session && !peer.renew) return;
    const { oneTimePrekey } = bundle;
    const oneTime = oneTimePrekey ? { id: oneTimePrekey.id, publicKey: fromBase64url(oneTimePrekey.publicKey) } : undefined;
    const ours = { accountId: account.accountId, deviceId: account.deviceId };
    const previous = peer.session ?? undefined;
    const session = await startSession(ourKeys(account), ours, prekeyBundleOf(record, identityKey, oneTime), core.random, previous);
    step.put('peers', key, { ...peer, session, renew: false });
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

  return {
    unready: (view, accountId, deviceIds) => deviceIds.filter((id) => !isReady(view, deviceKey(accountId, id))),
    async claim(accountId, deviceIds) {
      const { bundles } = await relay.request('prekeys/claim', { accountId, deviceIds: [...deviceIds] });
      for (const bundle of bundles) if (deviceIds.includes(bundle.deviceId)) await takeBundle(accountId, bundle);
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

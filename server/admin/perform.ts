import { join } from 'node:path';
import { readdirSync, statfsSync, statSync } from 'node:fs';
import type { Clock, RandomBytes } from '../ports.ts';
import { fromBase64url, toBase64url } from '../protocol/bytes.ts';
import { ACCOUNT_ID_BYTES, INVITE_CODE_BYTES } from '../protocol/ids.ts';
import { base64urlLength, isBase64url } from '../protocol/bytes.ts';
import { sha256 } from '../relay/ed25519.ts';
import { newInviteId } from '../relay/invite-id.ts';
import { HOUR_MS, hourAtOrAfter } from '../store/hours.ts';
import type { Store, StoredAccount } from '../store/store.ts';
import { type Act, ActRefused, type ActAnswer, type ActBody } from './acts.ts';

const DAY_MS = 24 * HOUR_MS;

/** In the log of acts. */
const BY = 'command line';

export type ActParts = {
  store: Store;
  clock: Clock;
  random: RandomBytes;
  dataDir: string;
  origin(): string;
  /** Undefined when no relay runs: nobody is connected then. */
  sockets: { count(): number; revoke(deviceRows: readonly number[]): void } | undefined;
};

export type Acts = { [A in Act]: (body: ActBody<A>) => Promise<ActAnswer<A>> };

function diskUse(dataDir: string): { diskBytes: number; freeBytes: number } {
  const { bavail, bsize } = statfsSync(dataDir);
  const files = readdirSync(dataDir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const sizes = files.map(({ parentPath, name }) => statSync(join(parentPath, name), { throwIfNoEntry: false })?.size ?? 0);
  return { diskBytes: sizes.reduce((sum, size) => sum + size, 0), freeBytes: bavail * bsize };
}

/** What the acts do, in a running relay and outside of one alike. A change is on disk before a socket is closed for it. */
export function acts({ store, clock, random, dataDir, origin, sockets }: ActParts): Acts {
  const actor = () => ({ now: clock.now(), by: BY });

  async function accountOf(name: string): Promise<StoredAccount> {
    const isId = isBase64url(name) && base64urlLength(name) === ACCOUNT_ID_BYTES;
    const accountId = isId ? name : await store.accountIdOfUsername(name);
    const account = accountId === undefined ? undefined : await store.account(accountId, Number.MAX_SAFE_INTEGER);
    if (!account) throw new ActRefused('no_such_account');
    return account;
  }

  async function setDisabled(name: string, disabled: boolean): Promise<ActAnswer<'account/disable'>> {
    const { accountId, username } = await accountOf(name);
    const rows = await store.setDisabled(accountId, disabled, actor());
    if (disabled) sockets?.revoke(rows ?? []);
    return { accountId, username, changed: rows !== undefined, adminsLeft: await store.adminCount() };
  }

  async function setRole(name: string, role: 'admin' | 'member'): Promise<ActAnswer<'account/promote'>> {
    const { accountId, username } = await accountOf(name);
    const changed = await store.setRole(accountId, role, actor());
    return { accountId, username, changed, adminsLeft: await store.adminCount() };
  }

  return {
    async 'invite/create'({ uses, days, admin }) {
      const [id, code] = [newInviteId(random), random(INVITE_CODE_BYTES)];
      const expiresAt = hourAtOrAfter(clock.now() + days * DAY_MS) * HOUR_MS;
      await store.openAdminInvite({ id, hash: sha256(code), uses, expiresAt, makesAdmin: admin }, actor());
      return { id: toBase64url(id), link: `${origin()}/#/join/${toBase64url(code)}`, uses, expiresAt, admin };
    },
    async 'invite/list'() {
      const invites = await store.keptInvites(clock.now());
      return { invites: invites.map(({ id, ...rest }) => ({ id: toBase64url(id), ...rest })) };
    },
    async 'invite/revoke'({ id }) {
      const done = await store.closeInvite(fromBase64url(id), actor());
      if (done !== 'closed') throw new ActRefused(done === 'first' ? 'first_invite' : 'no_such_invite');
      return { id };
    },
    'account/list': async () => ({ accounts: await store.keptAccounts() }),
    'account/disable': ({ account }) => setDisabled(account, true),
    'account/enable': ({ account }) => setDisabled(account, false),
    'account/promote': ({ account }) => setRole(account, 'admin'),
    'account/demote': ({ account }) => setRole(account, 'member'),
    async 'account/delete'({ account }) {
      const { accountId, username } = await accountOf(account);
      const rows = await store.eraseAccount(accountId, actor());
      sockets?.revoke(rows);
      // Off the journal too, not only out of the tables.
      await store.tidy();
      return { accountId, username, devices: rows.length, adminsLeft: await store.adminCount() };
    },
    async 'device/list'({ account }) {
      const { accountId, username } = await accountOf(account);
      return { accountId, username, devices: await store.keptDevices(accountId) };
    },
    async 'device/revoke'({ account, deviceId }) {
      const { accountId, username } = await accountOf(account);
      const revoked = await store.revokeDevice(accountId, deviceId, actor());
      if (!revoked) throw new ActRefused('no_such_device');
      if (revoked.row !== undefined) sockets?.revoke([revoked.row]);
      const devices = await store.keptDevices(accountId);
      const left = devices.filter((device) => !device.revoked).length;
      return { accountId, username, deviceId, changed: revoked.row !== undefined, left };
    },
    async stats() {
      const { envelopes, bodies, bytes, oldestAt } = await store.fill();
      return { ...(await store.counts()), sockets: sockets?.count() ?? null, envelopes, bodies, bytes, oldestAt, ...diskUse(dataDir) };
    },
    async log() {
      const rows = await store.adminLog();
      return { acts: rows.map(({ hour, ...rest }) => ({ at: hour * HOUR_MS, ...rest })) };
    },
  };
}

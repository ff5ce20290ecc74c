import type { Database } from 'better-sqlite3';
import { toBase64url } from '../protocol/bytes.ts';
import type { Actor, AdminInvite, AdminStore } from './admin-store.ts';
import type { DeviceRows } from './device-rows.ts';
import { hourAtOrAfter } from './hours.ts';
import { adminQueries } from './admin-queries.ts';
import type { Prepare } from './query.ts';
import type { AdminLog } from './sqlite-admin-log.ts';
import type { MailboxRows } from './sqlite-mailbox.ts';
import type { Retired } from './sqlite-retired.ts';
import type { Role } from './store.ts';

type Parts = { database: Database; prepared: Prepare; devices: DeviceRows; mailboxes: MailboxRows; log: AdminLog; retired: Retired };
type Changes = Omit<AdminStore, 'keptAccounts' | 'keptDevices' | 'keptInvites' | 'adminCount' | 'counts' | 'fill'>;

/** Every change and its row of the log are one transaction. */
export function sqliteAdmin({ database, prepared, devices, mailboxes, log, retired }: Parts): Changes {
  const query = adminQueries(prepared);

  function accountOf(accountId: string) {
    const account = query.account.get({ accountId });
    if (!account) throw new Error('an act on an account that is gone');
    return account;
  }

  const rowsOf = (account: number): number[] => query.deviceRows.all({ account }).map(({ row }) => row);

  const openInvite = database.transaction((invite: AdminInvite, actor: Actor) => {
    const { id, hash, uses, expiresAt, makesAdmin } = invite;
    query.insertInvite.run({ id, hash, uses, expiresHour: hourAtOrAfter(expiresAt), makesAdmin: makesAdmin ? 1 : 0 });
    log.write(makesAdmin ? 'invite create --admin' : 'invite create', toBase64url(id), actor);
  });

  const closeInvite = database.transaction((id: Uint8Array, actor: Actor) => {
    const invite = query.invite.get({ id });
    if (!invite) return 'unknown';
    if (invite.expires_hour === null) return 'first';
    query.deleteInvite.run({ row: invite.row });
    log.write('invite revoke', toBase64url(id), actor);
    return 'closed';
  });

  const setDisabled = database.transaction((accountId: string, disabled: boolean, actor: Actor) => {
    const account = accountOf(accountId);
    if ((account.disabled === 1) === disabled) return undefined;
    query.setDisabled.run({ row: account.row, disabled: disabled ? 1 : 0 });
    // Invites it has handed out would bring it back under another name.
    if (disabled) query.deleteInvitesOf.run({ account: account.row });
    log.write(disabled ? 'account disable' : 'account enable', accountId, actor);
    return rowsOf(account.row);
  });

  const setRole = database.transaction((accountId: string, role: Role, actor: Actor) => {
    const account = accountOf(accountId);
    if (account.role === role) return false;
    query.setRole.run({ row: account.row, role });
    log.write(role === 'admin' ? 'account promote' : 'account demote', accountId, actor);
    return true;
  });

  const eraseAccount = database.transaction((accountId: string, actor: Actor) => {
    const account = accountOf(accountId);
    const rows = rowsOf(account.row);
    for (const row of rows) {
      mailboxes.erase(row);
      devices.erase(row);
    }
    for (const statement of [query.deleteInvitesOf, query.deleteLists, query.deleteRotations, query.deleteAccount])
      statement.run({ account: account.row });
    retired.add(accountId, account.username);
    log.write('account delete', accountId, actor);
    return rows;
  });

  const revokeDevice = database.transaction((accountId: string, deviceId: number, actor: Actor) => {
    const device = query.device.get({ account: accountOf(accountId).row, deviceId });
    if (!device) return undefined;
    if (device.revoked === 1) return { row: undefined };
    query.revoke.run({ row: device.row });
    devices.erasePrekeys(device.row);
    mailboxes.erase(device.row);
    log.write('device revoke', `${accountId}.${deviceId}`, actor);
    return { row: device.row };
  });

  return {
    openAdminInvite: async (invite, actor) => openInvite.immediate(invite, actor),
    closeInvite: async (id, actor) => closeInvite.immediate(id, actor),
    setDisabled: async (accountId, disabled, actor) => setDisabled.immediate(accountId, disabled, actor),
    setRole: async (accountId, role, actor) => setRole.immediate(accountId, role, actor),
    async eraseAccount(accountId, actor) {
      try {
        return eraseAccount.immediate(accountId, actor);
      } finally {
        devices.forget(accountId);
      }
    },
    revokeDevice: async (accountId, deviceId, actor) => revokeDevice.immediate(accountId, deviceId, actor),
    note: async (act, actor) => log.write(act, null, actor),
    retire: async (digests) => database.transaction(() => digests.forEach(retired.addDigest)).immediate(),
    adminLog: async () => log.read(),
  };
}

import type { Database } from 'better-sqlite3';
import { toBase64url } from '../protocol/bytes.ts';
import { hourAtOrAfter, HOUR_MS } from './hours.ts';
import { build, type Prepare } from './query.ts';
import type { AdminLog } from './sqlite-admin-log.ts';
import type { Retired } from './sqlite-retired.ts';
import type { InviteStore, NewInvite, Role } from './store.ts';

// An act of theirs is told in the log, and never which of them it was: rows outlive the invite by a year.
const BY_ADMIN = 'an admin';

/** An invite names who made it only while it is open; the row goes with its last use, so nothing links two accounts afterwards. */
export function sqliteInvites(database: Database, prepared: Prepare, retired: Retired, log: AdminLog) {
  const byHash = prepared<{ hash: Uint8Array }>()((argument) =>
    build.selectFrom('invites').select(['row', 'uses_left', 'expires_hour', 'makes_admin']).where('code_hash', '=', argument.hash),
  );
  const insert = prepared<{
    id: Uint8Array;
    hash: Uint8Array;
    uses: number;
    expiresHour: number | null;
    makesAdmin: number;
    createdBy: number | null;
  }>()((argument) =>
    build.insertInto('invites').values({
      id: argument.id,
      code_hash: argument.hash,
      uses_left: argument.uses,
      expires_hour: argument.expiresHour,
      makes_admin: argument.makesAdmin,
      created_by: argument.createdBy,
    }),
  );
  const useOnce = prepared<{ row: number; uses: number }>()((argument) =>
    build.updateTable('invites').set({ uses_left: argument.uses }).where('row', '=', argument.row),
  );
  const remove = prepared<{ row: number }>()((argument) => build.deleteFrom('invites').where('row', '=', argument.row));
  const removeExpired = prepared<{ hour: number }>()((argument) => build.deleteFrom('invites').where('expires_hour', '<=', argument.hour));
  const open = prepared<Record<never, never>>()(() =>
    build
      .selectFrom('invites')
      .leftJoin('accounts', 'accounts.row', 'invites.created_by')
      .select(['invites.row', 'invites.id', 'invites.uses_left', 'invites.expires_hour', 'accounts.account_id'])
      .where('invites.makes_admin', '=', 0)
      .orderBy('invites.row'),
  );
  const account = prepared<{ accountId: string }>()((argument) =>
    build.selectFrom('accounts').select(['row', 'role']).where('account_id', '=', argument.accountId),
  );
  const anyAccount = prepared<Record<never, never>>()(() => build.selectFrom('accounts').select('row').limit(1));

  function purge(now: number): void {
    removeExpired.run({ hour: Math.floor(now / HOUR_MS) });
  }

  function visibleTo(accountId: string) {
    const viewer = account.get({ accountId });
    return open.all({}).filter((invite) => viewer?.role === 'admin' || invite.account_id === accountId);
  }

  const create = database.transaction((invite: NewInvite, maxOpen: number, now: number): boolean => {
    purge(now);
    const creator = account.get({ accountId: invite.createdBy });
    const opened = open.all({}).filter((other) => other.account_id === invite.createdBy);
    if (!creator || opened.length >= maxOpen) return false;
    insert.run({ ...invite, expiresHour: hourAtOrAfter(invite.expiresAt), makesAdmin: 0, createdBy: creator.row });
    if (creator.role === 'admin') log.write('invite create', toBase64url(invite.id), { now, by: BY_ADMIN });
    return true;
  });

  const revoke = database.transaction((accountId: string, id: Uint8Array, now: number): boolean => {
    const found = visibleTo(accountId).find((invite) => Buffer.compare(invite.id, id) === 0);
    if (!found) return false;
    remove.run({ row: found.row });
    if (account.get({ accountId })?.role === 'admin') log.write('invite revoke', toBase64url(id), { now, by: BY_ADMIN });
    return true;
  });

  const openFirst = database.transaction((id: Uint8Array, hash: Uint8Array): boolean => {
    if (byHash.get({ hash })) return true;
    // Nor when all were deleted: the link may lie about since it was used.
    if (anyAccount.get({}) || !retired.isEmpty()) return false;
    insert.run({ id, hash, uses: 1, expiresHour: null, makesAdmin: 1, createdBy: null });
    return true;
  });

  const store: InviteStore = {
    async inviteIsOpen(hash, now) {
      purge(now);
      return byHash.get({ hash }) !== undefined;
    },
    createInvite: async (invite, maxOpen, now) => create.immediate(invite, maxOpen, now),
    async invites(accountId, now) {
      purge(now);
      return visibleTo(accountId).map((invite) => ({
        id: new Uint8Array(invite.id),
        usesLeft: invite.uses_left,
        expiresAt: (invite.expires_hour ?? 0) * HOUR_MS,
      }));
    },
    revokeInvite: async (accountId, id, now) => revoke.immediate(accountId, id, now),
    openFirstInvite: async (id, hash) => openFirst.immediate(id, hash),
  };

  return {
    store,
    /** Inside the registration's transaction: a registration that fails has used nothing. */
    redeem(hash: Uint8Array, now: number): Role | undefined {
      purge(now);
      const invite = byHash.get({ hash });
      if (!invite) return undefined;
      if (invite.uses_left > 1) useOnce.run({ row: invite.row, uses: invite.uses_left - 1 });
      else remove.run({ row: invite.row });
      return invite.makes_admin === 1 ? 'admin' : 'member';
    },
  };
}

export type Invites = ReturnType<typeof sqliteInvites>;

import { build, type Prepare } from './query.ts';

export function adminQueries(prepared: Prepare) {
  return {
    account: prepared<{ accountId: string }>()((argument) =>
      build.selectFrom('accounts').select(['row', 'username', 'role', 'disabled']).where('account_id', '=', argument.accountId),
    ),
    deviceRows: prepared<{ account: number }>()((argument) =>
      build.selectFrom('devices').select('row').where('account', '=', argument.account),
    ),
    device: prepared<{ account: number; deviceId: number }>()((argument) =>
      build
        .selectFrom('devices')
        .select(['row', 'revoked'])
        .where('account', '=', argument.account)
        .where('device_id', '=', argument.deviceId),
    ),
    setDisabled: prepared<{ row: number; disabled: number }>()((argument) =>
      build.updateTable('accounts').set({ disabled: argument.disabled }).where('row', '=', argument.row),
    ),
    setRole: prepared<{ row: number; role: string }>()((argument) =>
      build.updateTable('accounts').set({ role: argument.role }).where('row', '=', argument.row),
    ),
    revoke: prepared<{ row: number }>()((argument) => build.updateTable('devices').set({ revoked: 1 }).where('row', '=', argument.row)),
    deleteLists: prepared<{ account: number }>()((argument) => build.deleteFrom('device_lists').where('account', '=', argument.account)),
    deleteRotations: prepared<{ account: number }>()((argument) => build.deleteFrom('rotations').where('account', '=', argument.account)),
    deleteAccount: prepared<{ account: number }>()((argument) => build.deleteFrom('accounts').where('row', '=', argument.account)),
    deleteInvitesOf: prepared<{ account: number }>()((argument) => build.deleteFrom('invites').where('created_by', '=', argument.account)),
    invite: prepared<{ id: Uint8Array }>()((argument) =>
      build.selectFrom('invites').select(['row', 'expires_hour']).where('id', '=', argument.id),
    ),
    insertInvite: prepared<{ id: Uint8Array; hash: Uint8Array; uses: number; expiresHour: number; makesAdmin: number }>()((argument) =>
      build.insertInto('invites').values({
        id: argument.id,
        code_hash: argument.hash,
        uses_left: argument.uses,
        expires_hour: argument.expiresHour,
        makes_admin: argument.makesAdmin,
        created_by: null,
      }),
    ),
    deleteInvite: prepared<{ row: number }>()((argument) => build.deleteFrom('invites').where('row', '=', argument.row)),
  };
}

import { ENVELOPE_KEEP_MS } from '../protocol/limits.ts';
import type { AdminStore } from './admin-store.ts';
import { HOUR_MS } from './hours.ts';
import { build, type Prepare } from './query.ts';
import type { Role } from './store.ts';

type Overview = Pick<AdminStore, 'keptAccounts' | 'keptDevices' | 'keptInvites' | 'adminCount' | 'counts' | 'fill'>;
type Nothing = Record<never, never>;

// As in the mailbox: kept so many hours after the one it came in.
const KEEP_HOURS = ENVELOPE_KEEP_MS / HOUR_MS + 1;

function queries(prepared: Prepare) {
  return {
    accounts: prepared<Nothing>()(() =>
      build
        .selectFrom('accounts')
        .leftJoin('devices', 'devices.account', 'accounts.row')
        .select((select) => [
          'account_id',
          'username',
          'role',
          'disabled',
          select.fn.count<number>('devices.row').filterWhere('revoked', '=', 0).as('devices'),
        ])
        .groupBy('accounts.row')
        .orderBy('accounts.username'),
    ),
    fillOfAccounts: prepared<Nothing>()(() =>
      build
        .selectFrom('waiting')
        .innerJoin('devices', 'devices.row', 'waiting.device')
        .innerJoin('accounts', 'accounts.row', 'devices.account')
        .select((select) => ['account_id', select.fn.countAll<number>().as('envelopes'), select.fn.sum<number>('size').as('bytes')])
        .groupBy('accounts.row'),
    ),
    devices: prepared<{ accountId: string }>()((argument) =>
      build
        .selectFrom('devices')
        .innerJoin('accounts', 'accounts.row', 'devices.account')
        .select(['devices.row', 'device_id', 'revoked'])
        .where('account_id', '=', argument.accountId)
        .orderBy('device_id'),
    ),
    fillOfDevice: prepared<{ device: number }>()((argument) =>
      build
        .selectFrom('waiting')
        .select((select) => [select.fn.countAll<number>().as('envelopes'), select.fn.sum<number | null>('size').as('bytes')])
        .where('device', '=', argument.device),
    ),
    prekeys: prepared<{ device: number }>()((argument) =>
      build
        .selectFrom('one_time_prekeys')
        .select((select) => select.fn.countAll<number>().as('count'))
        .where('device', '=', argument.device),
    ),
    invites: prepared<{ hour: number }>()((argument) =>
      build
        .selectFrom('invites')
        .select(['id', 'uses_left', 'expires_hour', 'makes_admin'])
        .where((where) => where.or([where('expires_hour', 'is', null), where('expires_hour', '>', argument.hour)]))
        .orderBy('row'),
    ),
    admins: prepared<Nothing>()(() =>
      build
        .selectFrom('accounts')
        .select((select) => select.fn.countAll<number>().as('count'))
        .where('role', '=', 'admin')
        .where('disabled', '=', 0),
    ),
    disabled: prepared<Nothing>()(() =>
      build
        .selectFrom('accounts')
        .select((select) => [select.fn.countAll<number>().as('all'), select.fn.sum<number | null>('disabled').as('disabled')]),
    ),
    deviceCount: prepared<Nothing>()(() => build.selectFrom('devices').select((select) => select.fn.countAll<number>().as('count'))),
    inviteCount: prepared<Nothing>()(() => build.selectFrom('invites').select((select) => select.fn.countAll<number>().as('count'))),
    groups: prepared<Nothing>()(() =>
      build
        .selectFrom('group_logs')
        .select((select) => [select.fn.countAll<number>().as('count'), select.fn.sum<number | null>('size').as('bytes')]),
    ),
    fill: prepared<Nothing>()(() =>
      build
        .selectFrom('waiting')
        .select((select) => [select.fn.countAll<number>().as('envelopes'), select.fn.sum<number | null>('size').as('bytes')]),
    ),
    bodies: prepared<Nothing>()(() => build.selectFrom('bodies').select((select) => select.fn.countAll<number>().as('count'))),
    // Bodies are numbered as they came, so the first holds the oldest hour; a search over them all would read every body.
    oldest: prepared<Nothing>()(() => build.selectFrom('bodies').select('expires_hour').orderBy('row').limit(1)),
  };
}

/** Counts and sizes for the person who runs the relay. */
export function sqliteOverview(prepared: Prepare): Overview {
  const query = queries(prepared);
  return {
    async keptAccounts() {
      const fills = new Map(query.fillOfAccounts.all({}).map((fill) => [fill.account_id, fill]));
      return query.accounts.all({}).map(({ account_id, username, role, disabled, devices }) => ({
        accountId: account_id,
        username,
        role: role as Role,
        disabled: disabled === 1,
        devices,
        envelopes: fills.get(account_id)?.envelopes ?? 0,
        bytes: fills.get(account_id)?.bytes ?? 0,
      }));
    },
    async keptDevices(accountId) {
      return query.devices.all({ accountId }).map(({ row, device_id, revoked }) => {
        const fill = query.fillOfDevice.get({ device: row });
        return {
          deviceId: device_id,
          revoked: revoked === 1,
          oneTimePrekeys: query.prekeys.get({ device: row })?.count ?? 0,
          envelopes: fill?.envelopes ?? 0,
          bytes: fill?.bytes ?? 0,
        };
      });
    },
    async keptInvites(now) {
      return query.invites.all({ hour: Math.floor(now / HOUR_MS) }).map(({ id, uses_left, expires_hour, makes_admin }) => ({
        id: new Uint8Array(id),
        usesLeft: uses_left,
        expiresAt: expires_hour === null ? null : expires_hour * HOUR_MS,
        makesAdmin: makes_admin === 1,
        first: expires_hour === null,
      }));
    },
    adminCount: async () => query.admins.get({})?.count ?? 0,
    async counts() {
      const accounts = query.disabled.get({});
      const groups = query.groups.get({});
      return {
        accounts: accounts?.all ?? 0,
        disabled: accounts?.disabled ?? 0,
        devices: query.deviceCount.get({})?.count ?? 0,
        invites: query.inviteCount.get({})?.count ?? 0,
        groupLogs: groups?.count ?? 0,
        groupBytes: groups?.bytes ?? 0,
      };
    },
    async fill() {
      const fill = query.fill.get({});
      const oldest = query.oldest.get({});
      return {
        envelopes: fill?.envelopes ?? 0,
        bodies: query.bodies.get({})?.count ?? 0,
        bytes: fill?.bytes ?? 0,
        oldestAt: oldest === undefined ? null : (oldest.expires_hour - KEEP_HOURS) * HOUR_MS,
      };
    },
  };
}

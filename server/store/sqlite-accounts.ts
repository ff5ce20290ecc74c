import type { Database } from 'better-sqlite3';
import type { Bytes } from '../protocol/bytes.ts';
import { ProtocolError } from '../protocol/errors.ts';
import { MAX_DEVICE_LIST_ENTRIES } from '../protocol/limits.ts';
import type { DeviceRows } from './device-rows.ts';
import { build, type Prepare } from './query.ts';
import type { Invites } from './sqlite-invites.ts';
import type { MailboxRows } from './sqlite-mailbox.ts';
import type { Retired } from './sqlite-retired.ts';
import type { AccountStore, Registration, Role, StoredDevice } from './store.ts';

type Parts = { database: Database; prepared: Prepare; devices: DeviceRows; invites: Invites; mailboxes: MailboxRows; retired: Retired };

function accountQueries(prepared: Prepare) {
  return {
    byId: prepared<{ accountId: string }>()((argument) =>
      build
        .selectFrom('accounts')
        .select(['row', 'account_id', 'username', 'role', 'genesis', 'list_version', 'disabled'])
        .where('account_id', '=', argument.accountId),
    ),
    byUsername: prepared<{ username: string }>()((argument) =>
      build.selectFrom('accounts').select('account_id').where('username', '=', argument.username),
    ),
    insert: prepared<{ accountId: string; username: string; role: string; genesis: Uint8Array }>()((argument) =>
      build.insertInto('accounts').values({
        account_id: argument.accountId,
        username: argument.username,
        role: argument.role,
        genesis: argument.genesis,
        list_version: 1,
      }),
    ),
    setListVersion: prepared<{ account: number; version: number }>()((argument) =>
      build.updateTable('accounts').set({ list_version: argument.version }).where('row', '=', argument.account),
    ),
    // Told at every connection and nearly always the same, which then costs no write.
    setDeliveryVerifier: prepared<{ accountId: string; verifier: Uint8Array }>()((argument) =>
      build
        .updateTable('accounts')
        .set({ delivery_verifier: argument.verifier })
        .where('account_id', '=', argument.accountId)
        .where('delivery_verifier', 'is not', argument.verifier),
    ),
    insertListEntry: prepared<{ account: number; version: number; entry: Uint8Array }>()((argument) =>
      build.insertInto('device_lists').values({ account: argument.account, version: argument.version, entry: argument.entry }),
    ),
    listEntries: prepared<{ account: number; after: number }>()((argument) =>
      build
        .selectFrom('device_lists')
        .select('entry')
        .where('account', '=', argument.account)
        .where('version', '>', argument.after)
        .orderBy('version'),
    ),
    rotations: prepared<{ account: number }>()((argument) =>
      build.selectFrom('rotations').select('entry').where('account', '=', argument.account).orderBy('version'),
    ),
    device: prepared<{ account: number; deviceId: number }>()((argument) =>
      build
        .selectFrom('devices')
        .select(['row', 'login_key', 'record_sequence', 'revoked'])
        .where('account', '=', argument.account)
        .where('device_id', '=', argument.deviceId),
    ),
    setRecord: prepared<{ device: number; loginKey: Uint8Array; record: Uint8Array; sequence: number }>()((argument) =>
      build
        .updateTable('devices')
        .set({ login_key: argument.loginKey, record: argument.record, record_sequence: argument.sequence })
        .where('row', '=', argument.device),
    ),
  };
}

function same(a: Uint8Array | null | undefined, b: Uint8Array): boolean {
  return a != null && Buffer.compare(a, b) === 0;
}

export function sqliteAccounts({ database, prepared, devices, invites, mailboxes, retired }: Parts): AccountStore {
  const query = accountQueries(prepared);

  function deviceOf(accountId: string, deviceId: number): StoredDevice | undefined {
    const account = query.byId.get({ accountId });
    if (!account) return undefined;
    const device = query.device.get({ account: account.row, deviceId });
    if (!device?.login_key) return undefined;
    const role = account.role as Role;
    const blocked = account.disabled === 1 || device.revoked === 1;
    return { row: device.row, accountId, deviceId, loginKey: new Uint8Array(device.login_key), role, username: account.username, blocked };
  }

  /** The same registration again, its first answer lost: proven by the login key's signature, which the caller has verified. */
  function registeredBefore(registration: Registration): { role: Role } | undefined {
    const account = query.byId.get({ accountId: registration.accountId });
    if (!account) return undefined;
    const device = query.device.get({ account: account.row, deviceId: registration.deviceId });
    const again = account.username === registration.username && same(device?.login_key, registration.loginKey);
    return again ? { role: account.role as Role } : undefined;
  }

  const register = database.transaction((registration: Registration): { role: Role } => {
    const before = registeredBefore(registration);
    if (before) return before;
    const { accountId, username, genesis, deviceId, loginKey, deviceRecord, recordSequence } = registration;
    const role = invites.redeem(registration.inviteHash, registration.now);
    if (!role) throw new ProtocolError('invite_invalid');
    // Only now, and so told to holders of an open invite alone: which accounts there are is not for anybody to ask.
    if (query.byId.get({ accountId })) throw new ProtocolError('conflict');
    // Other people may know the old account by this id and another device list.
    if (retired.holds('account', accountId)) throw new ProtocolError('gone');
    if (query.byUsername.get({ username }) || retired.holds('name', username)) throw new ProtocolError('username_taken');
    const account = query.insert.run({ accountId, username, role, genesis }).lastInsertRowid;
    query.insertListEntry.run({ account, version: 1, entry: registration.listEntry });
    const device = devices.add(account, deviceId);
    query.setRecord.run({ device, loginKey, record: deviceRecord, sequence: recordSequence });
    devices.addOneTimePrekeys(device, registration.oneTimePrekeys);
    return { role };
  });

  const publish = database.transaction((publisher: StoredDevice, record: Parameters<AccountStore['publishDeviceRecord']>[1]) => {
    const account = query.byId.get({ accountId: publisher.accountId });
    const device = account && query.device.get({ account: account.row, deviceId: record.deviceId });
    if (!device) throw new ProtocolError('forbidden');
    // A device that was just listed has no record and no login: another device of the account publishes its first.
    const ownRecord = device.row === publisher.row && same(device.login_key, record.loginKey);
    if (device.login_key !== null && !ownRecord) throw new ProtocolError('forbidden');
    if (device.login_key !== null && record.sequence <= device.record_sequence) throw new ProtocolError('version_mismatch');
    query.setRecord.run({ device: device.row, loginKey: record.loginKey, record: record.record, sequence: record.sequence });
  });

  const appendList = database.transaction((accountId: string, list: { version: number; entry: Bytes; deviceIds: number[] }) => {
    const account = query.byId.get({ accountId });
    if (!account || list.version !== account.list_version + 1) throw new ProtocolError('version_mismatch');
    if (list.version > MAX_DEVICE_LIST_ENTRIES) throw new ProtocolError('too_large');
    const before = devices.listedOf(accountId).rows;
    const removed: number[] = [];
    for (const [deviceId, row] of before) if (!list.deviceIds.includes(deviceId)) removed.push(row);
    for (const row of removed) {
      mailboxes.erase(row);
      devices.erase(row);
    }
    for (const deviceId of list.deviceIds) if (!before.has(deviceId)) devices.add(account.row, deviceId);
    query.insertListEntry.run({ account: account.row, version: list.version, entry: list.entry });
    query.setListVersion.run({ account: account.row, version: list.version });
    return { removed };
  });

  return {
    async register(registration) {
      try {
        return register.immediate(registration);
      } finally {
        devices.forget(registration.accountId);
      }
    },
    usernameIsFree: async (username) => query.byUsername.get({ username }) === undefined && !retired.holds('name', username),
    accountIdOfUsername: async (username) => query.byUsername.get({ username })?.account_id,
    async account(accountId, afterListVersion) {
      const account = query.byId.get({ accountId });
      if (!account) return undefined;
      return {
        accountId,
        username: account.username,
        role: account.role as Role,
        genesis: new Uint8Array(account.genesis),
        rotations: query.rotations.all({ account: account.row }).map((row) => new Uint8Array(row.entry)),
        deviceList: query.listEntries.all({ account: account.row, after: afterListVersion }).map((row) => new Uint8Array(row.entry)),
      };
    },
    device: async (accountId, deviceId) => deviceOf(accountId, deviceId),
    deviceCount: async (accountId) => devices.listedOf(accountId).rows.size,
    async setDeliveryVerifier(accountId, verifier) {
      if (query.setDeliveryVerifier.run({ accountId, verifier }).changes > 0) devices.forget(accountId);
    },
    publishDeviceRecord: async (publisher, record) => publish.immediate(publisher, record),
    async appendDeviceList(accountId, list) {
      try {
        return appendList.immediate(accountId, list);
      } finally {
        devices.forget(accountId);
      }
    },
  };
}

/** What was decided about accounts since a backup was made: read from the data it replaces, so that a restore brings nobody back. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { relayKey, type RelayKey } from '../../relay/relay-key.ts';
import { DATABASE_FILE, KEY_FILE } from '../../store/data-folder.ts';
import { retiredDigest } from '../../store/sqlite-retired.ts';
import type { Role, Store } from '../../store/store.ts';
import { openSqliteFile } from '../../store/sqlite-file.ts';

export type Decisions = {
  retired: Uint8Array[];
  accounts: Map<string, { role: Role; disabled: boolean }>;
  revoked: { accountId: string; deviceId: number }[];
  /** Account and device of all that are there: others have been removed by their accounts. */
  devices: Set<string>;
};

const BY = 'restore';

const nameOf = (accountId: string, deviceId: number): string => `${accountId}.${deviceId}`;

function read(path: string): Decisions {
  const database = openSqliteFile(path, { readonly: true, fileMustExist: true });
  try {
    const retired = database.prepare<[], Uint8Array>('SELECT digest FROM retired').pluck().all();
    type Row = { accountId: string; role: Role; disabled: number };
    const accounts = database.prepare<[], Row>('SELECT account_id AS accountId, role, disabled FROM accounts').all();
    const devices = database
      .prepare<[], { accountId: string; deviceId: number; revoked: number }>(
        'SELECT account_id AS accountId, device_id AS deviceId, revoked FROM devices JOIN accounts ON accounts.row = devices.account',
      )
      .all();
    return {
      retired,
      accounts: new Map(accounts.map(({ accountId, role, disabled }) => [accountId, { role, disabled: disabled === 1 }])),
      revoked: devices.filter(({ revoked }) => revoked === 1),
      devices: new Set(devices.map(({ accountId, deviceId }) => nameOf(accountId, deviceId))),
    };
  } finally {
    database.close();
  }
}

/** Undefined when the folder holds nothing that can be read, or another relay's data: its digests are under another key. */
export function decisionsIn(dataDir: string, key: RelayKey): Decisions | undefined {
  try {
    if (!existsSync(join(dataDir, DATABASE_FILE)) || !existsSync(join(dataDir, KEY_FILE))) return undefined;
    return relayKey(dataDir).publicX === key.publicX ? read(join(dataDir, DATABASE_FILE)) : undefined;
  } catch {
    return undefined;
  }
}

/** Answers how many acts were repeated. */
export async function repeatDecisions(store: Store, decisions: Decisions, key: RelayKey, now: number): Promise<number> {
  const actor = { now, by: BY };
  const retired = new Set(decisions.retired.map((digest) => Buffer.from(digest).toString('hex')));
  const isRetired = (what: 'account' | 'name', value: string) =>
    retired.has(Buffer.from(retiredDigest(key.retiredKey, what, value)).toString('hex'));
  let repeated = 0;
  for (const { accountId, username, role, disabled } of await store.keptAccounts()) {
    if (isRetired('name', username) || isRetired('account', accountId)) {
      await store.eraseAccount(accountId, actor);
      repeated += 1;
      continue;
    }
    const decided = decisions.accounts.get(accountId);
    if (!decided) continue;
    if (decided.role !== role && (await store.setRole(accountId, decided.role, actor))) repeated += 1;
    if (decided.disabled !== disabled && (await store.setDisabled(accountId, decided.disabled, actor))) repeated += 1;
    for (const { deviceId } of await store.keptDevices(accountId)) {
      if (decisions.devices.has(nameOf(accountId, deviceId))) continue;
      if ((await store.revokeDevice(accountId, deviceId, actor))?.row !== undefined) repeated += 1;
    }
  }
  for (const { accountId, deviceId } of decisions.revoked) {
    if (!(await store.account(accountId, Number.MAX_SAFE_INTEGER))) continue;
    if ((await store.revokeDevice(accountId, deviceId, actor))?.row !== undefined) repeated += 1;
  }
  await store.retire(decisions.retired);
  return repeated;
}

import type { Recipient } from '../protocol/frames.ts';
import { MAX_ONE_TIME_PREKEYS_KEPT } from '../protocol/limits.ts';
import { generations } from './generations.ts';
import { build, type Prepare } from './query.ts';
import type { OneTimePrekey } from './store.ts';

type ListedDevices = { listVersion: number; deliveryVerifier: Uint8Array | null; rows: Map<number, number> };

// No account has this version: what is remembered of one that does not exist, so that a frame full of inventions costs no queries twice.
const UNKNOWN: ListedDevices = { listVersion: -1, deliveryVerifier: null, rows: new Map() };

// Small: about 200 bytes an account. Beyond half of it, the accounts asked for longest ago are read again.
const MAX_CACHED_ACCOUNTS = 50_000;

/** Devices by their row numbers: the one place that adds and erases them, and that knows who is listed under which version. */
export function deviceRows(prepared: Prepare) {
  const listed = generations<ListedDevices>(MAX_CACHED_ACCOUNTS);

  const selectListed = prepared<{ accountId: string }>()((argument) =>
    build
      .selectFrom('accounts')
      .innerJoin('devices', 'devices.account', 'accounts.row')
      .select(['accounts.list_version', 'accounts.delivery_verifier', 'devices.device_id', 'devices.row'])
      .where('accounts.account_id', '=', argument.accountId),
  );
  const insertDevice = prepared<{ account: number; deviceId: number }>()((argument) =>
    build
      .insertInto('devices')
      .values({ account: argument.account, device_id: argument.deviceId, login_key: null, record: null, record_sequence: 0 }),
  );
  const insertMailbox = prepared<{ device: number }>()((argument) =>
    build.insertInto('mailboxes').values({ device: argument.device, last_sequence: 0, acknowledged: 0 }),
  );
  const insertPrekey = prepared<{ device: number; id: number; publicKey: Uint8Array }>()((argument) =>
    build
      .insertInto('one_time_prekeys')
      .values({ device: argument.device, id: argument.id, public_key: argument.publicKey })
      .onConflict((conflict) => conflict.doNothing()),
  );
  const countPrekeys = prepared<{ device: number }>()((argument) =>
    build
      .selectFrom('one_time_prekeys')
      .select((select) => select.fn.countAll<number>().as('count'))
      .where('device', '=', argument.device),
  );
  const deletePrekeys = prepared<{ device: number }>()((argument) =>
    build.deleteFrom('one_time_prekeys').where('device', '=', argument.device),
  );
  const deleteMailbox = prepared<{ device: number }>()((argument) => build.deleteFrom('mailboxes').where('device', '=', argument.device));
  const deleteDevice = prepared<{ device: number }>()((argument) => build.deleteFrom('devices').where('row', '=', argument.device));

  function listedOf(accountId: string): ListedDevices {
    const known = listed.get(accountId);
    if (known) return known;
    const rows = selectListed.all({ accountId });
    const front = rows[0];
    const devices: ListedDevices = front
      ? {
          listVersion: front.list_version,
          deliveryVerifier: front.delivery_verifier,
          rows: new Map(rows.map((row) => [row.device_id, row.row])),
        }
      : UNKNOWN;
    listed.set(accountId, devices);
    return devices;
  }

  function rowOf(recipient: Recipient): number | undefined {
    const devices = listedOf(recipient.accountId);
    return devices.listVersion === recipient.listVersion ? devices.rows.get(recipient.deviceId) : undefined;
  }

  function add(account: number, deviceId: number): number {
    const device = insertDevice.run({ account, deviceId }).lastInsertRowid;
    insertMailbox.run({ device });
    return device;
  }

  function countOneTimePrekeys(device: number): number {
    return countPrekeys.get({ device })?.count ?? 0;
  }

  /** Beyond the bound nothing is kept: the client fills up when its count is low. An id that is held already keeps its key. */
  function addOneTimePrekeys(device: number, prekeys: readonly OneTimePrekey[]): number {
    const room = MAX_ONE_TIME_PREKEYS_KEPT - countOneTimePrekeys(device);
    for (const prekey of prekeys.slice(0, Math.max(room, 0))) insertPrekey.run({ device, ...prekey });
    return countOneTimePrekeys(device);
  }

  function erasePrekeys(device: number): void {
    deletePrekeys.run({ device });
  }

  /** The mailbox's envelopes are erased by the caller, who knows how bodies are shared. */
  function erase(device: number): void {
    erasePrekeys(device);
    deleteMailbox.run({ device });
    deleteDevice.run({ device });
  }

  return {
    listedOf,
    rowOf,
    verifierOf: (accountId: string) => listedOf(accountId).deliveryVerifier,
    add,
    erase,
    erasePrekeys,
    addOneTimePrekeys,
    countOneTimePrekeys,
    forget: (accountId: string) => void listed.delete(accountId),
  };
}

export type DeviceRows = ReturnType<typeof deviceRows>;

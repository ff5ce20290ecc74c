import type { Database } from 'better-sqlite3';
import type { DeviceRows } from './device-rows.ts';
import { build, type Prepare } from './query.ts';
import type { PrekeyStore, StoredBundle } from './store.ts';

export function sqlitePrekeys(database: Database, prepared: Prepare, devices: DeviceRows): PrekeyStore {
  const recordOf = prepared<{ device: number }>()((argument) =>
    build.selectFrom('devices').select('record').where('row', '=', argument.device),
  );
  const takePrekey = prepared<{ device: number }>()((argument) =>
    build
      .deleteFrom('one_time_prekeys')
      .where('device', '=', argument.device)
      .where('id', '=', (select) =>
        select
          .selectFrom('one_time_prekeys')
          .select('id')
          .where('device', '=', argument.device)
          // Ids handed out in order would tell each claimer how many others there were.
          .orderBy((inner) => inner.fn('random'))
          .limit(1),
      )
      .returning(['id', 'public_key']),
  );

  const claim = database.transaction((accountId: string, deviceIds: number[], withOneTimePrekey: boolean): StoredBundle[] => {
    const rows = devices.listedOf(accountId)?.rows;
    const bundles: StoredBundle[] = [];
    for (const deviceId of new Set(deviceIds)) {
      const device = rows?.get(deviceId);
      const record = device === undefined ? null : recordOf.get({ device })?.record;
      if (device === undefined || !record) continue;
      // `all` runs the deletion to its end; `get` would stop it at the first row and leave the rest to chance.
      const [prekey] = withOneTimePrekey ? takePrekey.all({ device }) : [];
      const oneTimePrekey = prekey ? { id: prekey.id, publicKey: new Uint8Array(prekey.public_key) } : null;
      bundles.push({ deviceId, deviceRecord: new Uint8Array(record), oneTimePrekey });
    }
    return bundles;
  });

  return {
    claim: async (accountId, deviceIds, withOneTimePrekey) => claim.immediate(accountId, deviceIds, withOneTimePrekey),
    addOneTimePrekeys: async (deviceRow, prekeys) => database.transaction(() => devices.addOneTimePrekeys(deviceRow, prekeys)).immediate(),
    countOneTimePrekeys: async (deviceRow) => devices.countOneTimePrekeys(deviceRow),
  };
}

import type { Database } from 'better-sqlite3';
import { ProtocolError } from '../protocol/errors.ts';
import { MAX_GROUP_ENTRIES } from '../protocol/limits.ts';
import { build, type Prepare } from './query.ts';
import type { GroupLogHead, GroupStore } from './store.ts';

// What one log may take on disk: two hundred of the largest entries, or a lifetime of usual ones.
const MAX_GROUP_LOG_BYTES = 64 * 1_048_576;

export function sqliteGroups(database: Database, prepared: Prepare): GroupStore {
  const head = prepared<{ groupId: string }>()((argument) =>
    build.selectFrom('group_logs').select(['row', 'access_key', 'version', 'size']).where('group_id', '=', argument.groupId),
  );
  const insertLog = prepared<{ groupId: string; accessKey: Uint8Array; size: number }>()((argument) =>
    build.insertInto('group_logs').values({ group_id: argument.groupId, access_key: argument.accessKey, version: 1, size: argument.size }),
  );
  const advance = prepared<{ log: number; accessKey: Uint8Array; version: number; size: number }>()((argument) =>
    build
      .updateTable('group_logs')
      .set({ access_key: argument.accessKey, version: argument.version, size: argument.size })
      .where('row', '=', argument.log),
  );
  const insertEntry = prepared<{ log: number; version: number; entry: Uint8Array }>()((argument) =>
    build.insertInto('group_entries').values({ group_log: argument.log, version: argument.version, entry: argument.entry }),
  );
  const entryAfter = prepared<{ log: number; version: number }>()((argument) =>
    build.selectFrom('group_entries').select('entry').where('group_log', '=', argument.log).where('version', '=', argument.version),
  );

  const create = database.transaction((groupId: string, accessKey: Uint8Array, entry: Uint8Array): boolean => {
    if (head.get({ groupId })) return false;
    const log = insertLog.run({ groupId, accessKey, size: entry.length }).lastInsertRowid;
    insertEntry.run({ log, version: 1, entry });
    return true;
  });

  const append = database.transaction(
    (groupId: string, expected: GroupLogHead, entry: Uint8Array, newAccessKey: Uint8Array | null): boolean => {
      const log = head.get({ groupId });
      if (!log || log.version !== expected.version || Buffer.compare(log.access_key, expected.accessKey) !== 0) return false;
      const size = log.size + entry.length;
      if (log.version >= MAX_GROUP_ENTRIES || size > MAX_GROUP_LOG_BYTES) throw new ProtocolError('too_large');
      insertEntry.run({ log: log.row, version: log.version + 1, entry });
      advance.run({ log: log.row, accessKey: newAccessKey ?? log.access_key, version: log.version + 1, size });
      return true;
    },
  );

  return {
    createGroupLog: async (groupId, accessKey, entry) => create.immediate(groupId, accessKey, entry),
    async groupLogHead(groupId) {
      const log = head.get({ groupId });
      return log && { accessKey: new Uint8Array(log.access_key), version: log.version };
    },
    appendGroupEntry: async (groupId, expected, entry, newAccessKey) => append.immediate(groupId, expected, entry, newAccessKey),
    async groupEntries(groupId, from, maxEntries, maxBytes) {
      const log = head.get({ groupId });
      const entries = [];
      let size = 0;
      for (let version = from + 1; log && version <= log.version && entries.length < maxEntries; version++) {
        const entry = entryAfter.get({ log: log.row, version })?.entry;
        size += entry?.length ?? 0;
        if (!entry || (entries.length > 0 && size > maxBytes)) break;
        entries.push(new Uint8Array(entry));
      }
      return entries;
    },
  };
}

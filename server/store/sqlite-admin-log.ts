import type { Actor, LoggedAct } from './admin-store.ts';
import { HOUR_MS } from './hours.ts';
import { build, type Prepare } from './query.ts';

// A year, as whoever asks "who did that" asks within one; and a bound, should a script act all day.
const KEEP_HOURS = 365 * 24;
const MAX_ROWS = 10_000;

/** Ids and hours, no names. */
export function sqliteAdminLog(prepared: Prepare) {
  const insert = prepared<{ hour: number; act: string; target: string | null; by: string }>()((argument) =>
    build.insertInto('admin_log').values({ hour: argument.hour, act: argument.act, target: argument.target, by: argument.by }),
  );
  const deleteOld = prepared<{ hour: number; row: number }>()((argument) =>
    build.deleteFrom('admin_log').where((where) => where.or([where('hour', '<', argument.hour), where('row', '<=', argument.row)])),
  );
  const all = prepared<Record<never, never>>()(() => build.selectFrom('admin_log').select(['hour', 'act', 'target', 'by']).orderBy('row'));
  return {
    /** Inside the transaction of the act. */
    write(act: string, target: string | null, { now, by }: Actor): void {
      const hour = Math.floor(now / HOUR_MS);
      const row = insert.run({ hour, act, target, by }).lastInsertRowid;
      deleteOld.run({ hour: hour - KEEP_HOURS, row: row - MAX_ROWS });
    },
    purge: (now: number): void => void deleteOld.run({ hour: Math.floor(now / HOUR_MS) - KEEP_HOURS, row: 0 }),
    read: (): LoggedAct[] => all.all({}),
  };
}

export type AdminLog = ReturnType<typeof sqliteAdminLog>;

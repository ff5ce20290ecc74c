/** What must hold of a relay's database, told as one sentence for each thing that does not. Reads one snapshot; a relay may go on writing. */
import type { Database } from 'better-sqlite3';
import { NEWEST_SCHEMA, schemaOf } from './migrations/migrate.ts';

// A damaged file has thousands of complaints, and one says enough.
const MAX_COMPLAINTS = 5;

type Rule = { sql: string; sentence(count: number): string };

/** Each query counts what breaks the rule. */
const RULES: readonly Rule[] = [
  {
    sql: 'SELECT count(*) FROM waiting WHERE body NOT IN (SELECT row FROM bodies)',
    sentence: (count) => `${count} waiting envelopes have lost their bodies.`,
  },
  {
    sql: 'SELECT count(*) FROM bodies WHERE row NOT IN (SELECT body FROM waiting)',
    sentence: (count) => `${count} bodies wait for nobody.`,
  },
  {
    // Four bytes each (recipient-rows.ts).
    sql: `SELECT count(*) FROM bodies JOIN (SELECT body AS named, count(*) AS entries FROM waiting GROUP BY body) ON named = bodies.row
      WHERE length(recipients) <> 4 * entries`,
    sentence: (count) => `${count} bodies do not name the mailboxes they wait in.`,
  },
  {
    sql: 'SELECT count(*) FROM waiting JOIN bodies ON bodies.row = waiting.body WHERE length(bodies.body) <> waiting.size',
    sentence: (count) => `${count} waiting envelopes have another size than their bodies.`,
  },
  {
    sql: 'SELECT count(*) FROM waiting WHERE device NOT IN (SELECT device FROM mailboxes)',
    sentence: (count) => `${count} waiting envelopes are in no mailbox.`,
  },
  {
    sql: 'SELECT count(*) FROM waiting JOIN mailboxes ON mailboxes.device = waiting.device WHERE waiting.sequence <= mailboxes.acknowledged',
    sentence: (count) => `${count} waiting envelopes were acknowledged.`,
  },
  {
    sql: 'SELECT count(*) FROM mailboxes WHERE acknowledged > last_sequence OR last_sequence < 0',
    sentence: (count) => `${count} mailboxes have acknowledged more than they had.`,
  },
  {
    sql: 'SELECT count(*) FROM devices WHERE row NOT IN (SELECT device FROM mailboxes)',
    sentence: (count) => `${count} devices have no mailbox.`,
  },
  {
    sql: `SELECT count(*) FROM group_logs WHERE version <> (SELECT count(*) FROM group_entries WHERE group_log = group_logs.row)
      OR size <> (SELECT sum(length(entry)) FROM group_entries WHERE group_log = group_logs.row)`,
    sentence: (count) => `${count} group logs do not hold the entries they count.`,
  },
  {
    sql: `SELECT count(*) FROM accounts
      WHERE list_version <> (SELECT count(*) FROM device_lists WHERE device_lists.account = accounts.row)`,
    sentence: (count) => `${count} accounts do not hold the device lists they count.`,
  },
];

/** `quick`: leaves out what reads every index against its table. */
export function checkDatabase(database: Database, quick = false): string[] {
  const schema = schemaOf(database);
  if (schema === 0) return ['The database is empty; no relay has ever opened it.'];
  if (schema > NEWEST_SCHEMA)
    return [
      `The database has schema ${schema}, and this Sottovoce knows ${NEWEST_SCHEMA}: a newer one wrote it, and is to be installed again.`,
    ];
  const look = database.transaction((): string[] => {
    const complaints = database.pragma(`${quick ? 'quick_check' : 'integrity_check'}(${MAX_COMPLAINTS})`) as Record<string, string>[];
    const damaged = complaints.flatMap((row) => Object.values(row)).filter((text) => text !== 'ok');
    if (damaged.length > 0) return damaged.map((text) => `The file is damaged: ${text.replaceAll('\n', ' ')}.`);
    const strays = (database.pragma('foreign_key_check') as unknown[]).length;
    const broken = RULES.flatMap(({ sql, sentence }) => {
      const count = database.prepare<[], number>(sql).pluck().get() ?? 0;
      return count > 0 ? [sentence(count)] : [];
    });
    return strays > 0 ? [`${strays} rows name others that are gone.`, ...broken] : broken;
  });
  try {
    return look();
  } catch (error) {
    // SQLite's own words for damage it stumbles over; they name no row's content.
    return [`The file is damaged: ${error instanceof Error ? error.message : String(error)}.`];
  }
}

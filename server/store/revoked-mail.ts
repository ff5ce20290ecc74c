import type { Database } from 'better-sqlite3';
import { build, type Prepare } from './query.ts';
import type { MailboxRows } from './sqlite-mailbox.ts';

/**
 * A revoked device stays on its account's signed list, which is not the relay's to change, so senders go on writing to it and must be
 * answered as R4 says. What waits for it is erased every hour: its mailbox does not fill up, and nobody is held up by it.
 */
export function revokedMail(database: Database, prepared: Prepare, mailboxes: MailboxRows): () => void {
  const revoked = prepared<Record<never, never>>()(() => build.selectFrom('devices').select('row').where('revoked', '=', 1));
  return database.transaction(() => {
    for (const { row } of revoked.all({})) mailboxes.erase(row);
  });
}

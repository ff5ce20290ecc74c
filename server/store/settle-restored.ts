import type { Database } from 'better-sqlite3';

/**
 * More envelopes than a mailbox can have had since its backup was made: at a thousand a second that takes two years. Sequences stay below
 * 2^53 for a hundred thousand restores.
 */
const LIFT = 2 ** 36;

/**
 * A backup is the past, and three things of the past must not come again. One-time prekeys may have been handed out since. Invites may have
 * been used since. Sequences may have been given to other envelopes since, so all that waits is numbered anew, far ahead of every
 * client's cursor; `acknowledged` stays, as a cursor ahead of a client's own would tell it that its vault is an old copy.
 */
export function settleRestored(database: Database): void {
  database.transaction(() => {
    database.exec('DELETE FROM one_time_prekeys');
    database.exec('DELETE FROM invites');
    database.prepare('UPDATE waiting SET sequence = sequence + ?').run(LIFT);
    database.prepare('UPDATE mailboxes SET last_sequence = last_sequence + ?').run(LIFT);
  })();
}

/**
 * Skipped message keys, bounded in number and in age (https://signal.org/docs/specifications/doubleratchet/ §8.4 on why they must be):
 * 2,000 a chain, 4,000 a session, the oldest dropped first; 33 days, counted in whole days.
 */
import { MAX_SKIPPED_KEYS, MAX_SKIPPED_KEYS_A_SESSION, SKIPPED_KEY_KEEP_MS } from '../limits.ts';
import { decodeRecord, encodeRecord, type SessionState } from './record.ts';
import { mapRecords, type Session } from './session.ts';

const DAY_MS = 24 * 3_600_000;
const KEEP_DAYS = SKIPPED_KEY_KEEP_MS / DAY_MS;
const MAX_DAY = 0xffff;

/** Of 1970 and on. */
export function dayOf(now: number): number {
  return Math.min(MAX_DAY, Math.max(0, Math.floor(now / DAY_MS)));
}

export function boundSkipped(state: SessionState, today: number): void {
  let room = MAX_SKIPPED_KEYS_A_SESSION;
  // Newest chain first: what is over the session's bound goes from the oldest.
  for (const { skipped } of state.chains.toReversed()) {
    for (const [counter, { day }] of skipped) if (today - day > KEEP_DAYS) skipped.delete(counter);
    const most = Math.min(room, MAX_SKIPPED_KEYS);
    for (const counter of skipped.keys()) {
      if (skipped.size <= most) break;
      skipped.delete(counter);
    }
    room -= skipped.size;
  }
}

/** For sessions in which nothing happens; `decrypt` does the same to the one it uses. */
export function expireSkippedKeys(session: Session, now: number): Session {
  return mapRecords(session, (record) => {
    const state = decodeRecord(record);
    boundSkipped(state, dayOf(now));
    return encodeRecord(state);
  });
}

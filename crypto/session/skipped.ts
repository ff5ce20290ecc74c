/**
 * Skipped message keys, bounded in number and in age (https://signal.org/docs/specifications/doubleratchet/ §8.4 on why they must be):
 * 2,000 a chain, 4,000 a session, the oldest dropped first; 33 days, counted in whole days.
 */
import { MAX_SKIPPED_KEYS, MAX_SKIPPED_KEYS_A_SESSION, SKIPPED_KEY_KEEP_MS } from '../limits.ts';
import { CHAIN } from './library.ts';
import { type Chain, decodeRecord, encodeRecord, type SessionState } from './record.ts';
import { mapRecords, type Session } from './session.ts';

const DAY_MS = 24 * 3_600_000;
const KEEP_DAYS = SKIPPED_KEY_KEEP_MS / DAY_MS;
const MAX_DAY = 0xffff;

function forget(chain: Chain, counters: readonly string[]): void {
  for (const counter of counters) {
    delete chain.messageKeys[Number(counter)];
    delete chain.storedOn[Number(counter)];
  }
}

export function boundSkipped(state: SessionState, now: number): void {
  const today = Math.min(MAX_DAY, Math.max(0, Math.floor(now / DAY_MS)));
  let room = MAX_SKIPPED_KEYS_A_SESSION;
  const receiving = Object.values(state.chains).filter((chain) => chain.chainType === CHAIN.receiving);
  // Newest chain first: what is over the session's bound goes from the oldest.
  for (const chain of receiving.reverse()) {
    for (const counter of Object.keys(chain.messageKeys)) chain.storedOn[Number(counter)] ??= today;
    const old = Object.keys(chain.messageKeys).filter((counter) => today - (chain.storedOn[Number(counter)] ?? today) > KEEP_DAYS);
    forget(chain, old);
    const left = Object.keys(chain.messageKeys);
    const most = Math.min(room, MAX_SKIPPED_KEYS);
    forget(chain, left.slice(0, Math.max(0, left.length - most)));
    room -= Math.min(left.length, most);
  }
}

/** For sessions in which nothing happens; `decrypt` does the same to the one it uses. */
export function expireSkippedKeys(session: Session, now: number): Session {
  return mapRecords(session, (record) => {
    const state = decodeRecord(record);
    boundSkipped(state, now);
    return encodeRecord(state);
  });
}

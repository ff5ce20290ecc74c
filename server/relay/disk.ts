import { statfsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import type { Clock } from '../ports.ts';
import { ProtocolError } from '../protocol/errors.ts';
import type { Store } from '../store/store.ts';

const LOOK_EVERY_MS = 5_000;

/** When whoever is refused for want of room may try again. */
export const NO_ROOM_RETRY_MS = 10_000;

export type DiskLog = { full(freeMib: number, code: string): void; hasRoomAgain(freeMib: number): void };
type Parts = { dataDir: string; minFreeBytes: number; clock: Clock; store: Pick<Store, 'probe'>; log: DiskLog };

/** SQLite's word for a write that found no room or failed on the way to the disk. */
export function diskFailure(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return /^(?:SQLITE_(?:FULL|IOERR)|ENOSPC|EDQUOT)/.test(code) ? code : undefined;
}

/**
 * Whether there is room for what is new. A reserve stays free, so that acknowledgements, which free room, can be written even then.
 * A write that failed closes the disk as well, until a small one succeeds.
 */
export function diskWatch({ dataDir, minFreeBytes, clock, store, log }: Parts) {
  const roomOf = ({ bavail, bsize }: { bavail: number; bsize: number }): number => bavail * bsize;
  let free = roomOf(statfsSync(dataDir));
  let failure: string | undefined;
  let told = false;
  let stopped = false;
  let cancel = (): void => undefined;

  const hasRoom = (): boolean => failure === undefined && free >= minFreeBytes;

  function tell(): void {
    if (told === !hasRoom()) return;
    told = !told;
    const freeMib = Math.floor(free / 1_048_576);
    if (told) log.full(freeMib, failure ?? 'reserve');
    else log.hasRoomAgain(freeMib);
  }

  /** True when the error is the disk's. */
  function note(error: unknown): boolean {
    const code = diskFailure(error);
    if (code === undefined) return false;
    failure = code;
    tell();
    return true;
  }

  async function look(): Promise<void> {
    try {
      free = roomOf(await statfs(dataDir));
      if (failure !== undefined && !stopped) {
        await store.probe();
        failure = undefined;
      }
      tell();
    } catch (error) {
      note(error);
    }
  }

  function lookLater(): void {
    cancel = clock.setTimer(LOOK_EVERY_MS, () => {
      void look().finally(() => {
        if (!stopped) lookLater();
      });
    });
  }
  tell();
  lookLater();

  return {
    hasRoom,
    freeBytes: () => free,
    note,
    /** Throws `unavailable` with the time to wait. */
    requireRoom(): void {
      if (!hasRoom()) throw new ProtocolError('unavailable', { retryAfterMs: NO_ROOM_RETRY_MS });
    },
    stop(): void {
      stopped = true;
      cancel();
    },
  };
}

export type DiskWatch = ReturnType<typeof diskWatch>;

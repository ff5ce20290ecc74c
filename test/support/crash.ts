import { type MemoryDisk, openMemoryVault } from '../../client/adapters/memory-vault.ts';
import { systemClock } from '../../client/adapters/system-clock.ts';
import { createWebSocketRelay } from '../../client/adapters/websocket-relay.ts';
import type { Relay, RelayConnection } from '../../client/ports/relay.ts';
import { RelayFailure } from '../../client/ports/relay.ts';
import { VaultFailure, type VaultStorage } from '../../client/ports/vault.ts';

/** Whether the commit at which the process dies was still written. */
export type CrashMoment = 'before' | 'after';

/** A machine on which a process can die at a commit: then neither disk nor network hears of it any more. */
export type Machine = {
  storage: VaultStorage;
  relay: Relay;
  /** Dies at the n-th commit from now, counted from 1. */
  arm(n: number, moment: CrashMoment): void;
  isDead(): boolean;
  /** Resolves at death. */
  dead: Promise<void>;
};

export function createMachine(disk: MemoryDisk, origin: string): Machine {
  const storage = openMemoryVault(disk);
  const relay = createWebSocketRelay({ origin, clock: systemClock });
  const connections = new Set<RelayConnection>();
  const { promise: dead, resolve } = Promise.withResolvers<void>();
  let isDead = false;
  let armed: { left: number; moment: CrashMoment } | null = null;

  function die(): void {
    isDead = true;
    for (const connection of connections) connection.close();
    resolve();
  }

  return {
    dead,
    isDead: () => isDead,
    arm(n, moment) {
      armed = { left: n, moment };
    },
    storage: {
      ...storage,
      async commit(epoch, writes) {
        if (isDead) throw new VaultFailure('storage');
        const now = armed && --armed.left === 0 ? armed.moment : null;
        if (now !== 'before') await storage.commit(epoch, writes);
        if (now) {
          die();
          throw new VaultFailure('storage');
        }
      },
    },
    relay: {
      origin: relay.origin,
      info: () => relay.info(),
      request(route, body, token) {
        if (isDead) return Promise.reject(new RelayFailure('offline'));
        return relay.request(route, body, token);
      },
      connect(token, handlers) {
        const connection = relay.connect(token, handlers);
        connections.add(connection);
        if (isDead) connection.close();
        return { send: (frame) => (isDead ? undefined : connection.send(frame)), close: () => connection.close() };
      },
    },
  };
}

/** What every part of the open engine shares: the ports, the vault as committed, the one way to change it, and the one way to tell. */
import type { Bytes } from '../../crypto/index.ts';
import type { Clock } from '../ports/clock.ts';
import type { RandomBytes } from '../ports/random.ts';
import type { Relay } from '../ports/relay.ts';
import type { MessengerEvent } from './api.ts';
import { Failure } from './api.ts';
import { createSerial } from './serial.ts';
import type { Account } from './state.ts';
import type { OpenVault } from './open-vault.ts';
import { createStep, type Step, type View } from './step.ts';

export type CorePorts = { clock: Clock; random: RandomBytes; relay: Relay };

export type Core = CorePorts & {
  readonly read: View;
  now(): number;
  /** The relay's calendar, by what it said when this device connected; this device's until then. */
  relayNow(): number;
  hearRelayTime(time: number): void;
  account(): Account;
  /** Steps run one after another; a step that throws, or whose commit fails, has changed nothing. */
  step<T>(run: (step: Step) => Promise<T> | T): Promise<T>;
  emit(event: MessengerEvent): void;
  /** A timer that ends with the engine. */
  later(afterMs: number, run: () => void): () => void;
  /** Fraction of 1, for jitter. */
  chance(): number;
  readonly stopped: () => boolean;
  stop(): Promise<void>;
};

function accountOf(view: View): Account {
  const account = view.get('account', 'self');
  if (!account) throw new Failure('broken');
  return account;
}

export function createCore(
  ports: CorePorts,
  vault: OpenVault,
  emit: (event: MessengerEvent) => void,
  failed: (error: unknown) => void,
): Core {
  const serial = createSerial();
  const timers = new Set<() => void>();
  let stopped = false;
  let relayAheadMs = 0;

  async function runStep<T>(run: (step: Step) => Promise<T> | T): Promise<T> {
    if (stopped) throw new Failure('locked');
    const { step, changes } = createStep(vault);
    const result = await run(step);
    const made = changes();
    if (made.records.length + made.messages.length + made.dropped.length > 0) {
      try {
        await vault.commit(made);
      } catch (error) {
        failed(error);
        throw error;
      }
    }
    if (!stopped) for (const speak of made.after) speak();
    return result;
  }

  return {
    ...ports,
    read: vault,
    now: () => ports.clock.now(),
    relayNow: () => ports.clock.now() + relayAheadMs,
    hearRelayTime(time) {
      relayAheadMs = time - ports.clock.now();
    },
    account: () => accountOf(vault),
    step: (run) => serial(() => runStep(run)),
    emit: (event) => {
      if (!stopped) emit(event);
    },
    later(afterMs, run) {
      const cancel = ports.clock.setTimer(afterMs, () => {
        timers.delete(cancel);
        if (!stopped) run();
      });
      timers.add(cancel);
      return () => {
        timers.delete(cancel);
        cancel();
      };
    },
    chance: () => new DataView(ports.random(4).buffer).getUint32(0) / 2 ** 32,
    stopped: () => stopped,
    async stop() {
      stopped = true;
      for (const cancel of timers) cancel();
      timers.clear();
      // What is running ends first, so that nothing touches a vault that is closed.
      await serial(() => undefined);
    },
  };
}

export function accountIn(step: View): Account {
  return accountOf(step);
}

/** 16 fresh bytes: an envelope's or a message's id. */
export function freshId(core: Pick<Core, 'random'>): Bytes {
  return core.random(16);
}

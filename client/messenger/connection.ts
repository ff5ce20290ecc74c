/**
 * The one socket: opened, kept, opened again. "Ready" comes late on purpose: nothing is encrypted before the relay's cursor was compared
 * with the vault's and what waited was taken in (D9).
 */
import { closeCodeOf, type ErrorCode } from '../../server/protocol/errors.ts';
import type { DeliverFrame, Recipient, RelayedSignalFrame, WelcomeFrame } from '../../server/protocol/frames.ts';
import { type HeardFrame, type RelayConnection, RelayFailure } from '../ports/relay.ts';
import type { Connection as ConnectionState } from './api.ts';
import { backoffMs } from './backoff.ts';
import type { Core } from './core.ts';
import { failureOf } from './failure.ts';
import type { RelaySession } from './relay-session.ts';

export class Refused extends Error {
  override readonly name = 'Refused';
  readonly code: ErrorCode;
  readonly retryAfterMs: number;
  readonly accounts: readonly string[];
  constructor(code: ErrorCode, retryAfterMs: number, accounts: readonly string[]) {
    super(code);
    this.code = code;
    this.retryAfterMs = retryAfterMs;
    this.accounts = accounts;
  }
}

export type Submission = { envelopeId: Uint8Array; recipients: Recipient[]; body: Uint8Array };

export type ConnectionHandlers = {
  /** Resolves when the mailbox may be taken in; the connection is given up when it throws. */
  welcome(frame: WelcomeFrame): Promise<void>;
  deliver(frame: DeliverFrame): void;
  signal(frame: RelayedSignalFrame): void;
  /** Resolves when everything delivered before is committed. */
  drained(): Promise<void>;
  ready(): void;
};

export type Connection = {
  start(): void;
  stop(): void;
  /** Gives the present socket up and connects anew, later. */
  restart(): void;
  state(): ConnectionState;
  isReady(): boolean;
  /** Resolves when it is on the relay's disk. Throws `Refused`, or `RelayFailure('offline')` when the socket ends first. */
  submit(submission: Submission): Promise<void>;
  signal(recipients: Recipient[], body: Uint8Array): void;
  ack(sequence: number): void;
};

type Waiting = { resolve(): void; reject(error: Error): void };

const REPLACED_WAIT_MS = 30_000;

// Who was removed for good should not cost the relay much, and who is let in again should not wait long.
const SHUT_OUT_MAX_MS = 900_000;

export function createConnection(core: Core, relay: RelaySession, handlers: ConnectionHandlers): Connection {
  let state: ConnectionState = { state: 'offline', since: core.now() };
  let socket: RelayConnection | null = null;
  let wanted = false;
  let ready = false;
  let failures = 0;
  let requestId = 0;
  let round = 0;
  let cancelRetry: () => void = () => undefined;
  const waiting = new Map<number, Waiting>();

  function become(next: ConnectionState['state']): void {
    if (state.state === next) return;
    const since = state.state === 'online' ? core.now() : state.since;
    state = next === 'online' ? { state: next } : { state: next, since };
    core.emit({ type: 'connection', connection: state });
  }

  function abandon(): void {
    round++;
    ready = false;
    socket?.close();
    socket = null;
    for (const { reject } of waiting.values()) reject(new RelayFailure('offline'));
    waiting.clear();
  }

  function retry(waitMs: number): void {
    cancelRetry();
    cancelRetry = core.later(waitMs, () => void open());
  }

  function lost(afterMs = 0): void {
    abandon();
    if (!wanted) return;
    become('offline');
    retry(Math.max(afterMs, backoffMs(failures++, core.chance())));
  }

  function shutOut(): void {
    abandon();
    if (!wanted) return;
    // How long it was away before says nothing about this.
    if (state.state !== 'shut-out') failures = 0;
    become('shut-out');
    retry(backoffMs(failures++, core.chance(), SHUT_OUT_MAX_MS));
  }

  function answer(id: number, settle: (one: Waiting) => void): void {
    const one = waiting.get(id);
    waiting.delete(id);
    if (one) settle(one);
  }

  async function drained(mine: number): Promise<void> {
    await handlers.drained();
    if (mine !== round || ready) return;
    ready = true;
    failures = 0;
    handlers.ready();
  }

  function hear(frame: HeardFrame, mine: number): void {
    if (mine !== round) return;
    const giveUp = (): void => {
      if (mine === round) lost();
    };
    switch (frame.type) {
      case 'welcome':
        core.hearRelayTime(frame.time);
        become('online');
        handlers.welcome(frame).catch(giveUp);
        break;
      case 'deliver':
        handlers.deliver(frame);
        break;
      case 'drained':
        drained(mine).catch(giveUp);
        break;
      case 'signal':
        handlers.signal(frame);
        break;
      case 'accepted':
        answer(frame.requestId, (one) => one.resolve());
        break;
      case 'refused':
        answer(frame.requestId, (one) => one.reject(new Refused(frame.code, frame.retryAfterMs, frame.accounts)));
        break;
    }
  }

  function closed(code: number): void {
    // Whether the device is shut out, only a login tells.
    if (code === closeCodeOf('unauthorized') || code === closeCodeOf('revoked')) relay.forgetToken();
    lost(code === closeCodeOf('replaced') ? REPLACED_WAIT_MS : 0);
  }

  async function open(): Promise<void> {
    const mine = ++round;
    // Until it is let in, nothing is known to have changed.
    if (state.state !== 'shut-out') become('connecting');
    try {
      const token = await relay.token();
      if (mine !== round || !wanted) return;
      socket = core.relay.connect(token, {
        frame: (frame) => hear(frame, mine),
        closed: (code) => {
          if (mine === round) closed(code);
        },
      });
    } catch (error) {
      if (mine !== round) return;
      if (failureOf(error).code === 'shut-out') shutOut();
      else lost(error instanceof RelayFailure ? error.retryAfterMs : 0);
    }
  }

  return {
    start() {
      if (wanted) return;
      wanted = true;
      void open();
    },
    stop() {
      wanted = false;
      cancelRetry();
      abandon();
    },
    restart() {
      if (wanted) lost();
    },
    state: () => state,
    isReady: () => ready,
    submit({ envelopeId, recipients, body }) {
      const connection = socket;
      if (!connection || !ready) return Promise.reject(new RelayFailure('offline'));
      requestId = (requestId + 1) % 2 ** 32;
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      waiting.set(requestId, { resolve, reject });
      connection.send({ type: 'submit', requestId, envelopeId, recipients, body });
      return promise;
    },
    signal(recipients, body) {
      if (ready) socket?.send({ type: 'signal', recipients, body });
    },
    ack: (sequence) => socket?.send({ type: 'ack', sequence }),
  };
}

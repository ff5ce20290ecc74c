/**
 * The border between page and worker: `Messenger` on both sides. Calls and events cross by structured clone, so what crosses is values;
 * a refusal crosses as its code alone and is a `Failure` again on the other side. An error that is no `Failure` crosses as `broken`: its
 * text could hold what the page must not show.
 */
import { type Endpoint, expose, proxy, releaseProxy, type Remote, wrap } from 'comlink';
import { Failure, type FailureCode, type Messenger, type MessengerEvent } from '../messenger/api.ts';
import type { Marker } from '../ports/marker.ts';

export { Failure };

type Call = Exclude<keyof Messenger, 'subscribe'>;
type Listener = (event: MessengerEvent) => void;

/** Everything that may be called; the compiler sees to it that none is forgotten. */
const CALLS: Record<Call, true> = {
  checkInvite: true,
  checkUsername: true,
  signUp: true,
  recoveryWords: true,
  confirmRecoveryWords: true,
  unlock: true,
  lock: true,
  takeOver: true,
  startOver: true,
  findByUsername: true,
  openContactLink: true,
  openDirect: true,
  contactLink: true,
  acceptContact: true,
  blockContact: true,
  safetyNumber: true,
  compareSafetyNumber: true,
  setVerified: true,
  acceptIdentityChange: true,
  page: true,
  sendText: true,
  retry: true,
  deleteForMe: true,
  markRead: true,
  setDraft: true,
  setTyping: true,
  deleteConversation: true,
  createGroup: true,
  addMembers: true,
  removeMember: true,
  leaveGroup: true,
  renameGroup: true,
  setRole: true,
  setSettings: true,
  createInvite: true,
  invites: true,
  revokeInvite: true,
  close: true,
};

type Answer = { ok: true; value: unknown } | { ok: false; code: FailureCode; retryAfterMs: number };

type Host = {
  start(marker: Marker): Promise<Answer>;
  ask(call: Call, input: unknown[]): Promise<Answer>;
  subscribe(listener: Listener & Partial<Remote<Listener>>): number;
  unsubscribe(subscription: number): void;
};

async function answerOf(run: () => unknown): Promise<Answer> {
  try {
    return { ok: true, value: await run() };
  } catch (error) {
    if (error instanceof Failure) return { ok: false, code: error.code, retryAfterMs: error.retryAfterMs };
    return { ok: false, code: 'broken', retryAfterMs: 0 };
  }
}

/** In the worker. `start` makes the engine when the page has said hello. */
export function hostMessenger(start: (marker: Marker) => Promise<Messenger>, endpoint?: Endpoint): void {
  let started: Promise<Messenger> | undefined;
  let engine: Messenger | undefined;
  const subscriptions = new Map<number, () => void>();
  let subscribed = 0;

  function running(): Messenger {
    if (!engine) throw new Failure('broken');
    return engine;
  }

  const host: Host = {
    start: (marker) =>
      answerOf(async () => {
        started ??= start(marker);
        engine = await started;
      }),
    ask: (call, input) =>
      answerOf(() => {
        if (!Object.hasOwn(CALLS, call)) throw new Failure('broken');
        const messenger = running();
        return (messenger[call] as (...input: unknown[]) => unknown).apply(messenger, input);
      }),
    subscribe(listener) {
      const stop = running().subscribe((event) => void listener(event));
      subscriptions.set(++subscribed, () => {
        stop();
        listener[releaseProxy]?.();
      });
      return subscribed;
    },
    unsubscribe(subscription) {
      subscriptions.get(subscription)?.();
      subscriptions.delete(subscription);
    },
  };
  expose(host, endpoint);
}

async function settled(answer: Promise<Answer>): Promise<unknown> {
  const known = await answer;
  if (!known.ok) throw new Failure(known.code, known.retryAfterMs);
  return known.value;
}

/** On the page. Resolves when the engine is there; rejects with the `Failure` that kept it from starting. */
export async function connectToWorker(endpoint: Endpoint, marker: Marker): Promise<Messenger> {
  const host = wrap<Host>(endpoint);
  await settled(host.start(proxy(marker)));

  const calls = Object.keys(CALLS).map((call) => [call, (...input: unknown[]) => settled(host.ask(call as Call, input))]);
  return {
    ...(Object.fromEntries(calls) as Omit<Messenger, 'subscribe'>),
    subscribe(listener) {
      let stopped = false;
      const subscription = host.subscribe(
        proxy((event: MessengerEvent) => {
          if (!stopped) listener(event);
        }),
      );
      return () => {
        if (stopped) return;
        stopped = true;
        void subscription.then((number) => host.unsubscribe(number));
      };
    },
  };
}

/** One of the processes that play the clients. It ends with the bench that started it. */
import type { Adapter, AdapterName, Target } from './adapter.ts';
import type { Ask, Command, Commands } from './driver-wire.ts';
import { load } from './load.ts';

const ADAPTERS: Record<AdapterName, (target: Target) => Promise<Adapter>> = {
  ours: async (target) => (await import('./adapters/ours.ts')).ours(target),
  bare: async (target) => (await import('./adapters/bare.ts')).bare(target),
  mqtt: async (target) => (await import('./adapters/mqtt.ts')).mqtt(target),
  xmpp: async (target) => (await import('./adapters/xmpp.ts')).xmpp(target),
};

function say(message: { answer: unknown } | { error: string }): void {
  process.send?.(message);
}

function failed(error: unknown): void {
  say({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
}

let current: ReturnType<typeof load> | undefined;

type Asked = { [C in Command]: Ask<C> }[Command];

async function answer(ask: Asked): Promise<Commands[Command]['answer'] | unknown> {
  if (ask.command === 'use') {
    current = load(await ADAPTERS[ask.adapter](ask.target), failed);
    return null;
  }
  if (!current) throw new Error('no adapter yet');
  switch (ask.command) {
    case 'signUp':
      return current.signUp(ask.devices, ask.invite);
    case 'logIn':
      return current.logIn(ask.devices);
    case 'connect':
      return current.connect(ask.devices);
    case 'close':
      return current.close();
    case 'closedLoop':
      return current.closedLoop(ask.pairs, ask.outstanding, ask.window);
    case 'openLoop':
      return current.openLoop(ask.pairs, ask.perSecond, ask.window);
    case 'queue':
      return current.queue(ask.pairs, ask.count, ask.outstanding);
    case 'fanOut':
      return current.fanOut(ask.sender, ask.to, ask.count, ask.outstanding);
    case 'drain':
      return current.drain(ask.devices, ask.each, ask.connect);
  }
}

process.on('message', (ask: Asked & { id: number }) => {
  answer(ask).then(
    (result) => process.send?.({ id: ask.id, answer: result ?? null }),
    (error: unknown) => failed(error),
  );
});
process.once('disconnect', () => process.exit(0));
say({ answer: 'ready' });

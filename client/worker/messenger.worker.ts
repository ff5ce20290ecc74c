/** The engine in its worker, with what a worker has. The page adds its marker, for which only it has a place. */
import { openIndexedDbVault } from '../adapters/indexeddb-vault.ts';
import { systemClock as clock } from '../adapters/system-clock.ts';
import { systemRandom as random } from '../adapters/system-random.ts';
import { installWebPrimitives } from '../adapters/web-primitives.ts';
import { createWebSocketRelay } from '../adapters/websocket-relay.ts';
import { createMessenger } from '../messenger/messenger.ts';
import { hostMessenger } from './bridge.ts';
import { createLeader } from './leader.ts';
import { holdLifeline } from './lifeline.ts';

hostMessenger(async (marker) => {
  await holdLifeline(navigator.locks, self.name);
  await installWebPrimitives();
  const relay = createWebSocketRelay({ origin: location.origin, clock });
  return createMessenger({ storage: openIndexedDbVault(), relay, clock, random, ownership: createLeader(navigator.locks), marker });
});

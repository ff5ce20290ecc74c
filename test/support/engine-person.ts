import { alwaysOwner } from '../../client/adapters/always-owner.ts';
import { createMemoryMarker } from '../../client/adapters/memory-marker.ts';
import { createMemoryDisk, openMemoryVault } from '../../client/adapters/memory-vault.ts';
import { nodePrimitives } from '../../client/adapters/node-primitives.ts';
import { systemClock } from '../../client/adapters/system-clock.ts';
import { systemRandom } from '../../client/adapters/system-random.ts';
import { createWebSocketRelay } from '../../client/adapters/websocket-relay.ts';
import type { Conversation, Me, Message, Messenger, MessengerEvent, Phase } from '../../client/messenger/api.ts';
import type { Engine } from '../../client/messenger/engine.ts';
import { type MessengerPorts, openDoor } from '../../client/messenger/messenger.ts';
import type { Relay } from '../../client/ports/relay.ts';
import type { VaultStorage } from '../../client/ports/vault.ts';
import { installPrimitives, toBase64url } from '../../crypto/index.ts';

installPrimitives(nodePrimitives);

// Long enough for a loaded machine; a test that needs it has failed.
const PATIENCE_MS = 15_000;

export const PASSPHRASE = 'correct horse battery';

/** Someone at a screen: an engine, and what its events have shown so far. */
export type Person = {
  messenger: Messenger;
  /** Behind the door: for a second device, and for engines that lie. */
  engine(): Engine;
  phase(): Phase;
  me(): Me;
  conversation(id: string): Conversation | undefined;
  conversations(): Conversation[];
  /** As shown, by position. */
  rows(id: string): Message[];
  texts(id: string): string[];
  isOnline(): boolean;
  events: MessengerEvent[];
  /** Resolves when the check first gives something; looked at again with every event. */
  until<T>(what: string, check: () => T | false | null | undefined): Promise<T>;
  say(id: string, text: string): Promise<string>;
  close(): Promise<void>;
};

export type PersonOptions = Partial<MessengerPorts> & { origin?: string };

function portsFor({ origin, ...given }: PersonOptions): MessengerPorts {
  const clock = given.clock ?? systemClock;
  const relay: Relay = given.relay ?? createWebSocketRelay({ origin: origin ?? '', clock });
  const storage: VaultStorage = given.storage ?? openMemoryVault(createMemoryDisk());
  return {
    clock,
    relay,
    storage,
    random: given.random ?? systemRandom,
    ownership: given.ownership ?? alwaysOwner,
    marker: given.marker ?? createMemoryMarker(),
  };
}

export function createPerson(options: PersonOptions): Person {
  const { messenger, door } = openDoor(portsFor(options));
  const conversations = new Map<string, Conversation>();
  const rows = new Map<string, Map<number, Message>>();
  const checks = new Set<() => void>();
  const events: MessengerEvent[] = [];
  let phase: Phase = { phase: 'starting' };
  let online = false;

  function hear(event: MessengerEvent): void {
    events.push(event);
    if (event.type === 'phase') phase = event.phase;
    if (event.type === 'connection') online = event.connection.state === 'online';
    if (event.type === 'conversation') conversations.set(event.conversation.id, event.conversation);
    if (event.type === 'conversation-gone') {
      conversations.delete(event.id);
      rows.delete(event.id);
    }
    if (event.type === 'messages') {
      const here = rows.get(event.conversationId) ?? new Map<number, Message>();
      rows.set(event.conversationId, here);
      for (const message of event.messages) here.set(message.position, message);
    }
    if (event.type === 'messages-gone') {
      for (const [position, { id }] of rows.get(event.conversationId) ?? []) {
        if (event.ids.includes(id)) rows.get(event.conversationId)?.delete(position);
      }
    }
    for (const check of checks) check();
  }

  const unsubscribe = messenger.subscribe(hear);
  const rowsOf = (id: string): Message[] => [...(rows.get(id) ?? [])].sort(([a], [b]) => a - b).map(([, message]) => message);

  const person: Person = {
    messenger,
    engine: () => door.engine(),
    events,
    phase: () => phase,
    me() {
      if (phase.phase !== 'open') throw new Error(`not open: ${phase.phase}`);
      return phase.me;
    },
    conversation: (id) => conversations.get(id),
    conversations: () => [...conversations.values()],
    rows: rowsOf,
    texts: (id) => rowsOf(id).flatMap(({ body }) => (body.kind === 'text' ? [body.text] : [])),
    isOnline: () => online,
    until(what, check) {
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          checks.delete(look);
          reject(new Error(`never came: ${what}`));
        }, PATIENCE_MS);
        function look(): void {
          const found = check();
          if (!found) return;
          clearTimeout(timer);
          checks.delete(look);
          resolve(found);
        }
        checks.add(look);
        look();
      });
    },
    async say(id, text) {
      const message = toBase64url(systemRandom(16));
      await messenger.sendText(id, text, message);
      return message;
    },
    async close() {
      await messenger.close();
      unsubscribe();
    },
  };
  return person;
}

/** The phase after `starting`. */
export function settled(person: Person): Promise<Phase> {
  return person.until('a phase', () => person.phase().phase !== 'starting' && person.phase());
}

export async function signUp(person: Person, username: string, invite: string, contact?: string): Promise<string[]> {
  await settled(person);
  const { recoveryWords } = await person.messenger.signUp({ invite, username, passphrase: PASSPHRASE, ...(contact && { contact }) });
  await person.until('online', person.isOnline);
  return recoveryWords;
}

export async function unlock(person: Person): Promise<void> {
  await settled(person);
  await person.messenger.unlock(PASSPHRASE);
}

export function inviteOf(link: string): string {
  return link.split('/').at(-1) ?? '';
}

/** People with accounts, each invited by the first. */
export async function peopleAt(
  relay: { origin: string; firstInvite: string | undefined },
  names: readonly string[],
  options: (name: string) => PersonOptions = () => ({}),
): Promise<Person[]> {
  const people: Person[] = [];
  for (const name of names) {
    const person = createPerson({ origin: relay.origin, ...options(name) });
    const first = people[0];
    const invite = first ? inviteOf((await first.messenger.createInvite()).link) : (relay.firstInvite ?? '');
    await signUp(person, name, invite);
    people.push(person);
  }
  return people;
}

/** Both have the other as an accepted contact, met by link. */
export async function acquaint(a: Person, b: Person): Promise<void> {
  await a.messenger.openContactLink(await b.messenger.contactLink());
  await b.messenger.openContactLink(await a.messenger.contactLink());
}

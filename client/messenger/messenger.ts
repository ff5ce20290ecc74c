/** The engine's door: every call of api.ts handed to the part that does it, every failure in the one closed set. */
import { deriveAccountKey, equalBytes, parseRecoveryKey } from '../../crypto/index.ts';
import type { Me, Messenger, MessengerEvent } from './api.ts';
import { accountIn } from './core.ts';
import { createDoor, type Door, type MessengerPorts } from './door.ts';
import type { Engine } from './engine.ts';
import { failureOf } from './failure.ts';

export type { MessengerPorts } from './door.ts';

// Listeners get whole objects; a page of 50 is what a screen takes (DESIGN, Numbers).
const PAGE_MESSAGES = 50;
const MAX_PAGE_MESSAGES = 200;

export function createMessenger(ports: MessengerPorts): Messenger {
  return openDoor(ports).messenger;
}

/** With the engine behind it, for what is not the page's to ask: another device of the account, tests. */
export function openDoor(ports: MessengerPorts): { messenger: Messenger; door: Door } {
  const listeners = new Set<(event: MessengerEvent) => void>();
  const emit = (event: MessengerEvent): void => {
    for (const listener of listeners) listener(event);
  };
  const door = createDoor(ports, emit);

  /** Every call to the door ends in a value or in a `Failure`. */
  async function guarded<T>(run: () => Promise<T> | T): Promise<T> {
    try {
      return await run();
    } catch (error) {
      throw failureOf(error);
    }
  }

  const open = <T>(run: (engine: Engine) => Promise<T> | T): Promise<T> => guarded(() => run(door.engine()));

  function repeat(listener: (event: MessengerEvent) => void): void {
    listener({ type: 'phase', phase: door.phase() });
    const engine = door.opened();
    if (!engine) return;
    listener({ type: 'connection', connection: engine.connection.state() });
    for (const [id] of engine.core.read.all('conversations')) {
      const conversation = engine.conversations.view(id);
      if (conversation) listener({ type: 'conversation', conversation });
    }
  }

  async function confirm(engine: Engine, words: string): Promise<boolean> {
    let entropy: Uint8Array<ArrayBuffer>;
    try {
      entropy = parseRecoveryKey(words);
    } catch {
      return false;
    }
    const { publicKey } = await deriveAccountKey(entropy);
    if (!equalBytes(publicKey, engine.core.account().accountKey)) return false;
    await engine.core.step((step) => step.put('account', 'self', { ...accountIn(step), recovery: null }));
    door.tellMe();
    return true;
  }

  async function setSettings(engine: Engine, settings: Me['settings']): Promise<void> {
    const { readReceipts, typing } = settings;
    await engine.core.step((step) => step.put('account', 'self', { ...accountIn(step), settings: { readReceipts, typing } }));
    door.tellMe();
  }

  const messenger: Messenger = {
    subscribe(listener) {
      repeat(listener);
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },

    checkInvite: (invite) => guarded(() => door.checkInvite(invite)),
    checkUsername: (invite, username) => guarded(() => door.checkUsername(invite, username)),
    signUp: (input) => guarded(() => door.signUp(input)),
    recoveryWords: () => open(({ core }) => (core.account().recovery ? [...(core.account().recovery ?? [])] : null)),
    confirmRecoveryWords: (words) => open((engine) => confirm(engine, words)),
    unlock: (passphrase) => guarded(() => door.unlock(passphrase)),
    lock: () => guarded(() => door.lock()),
    takeOver: () => guarded(() => door.takeOver()),
    startOver: () => guarded(() => door.startOver()),

    findByUsername: (username) => open(({ people }) => people.findByUsername(username)),
    openContactLink: (link) => open(({ people }) => people.openContactLink(link)),
    openDirect: (accountId) => open(({ people }) => people.openDirect(accountId)),
    contactLink: () => open(({ people }) => people.contactLink()),
    acceptContact: (accountId) => open(({ people }) => people.accept(accountId)),
    blockContact: (accountId, blocked) => open(({ people }) => people.block(accountId, blocked)),
    safetyNumber: (accountId) => open(({ people }) => people.safetyNumber(accountId)),
    compareSafetyNumber: (accountId, scanned) => open(({ people }) => people.compare(accountId, scanned)),
    setVerified: (accountId, verified) => open(({ people }) => people.setVerified(accountId, verified)),
    acceptIdentityChange: (accountId) => open(({ people }) => people.acceptIdentityChange(accountId)),

    page: (conversationId, before, limit = PAGE_MESSAGES) =>
      open(async ({ core }) => {
        const wanted = Math.min(Math.max(1, Math.floor(limit)), MAX_PAGE_MESSAGES);
        return core.read.page(conversationId, before, wanted);
      }),
    sendText: (conversationId, text, id) => open(({ messages }) => messages.sendText(conversationId, text, id)),
    retry: (conversationId, id) => open(({ messages }) => messages.retry(conversationId, id)),
    deleteForMe: (conversationId, ids) => open(({ messages }) => messages.deleteForMe(conversationId, ids)),
    markRead: (conversationId, upTo) => open(({ messages }) => messages.markRead(conversationId, upTo)),
    setDraft: (conversationId, draft) => open(({ messages }) => messages.setDraft(conversationId, draft)),
    setTyping: (conversationId, typing) => open((engine) => engine.typing.tell(conversationId, typing)),
    deleteConversation: (conversationId) => open(({ messages }) => messages.deleteConversation(conversationId)),

    createGroup: (name, members) => open(({ groups }) => groups.create(name, members)),
    addMembers: (group, members) => open(({ groups }) => groups.add(group, members)),
    removeMember: (group, member) => open(({ groups }) => groups.remove(group, member)),
    leaveGroup: (group) => open(({ groups }) => groups.leave(group)),
    renameGroup: (group, name) => open(({ groups }) => groups.rename(group, name)),
    setRole: (group, member, role) => open(({ groups }) => groups.setRole(group, member, role)),

    setSettings: (settings) => open((engine) => setSettings(engine, settings)),
    createInvite: () =>
      open(async ({ relay, core }) => {
        const { invite, expiresAt } = await relay.request('invites/create', {});
        return { link: `${core.relay.origin}/#/join/${invite}`, expiresAt };
      }),
    invites: () => open(async ({ relay }) => (await relay.request('invites/list', {})).invites),
    revokeInvite: (id) =>
      open(async ({ relay }) => {
        await relay.request('invites/revoke', { id });
      }),
    close: () => guarded(() => door.close()),
  };

  return { messenger, door };
}

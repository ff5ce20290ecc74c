/** "Is writing": sealed like everything, never stored, and nothing at all when it is switched off (ATTACKS 25). */
import { encodeBody } from '../content/body.ts';
import type { AccountId, ConversationId } from './api.ts';
import type { Connection } from './connection.ts';
import { type Core, freshId } from './core.ts';
import { isHeldBack } from './courier.ts';
import { groupOf } from './groups/moved.ts';
import { personOf, recipientDevices } from './person.ts';
import type { Sessions } from './sessions.ts';

// A typist is told of once in this time at most; a listener forgets after the longer one (DESIGN, Numbers).
const SEND_EVERY_MS = 2_500;
const FORGET_AFTER_MS = 3_000;

// Beyond that a group's typists would cost more than they tell.
const MAX_TYPING_MEMBERS = 16;

export type Typing = {
  inConversation(id: ConversationId): AccountId[];
  heard(id: ConversationId, from: AccountId, on: boolean): void;
  tell(id: ConversationId, on: boolean): Promise<void>;
};

export type TypingParts = {
  core: Core;
  connection(): Connection;
  sessions(): Sessions;
  show(id: ConversationId): void;
  membersOf(id: ConversationId): AccountId[];
};

export function createTyping({ core, connection, sessions, show, membersOf }: TypingParts): Typing {
  const typists = new Map<ConversationId, Map<AccountId, () => void>>();
  const told = new Map<ConversationId, { on: boolean; at: number }>();

  function forget(id: ConversationId, from: AccountId): void {
    const here = typists.get(id);
    here?.get(from)?.();
    if (here?.delete(from)) show(id);
    if (here?.size === 0) typists.delete(id);
  }

  function heard(id: ConversationId, from: AccountId, on: boolean): void {
    if (!on) {
      forget(id, from);
      return;
    }
    const here = typists.get(id) ?? new Map<AccountId, () => void>();
    typists.set(id, here);
    const known = here.get(from);
    known?.();
    here.set(
      from,
      core.later(FORGET_AFTER_MS, () => forget(id, from)),
    );
    if (!known) show(id);
  }

  function isTooSoon(id: ConversationId, on: boolean): boolean {
    const last = told.get(id);
    if (!last) return !on;
    return on === last.on && (!on || core.now() - last.at < SEND_EVERY_MS);
  }

  async function tellOne(accountId: AccountId, body: Uint8Array<ArrayBuffer>): Promise<void> {
    await core.step(async (step) => {
      const person = personOf(step, accountId);
      const contact = step.get('contacts', accountId);
      if (!person || contact?.standing === 'blocked' || isHeldBack(step, accountId)) return;
      const devices = recipientDevices(step, person);
      // Typing starts no session: a claim for every key press would drain prekeys.
      const unready = new Set(sessions().unready(step, accountId, devices));
      for (const deviceId of devices.filter((id) => !unready.has(id))) {
        const { envelope } = await sessions().seal(
          step,
          accountId,
          deviceId,
          { messageId: freshId(core), sentAt: core.now(), body },
          false,
        );
        const recipients = [{ accountId, deviceId, listVersion: person.deviceList.version }];
        step.after(() => connection().signal(recipients, envelope));
      }
    });
  }

  return {
    inConversation: (id) => [...(typists.get(id)?.keys() ?? [])],
    heard,
    async tell(id, on) {
      if (!core.account().settings.typing || !connection().isReady() || isTooSoon(id, on)) return;
      const members = membersOf(id);
      if (members.length === 0 || members.length > MAX_TYPING_MEMBERS) return;
      told.set(id, { on, at: core.now() });
      const isGroup = core.read.get('conversations', id)?.kind === 'group';
      const body = encodeBody({ kind: 'typing', version: 1, ...(isGroup && { groupId: groupOf(core.read, id) }), on });
      for (const accountId of members) await tellOne(accountId, body);
    },
  };
}

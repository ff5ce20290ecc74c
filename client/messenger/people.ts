/** Contacts: how they are met, what is decided about them. */
import { compareScannable, parseGenesis, safetyNumber } from '../../crypto/index.ts';
import { accountIdSchema, usernameSchema } from '../../server/protocol/ids.ts';
import * as v from 'valibot';
import { type AccountId, type ConversationId, Failure, type SafetyNumber } from './api.ts';
import type { Conversations } from './conversations.ts';
import { accountIn, type Core } from './core.ts';
import type { DeliveryTokens } from './delivery-token.ts';
import type { Directory } from './directory.ts';
import { conversationOf } from './groups/moved.ts';
import type { Outbox } from './outbox.ts';
import type { Receipts } from './receipts.ts';
import type { ContactRecord } from './state.ts';
import type { Step } from './step.ts';

// Rows looked at from the end when an accepted person's messages are at last acknowledged.
const ACKNOWLEDGE_ROWS = 64;

export type People = {
  findByUsername(username: string): Promise<{ accountId: AccountId; username: string } | null>;
  openContactLink(link: string): Promise<ConversationId>;
  openDirect(accountId: AccountId): Promise<ConversationId>;
  contactLink(): string;
  accept(accountId: AccountId): Promise<void>;
  block(accountId: AccountId, blocked: boolean): Promise<void>;
  safetyNumber(accountId: AccountId): Promise<SafetyNumber>;
  compare(accountId: AccountId, scanned: Uint8Array): Promise<'match' | 'mismatch'>;
  setVerified(accountId: AccountId, verified: boolean): Promise<void>;
  acceptIdentityChange(accountId: AccountId): Promise<void>;
};

const linkSchema = v.strictObject({ accountId: accountIdSchema, username: usernameSchema });

/** `https://relay/#/c/<account id>/<username>`; null for anything else, also for another relay's. */
export function parseContactLink(link: string, origin: string): { accountId: AccountId; username: string } | null {
  const start = `${origin}/#/c/`;
  if (!link.startsWith(start)) return null;
  const [accountId, username, ...rest] = link.slice(start.length).split('/');
  const parsed = v.safeParse(linkSchema, { accountId, username });
  return parsed.success && rest.length === 0 ? parsed.output : null;
}

function blockedOf(contact: ContactRecord): ContactRecord {
  const { standing } = contact;
  if (standing === 'blocked') return contact;
  const { standingBefore: _, ...rest } = contact;
  return { ...rest, standing: 'blocked', ...(standing === 'accepted' ? {} : { standingBefore: standing }) };
}

/** Whoever was never accepted waits for an answer again. */
function unblockedOf({ standingBefore, ...contact }: ContactRecord): ContactRecord {
  return contact.standing === 'blocked' ? { ...contact, standing: standingBefore ?? 'accepted' } : contact;
}

export type PeopleParts = {
  core: Core;
  directory: Directory;
  conversations: Conversations;
  receipts: Receipts;
  outbox: Outbox;
  deliveryTokens: DeliveryTokens;
  showAll(accountId: AccountId): void;
};

export function createPeople({ core, directory, conversations, receipts, outbox, deliveryTokens, showAll }: PeopleParts): People {
  function contactIn(step: Step, accountId: AccountId): ContactRecord {
    const contact = step.get('contacts', accountId);
    if (!contact) throw new Failure('no-such-account');
    return contact;
  }

  async function change(
    accountId: AccountId,
    to: (contact: ContactRecord) => ContactRecord,
    also: (step: Step, before: ContactRecord) => Promise<void> = async () => undefined,
  ): Promise<void> {
    await core.step(async (step) => {
      const before = contactIn(step, accountId);
      step.put('contacts', accountId, to(before));
      await also(step, before);
      conversations.show(step, accountId);
      step.after(() => showAll(accountId));
    });
  }

  /** Messages that came while the person was a stranger are acknowledged now, those that were looked at as read. */
  async function acknowledge(step: Step, accountId: AccountId): Promise<void> {
    const { nextPosition: next, readUpTo } = step.get('conversations', accountId) ?? { nextPosition: 0, readUpTo: -1 };
    const ids: string[] = [];
    const read: string[] = [];
    for (let position = Math.max(0, next - ACKNOWLEDGE_ROWS); position < next; position++) {
      const row = await step.message(accountId, position);
      if (!row || row.mine || row.body.kind === 'system') continue;
      ids.push(row.id);
      if (position <= readUpTo) read.push(row.id);
    }
    receipts.owe(step, accountId, null, 'delivered', ids);
    if (accountIn(step).settings.readReceipts) receipts.owe(step, accountId, null, 'read', read);
  }

  function acceptIn(step: Step, accountId: AccountId, metBy?: ContactRecord['metBy']): void {
    const contact = contactIn(step, accountId);
    const better =
      metBy === 'link' ? metBy : contact.metBy === 'stranger' || contact.metBy === 'group' ? (metBy ?? contact.metBy) : contact.metBy;
    step.put('contacts', accountId, { ...contact, standing: 'accepted', metBy: better });
    for (const [groupId, group] of [...step.all('groups')]) {
      if (group.requestFrom !== accountId) continue;
      step.put('groups', groupId, { ...group, requestFrom: null });
      conversations.show(step, conversationOf(step, groupId));
    }
    step.after(() => showAll(accountId));
  }

  async function open(accountId: AccountId, metBy?: ContactRecord['metBy']): Promise<ConversationId> {
    return core.step((step) => {
      const self = accountIn(step).accountId === accountId;
      if (!self && contactIn(step, accountId).standing !== 'blocked') {
        // Opening a conversation by choice accepts whom one has not heard from; a request is answered by accepting it.
        const { standing } = contactIn(step, accountId);
        if (standing === 'known' || metBy === 'link') acceptIn(step, accountId, metBy);
      }
      conversations.ensure(step, accountId, self ? 'self' : 'direct');
      conversations.show(step, accountId);
      return accountId;
    });
  }

  async function numberOf(accountId: AccountId): Promise<{ digits: string; scannable: Uint8Array<ArrayBuffer> }> {
    const own = core.account();
    const contact = core.read.get('contacts', accountId);
    if (!contact) throw new Failure('no-such-account');
    const { accountKey } = parseGenesis(contact.genesis);
    return safetyNumber({ accountId: own.accountId, accountKey: own.accountKey }, { accountId, accountKey });
  }

  async function setVerified(accountId: AccountId, verified: boolean): Promise<void> {
    await core.step((step) => {
      const contact = contactIn(step, accountId);
      if (contact.verified === verified) return;
      step.put('contacts', accountId, { ...contact, verified });
      if (verified) conversations.event(step, accountId, { event: 'verified', who: accountId }, core.account().accountId);
      conversations.show(step, accountId);
      step.after(() => showAll(accountId));
    });
  }

  return {
    async findByUsername(username) {
      if (!v.is(usernameSchema, username)) throw new Failure('bad-username');
      const contact = await directory.find(username);
      return contact && { accountId: contact.accountId, username: contact.username };
    },
    async openContactLink(link) {
      const parsed = parseContactLink(link, core.relay.origin);
      if (!parsed) throw new Failure('bad-link');
      if (parsed.accountId === core.account().accountId) return open(parsed.accountId);
      if (!(await directory.refresh(parsed.accountId, 'link'))) throw new Failure('no-such-account');
      return open(parsed.accountId, 'link');
    },
    async openDirect(accountId) {
      const isKnown = accountId === core.account().accountId || core.read.get('contacts', accountId);
      if (!isKnown && !(await directory.refresh(accountId, 'username'))) throw new Failure('no-such-account');
      return open(accountId);
    },
    contactLink() {
      const { accountId, username } = core.account();
      return `${core.relay.origin}/#/c/${accountId}/${username}`;
    },
    accept: (accountId) =>
      core.step(async (step) => {
        acceptIn(step, accountId);
        await acknowledge(step, accountId);
        conversations.show(step, accountId);
      }),
    block: (accountId, blocked) =>
      change(
        accountId,
        (contact) => (blocked ? blockedOf(contact) : unblockedOf(contact)),
        async (step, { standing }) => {
          // Who was a contact holds the delivery token.
          if (blocked && standing === 'accepted') await deliveryTokens.renew(step);
        },
      ),
    async safetyNumber(accountId) {
      const { digits, scannable } = await numberOf(accountId);
      return { digits, scannable, verified: core.read.get('contacts', accountId)?.verified ?? false };
    },
    async compare(accountId, scanned) {
      const { scannable } = await numberOf(accountId);
      const result = compareScannable(scannable, new Uint8Array(scanned));
      if (result === 'match') await setVerified(accountId, true);
      return result;
    },
    setVerified,
    async acceptIdentityChange(accountId) {
      await change(accountId, (contact) => ({ ...contact, identityChange: 'none', verified: false }));
      outbox.kick();
    },
  };
}

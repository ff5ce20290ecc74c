/** Conversations and their rows: what a step writes and what the page is shown of it. */
import { toBase64url } from '../../crypto/index.ts';
import type { AccountId, Contact, Conversation, ConversationId, Message, MessageId, MessageStatus, SystemEvent } from './api.ts';
import type { Core } from './core.ts';
import { memberViews, myRoleIn } from './groups/view.ts';
import type { ContactRecord, ConversationRecord, StoredMessage } from './state.ts';
import type { Step, View } from './step.ts';

// One line of the list.
const SUMMARY_CHARACTERS = 200;

const RANK: Record<MessageStatus, number> = { failed: 0, pending: 1, sent: 2, delivered: 3, read: 4 };

export type NewRow = Pick<Message, 'id' | 'from' | 'sentAt' | 'body'> & { status?: MessageStatus };

export type Conversations = {
  ensure(step: Step, id: ConversationId, kind: ConversationRecord['kind']): ConversationRecord;
  append(step: Step, id: ConversationId, row: NewRow): StoredMessage;
  /** Authenticated facts shown between the messages. Nothing where there is no conversation. */
  event(step: Step, id: ConversationId, event: SystemEvent, from: AccountId): StoredMessage | null;
  update(step: Step, message: StoredMessage): void;
  /** One's own message. */
  mine(step: Step, id: ConversationId, message: MessageId): Promise<StoredMessage | null>;
  /** One way only: pending → sent → delivered → read; `failed` and back to pending by hand. */
  advance(step: Step, message: StoredMessage, status: MessageStatus): StoredMessage;
  /** Tells the page of this conversation after the commit, once. */
  show(step: Step, id: ConversationId): void;
  view(id: ConversationId): Conversation | null;
  remove(step: Step, id: ConversationId): void;
};

function contactView(contact: ContactRecord): Contact {
  const { accountId, username, metBy, verified, identityChange } = contact;
  return { accountId, username, standing: contact.standing === 'known' ? 'request' : contact.standing, metBy, verified, identityChange };
}

function summaryOf(row: StoredMessage): ConversationRecord['last'] {
  const text = row.body.kind === 'text' ? [...row.body.text.slice(0, 2 * SUMMARY_CHARACTERS)].slice(0, SUMMARY_CHARACTERS).join('') : '';
  const system = row.body.kind === 'system' ? row.body.event : null;
  return { id: row.id, text, from: row.from, mine: row.mine, at: row.receivedAt, status: row.status, system };
}

function directWhyNot(contact: ContactRecord): Conversation['whyNot'] {
  if (contact.standing === 'blocked') return 'blocked';
  if (contact.identityChange !== 'none') return 'identity-change';
  return contact.standing === 'accepted' ? undefined : 'request';
}

export function createConversations(core: Core, typingIn: (id: ConversationId) => AccountId[]): Conversations {
  const shown = new WeakMap<Step, Set<ConversationId>>();

  function recordOf(view: View, id: ConversationId): ConversationRecord | undefined {
    return view.get('conversations', id);
  }

  function kindViews(record: ConversationRecord): Pick<Conversation, 'title' | 'contact' | 'members' | 'myRole' | 'whyNot'> {
    if (record.kind === 'self') return { title: core.account().username };
    if (record.kind === 'direct') {
      const contact = core.read.get('contacts', record.id);
      if (!contact) return { title: '', whyNot: 'blocked' };
      const whyNot = directWhyNot(contact);
      return { title: contact.username, contact: contactView(contact), ...(whyNot && { whyNot }) };
    }
    const group = memberViews(core.read, core.account(), record.id);
    const myRole = myRoleIn(core.read, core.account(), record.id);
    return { title: group.name, members: group.members, ...(myRole && { myRole }), ...(group.whyNot && { whyNot: group.whyNot }) };
  }

  function view(id: ConversationId): Conversation | null {
    const record = recordOf(core.read, id);
    if (!record) return null;
    const kind = kindViews(record);
    const { last } = record;
    return {
      id,
      kind: record.kind,
      ...kind,
      canSend: kind.whyNot === undefined,
      ...(last && {
        last: {
          text: last.text,
          from: last.from,
          mine: last.mine,
          at: last.at,
          status: last.status,
          ...(last.system && { system: last.system }),
        },
      }),
      unread: record.unread,
      ...(record.firstUnread !== null && { firstUnread: record.firstUnread }),
      activeAt: record.activeAt,
      draft: record.draft,
      typing: typingIn(id),
    };
  }

  function show(step: Step, id: ConversationId): void {
    const already = shown.get(step) ?? new Set();
    shown.set(step, already);
    if (already.has(id)) return;
    already.add(id);
    step.after(() => {
      const conversation = view(id);
      if (conversation) core.emit({ type: 'conversation', conversation });
    });
  }

  function ensure(step: Step, id: ConversationId, kind: ConversationRecord['kind']): ConversationRecord {
    const known = recordOf(step, id);
    if (known) return known;
    const now = core.now();
    const record: ConversationRecord = {
      id,
      kind,
      createdAt: now,
      activeAt: now,
      draft: '',
      nextPosition: 0,
      readUpTo: -1,
      unread: 0,
      firstUnread: null,
      last: null,
    };
    step.put('conversations', id, record);
    show(step, id);
    return record;
  }

  function tell(step: Step, message: StoredMessage): void {
    step.after(() => core.emit({ type: 'messages', conversationId: message.conversationId, messages: [message] }));
  }

  function append(step: Step, id: ConversationId, row: NewRow): StoredMessage {
    const record = recordOf(step, id);
    if (!record) throw new Error('no conversation');
    const mine = row.from === core.account().accountId;
    const message: StoredMessage = {
      ...row,
      conversationId: id,
      position: record.nextPosition,
      mine,
      receivedAt: core.now(),
      status: row.status ?? (mine ? 'pending' : 'delivered'),
    };
    const counts = !mine && row.body.kind !== 'system';
    step.putMessage(message);
    step.put('conversations', id, {
      ...record,
      nextPosition: record.nextPosition + 1,
      activeAt: message.receivedAt,
      last: summaryOf(message),
      unread: record.unread + (counts ? 1 : 0),
      firstUnread: record.firstUnread ?? (counts ? message.id : null),
    });
    tell(step, message);
    show(step, id);
    return message;
  }

  function update(step: Step, message: StoredMessage): void {
    step.putMessage(message);
    tell(step, message);
    const record = recordOf(step, message.conversationId);
    if (record?.last?.id !== message.id) return;
    step.put('conversations', record.id, { ...record, last: { ...summaryOf(message), at: record.last.at } as ConversationRecord['last'] });
    show(step, record.id);
  }

  return {
    ensure,
    append,
    event(step, id, event, from) {
      if (!recordOf(step, id)) return null;
      return append(step, id, { id: toBase64url(core.random(16)), from, sentAt: core.now(), body: { kind: 'system', event } });
    },
    update,
    async mine(step, id, message) {
      const found = await step.find(id, message, core.account().accountId);
      return found?.message ?? null;
    },
    advance(step, message, status) {
      if (!message.mine || RANK[status] <= RANK[message.status]) return message;
      const { failure: _, ...rest } = message;
      const next = { ...rest, status };
      update(step, next);
      return next;
    },
    show,
    view,
    remove(step, id) {
      step.removeMessages(id);
      step.remove('conversations', id);
      step.after(() => core.emit({ type: 'conversation-gone', id }));
    },
  };
}

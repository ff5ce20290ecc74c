/** The open engine: every part made once and told of the others. What it does at each moment of a connection stands here, and nowhere else. */
import { CryptoError, envelopeKind, KIND, type SealedMessage } from '../../crypto/index.ts';
import { parseBody } from '../content/body.ts';
import type { ConversationId } from './api.ts';
import { createApply } from './apply.ts';
import { createConnection } from './connection.ts';
import { type Conversations, createConversations } from './conversations.ts';
import type { Core } from './core.ts';
import { createPairwiseCourier, refreshAll } from './courier.ts';
import { createDeliveryTokens } from './delivery-token.ts';
import { createDirectory, type Directory } from './directory.ts';
import { createGaps } from './gaps.ts';
import { createGroups } from './groups/create-groups.ts';
import { conversationOf } from './groups/moved.ts';
import type { Groups } from './groups/groups.ts';
import { createHeal } from './heal.ts';
import { createInbox, type Taken } from './inbox.ts';
import { createLapse } from './lapse.ts';
import { createMessages, type Messages } from './messages.ts';
import { createPairwiseOpener } from './open-pairwise.ts';
import { createOutbox, type Outbox } from './outbox.ts';
import { createPeople, type People } from './people.ts';
import { createPrekeys } from './prekeys.ts';
import { createReceipts } from './receipts.ts';
import { createRelaySession, type RelaySession } from './relay-session.ts';
import { createRollback } from './rollback.ts';
import { createRuns } from './runs.ts';
import { createSessions } from './sessions.ts';
import type { Step } from './step.ts';
import { createTyping, type Typing } from './typing.ts';

export type Engine = {
  core: Core;
  relay: RelaySession;
  directory: Directory;
  conversations: Conversations;
  outbox: Outbox;
  people: People;
  messages: Messages;
  groups: Groups;
  typing: Typing;
  connection: ReturnType<typeof createConnection>;
  start(): void;
  stop(): void;
};

export function createEngine(core: Core): Engine {
  const relay = createRelaySession(core);
  const runs = createRuns(core);
  const showNow = (id: ConversationId): void => {
    const conversation = conversations.view(id);
    if (conversation) core.emit({ type: 'conversation', conversation });
  };
  const membersOf = (id: ConversationId): string[] => {
    if (core.read.get('conversations', id)?.kind === 'group') return groups.membersOf(id);
    return core.read.get('contacts', id)?.standing === 'accepted' ? [id] : [];
  };
  const typing: Typing = createTyping({ core, connection: () => connection, sessions: () => sessions, show: showNow, membersOf });
  const conversations: Conversations = createConversations(core, typing.inConversation);
  const directory = createDirectory(core, relay, conversations);
  const sessions = createSessions(core, relay, runs, directory);
  const opener = createPairwiseOpener(core, runs, directory);
  const prekeys = createPrekeys(core, relay);
  const rollback = createRollback(core, runs);
  const receipts = createReceipts(core, conversations, () => outbox);
  const deliveryTokens = createDeliveryTokens(core, relay, () => outbox);
  const gaps = createGaps(core, conversations);
  const lapse = createLapse(core, conversations, () => connection.isReady());
  let wasOld = false;

  const connection = createConnection(core, relay, {
    async welcome(frame) {
      inbox.reset();
      if (rollback.isOld(frame.acknowledged)) {
        wasOld = true;
        await rollback.repair(frame.acknowledged);
        await core.step(deliveryTokens.renew);
        await prekeys.maintain();
      }
    },
    deliver: (frame) => inbox.deliver(frame),
    signal: (frame) => void hearSignal(frame.body).catch(() => undefined),
    drained: () => inbox.emptied(),
    ready() {
      if (wasOld) askEverybody();
      wasOld = false;
      heal.start();
      outbox.kick();
      receipts.start();
      lapse.start();
      deliveryTokens.ready();
      groups.ready();
      prekeys.start();
    },
  });

  const couriers = createPairwiseCourier({ core, connection, directory, sessions, outbox: () => outbox });
  const outbox: Outbox = createOutbox({
    core,
    conversations,
    isReady: connection.isReady,
    courier: (item) => ('groupId' in item.to ? groups.courier : couriers),
  });
  const groups: Groups = createGroups({ core, connection, directory, conversations, receipts, gaps, outbox });
  const heal = createHeal({ core, outbox: () => outbox, sessions, redistribute: groups.redistribute });
  const apply = createApply({
    core,
    conversations,
    receipts,
    gaps,
    heal,
    deliveryTokens,
    control: groups.control,
    groupReceipt: groups.receipt,
  });

  const inbox = createInbox({
    core,
    take,
    ask: (accountId) => refreshAll(core, directory, [accountId], 'stranger'),
    ack: connection.ack,
    stuck: connection.restart,
  });

  async function take(step: Step, envelope: Taken, mayAsk: boolean): Promise<void> {
    if (envelopeKind(envelope.body) === KIND.group) return groups.take(step, envelope, mayAsk);
    const sealed = await opener.peel(step, envelope.body);
    const message = await opener.open(step, sealed, mayAsk, true).catch((error: unknown) => {
      heal.failed(sealed, error);
      throw error;
    });
    await apply(step, message);
    if (message.listIsNewer) {
      const { accountId } = message.from;
      step.after(() => void refreshAll(core, directory, [accountId]).catch(() => undefined));
    }
  }

  /** Typing and the like: the session advances in a commit of its own, then it is shown; nothing else comes of it. */
  async function hearSignal(body: Uint8Array<ArrayBuffer>): Promise<void> {
    await core.step(async (step) => {
      if (envelopeKind(body) !== KIND.pairwise) return;
      const sealed: SealedMessage = await opener.peel(step, body);
      if (!step.get('contacts', sealed.fromAccount)) throw new CryptoError('not-allowed');
      const message = await opener.open(step, sealed, false, false);
      const { accountId } = message.from;
      const content = parseBody(message.header.body);
      if (content?.kind !== 'typing' || !core.account().settings.typing) return;
      const id = content.groupId ? conversationOf(step, content.groupId) : accountId;
      const accepted = step.get('contacts', accountId)?.standing === 'accepted';
      const allowed = content.groupId ? groups.membersOf(id).includes(accountId) : accepted;
      if (allowed) step.after(() => typing.heard(id, accountId, content.on));
    });
  }

  function askEverybody(): void {
    for (const [accountId, contact] of core.read.all('contacts')) {
      if (contact.standing !== 'accepted') continue;
      for (const { deviceId } of contact.deviceList.devices) {
        if (core.read.get('peers', `${accountId}.${deviceId}`)) heal.ask(accountId, deviceId).catch(() => undefined);
      }
    }
  }

  const showAll = (accountId: string): void => {
    for (const [id, record] of core.read.all('conversations')) {
      if (id === accountId || (record.kind === 'group' && groups.membersOf(id).includes(accountId))) showNow(id);
    }
  };
  const people = createPeople({ core, directory, conversations, receipts, outbox, deliveryTokens, showAll });
  const messages = createMessages(core, conversations, outbox, receipts);

  return {
    core,
    relay,
    directory,
    conversations,
    outbox,
    people,
    messages,
    groups,
    typing,
    connection,
    start: () => connection.start(),
    stop: () => connection.stop(),
  };
}

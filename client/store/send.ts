import type { ConversationId, FailureCode, Message, MessageId } from '../messenger/api.ts';
import { messenger } from './messenger.ts';
import { me } from './session.ts';
import { clearDivider, putMessages } from './timelines.ts';

const MESSAGE_ID_BYTES = 16;
// Own bubbles stand below everything stored until the engine gives them their place.
let provisional = Number.MAX_SAFE_INTEGER / 2;

const newMessageId = (): MessageId =>
  btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(MESSAGE_ID_BYTES))))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');

/** Shows the bubble at once and hands the text to the engine; the id made here is the row's key for ever. */
export async function send(conversationId: ConversationId, text: string, failureOf: (error: unknown) => FailureCode): Promise<void> {
  const self = me();
  if (!self) return;
  provisional += 1;
  const now = Date.now();
  const message: Message = {
    id: newMessageId(),
    conversationId,
    position: provisional,
    from: self.accountId,
    mine: true,
    sentAt: now,
    receivedAt: now,
    body: { kind: 'text', text },
    status: 'pending',
  };
  clearDivider(conversationId);
  putMessages(conversationId, [message]);
  try {
    await messenger().sendText(conversationId, text, message.id);
  } catch (error) {
    putMessages(conversationId, [{ ...message, status: 'failed', failure: failureOf(error) }]);
  }
}

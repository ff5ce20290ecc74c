/** "So many messages never arrived": one row a device and conversation that grows with what is missing and shrinks with what comes late. */
import type { AccountId, ConversationId } from './api.ts';
import type { Conversations } from './conversations.ts';
import type { Core } from './core.ts';
import type { Noted } from './counters.ts';
import type { Step } from './step.ts';

export type Gaps = { note(step: Step, conversationId: ConversationId, device: string, from: AccountId, noted: Noted): Promise<void> };

export function createGaps(core: Core, conversations: Conversations): Gaps {
  return {
    async note(step, conversationId, device, from, noted) {
      const key = `${conversationId} ${device}`;
      if (noted.skipped > 0) {
        const row = conversations.event(step, conversationId, { event: 'gap', from, count: noted.skipped }, from);
        if (row) step.put('gaps', key, { conversationId, position: row.position });
        return;
      }
      const gap = noted.late ? step.get('gaps', key) : undefined;
      const row = gap && (await step.message(gap.conversationId, gap.position));
      if (!gap || row?.body.kind !== 'system' || row.body.event.event !== 'gap') return;
      const count = row.body.event.count - 1;
      if (count > 0) {
        conversations.update(step, { ...row, body: { kind: 'system', event: { event: 'gap', from, count } } });
        return;
      }
      step.removeMessage(gap);
      step.remove('gaps', key);
      step.after(() => core.emit({ type: 'messages-gone', conversationId: gap.conversationId, ids: [row.id] }));
    },
  };
}

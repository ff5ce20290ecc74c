/** The group room's door to the rest of the engine. */
import type { ContentBody } from '../../content/body.ts';
import type { AccountId, ConversationId, Role } from '../api.ts';
import type { GroupControl } from '../apply.ts';
import type { Taken } from '../inbox.ts';
import type { Courier } from '../outbox.ts';
import type { Step } from '../step.ts';

export type Groups = {
  courier: Courier;
  take(step: Step, envelope: Taken, mayAsk: boolean): Promise<void>;
  control(step: Step, from: { accountId: AccountId; deviceId: number }, body: GroupControl): Promise<void>;
  receipt(step: Step, from: { accountId: AccountId }, body: ContentBody & { kind: 'receipt' }): Promise<void>;
  /** This device lost what it was given: it gets everything anew. */
  redistribute(step: Step, accountId: AccountId, deviceId: number): void;
  membersOf(groupId: ConversationId): AccountId[];
  create(name: string, members: readonly AccountId[]): Promise<ConversationId>;
  add(groupId: ConversationId, members: readonly AccountId[]): Promise<void>;
  remove(groupId: ConversationId, member: AccountId): Promise<void>;
  leave(groupId: ConversationId): Promise<void>;
  rename(groupId: ConversationId, name: string): Promise<void>;
  setRole(groupId: ConversationId, member: AccountId, role: Role): Promise<void>;
  /** Online: applies what was only heard of. */
  ready(): void;
};

import type { ErrorCode } from '../protocol/errors.ts';
import type { MailboxQuota } from './sqlite-mailbox.ts';
import type { Store } from './store.ts';

/** What the store's thread is started with. */
export type ThreadSetup = { dataDir: string; quota: MailboxQuota };

export type Call = { id: number; method: keyof Store; args: unknown[] };

/** An error keeps its name, its code and the place it comes from; of a refusal of ours everything. */
export type CallError = {
  name: string;
  message: string;
  stack: string | undefined;
  systemCode: string | undefined;
  refusal: { code: ErrorCode; retryAfterMs: number; accounts: readonly string[] } | undefined;
};

export type Answer = { id: number; result?: unknown; error?: CallError };

/** The first answer: the store is open, or it is not. */
export const OPENING = 0;

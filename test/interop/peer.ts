/** What the two libraries have in common here: one device that talks with one other, in our framing of Signal's bytes (S1). */
import type { Bytes, PrekeyBundle } from '../../crypto/index.ts';

/** `duplicate` where a library says so; every other refusal is `refused`, since each library has its own words for them. */
export type Verdict = 'accepted' | 'duplicate' | 'refused';

export type Received = { verdict: Verdict; text: string; why: string };

export type Peer = {
  bundle(oneTimeId: number): PrekeyBundle;
  start(bundle: PrekeyBundle): Promise<void>;
  send(text: string): Promise<Bytes>;
  receive(message: Bytes): Promise<Received>;
};

export type Sender = {
  /** A new chain under the same distribution id. */
  renew(): Promise<void>;
  distribution(): Promise<Bytes>;
  send(text: string): Promise<Bytes>;
};

export type Receiver = {
  readonly name: string;
  accept(distribution: Bytes): Promise<void>;
  receive(message: Bytes): Promise<Received>;
};

/** One-time prekeys 1 … this of every device; 0 stands for an empty pool. */
export const ONE_TIME_PREKEYS = 3;

export const accepted = (text: string): Received => ({ verdict: 'accepted', text, why: '' });

export const turnedDown = (duplicate: boolean, error: Error): Received => ({
  verdict: duplicate ? 'duplicate' : 'refused',
  text: '',
  why: error.message,
});

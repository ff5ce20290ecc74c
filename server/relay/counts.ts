import type { RateName } from '../config/rates.ts';
import type { ClientFrame, RelayFrame } from '../protocol/frames.ts';

/** What the relay tells of its work to whoever counts it: numbers, and words of closed sets. Never who, never an id or an address. */
export type Counts = {
  frameReceived(type: ClientFrame['type']): void;
  frameSent(frame: RelayFrame): void;
  /** So many that were delivered are wanted no more. */
  acknowledged(envelopes: number): void;
  /** A transaction of so many submits. */
  committed(submits: number, tookMs: number): void;
  limited(rate: RateName): void;
  expired(envelopes: number): void;
};

const nothing = (): void => undefined;

export const uncounted: Counts = {
  frameReceived: nothing,
  frameSent: nothing,
  acknowledged: nothing,
  committed: nothing,
  limited: nothing,
  expired: nothing,
};

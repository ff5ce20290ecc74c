import type { ErrorCode } from '../protocol/errors.ts';
import type { RelayFrame } from '../protocol/frames.ts';

/** One live socket as delivery sees it. */
export type Wire = {
  send(frame: RelayFrame): void;
  /** Bytes that the peer has not taken yet. */
  backlogBytes(): number;
  /** Takes nothing more from the peer until it is resumed. */
  pause(): void;
  resume(): void;
  close(code: ErrorCode): void;
};

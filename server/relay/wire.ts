import type { ErrorCode } from '../protocol/errors.ts';
import type { RelayFrame } from '../protocol/frames.ts';

/** One live socket as delivery sees it. */
export type Wire = {
  send(frame: RelayFrame): void;
  /** Bytes that the peer has not taken yet. */
  backlogBytes(): number;
  close(code: ErrorCode): void;
};

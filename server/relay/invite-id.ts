import type { RandomBytes } from '../ports.ts';
import type { Bytes } from '../protocol/bytes.ts';

export const INVITE_ID_BYTES = 9;

/** Names an invite to whoever may close it. In base64url its first letter is never a hyphen, as commands take such words for options. */
export function newInviteId(random: RandomBytes): Bytes {
  const id = random(INVITE_ID_BYTES);
  id[0] = (id[0] as number) & 0x7f;
  return id;
}

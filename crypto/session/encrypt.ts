/**
 * Encrypting in the open session: the session value goes in, the next one and a session message come out.
 * https://signal.org/docs/specifications/doubleratchet/ §3.4. The caller stores the new value before the message leaves, and never uses
 * the old one again: the same message key would encrypt two texts.
 */
import { type Bytes, concat } from '../bytes.ts';
import { require } from '../errors.ts';
import type { DeviceAddress } from '../keys/account-id.ts';
import { MAX_ENVELOPE_BYTES } from '../limits.ts';
import { MESSAGE_TYPE } from './message.ts';
import { encryptMessage } from './ratchet.ts';
import { decodeRecord, encodeRecord } from './record.ts';
import { encodeSession, recordsOf, type Session } from './session.ts';
import type { OurKeys } from './store.ts';

/** Throws `too-large`, and `wrong-context` for a session of another peer. */
export async function encrypt(
  session: Session,
  ours: OurKeys,
  peer: DeviceAddress,
  plaintext: Uint8Array,
): Promise<{ session: Session; message: Bytes }> {
  require(plaintext.length <= MAX_ENVELOPE_BYTES, 'too-large');
  const [open, ...archived] = recordsOf(session, peer);
  const state = decodeRecord(open as Bytes);
  const type = state.pending ? MESSAGE_TYPE.first : MESSAGE_TYPE.later;
  const body = await encryptMessage(state, ours, plaintext);
  return { session: encodeSession(peer, [encodeRecord(state), ...archived]), message: concat(Uint8Array.of(type), body) };
}

/**
 * Decrypting: one session value, or none, and one message go in; the next value and the text come out, or a `CryptoError` and nothing.
 * https://signal.org/docs/specifications/doubleratchet/ §3.5, https://signal.org/docs/specifications/x3dh/ §3.4, and on several sessions
 * with one device https://signal.org/docs/specifications/sesame/ §3.
 *
 * Each attempt works on a freshly decoded record, so the sessions that fail stay as they were (L3). The identity is decided before
 * anything is computed (L1), and everything that follows from a message (session, identity, used prekeys) is handed back together, after
 * its MAC verified (L12).
 *
 * A message belongs to the session that knows its ratchet key; a new ratchet key is tried on each, the open one first. What a stranger's
 * forgery costs is so one Diffie–Hellman a session kept, and 2,000 steps of a chain in the open one, 64 in each other. A session once left
 * behind is read and never written in again, or who holds a copy of it could call it back after a reset (ATTACKS 8). The one exception are
 * two starts that crossed: each side then has its own archived, unanswered, and the one with the smaller base key wins on both.
 *
 * Not promised: that both sides settle on one session when a network changes the order of their starts. Everything still decrypts then,
 * each way in a session of its own, without the healing of a common one until the next start.
 */
import { type Bytes, equalBytes, type RandomBytes } from '../bytes.ts';
import { CryptoError, require } from '../errors.ts';
import type { DeviceAddress } from '../keys/account-id.ts';
import type { KeyPair } from '../keys/curve-key.ts';
import { MAX_ARCHIVED_JUMP } from '../limits.ts';
import { acceptSession } from './handshake.ts';
import { type FirstMessage, type LaterMessage, parseSessionMessage } from './message.ts';
import { decryptMessage } from './ratchet.ts';
import { beganWith, chainOf, decodeRecord, encodeRecord, identityOf, precedes, type SessionState } from './record.ts';
import { encodeSession, type Records, recordsOf, type Session } from './session.ts';
import type { OurKeys } from './store.ts';

export type DecryptInput = {
  session: Session | null;
  ours: OurKeys;
  peer: DeviceAddress;
  message: Bytes;
  /** null on first contact alone: the caller then verifies the introduction inside before it believes anything. */
  expectedIdentity: Bytes | null;
  signedPrekey(id: number): KeyPair | undefined;
  oneTimePrekey(id: number): KeyPair | undefined;
  /** Was a first message with these keys accepted before? Remembered until its signed prekey's private half is deleted (L14). */
  isKnownFirst(identityKey: Bytes, baseKey: Bytes): boolean;
  /** Milliseconds; dates skipped message keys. */
  now: number;
  random: RandomBytes;
};

export type Decrypted = {
  session: Session;
  plaintext: Bytes;
  identityKey: Bytes;
  /** Set when a new session began: remember the keys, delete the one-time prekey, in the same transaction. */
  first?: { baseKey: Bytes; signedPrekeyId: number; oneTimePrekeyId?: number };
};

/** `answered`: the first message of the peer in a session that we started. */
type Attempt = { plaintext: Bytes; record: Bytes; answered: boolean };

/** The state is spent by it. */
async function attempt(input: DecryptInput, state: SessionState, message: LaterMessage): Promise<Attempt> {
  const answered = state.pending !== null;
  const plaintext = await decryptMessage(state, input.ours, message, input.now, input.random);
  return { plaintext, answered, record: encodeRecord(state) };
}

function finish(input: DecryptInput, records: Records, index: number, done: Attempt): Decrypted {
  const others = records.filter((_, i) => i !== index);
  const opens = index === 0 || (done.answered && precedes(done.record, records[0] as Bytes));
  const kept = opens ? [done.record, ...others] : records.map((record, i) => (i === index ? done.record : record));
  return { session: encodeSession(input.peer, kept), plaintext: done.plaintext, identityKey: identityOf(done.record) };
}

async function decryptIn(
  input: DecryptInput,
  records: Records,
  index: number,
  state: SessionState,
  message: LaterMessage,
): Promise<Decrypted> {
  const isExpected = input.expectedIdentity === null || equalBytes(state.identityKey, input.expectedIdentity);
  require(isExpected, 'untrusted-identity');
  return finish(input, records, index, await attempt(input, state, message));
}

async function decryptLater(input: DecryptInput, records: Records, message: LaterMessage): Promise<Decrypted> {
  require(records.length > 0, 'unknown-session');
  const states: SessionState[] = [];
  for (const [index, record] of records.entries()) {
    const state = decodeRecord(record);
    if (chainOf(state, message.ratchetKey)) return decryptIn(input, records, index, state, message);
    states.push(state);
  }
  let refusal: unknown;
  for (const [index, state] of states.entries()) {
    if (index > 0 && message.counter >= MAX_ARCHIVED_JUMP) break;
    try {
      return await decryptIn(input, records, index, state, message);
    } catch (error) {
      require(error instanceof CryptoError, 'malformed');
      // The open session's reason is the likeliest one.
      refusal ??= error;
    }
  }
  throw refusal;
}

async function decryptFirst(input: DecryptInput, records: Records, message: FirstMessage): Promise<Decrypted> {
  const { identityKey, baseKey, signedPrekeyId, oneTimePrekeyId } = message;
  const trusted = input.expectedIdentity ?? (records[0] ? identityOf(records[0]) : identityKey);
  require(equalBytes(identityKey, trusted), 'untrusted-identity');
  const began = records.findIndex((record) => beganWith(record, baseKey) && equalBytes(identityOf(record), identityKey));
  if (began >= 0) return decryptIn(input, records, began, decodeRecord(records[began] as Bytes), message.inner);
  require(!input.isKnownFirst(identityKey, baseKey), 'unknown-session');
  const signedPrekey = input.signedPrekey(signedPrekeyId);
  require(signedPrekey !== undefined, 'unknown-prekey');
  const oneTimePrekey = oneTimePrekeyId === undefined ? undefined : input.oneTimePrekey(oneTimePrekeyId);
  require(oneTimePrekeyId === undefined || oneTimePrekey !== undefined, 'unknown-prekey'); // L6
  const state = await acceptSession(input.ours, message, signedPrekey, oneTimePrekey, input.random);
  const done = await attempt(input, state, message.inner);
  const first = { baseKey, signedPrekeyId, ...(oneTimePrekeyId === undefined ? {} : { oneTimePrekeyId }) };
  return { ...finish(input, [done.record, ...records], 0, done), first };
}

/**
 * Throws `malformed`, `too-large`, `unsupported-version`, `bad-key`; `wrong-context` for a session of another peer; `untrusted-identity`;
 * `unknown-prekey`; `unknown-session`, also for a first message accepted before whose session is gone; `duplicate`; `too-far-ahead`;
 * `bad-mac`. Whatever is thrown, the session value given is as good as before.
 */
export async function decrypt(input: DecryptInput): Promise<Decrypted> {
  const parsed = parseSessionMessage(input.message);
  const records = input.session ? recordsOf(input.session, input.peer) : [];
  return parsed.type === 'first' ? decryptFirst(input, records, parsed.message) : decryptLater(input, records, parsed.message);
}

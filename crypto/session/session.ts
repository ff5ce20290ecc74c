/**
 * The value the engine stores for one peer device: the open session first, then the archived ones, the latest first.
 *
 *   suite 1 ‖ peer account 32 ‖ peer device 4 ‖ n 1 × (length 4 ‖ record)
 *
 * Suite 1 is X3DH with the Double Ratchet, wire version 3; another suite would stand beside it, told apart by this byte. The peer is
 * inside so that a session met with another peer's name is `wrong-context`. Holds secrets: never printed, sealed by the vault.
 */
import { type Bytes, equalBytes } from '../bytes.ts';
import { require } from '../errors.ts';
import { ACCOUNT_ID_BYTES, accountIdToBytes, type DeviceAddress, requireDeviceId } from '../keys/account-id.ts';
import { MAX_ARCHIVED_SESSIONS } from '../limits.ts';
import { reader } from '../wire/reader.ts';
import { writer } from '../wire/writer.ts';
import { decodeRecord, identityOf, MAX_RECORD_BYTES } from './record.ts';

export type Session = Bytes;

const SUITE = 1;
const MAX_SESSIONS = 1 + MAX_ARCHIVED_SESSIONS;
const MAX_SESSION_BYTES = 64 + MAX_SESSIONS * (4 + MAX_RECORD_BYTES);

/** Encoded records, the open one first; never empty. */
export type Records = readonly Bytes[];

export function encodeSession(peer: DeviceAddress, records: Records): Session {
  const kept = records.slice(0, MAX_SESSIONS);
  const out = writer()
    .u8(SUITE)
    .fixed(accountIdToBytes(peer.accountId), ACCOUNT_ID_BYTES)
    .u32(requireDeviceId(peer.deviceId))
    .u8(kept.length);
  for (const record of kept) out.sized(record, MAX_RECORD_BYTES);
  return out.done();
}

function parse(session: Session): { account: Bytes; deviceId: number; records: Bytes[] } {
  const input = reader(session, MAX_SESSION_BYTES);
  input.expect(SUITE, 'unsupported-version');
  const account = input.bytes(ACCOUNT_ID_BYTES);
  const deviceId = input.u32();
  const count = input.u8();
  require(count >= 1 && count <= MAX_SESSIONS, 'malformed');
  const records = Array.from({ length: count }, () => input.sized(MAX_RECORD_BYTES));
  input.end();
  return { account, deviceId, records };
}

export function recordsOf(session: Session, peer: DeviceAddress): Records {
  const { account, deviceId, records } = parse(session);
  require(equalBytes(account, accountIdToBytes(peer.accountId)) && deviceId === peer.deviceId, 'wrong-context');
  return records;
}

/** The same value with each record passed through `change`. */
export function mapRecords(session: Session, change: (record: Bytes) => Bytes): Session {
  const { account, deviceId, records } = parse(session);
  const out = writer().u8(SUITE).fixed(account, ACCOUNT_ID_BYTES).u32(deviceId).u8(records.length);
  for (const record of records) out.sized(change(record), MAX_RECORD_BYTES);
  return out.done();
}

export type SessionInfo = {
  suite: number;
  /** The peer has answered: what we write is no longer a first message. */
  acknowledged: boolean;
  /** The peer's identity key in the open session. */
  identityKey: Bytes;
};

export function sessionInfo(session: Session): SessionInfo {
  const open = parse(session).records[0] as Bytes;
  return { suite: SUITE, acknowledged: decodeRecord(open).pending === null, identityKey: identityOf(open) };
}

import { type Bytes, toBase64url } from './bytes.ts';
import { ProtocolError } from './errors.ts';
import { ACCOUNT_ID_BYTES, PUBLIC_KEY_BYTES } from './ids.ts';
import { MAX_DEVICE_ID, MAX_DEVICES } from './limits.ts';

/**
 * What the relay reads of the two records it keeps for others: fixed fields at the front, never signatures (clients verify those).
 *
 * device record   version u8 = 1 | account id 32 | device id u32 | registration id u16 | login key 32 | sequence u32 | created at u64 | …
 * chain entry     version u8 = 1 | chain kind u8 | chain id 32 | sequence u32 | previous hash 32 | operation u8 | author 32 | body length u32 | body | signature 64
 * its body        count u16 | count × (device id u32 | added at u64) | backup flag u8 | …
 */
const RECORD_VERSION = 1;
const RECORD_DEVICE_ID_AT = 1 + ACCOUNT_ID_BYTES;
const RECORD_LOGIN_KEY_AT = RECORD_DEVICE_ID_AT + 4 + 2;
const RECORD_SEQUENCE_AT = RECORD_LOGIN_KEY_AT + PUBLIC_KEY_BYTES;
const RECORD_FRONT_BYTES = RECORD_SEQUENCE_AT + 4 + 8;

const ENTRY_VERSION = 1;
const ENTRY_CHAIN_ID_AT = 2;
const ENTRY_SEQUENCE_AT = ENTRY_CHAIN_ID_AT + 32;
const ENTRY_BODY_LENGTH_AT = ENTRY_SEQUENCE_AT + 4 + 32 + 1 + 32;
const ENTRY_BODY_AT = ENTRY_BODY_LENGTH_AT + 4;
const ENTRY_SIGNATURE_BYTES = 64;
const LISTED_DEVICE_BYTES = 12;

export type DeviceRecordView = { accountId: string; deviceId: number; loginKey: Bytes; sequence: number };
export type DeviceListEntryView = { accountId: string; version: number; deviceIds: number[] };

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function deviceIdAt(view: DataView, at: number): number {
  const deviceId = view.getUint32(at);
  if (deviceId < 1 || deviceId > MAX_DEVICE_ID) throw new ProtocolError('bad_request');
  return deviceId;
}

export function viewDeviceRecord(record: Uint8Array): DeviceRecordView {
  if (record.length < RECORD_FRONT_BYTES || record[0] !== RECORD_VERSION) throw new ProtocolError('bad_request');
  const view = viewOf(record);
  return {
    accountId: toBase64url(record.subarray(1, RECORD_DEVICE_ID_AT)),
    deviceId: deviceIdAt(view, RECORD_DEVICE_ID_AT),
    loginKey: new Uint8Array(record.subarray(RECORD_LOGIN_KEY_AT, RECORD_SEQUENCE_AT)),
    sequence: view.getUint32(RECORD_SEQUENCE_AT),
  };
}

export function viewDeviceListEntry(entry: Uint8Array): DeviceListEntryView {
  if (entry.length < ENTRY_BODY_AT + ENTRY_SIGNATURE_BYTES || entry[0] !== ENTRY_VERSION) throw new ProtocolError('bad_request');
  const view = viewOf(entry);
  const bodyLength = view.getUint32(ENTRY_BODY_LENGTH_AT);
  const count = bodyLength >= 3 ? view.getUint16(ENTRY_BODY_AT) : 0;
  if (ENTRY_BODY_AT + bodyLength + ENTRY_SIGNATURE_BYTES !== entry.length) throw new ProtocolError('bad_request');
  if (count < 1 || count > MAX_DEVICES || bodyLength < 2 + count * LISTED_DEVICE_BYTES + 1) throw new ProtocolError('bad_request');
  const deviceIds: number[] = [];
  for (let i = 0; i < count; i++) deviceIds.push(deviceIdAt(view, ENTRY_BODY_AT + 2 + i * LISTED_DEVICE_BYTES));
  if (new Set(deviceIds).size !== count) throw new ProtocolError('bad_request');
  return { accountId: toBase64url(entry.subarray(ENTRY_CHAIN_ID_AT, ENTRY_SEQUENCE_AT)), version: view.getUint32(ENTRY_SEQUENCE_AT) + 1, deviceIds };
}

import { type Bytes, toBase64url } from './bytes.ts';
import { ProtocolError } from './errors.ts';
import { ACCOUNT_ID_BYTES, PUBLIC_KEY_BYTES, SIGNATURE_BYTES } from './ids.ts';
import { MAX_DEVICE_ID, MAX_DEVICES } from './limits.ts';

/**
 * What the relay reads of the two records it keeps for others: fields at fixed places, never signatures (clients verify those).
 *
 * device record   version u8 = 1 | account id 32 | device id u32 | registration id u16 | login key 32
 *                 | signed prekey 100 | sealing key 1220 | created at u48 | sequence u32 | signature 64        1,465 bytes
 * chain entry     version u8 = 1 | chain kind u8 = 1 | chain id 32 | sequence u32 | previous hash 32 | operation u8 | author 32
 *                 | body length u32 | body | signature 64
 * its body        count u8 | count × (device id u32 | added at u48), ids ascending | backup flag u8 | …
 */
const RECORD_VERSION = 1;
const RECORD_DEVICE_ID_AT = 1 + ACCOUNT_ID_BYTES;
const RECORD_LOGIN_KEY_AT = RECORD_DEVICE_ID_AT + 4 + 2;
const RECORD_SEQUENCE_AT = RECORD_LOGIN_KEY_AT + PUBLIC_KEY_BYTES + 100 + 1_220 + 6;
const RECORD_BYTES = RECORD_SEQUENCE_AT + 4 + SIGNATURE_BYTES;

const ENTRY_VERSION = 1;
const DEVICE_LIST_CHAIN = 1;
const ENTRY_CHAIN_ID_AT = 2;
const ENTRY_SEQUENCE_AT = ENTRY_CHAIN_ID_AT + 32;
const ENTRY_BODY_LENGTH_AT = ENTRY_SEQUENCE_AT + 4 + 32 + 1 + 32;
const ENTRY_BODY_AT = ENTRY_BODY_LENGTH_AT + 4;
const LISTED_DEVICE_BYTES = 10;

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
  if (record.length !== RECORD_BYTES || record[0] !== RECORD_VERSION) throw new ProtocolError('bad_request');
  const view = viewOf(record);
  return {
    accountId: toBase64url(record.subarray(1, RECORD_DEVICE_ID_AT)),
    deviceId: deviceIdAt(view, RECORD_DEVICE_ID_AT),
    loginKey: new Uint8Array(record.subarray(RECORD_LOGIN_KEY_AT, RECORD_LOGIN_KEY_AT + PUBLIC_KEY_BYTES)),
    sequence: view.getUint32(RECORD_SEQUENCE_AT),
  };
}

export function viewDeviceListEntry(entry: Uint8Array): DeviceListEntryView {
  if (entry.length < ENTRY_BODY_AT + SIGNATURE_BYTES || entry[0] !== ENTRY_VERSION || entry[1] !== DEVICE_LIST_CHAIN) {
    throw new ProtocolError('bad_request');
  }
  const view = viewOf(entry);
  const bodyLength = view.getUint32(ENTRY_BODY_LENGTH_AT);
  const count = view.getUint8(ENTRY_BODY_AT);
  if (ENTRY_BODY_AT + bodyLength + SIGNATURE_BYTES !== entry.length) throw new ProtocolError('bad_request');
  if (count < 1 || count > MAX_DEVICES || bodyLength < 1 + count * LISTED_DEVICE_BYTES + 1) throw new ProtocolError('bad_request');
  const deviceIds: number[] = [];
  for (let i = 0; i < count; i++) {
    const deviceId = deviceIdAt(view, ENTRY_BODY_AT + 1 + i * LISTED_DEVICE_BYTES);
    if (deviceId <= (deviceIds.at(-1) ?? 0)) throw new ProtocolError('bad_request');
    deviceIds.push(deviceId);
  }
  return {
    accountId: toBase64url(entry.subarray(ENTRY_CHAIN_ID_AT, ENTRY_SEQUENCE_AT)),
    version: view.getUint32(ENTRY_SEQUENCE_AT) + 1,
    deviceIds,
  };
}

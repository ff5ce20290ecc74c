/**
 * The content header: the first bytes inside every session message (D1). It says again, under the session's authentication, what the
 * layers outside only claim: kind, sender, recipient or group with epoch and log head, message id, counter.
 *   version 1 ‖ kind 1 ‖ from account 32 ‖ from device u32
 *   ‖ pairwise: to account 32 ‖ to device u32
 *   ‖ group:    group id 32 ‖ epoch u32 ‖ log version u32 ‖ log head 32
 *   ‖ message id 16 ‖ counter u32 ‖ sent at 6 ‖ device-list version u32 ‖ device-list hash 32
 *   ‖ introduction flag 1 ‖ [introduction] ‖ body length u32 ‖ body                       141 (pairwise) or 177 bytes and the body
 * Signal's MAC binds two identity keys and nothing else, so the binding of accounts, devices, group and epoch is made here: whoever
 * decrypts compares with `requireContext` and refuses any difference (ATTACKS 3, 7, 13, 16).
 *
 * Not promised: that `sentAt` is true. It is the sender's clock.
 */
import { type Bytes, equalBytes } from '../bytes.ts';
import { HASH_BYTES } from '../chain/entry.ts';
import { require } from '../errors.ts';
import { accountIdFromBytes, accountIdToBytes, type DeviceAddress, requireDeviceId } from '../keys/account-id.ts';
import { KIND } from '../labels.ts';
import { MAX_ENVELOPE_BYTES } from '../limits.ts';
import { type Introduction, readIntroduction, writeIntroduction } from './introduction.ts';
import { type Reader, reader } from './reader.ts';
import { type MessageKind, requireMessageKind } from './sealed-message.ts';
import { type Writer, writer } from './writer.ts';

export type GroupAddress = { groupId: Bytes; epoch: number; logVersion: number; logHead: Bytes };

export type ContentHeader = {
  kind: MessageKind;
  from: DeviceAddress;
  to: DeviceAddress | GroupAddress;
  messageId: Bytes;
  /** Per sending device and destination (recipient device, or group), from 1: a gap shows a message that was held back. */
  counter: number;
  sentAt: number;
  /** The sender's own list as he knows it. */
  deviceList: { version: number; hash: Bytes };
  introduction?: Introduction;
  body: Bytes;
};

const VERSION = 1;
const GROUP_ID_BYTES = 32;
const MESSAGE_ID_BYTES = 16;

function writeAddress(to: Writer, address: DeviceAddress): void {
  to.fixed(accountIdToBytes(address.accountId), 32).u32(requireDeviceId(address.deviceId));
}

function readAddress(from: Reader): DeviceAddress {
  return { accountId: accountIdFromBytes(from.bytes(32)), deviceId: requireDeviceId(from.u32()) };
}

function writeDestination(to: Writer, kind: MessageKind, destination: DeviceAddress | GroupAddress): void {
  if ('groupId' in destination) {
    require(kind === KIND.group, 'wrong-kind');
    const { groupId, epoch, logVersion, logHead } = destination;
    to.fixed(groupId, GROUP_ID_BYTES).u32(epoch).u32(logVersion).fixed(logHead, HASH_BYTES);
  } else {
    require(kind === KIND.pairwise, 'wrong-kind');
    writeAddress(to, destination);
  }
}

function readDestination(from: Reader, kind: MessageKind): DeviceAddress | GroupAddress {
  if (kind === KIND.pairwise) return readAddress(from);
  return { groupId: from.bytes(GROUP_ID_BYTES), epoch: from.u32(), logVersion: from.u32(), logHead: from.bytes(HASH_BYTES) };
}

export function encodeContent(header: ContentHeader): Bytes {
  require(header.counter >= 1, 'malformed');
  const to = writer().u8(VERSION).u8(requireMessageKind(header.kind));
  writeAddress(to, header.from);
  writeDestination(to, header.kind, header.to);
  to.fixed(header.messageId, MESSAGE_ID_BYTES).u32(header.counter).time(header.sentAt);
  to.u32(header.deviceList.version).fixed(header.deviceList.hash, HASH_BYTES);
  to.flag(header.introduction !== undefined);
  if (header.introduction) writeIntroduction(to, header.introduction);
  const bytes = to.sized(header.body, MAX_ENVELOPE_BYTES).done();
  require(bytes.length <= MAX_ENVELOPE_BYTES, 'too-large');
  return bytes;
}

export function parseContent(bytes: Uint8Array): ContentHeader {
  const from = reader(bytes, MAX_ENVELOPE_BYTES);
  from.expect(VERSION, 'unsupported-version');
  const kind = requireMessageKind(from.u8());
  const sender = readAddress(from);
  const to = readDestination(from, kind);
  const messageId = from.bytes(MESSAGE_ID_BYTES);
  const counter = from.u32();
  require(counter >= 1, 'malformed');
  const sentAt = from.time();
  const deviceList = { version: from.u32(), hash: from.bytes(HASH_BYTES) };
  const introduction = from.flag() ? readIntroduction(from) : undefined;
  const body = from.sized(MAX_ENVELOPE_BYTES);
  from.end();
  const header: ContentHeader = { kind, from: sender, to, messageId, counter, sentAt, deviceList, body };
  return introduction ? { ...header, introduction } : header;
}

/** What the session or sender key that decrypted a content was for. */
export type ExpectedContext = { from: DeviceAddress; to: DeviceAddress | { groupId: Bytes; epoch: number } };

function sameAddress(a: DeviceAddress, b: DeviceAddress): boolean {
  return a.accountId === b.accountId && a.deviceId === b.deviceId;
}

/** D1: any mismatch with the session used is a failure. Throws `wrong-kind` or `wrong-context`. */
export function requireContext(header: ContentHeader, expected: ExpectedContext): void {
  const { to } = expected;
  require(header.kind === ('groupId' in to ? KIND.group : KIND.pairwise), 'wrong-kind');
  require(sameAddress(header.from, expected.from), 'wrong-context');
  if ('groupId' in to) {
    require('groupId' in header.to && equalBytes(header.to.groupId, to.groupId) && header.to.epoch === to.epoch, 'wrong-context');
  } else {
    require(!('groupId' in header.to) && sameAddress(header.to, to), 'wrong-context');
  }
}

/** C19, C20: what a session message says about itself, and how a stranger shows who he is. */
import {
  type AccountId,
  accountIdFromBytes,
  accountIdToBytes,
  type ContentHeader,
  type DeviceAddress,
  encodeContent,
  type ExpectedContext,
  type Introduction,
  parseContent,
  requireContext,
  verifyIntroduction,
} from '../../../crypto/index.ts';
import type { Family, Given, JsonObject } from '../family.ts';
import { type Bytes, toHex } from '../hex.ts';
import { agreed, joined, sha256Of, u32, utf8Of } from '../independent.ts';
import { hex, int, list, nullable, object, text } from '../shape.ts';
import { generateContent } from './content-cases.ts';

const idHex = (id: AccountId): string => toHex(accountIdToBytes(id));

const addressOf = (value: unknown, { bytes }: Given): DeviceAddress => {
  const { account, deviceId } = value as JsonObject;
  return { accountId: accountIdFromBytes(bytes(account)), deviceId: Number(deviceId) };
};

/** Made by concatenation alone. */
function byHand(input: JsonObject, { bytes }: Given, zeros: number): Uint8Array {
  const number = (value: unknown, length: number): Uint8Array =>
    Uint8Array.from({ length }, (_, at) => Math.floor(Number(value) / 256 ** (length - 1 - at)) % 256);
  const sized = (part: Uint8Array): Uint8Array => joined(u32(part.length), part);
  const address = ({ account, deviceId }: JsonObject): Uint8Array => joined(bytes(account), number(deviceId, 4));
  const list = input['deviceList'] as JsonObject;
  const group = input['group'] as JsonObject | null;
  const to = group
    ? joined(bytes(group['groupId']), number(group['epoch'], 4), number(group['logVersion'], 4), bytes(group['logHead']))
    : address(input['to'] as JsonObject);
  const shown = input['introduction'] as JsonObject | null;
  const entries = (name: string): Uint8Array[] => ((shown?.[name] ?? []) as string[]).map((entry) => sized(bytes(entry)));
  const introduction = shown
    ? joined(
        Uint8Array.of(1),
        bytes(shown['genesis']),
        number(entries('rotations').length, 1),
        ...entries('rotations'),
        number(entries('deviceList').length, 2),
        ...entries('deviceList'),
        sized(utf8Of(shown['certificate'] as string)),
      )
    : Uint8Array.of(0);
  const head = joined(
    Uint8Array.of(1, Number(input['kind'])),
    address(input['from'] as JsonObject),
    to,
    bytes(input['messageId']),
    number(input['counter'], 4),
    number(input['sentAt'], 6),
    number(list['version'], 4),
    bytes(list['hash']),
    introduction,
  );
  const body = bytes(input['body']);
  const whole = new Uint8Array(head.length + 4 + body.length + zeros);
  whole.set(joined(head, u32(body.length + zeros), body));
  return whole;
}

function headerOf(input: JsonObject, given: Given): ContentHeader {
  const { bytes } = given;
  const list = input['deviceList'] as JsonObject;
  const group = input['group'] as JsonObject | null;
  const shown = input['introduction'] as JsonObject | null;
  const body = bytes(input['body']);
  const whole = new Uint8Array(body.length + Number(input['zeros']));
  whole.set(body);
  const header: ContentHeader = {
    kind: input['kind'] as ContentHeader['kind'],
    from: addressOf(input['from'], given),
    to: group
      ? {
          groupId: bytes(group['groupId']),
          epoch: Number(group['epoch']),
          logVersion: Number(group['logVersion']),
          logHead: bytes(group['logHead']),
        }
      : addressOf(input['to'], given),
    messageId: bytes(input['messageId']),
    counter: Number(input['counter']),
    sentAt: Number(input['sentAt']),
    deviceList: { version: Number(list['version']), hash: bytes(list['hash']) },
    body: whole,
  };
  return shown ? { ...header, introduction: introductionOf(shown, given) } : header;
}

const introductionOf = (shown: JsonObject, { bytes }: Given): Introduction => ({
  genesis: bytes(shown['genesis']),
  rotations: (shown['rotations'] as string[]).map(bytes),
  deviceList: (shown['deviceList'] as string[]).map(bytes),
  certificate: shown['certificate'] as string,
});

const addressJson = ({ accountId, deviceId }: DeviceAddress): JsonObject => ({ account: idHex(accountId), deviceId });

function shownHeader({ kind, from, to, messageId, counter, sentAt, deviceList, introduction, body }: ContentHeader): JsonObject {
  const group = 'groupId' in to ? to : null;
  return {
    kind,
    from: addressJson(from),
    to: 'groupId' in to ? null : addressJson(to),
    group: group && {
      groupId: toHex(group.groupId),
      epoch: group.epoch,
      logVersion: group.logVersion,
      logHead: toHex(group.logHead),
    },
    messageId: toHex(messageId),
    counter,
    sentAt,
    deviceList: { version: deviceList.version, hash: toHex(deviceList.hash) },
    introduction: introduction
      ? {
          genesis: toHex(introduction.genesis),
          rotations: introduction.rotations.map(toHex),
          deviceList: introduction.deviceList.map(toHex),
          certificate: introduction.certificate,
        }
      : null,
    bodyBytes: body.length,
    bodyHash: toHex(sha256Of(body)),
  };
}

function contentOf(input: JsonObject, { bytes }: Given): Bytes {
  const content = bytes(input['content']);
  const whole = new Uint8Array(content.length + Number(input['zeros']));
  whole.set(content);
  return whole;
}

function expectedContext(input: JsonObject, given: Given): ExpectedContext {
  const group = input['group'] as JsonObject | null;
  const to = group ? { groupId: given.bytes(group['groupId']), epoch: Number(group['epoch']) } : addressOf(input['to'], given);
  return { from: addressOf(input['from'], given), to };
}

const address = object({ account: hex(32), deviceId: int });
const introduction = (size?: number) =>
  nullable(object({ genesis: hex(size), rotations: list(hex()), deviceList: list(hex()), certificate: text }));
const header = (messageId?: number, hash?: number) => ({
  kind: int,
  from: address,
  to: nullable(address),
  group: nullable(object({ groupId: hex(hash), epoch: int, logVersion: int, logHead: hex(hash) })),
  messageId: hex(messageId),
  counter: int,
  sentAt: int,
  deviceList: object({ version: int, hash: hex(hash) }),
});

export const content: Family = {
  name: 'content',
  algorithm: 'Content header and introduction (C19, C20)',
  notes: {
    Basic: { bugType: 'BASIC', description: 'Headers of both kinds, with and without an introduction; honest strangers.' },
    Bounds: { bugType: 'EDGE_CASE', description: 'Each field at its bound, and one past it.' },
    Truncated: { bugType: 'MALFORMED', description: 'Cut in each field.' },
    Trailing: { bugType: 'MALFORMED', description: 'Bytes after the body.', effect: 'One value has two encodings.' },
    Version: { bugType: 'CONFUSION', description: 'Another version byte.' },
    WrongKind: { bugType: 'CONFUSION', description: 'A kind that is none, or the other kind’s address.' },
    WrongContext: {
      bugType: 'AUTH_BYPASS',
      description: 'Names another sender, recipient, group or epoch than the session or sender key that opened it.',
      effect: 'Unknown key share: a message is taken for somebody else’s, or for another conversation’s.',
      links: ['https://breakingthe3ma.app'],
    },
    Malformed: {
      bugType: 'MALFORMED',
      description: 'A flag that is neither 0 nor 1, text that is not UTF-8, a length beyond what is there.',
    },
    Stranger: {
      bugType: 'AUTH_BYPASS',
      description: 'An introduction that borrows: records of one account, the handshake of another.',
      effect: 'A stranger poses as somebody known.',
    },
    BadSignature: { bugType: 'AUTH_BYPASS', description: 'A rotation or device list that somebody else signed.' },
  },
  shapes: {
    encode: {
      input: { ...header(), introduction: introduction(), body: hex(), zeros: int },
      expected: { contentBytes: int, contentHash: hex(32) },
    },
    parse: {
      input: { content: hex(), zeros: int },
      expected: { ...header(16, 32), introduction: introduction(81), bodyBytes: int, bodyHash: hex(32) },
    },
    context: {
      input: { content: hex(), from: address, to: nullable(address), group: nullable(object({ groupId: hex(32), epoch: int })) },
      expected: {},
    },
    introduce: {
      input: { introduction: introduction(), identityKey: hex(32), from: address },
      expected: {
        identityKeys: list(hex(32)),
        deviceList: object({ version: int, hash: hex(32), devices: list(object({ deviceId: int, addedAt: int })) }),
      },
    },
  },
  async run(type, input, given) {
    if (type === 'encode') {
      const content = encodeContent(headerOf(input, given));
      const hash = agreed('content', sha256Of(content) as Bytes, sha256Of(byHand(input, given, Number(input['zeros']))));
      return { contentBytes: content.length, contentHash: hash };
    }
    if (type === 'parse') return shownHeader(parseContent(contentOf(input, given)));
    if (type === 'context') {
      requireContext(parseContent(given.bytes(input['content'])), expectedContext(input, given));
      return {};
    }
    const { accountId, deviceId } = addressOf(input['from'], given);
    const verified = await verifyIntroduction(introductionOf(input['introduction'] as JsonObject, given), {
      identityKey: given.bytes(input['identityKey']),
      fromAccount: accountId,
      fromDevice: deviceId,
    });
    const { version, hash, devices } = verified.deviceList;
    return {
      identityKeys: verified.identityKeys.map(toHex),
      deviceList: { version, hash: toHex(hash), devices: devices.map((device) => ({ ...device })) },
    };
  },
  generate: generateContent,
};

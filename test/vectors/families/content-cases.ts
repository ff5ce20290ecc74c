/** The cases of content headers: each field at its bounds, each mismatch that the header is there to catch. Strangers are in introduction-cases.ts. */
import type { JsonObject, Make } from '../family.ts';
import { type CryptoErrorCode, toHex } from '../hex.ts';
import { u32, utf8Of } from '../independent.ts';
import { cut, replaced } from '../spoil.ts';
import { makeIntroductions } from './introduction-cases.ts';

const SENT_AT = Date.UTC(2026, 10, 20);
const MAX_BYTES = 65_536;
const PAIRWISE_BYTES = 141;
const GROUP_BYTES = 177;
/** Where each field of a header without an introduction begins, and where the body does. */
const COMMON = { kind: 1, from: 2, fromDevice: 34 };
const PAIRWISE = {
  ...COMMON,
  to: 38,
  toDevice: 70,
  messageId: 74,
  counter: 90,
  sentAt: 94,
  list: 100,
  hash: 104,
  flag: 136,
  size: 137,
  body: 141,
};
const GROUP = {
  ...COMMON,
  groupId: 38,
  epoch: 70,
  logVersion: 74,
  logHead: 78,
  messageId: 110,
  counter: 126,
  sentAt: 130,
  list: 136,
  hash: 140,
  flag: 172,
  size: 173,
  body: 177,
};

type Headers = { pairwise: JsonObject; group: JsonObject };

function makeHeaders(random: Make['random']): Headers {
  const common = {
    from: { account: toHex(random(32)), deviceId: 7 },
    messageId: toHex(random(16)),
    counter: 3,
    sentAt: SENT_AT,
    deviceList: { version: 2, hash: toHex(random(32)) },
    introduction: null,
    body: toHex(random(20)),
    zeros: 0,
  };
  const to = { account: toHex(random(32)), deviceId: 9 };
  const group = { groupId: toHex(random(32)), epoch: 4, logVersion: 11, logHead: toHex(random(32)) };
  return { pairwise: { kind: 1, to, group: null, ...common }, group: { kind: 2, to: null, group, ...common } };
}

/** As C19 and C20 lay it out. */
function contentOf(header: JsonObject, flagAndIntroduction = '00'): string {
  const { account, deviceId } = header['from'] as { account: string; deviceId: number };
  const u = (value: unknown): string => toHex(u32(Number(value)));
  const to = header['to'] as JsonObject | null;
  const group = header['group'] as JsonObject | null;
  const list = header['deviceList'] as JsonObject;
  const body = header['body'] as string;
  const destination = to
    ? `${to['account']}${u(to['deviceId'])}`
    : `${group?.['groupId']}${u(group?.['epoch'])}${u(group?.['logVersion'])}${group?.['logHead']}`;
  const sentAt = Number(header['sentAt']).toString(16).padStart(12, '0');
  const head = `01${header['kind'] === 1 ? '01' : '02'}${account}${u(deviceId)}${destination}${header['messageId']}${u(header['counter'])}`;
  return `${head}${sentAt}${u(list['version'])}${list['hash']}${flagAndIntroduction}${u(body.length / 2)}${body}`;
}

const sized = (hex: string): string => toHex(u32(hex.length / 2)) + hex;
const textHex = (text: string): string => toHex(utf8Of(text) as Uint8Array<ArrayBuffer>);

async function makeEncodes({ random, group: begin, valid, invalid }: Make, { pairwise, group }: Headers): Promise<void> {
  begin('encode');
  await valid('pairwise', ['Basic'], pairwise);
  await valid('for a group', ['Basic'], group);
  await valid('an empty body', ['Basic'], { ...pairwise, body: '' });
  const { from, to, deviceList } = pairwise as { from: JsonObject; to: JsonObject; deviceList: JsonObject };
  const inGroup = group['group'] as JsonObject;
  for (const [comment, header] of [
    ['device ids 1', { ...pairwise, from: { ...from, deviceId: 1 }, to: { ...to, deviceId: 1 } }],
    ['device ids 2³¹ − 1', { ...pairwise, from: { ...from, deviceId: 0x7fff_ffff }, to: { ...to, deviceId: 0x7fff_ffff } }],
    ['counter 1', { ...pairwise, counter: 1 }],
    ['counter 2³² − 1', { ...pairwise, counter: 0xffff_ffff }],
    ['sent at 0', { ...pairwise, sentAt: 0 }],
    ['sent at 2⁴⁸ − 1', { ...pairwise, sentAt: 2 ** 48 - 1 }],
    ['list version 2³² − 1', { ...pairwise, deviceList: { ...deviceList, version: 0xffff_ffff } }],
    ['epoch and log version 0', { ...group, group: { ...inGroup, epoch: 0, logVersion: 0 } }],
    ['epoch and log version 2³² − 1', { ...group, group: { ...inGroup, epoch: 0xffff_ffff, logVersion: 0xffff_ffff } }],
    ['64 KiB in all', { ...pairwise, zeros: MAX_BYTES - PAIRWISE_BYTES - 20 }],
    ['64 KiB in all, for a group', { ...group, zeros: MAX_BYTES - GROUP_BYTES - 20 }],
  ] as const)
    await valid(comment, ['Bounds'], header);
  const refuse = (comment: string, kind: string, header: JsonObject, error: CryptoErrorCode = 'malformed') =>
    invalid(comment, [kind], header, error);
  for (const [comment, header] of [
    ['from device 0', { ...pairwise, from: { ...from, deviceId: 0 } }],
    ['from device 2³¹', { ...pairwise, from: { ...from, deviceId: 2 ** 31 } }],
    ['to device 0', { ...pairwise, to: { ...to, deviceId: 0 } }],
    ['to device 2³¹', { ...pairwise, to: { ...to, deviceId: 2 ** 31 } }],
    ['counter 0', { ...pairwise, counter: 0 }],
    ['counter 2³²', { ...pairwise, counter: 2 ** 32 }],
    ['sent at 2⁴⁸', { ...pairwise, sentAt: 2 ** 48 }],
    ['list version 2³²', { ...pairwise, deviceList: { ...deviceList, version: 2 ** 32 } }],
    ['epoch 2³²', { ...group, group: { ...inGroup, epoch: 2 ** 32 } }],
    ['log version 2³²', { ...group, group: { ...inGroup, logVersion: 2 ** 32 } }],
  ] as const)
    await refuse(comment, 'Bounds', header);
  for (const length of [15, 17]) await refuse(`message id of ${length} bytes`, 'Bounds', { ...pairwise, messageId: toHex(random(length)) });
  for (const length of [31, 33]) {
    const bytes = toHex(random(length));
    await refuse(`list hash of ${length} bytes`, 'Bounds', { ...pairwise, deviceList: { ...deviceList, hash: bytes } });
    await refuse(`group id of ${length} bytes`, 'Bounds', { ...group, group: { ...inGroup, groupId: bytes } });
    await refuse(`log head of ${length} bytes`, 'Bounds', { ...group, group: { ...inGroup, logHead: bytes } });
  }
  await refuse('64 KiB and a byte in all', 'Bounds', { ...pairwise, zeros: MAX_BYTES - PAIRWISE_BYTES - 19 }, 'too-large');
  await refuse('64 KiB and a byte in all, for a group', 'Bounds', { ...group, zeros: MAX_BYTES - GROUP_BYTES - 19 }, 'too-large');
  await refuse('a group’s address in a pairwise header', 'WrongKind', { ...group, kind: 1 }, 'wrong-kind');
  await refuse('a device’s address in a group’s header', 'WrongKind', { ...pairwise, kind: 2 }, 'wrong-kind');
  for (const kind of [0, 3]) await refuse(`kind ${kind}`, 'WrongKind', { ...pairwise, kind }, 'wrong-kind');
  await makeIntroducing({ random, group: begin, valid, invalid }, pairwise);
}

/** An introduction's own bounds; nobody looks into what it holds yet. */
async function makeIntroducing({ random, valid, invalid }: Make, pairwise: JsonObject): Promise<void> {
  const shown = { genesis: toHex(random(81)), rotations: [toHex(random(203))], deviceList: [toHex(random(150))], certificate: 'a.b.c' };
  const show = (comment: string, kind: string, changes: JsonObject) =>
    valid(comment, [kind], { ...pairwise, introduction: { ...shown, ...changes } });
  await show('with an introduction', 'Basic', {});
  await show('with an introduction of nothing but a genesis record', 'Basic', { rotations: [], deviceList: [], certificate: '' });
  await show('64 rotations', 'Bounds', { rotations: Array.from({ length: 64 }, () => '') });
  await show('512 entries of a device list', 'Bounds', { deviceList: Array.from({ length: 512 }, () => '') });
  await show('a certificate of 2,048 bytes', 'Bounds', { certificate: 'é'.repeat(1_024) });
  const refuse = (comment: string, changes: JsonObject, error: CryptoErrorCode = 'too-large') =>
    invalid(comment, ['Bounds'], { ...pairwise, introduction: { ...shown, ...changes } }, error);
  await refuse('65 rotations', { rotations: Array.from({ length: 65 }, () => '') });
  await refuse('513 entries of a device list', { deviceList: Array.from({ length: 513 }, () => '') });
  await refuse('a certificate of 2,049 bytes', { certificate: `${'é'.repeat(1_024)}x` });
  for (const length of [80, 82]) await refuse(`a genesis record of ${length} bytes`, { genesis: toHex(random(length)) }, 'malformed');
}

async function makeParses(make: Make, { pairwise, group }: Headers): Promise<void> {
  const { random, group: begin, valid, invalid } = make;
  begin('parse');
  const show = (comment: string, kind: string, content: string, zeros = 0) => valid(comment, [kind], { content, zeros });
  const refuse = (comment: string, kind: string, content: string, error: CryptoErrorCode = 'malformed', zeros = 0) =>
    invalid(comment, [kind], { content, zeros }, error);
  for (const [what, header, at, headBytes] of [
    ['pairwise', pairwise, PAIRWISE, PAIRWISE_BYTES],
    ['group', group, GROUP, GROUP_BYTES],
  ] as const) {
    const good = contentOf(header);
    const sizeOf = (bytes: number): string => toHex(u32(bytes));
    const full = `${cut(good, at.size)}${sizeOf(MAX_BYTES - headBytes)}`;
    await show(`${what}: all fields`, 'Basic', good);
    await show(`${what}: an empty body`, 'Basic', `${cut(good, at.size)}${sizeOf(0)}`);
    await show(`${what}: 64 KiB in all`, 'Bounds', full, MAX_BYTES - headBytes);
    await refuse(
      `${what}: 64 KiB and a byte`,
      'Bounds',
      `${cut(good, at.size)}${sizeOf(MAX_BYTES - headBytes + 1)}`,
      'too-large',
      MAX_BYTES - headBytes + 1,
    );
    for (const version of ['00', '02', 'ff'])
      await refuse(`${what}: version ${version}`, 'Version', replaced(good, 0, version), 'unsupported-version');
    for (const kind of ['00', '03', '07', 'ff'])
      await refuse(`${what}: kind ${kind}`, 'WrongKind', replaced(good, at.kind, kind), 'wrong-kind');
    await refuse(`${what}: the other kind’s byte`, 'WrongKind', replaced(good, at.kind, what === 'group' ? '01' : '02'));
    for (const [field, from] of Object.entries(at).slice(1))
      await refuse(`${what}: cut where ${field} begins`, 'Truncated', cut(good, from));
    await refuse(`${what}: without its last byte`, 'Truncated', cut(good, good.length / 2 - 1));
    await refuse(`${what}: a byte more`, 'Trailing', good, 'malformed', 1);
    await refuse(`${what}: from device 0`, 'Bounds', replaced(good, at.fromDevice, '00000000'));
    await refuse(`${what}: from device 2³¹`, 'Bounds', replaced(good, at.fromDevice, '80000000'));
    await refuse(`${what}: counter 0`, 'Bounds', replaced(good, at.counter, '00000000'));
    await refuse(`${what}: flag 2`, 'Malformed', replaced(good, at.flag, '02'));
    await refuse(`${what}: flag 1 and no introduction`, 'Malformed', replaced(good, at.flag, '01'));
    await refuse(`${what}: a body said to be a byte longer`, 'Malformed', replaced(good, at.size, sizeOf(21)));
    await refuse(`${what}: a body said to be a byte shorter`, 'Trailing', replaced(good, at.size, sizeOf(19)));
    await refuse(`${what}: a body said to be 64 KiB`, 'Malformed', replaced(good, at.size, sizeOf(MAX_BYTES)));
    await refuse(`${what}: a body said to be a byte over 64 KiB`, 'Bounds', replaced(good, at.size, sizeOf(MAX_BYTES + 1)), 'too-large');
    for (const [comment, changes] of [
      ['counter 2³² − 1', { counter: 0xffff_ffff }],
      ['sent at 2⁴⁸ − 1', { sentAt: 2 ** 48 - 1 }],
      ['from device 2³¹ − 1', { from: { ...(header['from'] as JsonObject), deviceId: 0x7fff_ffff } }],
    ] as const)
      await show(`${what}: ${comment}`, 'Bounds', contentOf({ ...header, ...changes }));
  }
  await refuse('nothing', 'Truncated', '');
  await refuse('a version byte alone', 'Truncated', '01');
  const good = contentOf(pairwise);
  await refuse('pairwise: to device 0', 'Bounds', replaced(good, PAIRWISE.toDevice, '00000000'));
  await refuse('pairwise: to device 2³¹', 'Bounds', replaced(good, PAIRWISE.toDevice, '80000000'));
  await show('pairwise: to device 2³¹ − 1', 'Bounds', replaced(good, PAIRWISE.toDevice, '7fffffff'));
  const [genesis, rotation, entry] = [toHex(random(81)), toHex(random(203)), toHex(random(150))];
  const introduced = (rotations: string, list: string, certificate: string): string =>
    contentOf(pairwise, `01${genesis}${rotations}${list}${certificate}`);
  const [one, two, jws] = [`01${sized(rotation)}`, `0002${sized(entry)}${sized(entry)}`, sized(textHex('a.b.c'))];
  await show('an introduction', 'Basic', introduced(one, two, jws));
  await show('an introduction of nothing but a genesis record', 'Basic', introduced('00', '0000', '00000000'));
  await show('64 rotations', 'Bounds', introduced(`40${'00000000'.repeat(64)}`, two, jws));
  await refuse('65 rotations', 'Bounds', introduced(`41${'00000000'.repeat(65)}`, two, jws), 'too-large');
  await show('512 entries of a device list', 'Bounds', introduced(one, `0200${'00000000'.repeat(512)}`, jws));
  await refuse('513 entries of a device list', 'Bounds', introduced(one, `0201${'00000000'.repeat(513)}`, jws), 'too-large');
  await show('a certificate of 2,048 bytes', 'Bounds', introduced(one, two, sized('61'.repeat(2_048))));
  await refuse('a certificate of 2,049 bytes', 'Bounds', introduced(one, two, sized('61'.repeat(2_049))), 'too-large');
  await refuse('a certificate that is not UTF-8', 'Malformed', introduced(one, two, sized('ff')));
  await refuse('a rotation said to be 64 KiB', 'Malformed', introduced('0100010000', two, jws));
  await refuse('a rotation said to be a byte over 64 KiB', 'Bounds', introduced('0100010001', two, jws), 'too-large');
  await refuse('an entry said to be 64 KiB', 'Malformed', introduced(one, '000100010000', jws));
  await refuse('an entry said to be a byte over 64 KiB', 'Bounds', introduced(one, '000100010001', jws), 'too-large');
  const whole = introduced(one, two, jws);
  const from = PAIRWISE.flag + 1;
  for (const [what, at] of [
    ['genesis record', from + 80],
    ['count of rotations', from + 81],
    ['rotation', from + 100],
    ['count of entries', from + 81 + 1 + 4 + 203 + 1],
    ['entry', from + 81 + 1 + 4 + 203 + 2 + 20],
  ] as const)
    await refuse(`an introduction, cut in the ${what}`, 'Truncated', cut(whole, at));
}

async function makeContexts({ random, group: begin, valid, invalid }: Make, { pairwise, group }: Headers): Promise<void> {
  begin('context');
  const { from, to } = pairwise as { from: JsonObject; to: JsonObject };
  const { groupId, epoch } = group['group'] as JsonObject as { groupId: string; epoch: number };
  const direct = { content: contentOf(pairwise), from, to, group: null };
  const inGroup = { content: contentOf(group), from, to: null, group: { groupId, epoch } };
  await valid('a session of these two devices', ['Basic'], direct);
  await valid('a sender key of this device, group and epoch', ['Basic'], inGroup);
  const otherAccount = toHex(random(32));
  const refuse = (comment: string, input: JsonObject) => invalid(comment, ['WrongContext'], input, 'wrong-context');
  const bit = (hex: string): string => replaced(hex, 31, hex.endsWith('00') ? '01' : '00');
  for (const [what, base] of [
    ['pairwise', direct],
    ['group', inGroup],
  ] as const) {
    await refuse(`${what}: a session of another account`, { ...base, from: { ...from, account: otherAccount } });
    await refuse(`${what}: the last byte of the account`, { ...base, from: { ...from, account: bit(from['account'] as string) } });
    await refuse(`${what}: a session of another device of it`, { ...base, from: { ...from, deviceId: 8 } });
  }
  await refuse('written for another account', { ...direct, to: { ...to, account: otherAccount } });
  await refuse('written for the last byte of another', { ...direct, to: { ...to, account: bit(to['account'] as string) } });
  await refuse('written for another device', { ...direct, to: { ...to, deviceId: 10 } });
  await refuse('sender and recipient change places', { ...direct, from: to, to: from });
  await refuse('sent back to its sender', { ...direct, to: from });
  await refuse('of another group', { ...inGroup, group: { groupId: toHex(random(32)), epoch } });
  await refuse('of the last byte of another', { ...inGroup, group: { groupId: bit(groupId), epoch } });
  await refuse('of the epoch before', { ...inGroup, group: { groupId, epoch: epoch - 1 } });
  await refuse('of the epoch after', { ...inGroup, group: { groupId, epoch: epoch + 1 } });
  await invalid('a group’s message in a pairwise session', ['WrongKind'], { ...inGroup, to, group: null }, 'wrong-kind');
  await invalid('a pairwise message under a sender key', ['WrongKind'], { ...direct, to: null, group: { groupId, epoch } }, 'wrong-kind');
  // 36 bytes at the same place: a group id and an epoch that read as account and device.
  const alike = { ...group, group: { ...(group['group'] as JsonObject), groupId: to['account'] as string, epoch: 9 } };
  await invalid(
    'a group whose id and epoch are the recipient’s account and device',
    ['WrongKind'],
    { ...direct, content: contentOf(alike) },
    'wrong-kind',
  );
}

export async function generateContent(make: Make): Promise<void> {
  const headers = makeHeaders(make.random);
  await makeEncodes(make, headers);
  await makeParses(make, headers);
  await makeContexts(make, headers);
  await makeIntroductions(make);
}

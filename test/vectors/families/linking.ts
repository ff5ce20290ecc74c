/** C30: the code that goes from screen to eye, and the channel that only its two readers share. */
import {
  encodeLinkingCode,
  generateLinkingCode,
  type LinkingChannel,
  type LinkingCode,
  type LinkingRole,
  openLinked,
  parseLinkingCode,
  primitives,
  sealLinked,
  startLinkingChannel,
} from '../../../crypto/index.ts';
import type { Family, Given, JsonObject } from '../family.ts';
import { type Bytes, toHex } from '../hex.ts';
import { agreed, hashOf, sha256Of } from '../independent.ts';
import { flag, hex, int, nullable, oneOf, text } from '../shape.ts';
import { aadOf, layer, type Link, linkOf } from './linking-by-hand.ts';
import { generateLinking } from './linking-cases.ts';

const DIRECTION = { new: 1, old: 2 } as const;

type Side = { role: LinkingRole; code: LinkingCode; channel: LinkingChannel; link: Link; shared: Uint8Array };

async function sideOf(input: JsonObject, { bytes }: Given): Promise<Side> {
  const role = input['role'] as LinkingRole;
  const code = { secret: bytes(input['secret']), keyHash: input['keyHash'] === null ? null : bytes(input['keyHash']) };
  const privateKey = bytes(input['privateKey']);
  const theirs = bytes(input['theirPublicKey']);
  const publicKey = await primitives.x25519PublicKey(privateKey);
  const channel = await startLinkingChannel(role, code, { privateKey, publicKey }, theirs);
  const [newKey, oldKey] = role === 'new' ? [publicKey, theirs] : [theirs, publicKey];
  const shared = await primitives.x25519(privateKey, theirs);
  return { role, code, channel, shared, link: linkOf(shared, code.secret, newKey, oldKey) };
}

async function start(input: JsonObject, given: Given): Promise<JsonObject> {
  const { role, channel, link, shared } = await sideOf(input, given);
  const [send, receive] = role === 'new' ? [link.fromNew, link.fromOld] : [link.fromOld, link.fromNew];
  return {
    sharedSecret: toHex(shared),
    transcript: toHex(link.transcript),
    sendOuter: agreed('outer key', channel.send.outer, send.outer),
    sendInner: agreed('inner key', channel.send.inner, send.inner),
    receiveOuter: agreed('outer key', channel.receive.outer, receive.outer),
    receiveInner: agreed('inner key', channel.receive.inner, receive.inner),
  };
}

/** The bytes, and so many zeros after them: what is long is not written out. */
function withZeros(bytes: Bytes, zeros: unknown): Bytes {
  const whole = new Uint8Array(bytes.length + Number(zeros));
  whole.set(bytes);
  return whole;
}

async function seal(input: JsonObject, given: Given): Promise<JsonObject> {
  const { role, channel, link } = await sideOf(input, given);
  const number = Number(input['number']);
  const plaintext = withZeros(given.bytes(input['plaintext']), input['zeros']);
  const sealed = await sealLinked({ ...channel, sent: number }, plaintext, given.random(input['random']));
  if (sealed.channel.sent !== number + 1) throw new Error('the number does not go on');
  const keys = role === 'new' ? link.fromNew : link.fromOld;
  const aad = aadOf(DIRECTION[role], number);
  const salts = given.random(input['random']);
  const inner = layer(keys.inner, 'code', salts(32), aad, plaintext);
  const outer = layer(keys.outer, 'channel', salts(32), aad, inner.record);
  return {
    aad: toHex(aad),
    innerKey: toHex(inner.key),
    innerHash: toHex(sha256Of(inner.record)),
    outerKey: toHex(outer.key),
    messageBytes: sealed.message.length,
    messageHash: agreed('message', sha256Of(sealed.message) as Bytes, sha256Of(outer.record)),
  };
}

async function open(input: JsonObject, given: Given): Promise<JsonObject> {
  const { channel } = await sideOf(input, given);
  const message = withZeros(given.bytes(input['message']), input['zeros']);
  const opened = await openLinked({ ...channel, received: Number(input['number']) }, message);
  return { plaintext: toHex(opened.plaintext), next: opened.channel.received };
}

async function generate(input: JsonObject, { random }: Given): Promise<JsonObject> {
  const { code, ephemeral } = await generateLinkingCode(input['form'] as 'scanned' | 'typed', random(input['random']));
  const keyHash = code.keyHash && agreed('key hash', code.keyHash, hashOf('Sottovoce v1 link key', ephemeral.publicKey));
  return { privateKey: toHex(ephemeral.privateKey), publicKey: toHex(ephemeral.publicKey), keyHash, code: encodeLinkingCode(code) };
}

const side = { role: oneOf('new', 'old'), secret: hex(), keyHash: nullable(hex(32)), privateKey: hex(32), theirPublicKey: hex() };
const codeFields = { secret: hex(), keyHash: nullable(hex()) };

export const linking: Family = {
  name: 'linking',
  algorithm: 'Linking code and channel (C30)',
  notes: {
    Basic: { bugType: 'BASIC', description: 'Codes of both forms; channels and messages of both sides.' },
    Form: { bugType: 'EDGE_CASE', description: 'A typed code as people type it: any case, spaces, hyphens.' },
    Malformed: { bugType: 'MALFORMED', description: 'Text that is no code, or that would be a second text of one secret.' },
    Version: { bugType: 'CONFUSION', description: 'Another version byte in a scanned code.' },
    Bounds: { bugType: 'EDGE_CASE', description: 'The longest text and message, and one more.' },
    BadKey: {
      bugType: 'AUTH_BYPASS',
      description: 'A key that C5 would not take in a device record.',
      effect: 'The agreement is one that everybody knows.',
      links: ['https://www.rfc-editor.org/rfc/rfc7748#section-6.1'],
    },
    OwnKey: { bugType: 'AUTH_BYPASS', description: 'One’s own key, sent back.', effect: 'A device talks to itself.' },
    Untrusted: { bugType: 'AUTH_BYPASS', description: 'Not the key whose hash was scanned.', effect: 'The relay stands between.' },
    WrongSecret: {
      bugType: 'AUTH_BYPASS',
      description: 'Agreed with the same keys, under another code.',
      effect: 'Who computes discrete logarithms, or stands between, reads and writes.',
    },
    WrongTranscript: { bugType: 'AUTH_BYPASS', description: 'Under the right code, with other keys.' },
    WrongDirection: {
      bugType: 'CONFUSION',
      description: 'What a side sent comes back to it.',
      effect: 'A device takes its own words for an answer.',
    },
    Replay: { bugType: 'REPLAY', description: 'A message a second time, too early or too late: each opens in its place alone.' },
    BitFlip: { bugType: 'AUTH_BYPASS', description: 'A changed or cut message.' },
    OtherConstruction: {
      bugType: 'MISSING_STEP',
      description: 'A message made of the same values with a layer, label, kind or number left out or changed.',
      effect: 'An implementation that opens it does the same.',
    },
  },
  shapes: {
    generate: {
      input: { form: oneOf('scanned', 'typed'), random: hex() },
      expected: { privateKey: hex(32), publicKey: hex(32), keyHash: nullable(hex(32)), code: text },
    },
    encode: { input: codeFields, expected: { code: text } },
    parse: { input: { code: text }, expected: { ...codeFields, isCanonical: flag } },
    start: {
      input: side,
      expected: {
        sharedSecret: hex(32),
        transcript: hex(32),
        sendOuter: hex(32),
        sendInner: hex(32),
        receiveOuter: hex(32),
        receiveInner: hex(32),
      },
    },
    seal: {
      input: { ...side, number: int, plaintext: hex(), zeros: int, random: hex(64) },
      expected: { aad: hex(6), innerKey: hex(32), innerHash: hex(32), outerKey: hex(32), messageBytes: int, messageHash: hex(32) },
    },
    open: { input: { ...side, number: int, message: hex(), zeros: int }, expected: { plaintext: hex(), next: int } },
  },
  async run(type, input, given) {
    if (type === 'generate') return generate(input, given);
    if (type === 'start') return start(input, given);
    if (type === 'seal') return seal(input, given);
    if (type === 'open') return open(input, given);
    if (type === 'encode') {
      const keyHash = input['keyHash'] === null ? null : given.bytes(input['keyHash']);
      return { code: encodeLinkingCode({ secret: given.bytes(input['secret']), keyHash }) };
    }
    const code = parseLinkingCode(input['code'] as string);
    const isCanonical = encodeLinkingCode(code) === input['code'];
    return { secret: toHex(code.secret), keyHash: code.keyHash && toHex(code.keyHash), isCanonical };
  },
  generate: generateLinking,
};

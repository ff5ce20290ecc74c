/** S1, S4, S5: the handshake. X3DH with Signal's constants, in the bytes of a first message. */
import {
  accountIdFromBytes,
  decrypt,
  encrypt,
  type KeyPair,
  type PrekeyBundle,
  primitives,
  signPrekey,
  startSession,
} from '../../../crypto/index.ts';
import type { Family, Given, JsonObject, Make } from '../family.ts';
import { type Bytes, type CryptoErrorCode, fromHex, toHex } from '../hex.ts';
import { agreed, joined } from '../independent.ts';
import { agree, firstMessage, initiate, laterMessage, messageKeysOf, pairOf, rootStep } from '../reference-ratchet.ts';
import { flag, hex, int, list, nullable } from '../shape.ts';
import { cut, LOW_ORDER_U, NOT_CANONICAL_U, replaced, turned } from '../spoil.ts';

const NOW = Date.UTC(2026, 10, 20);
const PEER = { accountId: accountIdFromBytes(new Uint8Array(32).fill(0xbb)), deviceId: 2 };
const OURS = { accountId: accountIdFromBytes(new Uint8Array(32).fill(0xaa)), deviceId: 1 };

// Offsets in a first message with a registration id of one byte, a one-time prekey id and a signed prekey id of one byte.
const AT = { version: 1, registration: 3, oneTime: 5, signed: 7, baseKey: 11, identityKey: 46, inner: 80 };

async function pairFrom(privateKey: Bytes): Promise<KeyPair> {
  return { privateKey, publicKey: await primitives.x25519PublicKey(privateKey) };
}

async function begin(input: JsonObject, { bytes, random }: Given): Promise<JsonObject> {
  const identity = await pairFrom(bytes(input['identityPrivateKey']));
  const registrationId = Number(input['registrationId']);
  const oneTime = input['oneTimePrekey'] === null ? null : bytes(input['oneTimePrekey']);
  const oneTimePrekeyId = Number(input['oneTimePrekeyId']);
  const signedPrekey = {
    id: Number(input['signedPrekeyId']),
    publicKey: bytes(input['signedPrekey']),
    signature: bytes(input['signature']),
  };
  const identityKey = bytes(input['peerIdentityKey']);
  const bundle: PrekeyBundle = {
    ...PEER,
    registrationId: Number(input['peerRegistrationId']),
    identityKey,
    signedPrekey,
    ...(oneTime && { oneTimePrekey: { id: oneTimePrekeyId, publicKey: oneTime } }),
  };
  const ours = { identity, registrationId };
  const session = await startSession(ours, OURS, bundle, random(input['random']));
  const plaintext = bytes(input['plaintext']);
  const { message } = await encrypt(session, ours, PEER, plaintext);

  const own = await initiate(
    identity,
    { identityKey, signedPrekey: signedPrekey.publicKey, oneTimePrekey: oneTime },
    fromHex(input['random'] as string),
  );
  const keys = messageKeysOf(own.sending.chainKey);
  const header = { ratchetKey: own.ratchet.publicKey, counter: 0, previousCounter: 0 };
  const later = laterMessage(header, keys, plaintext, identity.publicKey, identityKey);
  const fields = {
    registrationId,
    oneTimePrekeyId: oneTime ? oneTimePrekeyId : 0,
    signedPrekeyId: signedPrekey.id,
    baseKey: own.ephemeral.publicKey,
    identityKey: identity.publicKey,
  };
  return {
    baseKey: toHex(own.ephemeral.publicKey),
    ratchetKey: toHex(own.ratchet.publicKey),
    dh: own.dhs.map(toHex),
    rootKey: toHex(own.rootKey),
    sendingRootKey: toHex(own.sending.rootKey),
    chainKey: toHex(own.sending.chainKey),
    messageKey: toHex(keys.messageKey),
    cipherKey: toHex(keys.cipherKey),
    macKey: toHex(keys.macKey),
    iv: toHex(keys.iv),
    message: agreed('message', message, joined(Uint8Array.of(1), firstMessage(fields, later))),
  };
}

async function respond(input: JsonObject, { bytes, random }: Given): Promise<JsonObject> {
  const identity = await pairFrom(bytes(input['identityPrivateKey']));
  const signed = await pairFrom(bytes(input['signedPrekeyPrivateKey']));
  const oneTimeId = Number(input['oneTimePrekeyId']);
  const oneTime = input['oneTimePrekeyPrivateKey'] === null ? undefined : await pairFrom(bytes(input['oneTimePrekeyPrivateKey']));
  const message = bytes(input['message']);
  const done = await decrypt({
    session: null,
    ours: { identity, registrationId: 2 },
    peer: OURS,
    message,
    expectedIdentity: input['expectedIdentity'] === null ? null : bytes(input['expectedIdentity']),
    signedPrekey: (id) => (id === input['signedPrekeyId'] ? signed : undefined),
    oneTimePrekey: (id) => (id === oneTimeId ? oneTime : undefined),
    isKnownFirst: () => input['isKnown'] === true,
    now: NOW,
    random: random(input['random']),
  });
  const reply = await encrypt(done.session, { identity, registrationId: 2 }, OURS, Uint8Array.of(0));
  const baseKey = done.first?.baseKey as Bytes;
  const used = done.first?.oneTimePrekeyId === undefined ? undefined : oneTime;
  const dh = async (pair: KeyPair, key: Bytes): Promise<Bytes> => primitives.x25519(pair.privateKey, key);
  const outputs = [dh(signed, done.identityKey), dh(identity, baseKey), dh(signed, baseKey)];
  const own = await agree(used ? [...outputs, dh(used, baseKey)] : outputs);
  // Two bytes nearer to the front where no one-time prekey id is written.
  const inner = message.slice(AT.inner - (message[AT.oneTime - 1] === 0x08 ? 0 : 2));
  const ratchetKey = inner.slice(4, 36);
  const receiving = await rootStep(own.rootKey, await pairOf(signed.privateKey), ratchetKey);
  const header = { ratchetKey, counter: 0, previousCounter: 0 };
  agreed(
    'the message inside',
    inner,
    laterMessage(header, messageKeysOf(receiving.chainKey), done.plaintext, done.identityKey, identity.publicKey),
  );
  return {
    identityKey: toHex(done.identityKey),
    baseKey: toHex(baseKey),
    usedOneTimePrekeyId: done.first?.oneTimePrekeyId ?? 0,
    dh: own.dhs.map(toHex),
    rootKey: toHex(own.rootKey),
    chainKey: toHex(receiving.chainKey),
    plaintext: toHex(done.plaintext),
    replyRatchetKey: agreed('ratchet key', reply.message.slice(5, 37), (await pairOf(fromHex(input['random'] as string))).publicKey),
  };
}

async function makeBegins({
  random,
  group,
  valid,
  invalid,
}: Make): Promise<{ withOneTime: JsonObject; without: JsonObject; peer: JsonObject; ours: JsonObject }> {
  const [ours, peer, signed, oneTime] = [
    await pairOf(random(32)),
    await pairOf(random(32)),
    await pairOf(random(32)),
    await pairOf(random(32)),
  ];
  const hexOf = (pair: { publicKey: Bytes }): string => toHex(pair.publicKey);
  const base = {
    identityPrivateKey: toHex(ours.privateKey),
    registrationId: 77,
    peerIdentityKey: hexOf(peer),
    peerRegistrationId: 88,
    signedPrekeyId: 3,
    signedPrekey: hexOf(signed),
    signature: toHex(await signPrekey(peer.privateKey, signed.publicKey, random)),
    oneTimePrekeyId: 5,
    oneTimePrekey: hexOf(oneTime) as string | null,
    random: toHex(random(64)),
    plaintext: '68656c6c6f',
  };
  group('initiate');
  const withOneTime = await valid('with a one-time prekey', ['Basic'], base);
  const without = await valid('without a one-time prekey', ['NoOneTimePrekey'], { ...base, oneTimePrekey: null, oneTimePrekeyId: 0 });
  await valid('other randomness, another session', ['Basic'], { ...base, random: toHex(random(64)) });
  for (const length of [0, 15, 16, 256]) await valid(`${length} bytes of text`, ['Basic'], { ...base, plaintext: toHex(random(length)) });
  await valid('ids of several bytes', ['Basic'], { ...base, registrationId: 0x3fff, signedPrekeyId: 0xffffff, oneTimePrekeyId: 0xffffff });
  const refuse = (comment: string, kind: string, changes: JsonObject, error: CryptoErrorCode) =>
    invalid(comment, [kind], { ...base, ...changes }, error);
  await refuse('signature of zeros', 'BadSignature', { signature: '00'.repeat(64) }, 'bad-signature');
  await refuse('one bit of the signature', 'BadSignature', { signature: turned(base.signature, 40) }, 'bad-signature');
  await refuse('another signed prekey under it', 'BadSignature', { signedPrekey: hexOf(oneTime) }, 'bad-signature');
  await refuse('another identity key', 'BadSignature', { peerIdentityKey: hexOf(ours) }, 'bad-signature');
  await refuse(
    'signed by ourselves',
    'BadSignature',
    { signature: toHex(await signPrekey(ours.privateKey, signed.publicKey, random)) },
    'bad-signature',
  );
  await refuse('a signature of 63 bytes', 'BadSignature', { signature: cut(base.signature, 63) }, 'bad-signature');
  for (const [what, key] of [...LOW_ORDER_U, ...NOT_CANONICAL_U]) {
    await refuse(`identity key ${what}`, 'BadKey', { peerIdentityKey: key }, 'bad-key');
    await refuse(`signed prekey ${what}`, 'BadKey', { signedPrekey: key }, 'bad-key');
    await refuse(`one-time prekey ${what}`, 'BadKey', { oneTimePrekey: key }, 'bad-key');
  }
  await refuse('signed prekey id 0', 'Bounds', { signedPrekeyId: 0 }, 'malformed');
  await refuse('one-time prekey id 0', 'Bounds', { oneTimePrekeyId: 0 }, 'malformed');
  await refuse('registration id 0', 'Bounds', { peerRegistrationId: 0 }, 'malformed');
  await refuse('registration id 16,384', 'Bounds', { peerRegistrationId: 0x4000 }, 'malformed');
  const peerInput = {
    identityPrivateKey: toHex(peer.privateKey),
    signedPrekeyId: 3,
    signedPrekeyPrivateKey: toHex(signed.privateKey),
    oneTimePrekeyId: 5,
    oneTimePrekeyPrivateKey: toHex(oneTime.privateKey) as string | null,
    expectedIdentity: hexOf(ours) as string | null,
    isKnown: false,
    random: toHex(random(32)),
  };
  return { withOneTime, without, peer: peerInput, ours: { publicKey: hexOf(ours) } };
}

export const x3dh: Family = {
  name: 'x3dh',
  algorithm: 'X3DH and first messages (S1, S4, S5)',
  notes: {
    Basic: { bugType: 'BASIC', description: 'Both sides of a handshake.', links: ['https://signal.org/docs/specifications/x3dh/'] },
    NoOneTimePrekey: { bugType: 'BASIC', description: 'Without a one-time prekey: three Diffie–Hellman outputs instead of four.' },
    BadSignature: {
      bugType: 'MISSING_STEP',
      description: 'The signed prekey is not signed by the identity key.',
      effect: 'The relay stands in between.',
    },
    BadKey: {
      bugType: 'EDGE_CASE',
      description: 'A key of low order or not canonical.',
      effect: 'A secret everybody knows.',
      links: ['https://www.rfc-editor.org/rfc/rfc7748#section-6.1'],
    },
    Bounds: { bugType: 'EDGE_CASE', description: 'Ids that are none.' },
    Untrusted: {
      bugType: 'AUTH_BYPASS',
      description: 'Another identity key than the one expected.',
      effect: 'An impostor is read, and remembered (the library’s L1, L12).',
    },
    MissingPrekey: {
      bugType: 'MISSING_STEP',
      description: 'Names a prekey that is not here.',
      effect: 'The session goes on without it (L6).',
    },
    Replay: { bugType: 'REPLAY', description: 'A first message that was accepted before (L14).' },
    Forged: { bugType: 'AUTH_BYPASS', description: 'Changed on the way, or keys that change places.' },
    NotCanonical: { bugType: 'MALFORMED', description: 'Protobuf that other readers accept.' },
    Malformed: { bugType: 'MALFORMED', description: 'Bytes that are no first message.' },
    Version: { bugType: 'CONFUSION', description: 'Another type or version byte.' },
  },
  shapes: {
    initiate: {
      input: {
        identityPrivateKey: hex(32),
        registrationId: int,
        peerIdentityKey: hex(32),
        peerRegistrationId: int,
        signedPrekeyId: int,
        signedPrekey: hex(32),
        signature: hex(),
        oneTimePrekeyId: int,
        oneTimePrekey: nullable(hex(32)),
        random: hex(64),
        plaintext: hex(),
      },
      expected: {
        baseKey: hex(32),
        ratchetKey: hex(32),
        dh: list(hex(32)),
        rootKey: hex(32),
        sendingRootKey: hex(32),
        chainKey: hex(32),
        messageKey: hex(32),
        cipherKey: hex(32),
        macKey: hex(32),
        iv: hex(16),
        message: hex(),
      },
    },
    respond: {
      input: {
        identityPrivateKey: hex(32),
        signedPrekeyId: int,
        signedPrekeyPrivateKey: hex(32),
        oneTimePrekeyId: int,
        oneTimePrekeyPrivateKey: nullable(hex(32)),
        expectedIdentity: nullable(hex(32)),
        isKnown: flag,
        random: hex(32),
        message: hex(),
      },
      expected: {
        identityKey: hex(32),
        baseKey: hex(32),
        usedOneTimePrekeyId: int,
        dh: list(hex(32)),
        rootKey: hex(32),
        chainKey: hex(32),
        plaintext: hex(),
        replyRatchetKey: hex(32),
      },
    },
  },
  run: (type, input, given) => (type === 'initiate' ? begin(input, given) : respond(input, given)),
  async generate(make) {
    const { random, group, valid, invalid } = make;
    const { withOneTime, without, peer, ours } = await makeBegins(make);
    const message = withOneTime['message'] as string;
    const good = { ...peer, message };
    group('respond');
    await valid('with the one-time prekey', ['Basic'], good);
    await valid('at first contact, when no identity is expected', ['Basic'], { ...good, expectedIdentity: null });
    await valid('without a one-time prekey', ['NoOneTimePrekey'], { ...good, message: without['message'] as string });
    const asLibrary = without['message'] as string;
    await valid('without one, and an id of 0 in its place', ['NoOneTimePrekey'], {
      ...good,
      message: `${cut(asLibrary, 4)}0800${asLibrary.slice(8)}`,
    });
    await valid('under version byte 0x33 in both places; 0x34 outside is read too', ['Version'], {
      ...good,
      message: replaced(message, AT.version, '34'),
    });
    const refuse = (comment: string, kind: string, changes: JsonObject, error: CryptoErrorCode) =>
      invalid(comment, [kind], { ...good, ...changes }, error);
    const other = toHex((await pairOf(random(32))).publicKey);
    await refuse('from another identity than expected', 'Untrusted', { expectedIdentity: other }, 'untrusted-identity');
    await refuse(
      'the identity key in the message is another',
      'Untrusted',
      { message: replaced(message, AT.identityKey, other) },
      'untrusted-identity',
    );
    await refuse(
      'the same at first contact: the MAC covers it',
      'Forged',
      { expectedIdentity: null, message: replaced(message, AT.identityKey, other) },
      'bad-mac',
    );
    await refuse('a signed prekey that is not here', 'MissingPrekey', { signedPrekeyId: 4 }, 'unknown-prekey');
    await refuse('a one-time prekey that is not here', 'MissingPrekey', { oneTimePrekeyPrivateKey: null }, 'unknown-prekey');
    await refuse('another one-time prekey id', 'MissingPrekey', { message: replaced(message, AT.oneTime, '06') }, 'unknown-prekey');
    await refuse('without the one-time prekey that was used', 'Forged', { message: replaced(message, AT.oneTime, '00') }, 'bad-mac');
    await refuse('accepted before', 'Replay', { isKnown: true }, 'unknown-session');
    await refuse('other keys under the same ids', 'Forged', { signedPrekeyPrivateKey: toHex(random(32)) }, 'bad-mac');
    await refuse('for somebody else', 'Forged', { identityPrivateKey: toHex(random(32)) }, 'bad-mac');
    await refuse('another base key', 'Forged', { message: replaced(message, AT.baseKey, other) }, 'bad-mac');
    const ourKey = ours['publicKey'] as string;
    const baseKey = withOneTime['baseKey'] as string;
    await refuse(
      'base key and identity key change places',
      'Forged',
      { expectedIdentity: null, message: replaced(replaced(message, AT.baseKey, ourKey), AT.identityKey, baseKey) },
      'bad-mac',
    );
    for (const [what, at] of [
      ['ratchet key', AT.inner + 8],
      ['counter', AT.inner + 37],
      ['previous counter', AT.inner + 39],
      ['ciphertext', -12],
      ['MAC', -1],
    ] as const) {
      await refuse(`one bit of the ${what}`, 'Forged', { message: turned(message, at) }, 'bad-mac');
    }
    for (const [what, key] of [...LOW_ORDER_U, ...NOT_CANONICAL_U]) {
      await refuse(`base key ${what}`, 'BadKey', { message: replaced(message, AT.baseKey, key) }, 'bad-key');
      await refuse(`ratchet key ${what}`, 'BadKey', { message: replaced(message, AT.inner + 4, key) }, 'bad-key');
    }
    await refuse('identity key zero', 'BadKey', { message: replaced(message, AT.identityKey, '00'.repeat(32)) }, 'bad-key');
    await refuse('base key of another type', 'Malformed', { message: replaced(message, AT.baseKey - 1, '06') }, 'malformed');
    await refuse('registration id 0', 'Bounds', { message: replaced(message, AT.registration, '00') }, 'malformed');
    await refuse('signed prekey id 0', 'Bounds', { message: replaced(message, AT.signed, '00') }, 'malformed');
    await refuse(
      'a registration id in two bytes where one is enough',
      'NotCanonical',
      { message: `${cut(message, AT.registration)}cd00${message.slice(2 * AT.registration + 2)}` },
      'malformed',
    );
    await refuse('a field more', 'NotCanonical', { message: `${message}3801` }, 'malformed');
    await refuse('a field twice', 'NotCanonical', { message: `${cut(message, 2)}284d${message.slice(4)}` }, 'malformed');
    for (const length of [1, 2, 4, 8, 43, 78, 82, 100])
      await refuse(`${length} bytes`, 'Malformed', { message: cut(message, length) }, 'malformed');
    await refuse('nothing', 'Malformed', { message: '' }, 'malformed');
    await refuse('a byte more', 'Malformed', { message: `${message}00` }, 'malformed');
    for (const type of ['00', '03', '33'])
      await refuse(`type ${type}`, 'Version', { message: replaced(message, 0, type) }, 'unsupported-version');
    for (const version of ['22', '32', '43', '44'])
      await refuse(`version ${version}`, 'Version', { message: replaced(message, AT.version, version) }, 'unsupported-version');
    await refuse('version 44 inside', 'Version', { message: replaced(message, AT.inner, '44') }, 'unsupported-version');
    await refuse('a later message, with no session', 'Replay', { message: `02${message.slice(2 * AT.inner)}` }, 'unknown-session');
  },
};

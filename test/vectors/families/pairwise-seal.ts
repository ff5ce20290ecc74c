/** C9, C10: the pairwise seal: HPKE over X-Wing, export-only, and the envelope under its run secret. */
import { XWing } from '@hpke/hybridkem-x-wing';
import {
  accountIdFromBytes,
  accountIdToBytes,
  CryptoError,
  deriveRunSecret,
  generateSealingKey,
  KIND,
  openPairwise,
  type Run,
  RUN_MAX_AGE_MS,
  RUN_MAX_ENVELOPES,
  runExpired,
  sealPairwise,
  startRun,
} from '../../../crypto/index.ts';
import type { Family, Given, JsonObject, Make } from '../family.ts';
import { type Bytes, type CryptoErrorCode, fromHex, toHex } from '../hex.ts';
import { aesGcmSeal, agreed, hkdfExpand, hkdfExtract, hkdfSha256, joined, sha256Of, u32, utf8Of } from '../independent.ts';
import { flag, hex, int } from '../shape.ts';
import { cut, LOW_ORDER_U, NOT_CANONICAL_U, replaced, turned } from '../spoil.ts';

const NOW = Date.UTC(2026, 10, 20);
const LABEL = utf8Of('Sottovoce v1 pairwise run');
const NONE = new Uint8Array(0);
const ENC_BYTES = 1_120;
const X25519_AT = 1_184;

// RFC 9180 §7: KEM 0x647a, KDF 0x0001, AEAD 0xffff.
const SUITE = joined(utf8Of('HPKE'), Uint8Array.of(0x64, 0x7a, 0x00, 0x01, 0xff, 0xff));
const labeledExtract = (salt: Uint8Array, label: string, ikm: Uint8Array): Uint8Array =>
  hkdfExtract(salt, joined(utf8Of('HPKE-v1'), SUITE, utf8Of(label), ikm));
const labeledExpand = (prk: Uint8Array, label: string, info: Uint8Array, length: number): Uint8Array =>
  hkdfExpand(prk, joined(Uint8Array.of(0, length), utf8Of('HPKE-v1'), SUITE, utf8Of(label), info), length);

/** RFC 9180 §5.1, base mode, and §5.3. */
function schedule(sharedSecret: Uint8Array, info: Uint8Array) {
  const context = joined(Uint8Array.of(0), labeledExtract(NONE, 'psk_id_hash', NONE), labeledExtract(NONE, 'info_hash', info));
  const secret = labeledExtract(sharedSecret, 'secret', NONE);
  const exporterSecret = labeledExpand(secret, 'exp', context, 32);
  return { keyScheduleContext: context, exporterSecret, runSecret: labeledExpand(exporterSecret, 'sec', LABEL, 32) };
}

const kem = new XWing();

type Recipient = { account: Bytes; deviceId: number; sealingKeyId: number };

const recipientOf = (input: JsonObject, { bytes }: Given): Recipient => ({
  account: bytes(input['account']),
  deviceId: Number(input['deviceId']),
  sealingKeyId: Number(input['sealingKeyId']),
});

const infoOf = ({ account, deviceId, sealingKeyId }: Recipient, publicKey: Uint8Array): Uint8Array =>
  joined(LABEL, account, u32(deviceId), u32(sealingKeyId), sha256Of(publicKey));

function shownOf(info: Uint8Array, sharedSecret: Uint8Array, runSecret: Uint8Array): JsonObject {
  const own = schedule(sharedSecret, info);
  return {
    info: toHex(info),
    sharedSecret: toHex(sharedSecret),
    keyScheduleContext: toHex(own.keyScheduleContext),
    exporterSecret: toHex(own.exporterSecret),
    runSecret: agreed('run secret', runSecret, own.runSecret),
  };
}

async function encapsulate(input: JsonObject, given: Given): Promise<JsonObject> {
  const to = recipientOf(input, given);
  const publicKey = given.bytes(input['sealingKey']);
  const address = { accountId: accountIdFromBytes(to.account), deviceId: to.deviceId, sealingKeyId: to.sealingKeyId };
  const run = await startRun({ ...address, sealingPublicKey: publicKey }, NOW, given.random(input['random']));
  const ekm = fromHex(input['random'] as string);
  const { sharedSecret, enc } = await kem.encap({ recipientPublicKey: await kem.deserializePublicKey(publicKey.slice()), ekm });
  const shown = shownOf(infoOf(to, publicKey), new Uint8Array(sharedSecret), run.secret);
  return { ...shown, enc: agreed('enc', run.enc, new Uint8Array(enc)) };
}

async function decapsulate(input: JsonObject, given: Given): Promise<JsonObject> {
  const to = recipientOf(input, given);
  const privateKey = given.bytes(input['privateKey']);
  const publicKey = given.bytes(input['sealingKey']);
  const enc = given.bytes(input['enc']);
  const address = { accountId: accountIdFromBytes(to.account), deviceId: to.deviceId, sealingKeyId: to.sealingKeyId };
  const envelope = new Uint8Array(2_048);
  envelope.set(joined(Uint8Array.of(1, 1), enc));
  const secret = await deriveRunSecret({ ...address, privateKey, publicKey }, envelope);
  const recipientKey = await kem.deserializePrivateKey(privateKey.slice());
  const sharedSecret = new Uint8Array(await kem.decap({ recipientKey, enc: enc.slice() }));
  const shown = shownOf(infoOf(to, publicKey), sharedSecret, secret);
  // What an envelope would show: under another run secret it does not open.
  if (toHex(secret) !== input['runSecret']) throw new CryptoError('bad-mac');
  return shown;
}

function recordOf(runSecret: Uint8Array, enc: Uint8Array, salt: Uint8Array, plaintext: Uint8Array) {
  const key = hkdfSha256(runSecret, salt, joined(utf8Of('Sottovoce v1 pairwise seal'), Uint8Array.of(1)), 32);
  const aad = joined(Uint8Array.of(1, 1), enc);
  return { key, record: joined(salt, aesGcmSeal(key, new Uint8Array(12), aad, plaintext)) };
}

function plaintextOf(account: Uint8Array, device: number, message: Uint8Array, envelopeBytes: number): Uint8Array {
  const plaintext = new Uint8Array(envelopeBytes - 2 - ENC_BYTES - 48);
  plaintext.set(joined(Uint8Array.of(1, 1), account, u32(device), u32(message.length), message));
  return plaintext;
}

async function seal(input: JsonObject, { bytes, random }: Given): Promise<JsonObject> {
  const account = bytes(input['fromAccount']);
  const fromDevice = Number(input['fromDevice']);
  const message = bytes(input['message']);
  const run: Run = { enc: bytes(input['enc']), secret: bytes(input['runSecret']), sealingKeyId: 1, startedAt: NOW, used: 0 };
  const envelope = await sealPairwise(
    run,
    { kind: KIND.pairwise, fromAccount: accountIdFromBytes(account), fromDevice, message },
    random(input['random']),
  );
  const plaintext = plaintextOf(account, fromDevice, message, envelope.length);
  const { key, record } = recordOf(run.secret, run.enc, fromHex(input['random'] as string), plaintext);
  return {
    key: toHex(key),
    envelopeBytes: envelope.length,
    envelope: agreed('envelope', envelope, joined(Uint8Array.of(1, 1), run.enc, record)),
  };
}

async function makeOpens(
  { random, group, valid, invalid }: Make,
  base: { enc: string; runSecret: string },
  envelope: string,
): Promise<void> {
  const good = { runSecret: base.runSecret, envelope };
  const refuse = (comment: string, kind: string, changes: JsonObject, error: CryptoErrorCode) =>
    invalid(comment, [kind], { ...good, ...changes }, error);
  group('open');
  await valid('opens', ['Basic'], good);
  await refuse('another run secret', 'WrongRun', { runSecret: toHex(random(32)) }, 'bad-mac');
  const at = 2 + ENC_BYTES;
  for (const [what, byte] of [
    ['ML-KEM ciphertext in enc', 2],
    ['X25519 key in enc', at - 1],
    ['salt', at],
    ['ciphertext', at + 32],
    ['last of the filling', -17],
    ['tag', -1],
  ] as const) {
    await refuse(`one bit of the ${what}`, 'BitFlip', { envelope: turned(envelope, byte, 2) }, 'bad-mac');
  }
  await refuse('the enc of another run', 'WrongRun', { envelope: replaced(envelope, 2, toHex(random(ENC_BYTES))) }, 'bad-mac');
  const account = random(32);
  const byHand = (change: (plaintext: Uint8Array) => void): string => {
    const plaintext = plaintextOf(account, 7, Uint8Array.of(9, 9, 9, 9), 2_048);
    change(plaintext);
    return toHex(
      joined(Uint8Array.of(1, 1), fromHex(base.enc), recordOf(fromHex(base.runSecret), fromHex(base.enc), random(32), plaintext).record),
    );
  };
  await valid('sealed by hand, as it should be', ['Basic'], { ...good, envelope: byHand(() => undefined) });
  await refuse('a one at the end of the filling', 'Padding', { envelope: byHand((bytes) => bytes.fill(1, -1)) }, 'malformed');
  await refuse('a one right after the message', 'Padding', { envelope: byHand((bytes) => bytes.fill(1, 46, 47)) }, 'malformed');
  await refuse('an empty message', 'Padding', { envelope: byHand((bytes) => bytes.fill(0, 38, 46)) }, 'malformed');
  await refuse('a message longer than the envelope', 'Padding', { envelope: byHand((bytes) => bytes.fill(0x0f, 40, 42)) }, 'malformed');
  await refuse('device 0', 'Padding', { envelope: byHand((bytes) => bytes.fill(0, 34, 38)) }, 'malformed');
  await refuse('a group message inside', 'WrongKind', { envelope: byHand((bytes) => bytes.fill(2, 1, 2)) }, 'wrong-kind');
  await refuse('a sealed message of version 2', 'Version', { envelope: byHand((bytes) => bytes.fill(2, 0, 1)) }, 'unsupported-version');
  await refuse('a group envelope', 'WrongKind', { envelope: replaced(envelope, 1, '02') }, 'wrong-kind');
  await refuse('kind 3', 'WrongKind', { envelope: replaced(envelope, 1, '03') }, 'wrong-kind');
  for (const version of ['00', '02'])
    await refuse(`version ${version}`, 'Version', { envelope: replaced(envelope, 0, version) }, 'unsupported-version');
  for (const length of [0, at, 2_047]) await refuse(`${length} bytes`, 'WrongSize', { envelope: cut(envelope, length) }, 'malformed');
  await refuse('a byte more', 'WrongSize', { envelope: `${envelope}00` }, 'malformed');
}

export const pairwiseSeal: Family = {
  name: 'pairwise-seal',
  algorithm: 'Pairwise seal: HPKE with X-Wing, export-only (C9, C10)',
  notes: {
    Basic: {
      bugType: 'BASIC',
      description: 'Encapsulation, key schedule, envelopes of several sizes.',
      links: ['https://www.rfc-editor.org/rfc/rfc9180'],
    },
    WrongRecipient: {
      bugType: 'CONFUSION',
      description: 'Decapsulated for another account, device, key id or key than it was made for.',
      effect: 'An envelope handed on opens elsewhere.',
    },
    KeyConfusion: {
      bugType: 'CONFUSION',
      description: 'The right private key with another public key in the transcript.',
      links: ['https://www.usenix.org/conference/usenixsecurity24/presentation/fiedler'],
    },
    BadKey: {
      bugType: 'EDGE_CASE',
      description:
        'A sealing key nobody may use: of another length, an ML-KEM coefficient of 3329 or more, an X25519 part of low order or not canonical.',
    },
    WrongRun: { bugType: 'AUTH_BYPASS', description: 'Another run’s secret or encapsulation.' },
    BitFlip: { bugType: 'AUTH_BYPASS', description: 'One bit of the envelope is changed; enc stands in the aad.' },
    Padding: { bugType: 'MALFORMED', description: 'A well sealed envelope whose filling is not zeros, or whose message is none.' },
    WrongKind: { bugType: 'CONFUSION', description: 'A group envelope, or a group message inside.' },
    WrongSize: { bugType: 'MALFORMED', description: 'A length that is no envelope’s.' },
    Version: { bugType: 'CONFUSION', description: 'Another version byte.' },
    Expiry: { bugType: 'STATE', description: 'How long and how often one encapsulation serves.' },
  },
  shapes: {
    encapsulate: {
      input: { account: hex(32), deviceId: int, sealingKeyId: int, sealingKey: hex(), random: hex(64) },
      expected: {
        info: hex(),
        sharedSecret: hex(32),
        keyScheduleContext: hex(65),
        exporterSecret: hex(32),
        runSecret: hex(32),
        enc: hex(ENC_BYTES),
      },
    },
    decapsulate: {
      input: {
        account: hex(32),
        deviceId: int,
        sealingKeyId: int,
        privateKey: hex(),
        sealingKey: hex(1_216),
        enc: hex(ENC_BYTES),
        runSecret: hex(32),
      },
      expected: { info: hex(), sharedSecret: hex(32), keyScheduleContext: hex(65), exporterSecret: hex(32), runSecret: hex(32) },
    },
    seal: {
      input: { enc: hex(ENC_BYTES), runSecret: hex(32), fromAccount: hex(32), fromDevice: int, message: hex(), random: hex(32) },
      expected: { key: hex(32), envelopeBytes: int, envelope: hex() },
    },
    open: { input: { runSecret: hex(32), envelope: hex() }, expected: { fromAccount: hex(32), fromDevice: int, message: hex() } },
    expiry: { input: { startedAt: int, used: int, now: int }, expected: { expired: flag } },
  },
  async run(type, input, given) {
    if (type === 'encapsulate') return encapsulate(input, given);
    if (type === 'decapsulate') return decapsulate(input, given);
    if (type === 'seal') return seal(input, given);
    if (type === 'expiry') {
      const run: Run = {
        enc: new Uint8Array(ENC_BYTES),
        secret: new Uint8Array(32),
        sealingKeyId: 1,
        startedAt: Number(input['startedAt']),
        used: Number(input['used']),
      };
      return { expired: runExpired(run, Number(input['now'])) };
    }
    const opened = await openPairwise(given.bytes(input['runSecret']), given.bytes(input['envelope']));
    return { fromAccount: toHex(accountIdToBytes(opened.fromAccount)), fromDevice: opened.fromDevice, message: toHex(opened.message) };
  },
  async generate(make) {
    const { random, group, valid, invalid } = make;
    const pair = await generateSealingKey(random);
    const other = await generateSealingKey(random);
    const sealingKey = toHex(pair.publicKey);
    const to = { account: toHex(random(32)), deviceId: 7, sealingKeyId: 3 };
    group('encapsulate');
    const made = await valid('to one device', ['Basic'], { ...to, sealingKey, random: toHex(random(64)) });
    await valid('again, with other randomness', ['Basic'], { ...to, sealingKey, random: toHex(random(64)) });
    await valid('to another key of the same device', ['Basic'], {
      ...to,
      sealingKeyId: 4,
      sealingKey: toHex(other.publicKey),
      random: toHex(random(64)),
    });
    const refuse = (comment: string, key: string) =>
      invalid(comment, ['BadKey'], { ...to, sealingKey: key, random: '00'.repeat(64) }, 'bad-key');
    for (const [what, key] of [...LOW_ORDER_U, ...NOT_CANONICAL_U])
      await refuse(`X25519 part ${what}`, replaced(sealingKey, X25519_AT, key));
    await refuse('first coefficient 3329', replaced(sealingKey, 0, `010d`));
    await refuse('second coefficient 3329', replaced(sealingKey, 0, `00${'10d0'}`));
    await refuse('last coefficient 4095', replaced(sealingKey, 1_150, 'f0ff'));
    for (const length of [0, 32, 1_184, 1_215]) await refuse(`${length} bytes`, cut(sealingKey, length));
    await refuse('1,217 bytes', `${sealingKey}00`);
    group('decapsulate');
    const enc = made['enc'] as string;
    const runSecret = made['runSecret'] as string;
    const good = { ...to, privateKey: toHex(pair.privateKey), sealingKey, enc, runSecret };
    await valid('by its device', ['Basic'], good);
    const not = (comment: string, flagName: string, changes: JsonObject, error: CryptoErrorCode = 'bad-mac') =>
      invalid(comment, [flagName], { ...good, ...changes }, error);
    await not('another account', 'WrongRecipient', { account: toHex(random(32)) });
    await not('another device', 'WrongRecipient', { deviceId: 8 });
    await not('another key id', 'WrongRecipient', { sealingKeyId: 4 });
    await not('another pair', 'WrongRecipient', { privateKey: toHex(other.privateKey), sealingKey: toHex(other.publicKey) });
    await not('the right private key, another public key', 'KeyConfusion', { sealingKey: toHex(other.publicKey) });
    await not('another private key, the right public key', 'KeyConfusion', { privateKey: toHex(other.privateKey) });
    await not('one bit of the ML-KEM ciphertext: implicit rejection', 'BitFlip', { enc: turned(enc, 10) });
    await not('one bit of the X25519 key', 'BitFlip', { enc: turned(enc, 1_100) });
    for (const length of [0, 31, 33])
      await not(`a private key of ${length} bytes`, 'BadKey', { privateKey: toHex(random(length)) }, 'bad-key');
    group('seal');
    const from = { enc, runSecret, fromAccount: toHex(random(32)), fromDevice: 7 };
    const envelopes: string[] = [];
    for (const length of [1, 323, 836, 837, 2_884, 2_885]) {
      envelopes.push(
        (await valid(`a message of ${length} bytes`, ['Basic'], { ...from, message: toHex(random(length)), random: toHex(random(32)) }))[
          'envelope'
        ] as string,
      );
    }
    await makeOpens(make, { enc, runSecret }, envelopes[1] as string);
    group('expiry');
    for (const [what, used, after] of [
      ['new', 0, 0],
      ['999 envelopes', RUN_MAX_ENVELOPES - 1, 0],
      ['1,000 envelopes', RUN_MAX_ENVELOPES, 0],
      ['a millisecond before 24 hours', 0, RUN_MAX_AGE_MS - 1],
      ['24 hours', 0, RUN_MAX_AGE_MS],
      ['the clock went back a millisecond', 0, -1],
    ] as const) {
      await valid(what, ['Expiry'], { startedAt: NOW, used, now: NOW + after });
    }
  },
};

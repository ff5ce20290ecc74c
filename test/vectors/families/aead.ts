/** C6: the one AEAD. */
import { concat, type Kind, KIND, type Label, LABEL, openRecord, sealRecord, utf8 } from '../../../crypto/index.ts';
import type { Family, Given, JsonObject, Make } from '../family.ts';
import { type Bytes, fromHex, toHex } from '../hex.ts';
import { aesGcmSeal, agreed, hkdfSha256 } from '../independent.ts';
import { hex, int, text } from '../shape.ts';
import { turned } from '../spoil.ts';

const SALT_BYTES = 32;
const ZERO_NONCE = new Uint8Array(12);

type Parts = { secret: Bytes; label: Label; kind: Kind; aad: Bytes };

function parts(input: JsonObject, { bytes }: Given): Parts {
  return { secret: bytes(input['secret']), label: input['label'] as Label, kind: input['kind'] as Kind, aad: bytes(input['aad']) };
}

/** Everything between input and record, from HKDF and AES-GCM themselves. */
function between({ secret, label, kind, aad }: Parts, salt: Uint8Array, plaintext: Uint8Array) {
  const info = concat(utf8(label), Uint8Array.of(kind));
  const key = hkdfSha256(secret, salt, info, 32);
  const wholeAad = concat(Uint8Array.of(kind), aad);
  const record = concat(salt, aesGcmSeal(key, ZERO_NONCE, wholeAad, plaintext));
  return { shown: { salt: toHex(salt), info: toHex(info), key: toHex(key), wholeAad: toHex(wholeAad) }, record };
}

async function run(type: string, input: JsonObject, given: Given): Promise<JsonObject> {
  const at = parts(input, given);
  if (type === 'seal') {
    const plaintext = given.bytes(input['plaintext']);
    const record = await sealRecord(at.secret, at.label, at.kind, at.aad, plaintext, given.random(input['random']));
    const { shown, record: independent } = between(at, given.random(input['random'])(SALT_BYTES), plaintext);
    return { ...shown, record: agreed('record', record, independent) };
  }
  const record = given.bytes(input['record']);
  const plaintext = await openRecord(at.secret, at.label, at.kind, at.aad, record);
  const { shown, record: independent } = between(at, record.subarray(0, SALT_BYTES), plaintext);
  agreed('record', record, independent);
  return { ...shown, plaintext: toHex(plaintext) };
}

const USES: readonly (readonly [Label, Kind])[] = [
  [LABEL.pairwiseSeal, KIND.pairwise],
  [LABEL.groupSeal, KIND.group],
  [LABEL.groupLog, KIND.groupLog],
  [LABEL.vaultWrap, KIND.vault],
  [LABEL.vaultRecord, KIND.vault],
  [LABEL.attachment, KIND.attachment],
];

// Around a block of AES, around the size from which our page calls WebCrypto, and one of many blocks.
const LENGTHS = [0, 1, 15, 16, 17, 32, 1_023, 1_024, 1_025, 4_096];

async function makeSeals({ random, group, valid, invalid }: Make): Promise<{ sealed: JsonObject; base: JsonObject }> {
  const base = { secret: toHex(random(32)), label: LABEL.pairwiseSeal, kind: KIND.pairwise, aad: '0102' };
  const seal = (changes: JsonObject, length: number): JsonObject => ({
    ...base,
    ...changes,
    plaintext: toHex(random(length)),
    random: toHex(random(SALT_BYTES)),
  });
  group('seal');
  for (const length of LENGTHS) await valid(`plaintext of ${length} bytes`, ['Basic'], seal({}, length));
  for (const [label, kind] of USES) await valid(`"${label}", kind ${kind}`, ['Basic'], seal({ label, kind }, 24));
  for (const length of [0, 1, 15, 16, 1_121]) await valid(`${length} bytes of aad`, ['Basic'], seal({ aad: toHex(random(length)) }, 24));
  await valid('secret, salt and plaintext of zeros', ['Basic'], {
    ...base,
    secret: '00'.repeat(32),
    aad: '',
    plaintext: '00'.repeat(16),
    random: '00'.repeat(32),
  });
  for (const length of [0, 16, 31, 33, 64]) {
    await invalid(`secret of ${length} bytes`, ['SecretSize'], seal({ secret: toHex(random(length)) }, 24), 'bad-key');
  }
  const input = seal({}, 24);
  return { base, sealed: await valid('what the group "open" is about', ['Basic'], input) };
}

async function makeOpens({ random, group, valid, invalid }: Make, base: JsonObject, record: string): Promise<void> {
  const good = { ...base, record };
  const refuse = (comment: string, flag: string, changes: JsonObject, error: 'bad-mac' | 'bad-key' | 'malformed' = 'bad-mac') =>
    invalid(comment, [flag], { ...good, ...changes }, error);
  group('open');
  await valid('opens', ['Basic'], good);
  await refuse('another secret', 'WrongKey', { secret: toHex(random(32)) });
  await refuse('one bit of the secret', 'WrongKey', { secret: turned(base['secret'] as string, 31) });
  await refuse('the label of another use', 'WrongContext', { label: LABEL.groupSeal });
  await refuse('the label with a byte less', 'WrongContext', { label: LABEL.pairwiseSeal.slice(0, -1) });
  await refuse('the label of version 2', 'WrongContext', { label: LABEL.pairwiseSeal.replace('v1', 'v2') });
  for (const kind of [0, 2, 3, 4, 5, 6, 255]) await refuse(`kind ${kind}`, 'WrongContext', { kind });
  await refuse('another aad', 'WrongContext', { aad: '0103' });
  await refuse('no aad', 'WrongContext', { aad: '' });
  await refuse('aad with a byte less', 'WrongContext', { aad: '01' });
  await refuse('aad with a byte more', 'WrongContext', { aad: '010200' });
  await refuse('aad that already begins with the kind', 'WrongContext', { aad: '010102' });
  const length = record.length / 2;
  for (const [comment, at, bit] of [
    ['first bit of the salt', 0, 7],
    ['last bit of the salt', 31, 0],
    ['first bit of the ciphertext', 32, 7],
    ['last bit of the ciphertext', length - 17, 0],
    ['first bit of the tag', length - 16, 7],
    ['a bit within the tag', length - 9, 4],
    ['last bit of the tag', length - 1, 0],
  ] as const) {
    await refuse(comment, 'BitFlip', { record: turned(record, at, bit) });
  }
  const cut = (bytes: number) => ({ record: record.slice(0, 2 * bytes) });
  for (const bytes of [0, 1, 31, 32, 47]) await refuse(`${bytes} bytes, too few for salt and tag`, 'Truncated', cut(bytes), 'malformed');
  await refuse('48 bytes of a longer record', 'Truncated', cut(48));
  await refuse('without its last byte', 'Truncated', cut(length - 1));
  await refuse('without its first byte', 'Truncated', { record: record.slice(2) });
  await refuse('without its tag', 'Truncated', cut(length - 16));
  await refuse('a byte more', 'Trailing', { record: `${record}00` });
  await refuse('the record twice', 'Trailing', { record: record + record });
  await refuse('tag of zeros', 'BitFlip', { record: record.slice(0, -32) + '00'.repeat(16) });
  await refuse('tag before ciphertext', 'BitFlip', { record: record.slice(0, 64) + record.slice(-32) + record.slice(64, -32) });
  for (const bytes of [0, 31, 33]) await refuse(`secret of ${bytes} bytes`, 'SecretSize', { secret: toHex(random(bytes)) }, 'bad-key');
  await refuse('too short, under a secret of 31 bytes', 'Order', { ...cut(47), secret: toHex(random(31)) }, 'malformed');
}

/** Records that another construction would make of the same values. */
async function makeOtherConstructions({ random, group, valid, invalid }: Make, base: JsonObject): Promise<void> {
  const [secret, salt, aad, plaintext] = [fromHex(base['secret'] as string), random(SALT_BYTES), fromHex('0102'), random(24)];
  const kind = Uint8Array.of(KIND.pairwise);
  const label = utf8(LABEL.pairwiseSeal);
  const make = (
    info: Uint8Array,
    of: { nonce?: Uint8Array; wholeAad?: Uint8Array; hkdfSalt?: Uint8Array; key?: Uint8Array },
  ): JsonObject => {
    const key = of.key ?? hkdfSha256(secret, of.hkdfSalt ?? salt, info, 32);
    const ciphertext = aesGcmSeal(key, of.nonce ?? ZERO_NONCE, of.wholeAad ?? concat(kind, aad), plaintext);
    return { ...base, record: toHex(concat(salt, ciphertext)) };
  };
  const info = concat(label, kind);
  group('open');
  await valid('made by hand as C6 says', ['Basic'], make(info, {}));
  const others: [string, JsonObject][] = [
    ['info without the kind', make(label, {})],
    ['a zero byte between label and kind', make(concat(label, Uint8Array.of(0), kind), {})],
    ['aad without the kind', make(info, { wholeAad: aad })],
    ['the kind after the aad', make(info, { wholeAad: concat(aad, kind) })],
    ['HKDF without salt', make(info, { hkdfSalt: new Uint8Array(0) })],
    ['the secret itself as key', make(info, { key: secret })],
    ['the salt’s first bytes as nonce', make(info, { nonce: salt.slice(0, 12) })],
    ['a nonce that counts from 1', make(info, { nonce: Uint8Array.of(...new Uint8Array(11), 1) })],
  ];
  for (const [comment, input] of others) await invalid(comment, ['OtherConstruction'], input, 'bad-mac');
}

export const aead: Family = {
  name: 'aead',
  algorithm: 'Sottovoce v1 AEAD (C6)',
  notes: {
    Basic: { bugType: 'BASIC', description: 'Plaintexts and associated data of usual and unusual lengths, every label with its kind.' },
    WrongKey: { bugType: 'AUTH_BYPASS', description: 'Another secret than the record was sealed under.', effect: 'Anybody reads.' },
    WrongContext: {
      bugType: 'CONFUSION',
      description: 'Another label, kind or associated data than the record was sealed under.',
      effect: 'Bytes of one use are taken for another: protocol confusion.',
      links: ['https://nvd.nist.gov/vuln/detail/CVE-2022-39251'],
    },
    BitFlip: {
      bugType: 'AUTH_BYPASS',
      description: 'Salt, ciphertext or tag is changed.',
      effect: 'Whoever carries a record writes in it.',
    },
    Truncated: {
      bugType: 'MALFORMED',
      description: 'The record ends early or begins late. Fewer than 48 bytes are malformed, more of a longer record do not verify.',
    },
    Trailing: { bugType: 'MALFORMED', description: 'Bytes after the tag.', effect: 'One value has two encodings.' },
    SecretSize: { bugType: 'EDGE_CASE', description: 'The secret is not 32 bytes long.', effect: 'A key of less strength than promised.' },
    Order: { bugType: 'EDGE_CASE', description: 'Two things are wrong; the length of the record is looked at first.' },
    OtherConstruction: {
      bugType: 'MISSING_STEP',
      description: 'A record made from the same values by a construction that leaves something out or puts it elsewhere.',
      effect: 'An implementation that opens it does the same.',
    },
  },
  shapes: {
    seal: {
      input: { secret: hex(), label: text, kind: int, aad: hex(), plaintext: hex(), random: hex() },
      expected: { salt: hex(32), info: hex(), key: hex(32), wholeAad: hex(), record: hex() },
    },
    open: {
      input: { secret: hex(), label: text, kind: int, aad: hex(), record: hex() },
      expected: { salt: hex(32), info: hex(), key: hex(32), wholeAad: hex(), plaintext: hex() },
    },
  },
  run,
  async generate(make) {
    const { base, sealed } = await makeSeals(make);
    await makeOpens(make, base, sealed['record'] as string);
    await makeOtherConstructions(make, base);
  },
};

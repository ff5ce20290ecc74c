import { describe, expect, test } from 'vitest';
import {
  type Bytes,
  concat,
  encodeLinkingCode,
  generateKeyPair,
  generateLinkingCode,
  hkdf,
  KIND,
  type KeyPair,
  LABEL,
  type LinkingChannel,
  type LinkingCode,
  MAX_LINKED_BYTES,
  openLinked,
  openRecord,
  parseLinkingCode,
  primitives,
  sealLinked,
  startLinkingChannel,
  utf8,
} from '../../crypto/index.ts';
import { refusal } from '../support/refusal.ts';
import { shownIn } from '../support/secret-trace.ts';
import { seededRandom } from '../support/seeded-random.ts';

type Linking = { code: LinkingCode; fresh: KeyPair; old: KeyPair; atNew: LinkingChannel; atOld: LinkingChannel };

const FORMS = ['scanned', 'typed'] as const;

async function link(form: (typeof FORMS)[number], seed: string): Promise<Linking> {
  const random = seededRandom(`linking ${seed}`);
  const { code, ephemeral: fresh } = await generateLinkingCode(form, random);
  const old = await generateKeyPair(random);
  // The code goes as text, from screen to eye.
  const read = parseLinkingCode(encodeLinkingCode(code));
  const atNew = await startLinkingChannel('new', code, fresh, old.publicKey);
  return { code, fresh, old, atNew, atOld: await startLinkingChannel('old', read, old, fresh.publicKey) };
}

const random = seededRandom('linking messages');

describe.each(FORMS)('C30 %s', (form) => {
  test('both sides talk, in order', async () => {
    let { atNew, atOld } = await link(form, 'talk');
    for (const text of ['one', 'two', '']) {
      const sent = await sealLinked(atOld, utf8(text), random);
      expect(sent.message.length).toBe(text.length + 96);
      const got = await openLinked(atNew, sent.message);
      expect(got.plaintext).toEqual(utf8(text));
      const back = await sealLinked(got.channel, utf8(`${text}!`), random);
      const heard = await openLinked(sent.channel, back.message);
      expect(heard.plaintext).toEqual(utf8(`${text}!`));
      [atNew, atOld] = [back.channel, heard.channel];
    }
  });

  test('linking-transcript: all that is sent, with both ephemeral private keys, opens nothing and does not hold the secret', async () => {
    const { code, fresh, old, atOld } = await link(form, 'recorded');
    const { message } = await sealLinked(atOld, utf8('the identity key'), random);
    // What a quantum computer gives from the recorded public keys.
    const shared = await primitives.x25519(fresh.privateKey, old.publicKey);
    const transcript = primitives.sha256(concat(utf8(LABEL.linkTranscript), Uint8Array.of(0, 1), fresh.publicKey, old.publicKey));
    const keyOf = (secret: Bytes, label: string) => hkdf(secret, transcript, concat(utf8(label), Uint8Array.of(2)), 32);
    const aad = Uint8Array.of(1, 2, 0, 0, 0, 0);
    const open = (secret: Bytes, label: typeof LABEL.linkChannel | typeof LABEL.linkCode, record: Bytes) =>
      openRecord(keyOf(secret, label), label, KIND.linking, aad, record);
    const inner = await open(shared, LABEL.linkChannel, message);
    expect(await refusal(() => open(shared, LABEL.linkCode, inner))).toBe('bad-mac');
    expect(await refusal(() => open(transcript, LABEL.linkCode, inner))).toBe('bad-mac');
    // By hand: the secret, and it alone, is missing.
    expect(await open(code.secret, LABEL.linkCode, inner)).toEqual(utf8('the identity key'));
    const sent = [fresh.publicKey, old.publicKey, message, inner].map((bytes) => Buffer.from(bytes).toString('hex')).join();
    expect(shownIn(sent, { secret: code.secret, text: utf8('the identity key') })).toEqual([]);
  });

  test('linking-transcript: who stands between with keys of his own opens nothing and writes nothing', async () => {
    const { code, fresh, old } = await link(form, 'between');
    const mallory = await generateKeyPair(random);
    // Towards the old device: its hash is in a scanned code; a typed one shows it with the first message.
    const refused = await refusal(() => startLinkingChannel('old', code, old, mallory.publicKey));
    expect(refused).toBe(form === 'scanned' ? 'untrusted-identity' : null);
    const guess = { secret: random(code.secret.length), keyHash: null };
    const atNew = await startLinkingChannel('new', code, fresh, mallory.publicKey);
    const towardsNew = await startLinkingChannel('old', guess, mallory, fresh.publicKey);
    expect(await refusal(async () => openLinked(atNew, (await sealLinked(towardsNew, utf8('evil'), random)).message))).toBe('bad-mac');
    if (form === 'scanned') return;
    const atOld = await startLinkingChannel('old', code, old, mallory.publicKey);
    const towardsOld = await startLinkingChannel('new', guess, mallory, old.publicKey);
    const { message } = await sealLinked(atOld, utf8('the identity key'), random);
    expect(await refusal(() => openLinked(towardsOld, message))).toBe('bad-mac');
  });

  test('linking-transcript: a message opens in its place only: once, in order, in its direction, under its code and keys', async () => {
    const { atNew, atOld } = await link(form, 'place');
    const first = await sealLinked(atOld, utf8('first'), random);
    const second = await sealLinked(first.channel, utf8('second'), random);
    expect(await refusal(() => openLinked(atNew, second.message))).toBe('bad-mac');
    expect(await refusal(() => openLinked(atOld, first.message))).toBe('bad-mac');
    const other = await link(form, 'another code');
    expect(await refusal(() => openLinked(other.atNew, first.message))).toBe('bad-mac');
    const { channel, plaintext } = await openLinked(atNew, first.message);
    expect(plaintext).toEqual(utf8('first'));
    expect(await refusal(() => openLinked(channel, first.message))).toBe('bad-mac');
    expect((await openLinked(channel, second.message)).plaintext).toEqual(utf8('second'));
    for (const at of [0, 40, first.message.length - 1]) {
      const changed = first.message.map((byte, i) => (i === at ? byte ^ 1 : byte));
      expect(await refusal(() => openLinked(atNew, changed))).toBe('bad-mac');
    }
  });

  test('one’s own key, low order, torsion and other lengths are refused', async () => {
    const { code, old } = await link(form, 'keys');
    const typed = { ...code, keyHash: null };
    const start = (key: Uint8Array) => refusal(() => startLinkingChannel('old', typed, old, key));
    expect(await start(old.publicKey)).toBe('wrong-context');
    expect(await start(new Uint8Array(32))).toBe('bad-key');
    // On the twist.
    expect(await start(Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? 2 : 0)))).toBe('bad-key');
    expect(await start(old.publicKey.slice(1))).toBe('bad-key');
  });
});

test('C30: a code has one text for each form, and looks like neither an invite nor the other form', async () => {
  const { code: scanned } = await generateLinkingCode('scanned', random);
  const { code: typed } = await generateLinkingCode('typed', random);
  expect(encodeLinkingCode(scanned)).toMatch(/^sottovoce-link:[\w-]{87}$/);
  const text = encodeLinkingCode(typed);
  expect(text).toMatch(/^[A-Z2-7]{26}$/);
  expect(parseLinkingCode(`  ${text.toLowerCase().replaceAll(/.{5}/g, '$& - ')}`)).toEqual(typed);
  expect(encodeLinkingCode({ secret: new Uint8Array(16).fill(255), keyHash: null })).toBe('77777777777777777777777774');
  const wrong = ['', text.slice(1), `${text}A`, `${text.slice(0, 25)}B`, `${text.slice(0, 25)}1`, encodeLinkingCode(scanned).slice(0, -1)];
  for (const one of [...wrong, 'https://relay.example/#/join/AAAA'])
    expect(await refusal(() => parseLinkingCode(one)), one).toBe('malformed');
  expect(await refusal(() => parseLinkingCode(`sottovoce-link:Ag${encodeLinkingCode(scanned).slice(17)}`))).toBe('unsupported-version');
  expect(await refusal(() => parseLinkingCode(' '.repeat(129)))).toBe('too-large');
});

test('C2: a message of 64 KiB, and not one byte more', async () => {
  const { atNew, atOld } = await link('typed', 'size');
  const most = await sealLinked(atOld, new Uint8Array(MAX_LINKED_BYTES), random);
  expect((await openLinked(atNew, most.message)).plaintext.length).toBe(MAX_LINKED_BYTES);
  expect(await refusal(() => sealLinked(atOld, new Uint8Array(MAX_LINKED_BYTES + 1), random))).toBe('too-large');
  expect(await refusal(() => openLinked(atNew, concat(most.message, Uint8Array.of(0))))).toBe('too-large');
});

/** The cases of linking: both forms of the code, both sides of the channel, and whoever stands between. */
import { primitives } from '../../../crypto/index.ts';
import type { JsonObject, Make } from '../family.ts';
import { type Bytes, type CryptoErrorCode, fromHex, toHex } from '../hex.ts';
import { hashOf, joined } from '../independent.ts';
import { cut, LOW_ORDER_U, NOT_CANONICAL_U, NOT_PRIME_ORDER_U, replaced, turned } from '../spoil.ts';
import { aadOf, layer, type Link, linkOf } from './linking-by-hand.ts';

const START = 'sottovoce-link:';

async function makeCodes({ random, group, valid, invalid }: Make): Promise<void> {
  group('generate');
  const scanned = await valid('to be scanned', ['Basic'], { form: 'scanned', random: toHex(random(64)) });
  const typed = await valid('to be typed', ['Basic'], { form: 'typed', random: toHex(random(48)) });
  await invalid('under randomness of zeros', ['BadKey'], { form: 'typed', random: '00'.repeat(48) }, 'bad-key');
  group('encode');
  const encode = (comment: string, secret: string, keyHash: string | null) => valid(comment, ['Basic'], { secret, keyHash });
  await encode('typed, all zeros', '00'.repeat(16), null);
  await encode('typed, all ones', 'ff'.repeat(16), null);
  await encode('typed, the last bit alone', `${'00'.repeat(15)}01`, null);
  await encode('typed', toHex(random(16)), null);
  await encode('scanned', toHex(random(32)), toHex(random(32)));
  for (const [what, bytes, hash] of [
    ['a typed secret of 15 bytes', 15, null],
    ['a typed secret of 17 bytes', 17, null],
    ['a typed secret of 32 bytes', 32, null],
    ['a scanned secret of 16 bytes', 16, 32],
    ['a scanned secret of 33 bytes', 33, 32],
    ['a hash of 31 bytes', 32, 31],
    ['a hash of 33 bytes', 32, 33],
  ] as const) {
    const input = { secret: toHex(random(bytes)), keyHash: hash === null ? null : toHex(random(hash)) };
    await invalid(what, ['Malformed'], input, 'malformed');
  }
  group('parse');
  const [scan, type] = [scanned['code'] as string, typed['code'] as string];
  await valid('scanned', ['Basic'], { code: scan });
  await valid('typed', ['Basic'], { code: type });
  await valid('typed in lower case', ['Form'], { code: type.toLowerCase() });
  await valid('typed in groups', ['Form'], { code: type.replaceAll(/.{5}/g, '$& ') });
  const spread = ` ${[...type].join('-')} `;
  await valid('a hyphen between all characters', ['Form'], { code: spread });
  await valid('128 characters', ['Bounds'], { code: spread.padEnd(128) });
  const refuse = (comment: string, kind: string, code: string, error: CryptoErrorCode = 'malformed') =>
    invalid(comment, [kind], { code }, error);
  await refuse('129 characters', 'Bounds', spread.padEnd(129), 'too-large');
  await refuse('nothing', 'Malformed', '');
  await refuse('typed, 25 characters', 'Malformed', type.slice(1));
  await refuse('typed, 27 characters', 'Malformed', `${type}A`);
  for (const digit of ['0', '1', '8', '9', '=', 'ß', '+'])
    await refuse(`typed, with "${digit}"`, 'Malformed', `${type.slice(0, 10)}${digit}${type.slice(11)}`);
  for (const bits of [1, 2, 3]) {
    const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
    const last = letters.indexOf(type.at(-1) as string);
    await refuse(`typed, with ${bits} in the two bits that are zero`, 'Malformed', type.slice(0, 25) + letters.charAt(last + bits));
  }
  await refuse('typed, with a dot', 'Malformed', `${type.slice(0, 13)}.${type.slice(13)}`);
  await refuse('scanned, version 2', 'Version', `${START}Ag${scan.slice(START.length + 2)}`, 'unsupported-version');
  await refuse('scanned, version 0', 'Version', `${START}AA${scan.slice(START.length + 2)}`, 'unsupported-version');
  await refuse('scanned, without its last character', 'Malformed', scan.slice(0, -1));
  await refuse('scanned, four characters less', 'Malformed', scan.slice(0, -4));
  await refuse('scanned, four characters more', 'Bounds', `${scan}AAAA`, 'too-large');
  await refuse('scanned, with spare bits', 'Malformed', `${scan.slice(0, -1)}${scan.endsWith('B') ? 'C' : 'B'}`);
  await refuse('scanned, with padding', 'Malformed', `${scan}=`);
  await refuse('scanned, in capitals', 'Malformed', scan.toUpperCase());
  await refuse('scanned, a space before', 'Malformed', ` ${scan}`);
  await refuse('its start alone', 'Malformed', START);
  await refuse('an invite', 'Malformed', 'https://relay.example/#/join/AAAA');
}

type Cast = { fresh: JsonObject; old: JsonObject; link: Link; publicKeys: { fresh: Bytes; old: Bytes } };

/** Both devices with the code of this form. */
async function makeCast(random: Make['random'], form: 'scanned' | 'typed'): Promise<Cast> {
  const [freshPrivate, oldPrivate] = [random(32), random(32)];
  const [fresh, old] = [await primitives.x25519PublicKey(freshPrivate), await primitives.x25519PublicKey(oldPrivate)];
  const secret = random(form === 'typed' ? 16 : 32);
  const keyHash = form === 'typed' ? null : toHex(hashOf('Sottovoce v1 link key', fresh));
  const link = linkOf(await primitives.x25519(freshPrivate, old), secret, fresh, old);
  const code = { secret: toHex(secret), keyHash };
  return {
    fresh: { role: 'new', ...code, privateKey: toHex(freshPrivate), theirPublicKey: toHex(old) },
    old: { role: 'old', ...code, privateKey: toHex(oldPrivate), theirPublicKey: toHex(fresh) },
    link,
    publicKeys: { fresh, old },
  };
}

async function makeStarts({ random, group, valid, invalid }: Make, scanned: Cast, typed: Cast): Promise<void> {
  group('start');
  await valid('the new device, scanned', ['Basic'], scanned.fresh);
  await valid('the old device, scanned', ['Basic'], scanned.old);
  await valid('the new device, typed', ['Basic'], typed.fresh);
  await valid('the old device, typed', ['Basic'], typed.old);
  for (const [form, { old, fresh, publicKeys }] of [
    ['scanned', scanned],
    ['typed', typed],
  ] as const) {
    const refuse = (comment: string, kind: string, input: JsonObject, error: CryptoErrorCode) =>
      invalid(`${form}: ${comment}`, [kind], input, error);
    await refuse('the old device is sent its own key', 'OwnKey', { ...old, theirPublicKey: toHex(publicKeys.old) }, 'wrong-context');
    await refuse('the new device is sent its own key', 'OwnKey', { ...fresh, theirPublicKey: toHex(publicKeys.fresh) }, 'wrong-context');
    for (const [what, key] of [...LOW_ORDER_U, ...NOT_CANONICAL_U, ...NOT_PRIME_ORDER_U])
      await refuse(`a key ${what}`, 'BadKey', { ...old, theirPublicKey: key }, 'bad-key');
    const key = toHex(publicKeys.fresh);
    for (const [what, wrong] of [
      ['31 bytes of it', cut(key, 31)],
      ['a byte more', `${key}00`],
      ['none', ''],
    ] as const)
      await refuse(`its key, ${what}`, 'BadKey', { ...old, theirPublicKey: wrong }, 'bad-key');
  }
  const other = toHex(await primitives.x25519PublicKey(random(32)));
  await invalid('scanned: another key than the code’s', ['Untrusted'], { ...scanned.old, theirPublicKey: other }, 'untrusted-identity');
  const hash = scanned.old['keyHash'] as string;
  await invalid('scanned: one bit of the hash', ['Untrusted'], { ...scanned.old, keyHash: turned(hash, 31) }, 'untrusted-identity');
  await invalid(
    'scanned: the new device’s code names another',
    ['Untrusted'],
    { ...scanned.fresh, keyHash: turned(hash, 0) },
    'untrusted-identity',
  );
  await valid('typed: another key passes, and shows with the first message', ['Basic'], { ...typed.old, theirPublicKey: other });
}

async function makeMessages({ random, group, valid, invalid }: Make, scanned: Cast, typed: Cast): Promise<void> {
  group('seal');
  const seal = (comment: string, kind: string, from: JsonObject, number: number, plaintext: string, zeros = 0) =>
    valid(comment, [kind], { ...from, number, plaintext, zeros, random: toHex(random(64)) });
  for (const [form, cast] of [
    ['scanned', scanned],
    ['typed', typed],
  ] as const) {
    await seal(`${form}: the old device’s first`, 'Basic', cast.old, 0, toHex(random(40)));
    await seal(`${form}: the new device’s first`, 'Basic', cast.fresh, 0, toHex(random(40)));
    await seal(`${form}: its second`, 'Basic', cast.fresh, 1, toHex(random(40)));
  }
  await seal('an empty one', 'Basic', typed.old, 2, '');
  await seal('the 65,537th', 'Basic', typed.old, 65_536, '00');
  await seal('64 KiB', 'Bounds', typed.old, 3, '', 65_536);
  const tooLong = { ...typed.old, number: 3, plaintext: '', zeros: 65_537, random: toHex(random(64)) };
  await invalid('64 KiB and a byte', ['Bounds'], tooLong, 'too-large');

  group('open');
  for (const [form, cast] of [
    ['scanned', scanned],
    ['typed', typed],
  ] as const)
    await makeOpens({ random, group, valid, invalid }, form, cast);
}

async function makeOpens({ random, valid, invalid }: Make, form: string, { fresh, old, link, publicKeys }: Cast): Promise<void> {
  const plaintext = random(40);
  type Made = { keys?: Link['fromOld']; direction?: number; number?: number; kind?: number; labels?: [string, string]; content?: Bytes };
  /** What the old device writes first; changed, what it would never write. */
  function made({
    keys = link.fromOld,
    direction = 2,
    number = 0,
    kind = 7,
    labels = ['code', 'channel'],
    content = plaintext,
  }: Made = {}): string {
    const aad = aadOf(direction, number);
    const inner = layer(keys.inner, labels[0], random(32), aad, content, kind);
    return toHex(layer(keys.outer, labels[1], random(32), aad, inner.record, kind).record);
  }
  const first = made();
  const good = { ...fresh, number: 0, message: first, zeros: 0 };
  const refuse = (comment: string, kind: string, changes: JsonObject, error: CryptoErrorCode = 'bad-mac') =>
    invalid(`${form}: ${comment}`, [kind], { ...good, ...changes }, error);
  const show = (comment: string, input: JsonObject) => valid(`${form}: ${comment}`, ['Basic'], { zeros: 0, ...input });
  await show('the old device’s first', good);
  const second = made({ number: 1 });
  await show('its second, after the first', { ...fresh, number: 1, message: second });
  const answer = made({ keys: link.fromNew, direction: 1 });
  await show('the new device’s first', { ...old, number: 0, message: answer });
  await show('an empty one', { ...fresh, number: 2, message: made({ number: 2, content: new Uint8Array(0) }) });

  await refuse('the first a second time', 'Replay', { number: 1 });
  await refuse('the second before the first', 'Replay', { message: second });
  await refuse('the first after the second', 'Replay', { number: 2 });
  await refuse('what it sent itself, come back', 'WrongDirection', { message: answer });
  await refuse('the old device is sent its own', 'WrongDirection', { ...old });
  await refuse('its words under the other direction’s number', 'WrongDirection', { message: made({ direction: 1 }) });
  await refuse('under the keys of the other direction', 'WrongDirection', { message: made({ keys: link.fromNew }) });

  const secretBytes = (fresh['secret'] as string).length / 2;
  await refuse('another secret', 'WrongSecret', { secret: toHex(random(secretBytes)) });
  await refuse('one bit of the secret', 'WrongSecret', { secret: turned(fresh['secret'] as string, secretBytes - 1) });
  const shared = await primitives.x25519(fromHex(fresh['privateKey'] as string), publicKeys.old);
  const guessed = linkOf(shared, random(secretBytes), publicKeys.fresh, publicKeys.old);
  await refuse('by who knows both private keys and not the code', 'WrongSecret', { message: made({ keys: guessed.fromOld }) });
  const bare = linkOf(shared, new Uint8Array(0), publicKeys.fresh, publicKeys.old);
  await refuse('under the empty secret', 'WrongSecret', { message: made({ keys: bare.fromOld }) });
  const between = random(32);
  const betweenKey = await primitives.x25519PublicKey(between);
  await refuse('the old device’s message, when another key was shown', 'WrongTranscript', { theirPublicKey: toHex(betweenKey) });
  const other = linkOf(shared, fromHex(fresh['secret'] as string), publicKeys.old, publicKeys.fresh);
  await refuse('the keys in the other order', 'WrongTranscript', { message: made({ keys: other.fromOld }) });
  const half = { outer: link.fromOld.outer, inner: other.fromOld.inner };
  await refuse('the inner layer of another transcript', 'WrongTranscript', { message: made({ keys: half }) });

  const length = first.length / 2;
  for (const [what, at] of [
    ['first bit of the salt', 0],
    ['last of the salt', 31],
    ['first of the ciphertext', 32],
    ['last of the tag', length - 1],
  ] as const)
    await refuse(`the ${what}`, 'BitFlip', { message: turned(first, at) });
  await refuse('without its last byte', 'BitFlip', { message: cut(first, length - 1) });
  await refuse('a zero byte more', 'BitFlip', { zeros: 1 });
  for (const bytes of [0, 47]) await refuse(`${bytes} bytes`, 'Malformed', { message: cut(first, bytes) }, 'malformed');
  await refuse('the longest there is, of zeros after it', 'Bounds', { zeros: 65_536 + 96 - length });
  await refuse('a byte longer', 'Bounds', { zeros: 65_536 + 97 - length }, 'too-large');

  const aad = aadOf(2, 0);
  const one = (content: Bytes) => ({ message: toHex(layer(link.fromOld.outer, 'channel', random(32), aad, content).record) });
  await refuse('no inner layer', 'OtherConstruction', one(joined(plaintext, random(8))));
  await refuse('an inner layer of 47 bytes', 'Malformed', one(random(47)), 'malformed');
  const inside = layer(link.fromOld.inner, 'code', random(32), aad, plaintext).record;
  await refuse('the inner layer alone', 'OtherConstruction', { message: toHex(inside) });
  await refuse('the labels change places', 'OtherConstruction', { message: made({ labels: ['channel', 'code'] }) });
  await refuse('one label for both', 'OtherConstruction', { message: made({ labels: ['channel', 'channel'] }) });
  await refuse('kind 4', 'OtherConstruction', { message: made({ kind: 4 }) });
  await refuse('direction 0', 'OtherConstruction', { message: made({ direction: 0 }) });
  const versionTwo = replaced(toHex(aad), 0, '02');
  const inner = layer(link.fromOld.inner, 'code', random(32), fromHex(versionTwo), plaintext).record;
  const outer = layer(link.fromOld.outer, 'channel', random(32), fromHex(versionTwo), inner).record;
  await refuse('version 2 in the associated data', 'OtherConstruction', { message: toHex(outer) });
}

export async function generateLinking(make: Make): Promise<void> {
  const [scanned, typed] = [await makeCast(make.random, 'scanned'), await makeCast(make.random, 'typed')];
  await makeCodes(make);
  await makeStarts(make, scanned, typed);
  await makeMessages(make, scanned, typed);
}

import { ed25519 } from '@noble/curves/ed25519.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { afterEach, describe, expect, test } from 'vitest';
import { nodePrimitives } from '../../client/adapters/node-primitives.ts';
import { installWebPrimitives } from '../../client/adapters/web-primitives.ts';
import { type Bytes, concat, hkdf, installPrimitives, type Primitives, primitives, toHex, utf8 } from '../../crypto/index.ts';
import { refusal } from '../support/refusal.ts';
import { seededRandom } from '../support/seeded-random.ts';

const standard: Primitives = { ...primitives };

function hex(text: string): Bytes {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

const IMPLEMENTATIONS: [string, () => Promise<unknown>][] = [
  ['noble', async () => undefined],
  ['node:crypto', () => installPrimitives(nodePrimitives)],
  ['WebCrypto and hash-wasm', () => installWebPrimitives()],
];

afterEach(() => installPrimitives(standard));

const LOW_ORDER_Y = [
  '00'.repeat(32),
  `01${'00'.repeat(31)}`,
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  `ec${'ff'.repeat(30)}7f`,
];
const NOT_CANONICAL = [`ed${'ff'.repeat(30)}7f`, `ee${'ff'.repeat(30)}7f`, 'ff'.repeat(32)];

describe.each(IMPLEMENTATIONS)('%s', (_, install) => {
  test('RFC 7748 §5.2 and §6.1: X25519', async () => {
    await install();
    const scalar = hex('4866e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba4d');
    const point = hex('e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a413');
    expect(toHex(await primitives.x25519(scalar, point))).toBe('95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957');
    const alice = hex('77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a');
    expect(toHex(await primitives.x25519PublicKey(alice))).toBe('8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a');
  });

  test('RFC 8032 §7.1 test 2: Ed25519', async () => {
    await install();
    const seed = hex('4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb');
    const publicKey = await primitives.ed25519PublicKey(seed);
    expect(toHex(publicKey)).toBe('3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c');
    const signature = await primitives.ed25519Sign(seed, hex('72'));
    expect(toHex(signature)).toBe(
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
    );
    expect(await primitives.ed25519Verify(publicKey, hex('72'), signature)).toBe(true);
    expect(await primitives.ed25519Verify(publicKey, hex('73'), signature)).toBe(false);
  });

  test('FIPS 180-4, RFC 4231 §4.3, RFC 5869 A.1, SP 800-38A F.2.5, the GCM specification’s case 13', async () => {
    await install();
    expect(toHex(primitives.sha256(utf8('abc')))).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    expect(toHex(primitives.sha512(utf8('abc'))).slice(0, 32)).toBe('ddaf35a193617abacc417349ae204131');
    expect(toHex(primitives.hmacSha256(utf8('Jefe'), utf8('what do ya want for nothing?')))).toBe(
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    );
    expect(toHex(hkdf(hex('0b'.repeat(22)), hex('000102030405060708090a0b0c'), hex('f0f1f2f3f4f5f6f7f8f9'), 42))).toBe(
      '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
    );
    const key = hex('603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4');
    const block = hex('6bc1bee22e409f96e93d7e117393172a');
    const cbc = await primitives.aesCbcEncrypt(key, hex('000102030405060708090a0b0c0d0e0f'), block);
    expect(toHex(cbc.subarray(0, 16))).toBe('f58c4c04d6e5f1ba779eabfb5f7bfbd6');
    const none = new Uint8Array(0);
    expect(toHex(await primitives.aesGcmEncrypt(new Uint8Array(32), new Uint8Array(12), none, none))).toBe(
      '530f8afbc74536b9a963b4f1c4cb738b',
    );
  });

  test('a signature of Signal’s own library verifies', async () => {
    await install();
    const publicKey = hex('ab7e717d4a163b7d9a1d8071dfe9dcf8cdcd1cea3339b6356be84d887e322c64');
    const message = hex('05edce9d9c415ca78cb7252e72c2c4a554d3eb29485a0e1d503118d1a82d99fb4a');
    const signature = hex(
      '5de88ca9a89b4a115da79109c67c9c7464a3e4180274f1cb8c63c2984e286dfbede82deb9dcd9fae0bfbb821569b3d9001bd8130cd11d486cef047bd60b86e88',
    );
    expect(await primitives.xeddsaVerify(publicKey, message, signature)).toBe(true);
    for (let i = 0; i < signature.length * 8; i += 5) {
      const changed = signature.slice();
      changed[i >> 3] = (changed[i >> 3] as number) ^ (1 << (i & 7));
      expect(await primitives.xeddsaVerify(publicKey, message, changed)).toBe(false);
    }
  });

  test('every member gives the default’s bytes, at sizes around its blocks and its thresholds', async () => {
    await install();
    const random = seededRandom('same bytes');
    for (const size of [0, 1, 15, 16, 17, 55, 63, 64, 65, 127, 128, 1_023, 1_024, 1_025, 70_000]) {
      const [key, other, text, nonce, iv] = [random(32), random(32), random(size), random(12), random(16)];
      const publicKey = await standard.x25519PublicKey(other);
      for (const run of [
        (p: Primitives) => p.sha256(text),
        (p: Primitives) => p.sha512(text),
        (p: Primitives) => p.hmacSha256(key, text),
        (p: Primitives) => p.hmacSha256(text, key),
        (p: Primitives) => p.x25519(key, publicKey),
        (p: Primitives) => p.x25519PublicKey(key),
        (p: Primitives) => p.ed25519PublicKey(key),
        (p: Primitives) => p.ed25519Sign(key, text),
        (p: Primitives) => p.xeddsaSign(key, text, seededRandom('z')),
        (p: Primitives) => p.aesGcmEncrypt(key, nonce, text, iv),
        (p: Primitives) => p.aesCbcEncrypt(key, iv, text),
      ]) {
        expect(toHex(await run(primitives)), `${size} bytes, ${run}`).toBe(toHex(await run(standard)));
      }
      const sealed = await standard.aesGcmEncrypt(key, nonce, text, iv);
      expect(await primitives.aesGcmDecrypt(key, nonce, sealed, iv)).toEqual(text);
      expect(await refusal(() => primitives.aesGcmDecrypt(key, nonce, sealed, nonce))).toBe('bad-mac');
      const padded = await standard.aesCbcEncrypt(key, iv, text);
      expect(await primitives.aesCbcDecrypt(key, iv, padded)).toEqual(text);
      expect(await refusal(() => primitives.aesCbcDecrypt(key, iv, padded.slice(1)))).toBe('bad-mac');
    }
  });

  test('what must be refused is refused, with its code', async () => {
    await install();
    const random = seededRandom('refused');
    const key = random(32);
    for (const point of [
      '00'.repeat(32),
      `01${'00'.repeat(31)}`,
      `ec${'ff'.repeat(30)}7f`,
      ...NOT_CANONICAL,
      `09${'00'.repeat(30)}80`,
      '00',
    ]) {
      expect(await refusal(() => primitives.x25519(key, hex(point))), point).toBe('bad-key');
    }
    expect(await refusal(() => primitives.x25519(key.slice(1), key))).toBe('bad-key');
    expect(await refusal(() => primitives.aesGcmDecrypt(key, random(12), random(15), random(1)))).toBe('bad-mac');
    expect(await refusal(() => primitives.aesGcmDecrypt(key, random(12), new Uint8Array(0), random(1)))).toBe('bad-mac');
    expect(await refusal(() => primitives.aesCbcDecrypt(key, random(16), new Uint8Array(0)))).toBe('bad-mac');
    // AES-128 would be accepted by every library beneath.
    expect(await refusal(() => primitives.aesGcmEncrypt(key.slice(16), random(12), key, key))).toBe('bad-key');
    expect(await refusal(() => primitives.aesCbcEncrypt(key, random(12), key))).toBe('bad-key');

    const publicKey = await primitives.ed25519PublicKey(key);
    const signature = await primitives.ed25519Sign(key, key);
    const zeroS = concat(hex(`01${'00'.repeat(31)}`), new Uint8Array(32));
    for (const y of [...LOW_ORDER_Y, ...NOT_CANONICAL]) {
      expect(await primitives.ed25519Verify(hex(y), key, zeroS), y).toBe(false);
      expect(await primitives.ed25519Verify(publicKey, key, concat(hex(y), signature.subarray(32))), y).toBe(false);
    }
    const order = 2n ** 252n + 27742317777372353535851937790883648493n;
    const s = BigInt(`0x${toHex(signature.slice(32).reverse())}`) + order;
    const second = concat(signature.subarray(0, 32), hex(s.toString(16).padStart(64, '0')).reverse());
    expect(await primitives.ed25519Verify(publicKey, key, signature)).toBe(true);
    expect(await primitives.ed25519Verify(publicKey, key, second)).toBe(false);
    expect(await primitives.ed25519Verify(publicKey, key, signature.slice(1))).toBe(false);
    expect(await primitives.ed25519Verify(publicKey.slice(1), key, signature)).toBe(false);
  });

  test('signatures that satisfy the equation with a low-order A or R are refused', async () => {
    await install();
    const { Point } = ed25519;
    const number = (bytes: Uint8Array) => BigInt(`0x${toHex(bytes.slice().reverse())}`);
    const identity = hex(`01${'00'.repeat(31)}`);
    const message = utf8('anything');
    // A = 0: R = rB, S = r holds for every message. R = 0: S = ka holds for the holder of a.
    const forEveryone = concat(Point.BASE.multiply(7n).toBytes(), Point.Fn.toBytes(7n));
    expect(await primitives.ed25519Verify(identity, message, forEveryone)).toBe(false);
    const publicKey = Point.BASE.multiply(9n).toBytes();
    const k = Point.Fn.create(number(sha512(concat(identity, publicKey, message))));
    expect(await primitives.ed25519Verify(publicKey, message, concat(identity, Point.Fn.toBytes(Point.Fn.create(k * 9n))))).toBe(false);
  });

  // A = aB + T with T of order 8: with the cofactor every such signature is valid, without it one in eight. Clients must not differ.
  test('a signature under a key with torsion has one answer everywhere', async () => {
    await install();
    const { Point } = ed25519;
    const number = (bytes: Uint8Array) => BigInt(`0x${toHex(bytes.slice().reverse())}`);
    const a = 123_456_789n;
    const publicKey = Point.BASE.multiply(a)
      .add(Point.fromHex(LOW_ORDER_Y[3] as string))
      .toBytes();
    const answers: boolean[] = [];
    for (let i = 1; i <= 24; i++) {
      const message = Uint8Array.of(i);
      const r = BigInt(1_000 + i);
      const bigR = Point.BASE.multiply(r).toBytes();
      const k = Point.Fn.create(number(sha512(concat(bigR, publicKey, message))));
      const signature = concat(bigR, Point.Fn.toBytes(Point.Fn.create(r + k * a)));
      const valid = await primitives.ed25519Verify(publicKey, message, signature);
      expect(valid).toBe(k % 8n === 0n);
      answers.push(valid);
    }
    expect(new Set(answers)).toEqual(new Set([true, false]));
  });
});

describe('installing', () => {
  test('a member that differs is refused and nothing is replaced', async () => {
    const before = { ...primitives };
    const zeros = (length: number) => new Uint8Array(length);
    const wrong: Partial<Primitives>[] = [
      { sha256: () => zeros(32) },
      { hmacSha256: (key) => primitives.sha256(key) },
      { x25519: () => zeros(32) },
      { ed25519Verify: () => true },
      { ed25519Verify: () => false },
      { aesGcmDecrypt: (_key, _nonce, ciphertext) => new Uint8Array(ciphertext.slice(0, -16)) },
      { aesCbcDecrypt: (_key, _iv, ciphertext) => new Uint8Array(ciphertext) },
      { xeddsaSign: (privateKey, message) => primitives.ed25519Sign(privateKey, message) },
      { sha512: () => Promise.reject(new Error('unavailable')) as never },
    ];
    for (const members of wrong) {
      expect(await refusal(() => installPrimitives({ ...nodePrimitives, ...members })), Object.keys(members).join()).toBe('bad-key');
    }
    expect(primitives).toEqual(before);
  });

  test('an Ed25519 that reduces S modulo the order stays strict', async () => {
    const order = 2n ** 252n + 27742317777372353535851937790883648493n;
    const little = (bytes: Uint8Array) => BigInt(`0x${toHex(bytes.slice().reverse())}`);
    const encode = (value: bigint) => hex(value.toString(16).padStart(64, '0')).reverse();
    await installPrimitives({
      ed25519Verify: (publicKey, message, signature) =>
        standard.ed25519Verify(publicKey, message, concat(signature.subarray(0, 32), encode(little(signature.slice(32)) % order))),
    });
    const seed = hex('05'.repeat(32));
    const [publicKey, signature] = [await primitives.ed25519PublicKey(seed), await primitives.ed25519Sign(seed, seed)];
    expect(await primitives.ed25519Verify(publicKey, seed, signature)).toBe(true);
    const second = concat(signature.subarray(0, 32), encode(little(signature.slice(32)) + order));
    expect(await primitives.ed25519Verify(publicKey, seed, second)).toBe(false);
  });

  test('a laxer XEdDSA cannot be brought in', async () => {
    await installPrimitives({ xeddsaVerify: () => true });
    expect(await primitives.xeddsaVerify(await primitives.x25519PublicKey(hex('07'.repeat(32))), utf8('m'), new Uint8Array(64))).toBe(
      false,
    );
  });

  test('a browser without anything keeps the default', async () => {
    const missing = new Proxy({}, { get: () => () => Promise.reject(new Error('NotSupportedError')) }) as SubtleCrypto;
    const installed = await installWebPrimitives(missing);
    expect(installed).toEqual(['sha256', 'sha512', 'hmacSha256']);
    expect(toHex(await primitives.ed25519PublicKey(hex('4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb')))).toBe(
      '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    );
  });
});

test('HKDF has its bounds, and an empty salt is 32 zero bytes', async () => {
  const secret = utf8('secret');
  expect(hkdf(secret, new Uint8Array(0), secret, 40)).toEqual(hkdf(secret, new Uint8Array(32), secret, 40));
  expect(hkdf(secret, secret, secret, 8_160).length).toBe(8_160);
  for (const length of [0, -1, 1.5, 8_161]) expect(await refusal(() => hkdf(secret, secret, secret, length))).toBe('too-large');
});

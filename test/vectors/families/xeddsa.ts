/** C4: signatures. XEdDSA as Signal's library makes it, Ed25519 under a seed that verifies as XEdDSA, and the purposes that keep uses apart. */
import {
  CryptoError,
  concat,
  identitySigner,
  primitives,
  PURPOSE,
  type Purpose,
  seededPublicKey,
  seedSigner,
  signPurpose,
  utf8,
  verifyPurpose,
} from '../../../crypto/index.ts';
import type { Family, JsonObject, Make } from '../family.ts';
import { toHex } from '../hex.ts';
import { hex, oneOf } from '../shape.ts';
import { cut, LOW_ORDER_U, NOT_CANONICAL_U, replaced, turned } from '../spoil.ts';

/** L of RFC 8032 §5.1, little-endian. */
const GROUP_ORDER = 'edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010';

function plusOrder(scalar: string): string {
  let carry = 0;
  let out = '';
  for (let at = 0; at < 64; at += 2) {
    const sum = Number.parseInt(scalar.slice(at, at + 2), 16) + Number.parseInt(GROUP_ORDER.slice(at, at + 2), 16) + carry;
    out += (sum & 0xff).toString(16).padStart(2, '0');
    carry = sum >> 8;
  }
  return out;
}

async function makeVerify(
  { random, group, valid, invalid }: Make,
  signed: { publicKey: string; message: string; signature: string }[],
): Promise<void> {
  group('verify');
  for (const one of signed) await valid('verifies', ['Basic'], one);
  const [good] = signed.slice(3) as [(typeof signed)[number]];
  const refuse = (comment: string, flag: string, changes: JsonObject) => invalid(comment, [flag], { ...good, ...changes }, 'bad-signature');
  const { signature, publicKey, message } = good;
  for (const [what, at, bit] of [
    ['the first bit of R', 0, 0],
    ['the sign bit of R', 31, 7],
    ['the first bit of s', 32, 0],
    ['bit 252 of s', 63, 4],
    ['bit 253 of s', 63, 5],
    ['bit 254 of s', 63, 6],
    ['the bit that carries the sign of A', 63, 7],
  ] as const) {
    await refuse(what, 'BitFlip', { signature: turned(signature, at, bit) });
  }
  await refuse('s + L for s', 'Malleable', {
    signature:
      signature.slice(0, 64) +
      plusOrder(`${signature.slice(64, 126)}${(Number.parseInt(signature.slice(126), 16) & 0x7f).toString(16).padStart(2, '0')}`),
  });
  await refuse('s = L', 'Malleable', { signature: signature.slice(0, 64) + GROUP_ORDER });
  await refuse('s = 0', 'BitFlip', { signature: signature.slice(0, 64) + '00'.repeat(32) });
  await refuse('a signature of zeros', 'LowOrder', { signature: '00'.repeat(64) });
  await refuse('R is the neutral element', 'LowOrder', { signature: `01${'00'.repeat(31)}${signature.slice(64)}` });
  await refuse('63 bytes', 'Truncated', { signature: cut(signature, 63) });
  await refuse('65 bytes', 'Truncated', { signature: `${signature}00` });
  await refuse('no bytes', 'Truncated', { signature: '' });
  await refuse('another message', 'WrongContext', { message: turned(message, 0) });
  await refuse('a longer message', 'WrongContext', { message: `${message}00` });
  await refuse('an empty message', 'WrongContext', { message: '' });
  await refuse('another key', 'WrongKey', { publicKey: toHex(await seededPublicKey(random(32))) });
  await refuse('one bit of the key', 'WrongKey', { publicKey: turned(publicKey, 5) });
  for (const [what, key] of [...LOW_ORDER_U, ...NOT_CANONICAL_U]) {
    await refuse(`the key is ${what}`, 'LowOrder', { publicKey: key });
    await refuse(`the key is ${what}, under a signature with R = neutral and s = 0`, 'LowOrder', {
      publicKey: key,
      signature: `01${'00'.repeat(63)}`,
    });
  }
  await refuse('31 bytes of key', 'Truncated', { publicKey: cut(publicKey, 31) });
  await refuse('R and s change places', 'BitFlip', {
    signature: replaced(signature, 0, signature.slice(64)).slice(0, 64) + signature.slice(0, 64),
  });
}

export const xeddsa: Family = {
  name: 'xeddsa',
  algorithm: 'XEdDSA and seeded Ed25519 under one verification (C4)',
  notes: {
    Basic: { bugType: 'BASIC', description: 'Messages of usual and unusual lengths; keys whose Edwards point has either sign.' },
    BitFlip: { bugType: 'AUTH_BYPASS', description: 'A changed signature.' },
    Malleable: {
      bugType: 'AUTH_BYPASS',
      description: 's is not below the group order.',
      effect: 'One signature has several encodings.',
      links: ['https://www.rfc-editor.org/rfc/rfc8032#section-5.1.7'],
    },
    LowOrder: {
      bugType: 'AUTH_BYPASS',
      description: 'The key or R is of low order, or not canonical.',
      effect: 'One signature fits many messages.',
      links: ['https://eprint.iacr.org/2020/1244'],
    },
    Truncated: { bugType: 'MALFORMED', description: 'A signature or key of another length.' },
    WrongContext: { bugType: 'AUTH_BYPASS', description: 'Another message than was signed.' },
    WrongKey: { bugType: 'AUTH_BYPASS', description: 'Another key than signed.' },
    WrongPurpose: {
      bugType: 'CONFUSION',
      description: 'Signed for one purpose, shown for another.',
      effect: 'A signature of one structure stands under another.',
      links: ['https://breakingthe3ma.app'],
    },
  },
  shapes: {
    sign: { input: { privateKey: hex(32), message: hex(), random: hex(64) }, expected: { publicKey: hex(32), signature: hex(64) } },
    'sign-seeded': { input: { seed: hex(32), message: hex() }, expected: { publicKey: hex(32), signature: hex(64) } },
    verify: { input: { publicKey: hex(), message: hex(), signature: hex() }, expected: {} },
    purpose: {
      input: { seed: hex(32), signedFor: oneOf(...Object.values(PURPOSE)), shownFor: oneOf(...Object.values(PURPOSE)), body: hex() },
      expected: { signed: hex(), signature: hex(64) },
    },
  },
  async run(type, input, { bytes, random }) {
    const message = type === 'purpose' ? bytes(input['body']) : bytes(input['message']);
    if (type === 'sign') {
      const privateKey = bytes(input['privateKey']);
      const publicKey = await primitives.x25519PublicKey(privateKey);
      const signature = await identitySigner(privateKey, random(input['random']))(message);
      if (!(await primitives.xeddsaVerify(publicKey, message, signature))) throw new Error('does not verify');
      return { publicKey: toHex(publicKey), signature: toHex(signature) };
    }
    if (type === 'sign-seeded') {
      const seed = bytes(input['seed']);
      const publicKey = await seededPublicKey(seed);
      const signature = await seedSigner(seed)(message);
      if (!(await primitives.xeddsaVerify(publicKey, message, signature))) throw new Error('does not verify');
      return { publicKey: toHex(publicKey), signature: toHex(signature) };
    }
    if (type === 'verify') {
      if (!(await primitives.xeddsaVerify(bytes(input['publicKey']), message, bytes(input['signature']))))
        throw new CryptoError('bad-signature');
      return {};
    }
    const seed = bytes(input['seed']);
    const signedFor = input['signedFor'] as Purpose;
    const signature = await signPurpose(seedSigner(seed), signedFor, message);
    await verifyPurpose(await seededPublicKey(seed), input['shownFor'] as Purpose, message, signature);
    return { signed: toHex(concat(utf8(`Sottovoce v1 ${signedFor}`), Uint8Array.of(0), message)), signature: toHex(signature) };
  },
  async generate(make) {
    const { random, group, valid, invalid } = make;
    const signed: { publicKey: string; message: string; signature: string }[] = [];
    const keep = async (run: Promise<JsonObject>, message: string): Promise<void> => {
      const { publicKey, signature } = await run;
      signed.push({ publicKey: publicKey as string, message, signature: signature as string });
    };
    group('sign');
    for (const length of [0, 1, 33, 64, 200, 1_465]) {
      const message = toHex(random(length));
      await keep(valid(`${length} bytes`, ['Basic'], { privateKey: toHex(random(32)), message, random: toHex(random(64)) }), message);
    }
    await valid('the same key and message under randomness of zeros', ['Basic'], {
      privateKey: '11'.repeat(32),
      message: '',
      random: '00'.repeat(64),
    });
    group('sign-seeded');
    for (const length of [0, 1, 33, 64, 200, 1_465]) {
      const message = toHex(random(length));
      await keep(valid(`${length} bytes`, ['Basic'], { seed: toHex(random(32)), message }), message);
    }
    await makeVerify(make, signed);
    group('purpose');
    const body = toHex(random(40));
    const purposes = Object.values(PURPOSE);
    for (const [at, signedFor] of purposes.entries()) {
      const input = { seed: toHex(random(32)), signedFor, body };
      await valid(`for "${signedFor}"`, ['Basic'], { ...input, shownFor: signedFor });
      for (const shownFor of [purposes[(at + 1) % purposes.length], purposes[(at + 3) % purposes.length]]) {
        await invalid(
          `for "${signedFor}", shown for "${shownFor}"`,
          ['WrongPurpose'],
          { ...input, shownFor: shownFor as string },
          'bad-signature',
        );
      }
    }
  },
};

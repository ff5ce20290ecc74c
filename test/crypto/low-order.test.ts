import { ed25519, x25519 } from '@noble/curves/ed25519.js';
import { expect, test } from 'vitest';
import {
  deriveRunSecret,
  encodeGenesis,
  parseDeviceRecord,
  parseGenesis,
  prekeyBundleOf,
  requireCurveKey,
  requireSealingKey,
  signDeviceRecord,
  signIdentityRotation,
  startRun,
} from '../../crypto/index.ts';
import { makeAccount, makeDevice, NOW } from '../support/accounts.ts';
import { refusal } from '../support/refusal.ts';
import { seededRandom } from '../support/seeded-random.ts';

function fromHex(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

const ff30 = 'ff'.repeat(30);
const BAD_POINTS: Record<string, string> = {
  'zero (order 4)': '00'.repeat(32),
  'one (order 1)': `01${'00'.repeat(31)}`,
  'order 8': 'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  'the other of order 8': '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  'p - 1 (order 2)': `ec${ff30}7f`,
  'p, zero again': `ed${ff30}7f`,
  'p + 1, one again': `ee${ff30}7f`,
  'p + 5, not canonical': `f2${ff30}7f`,
  'bit 255 set': `09${'00'.repeat(30)}80`,
  'all ones': 'ff'.repeat(32),
};

test('C5: the largest canonical coordinate passes', () => {
  const largest = fromHex(`eb${ff30}7f`);
  expect(requireCurveKey(largest)).toBe(largest);
});

test.each(Object.entries(BAD_POINTS))('low-order: %s is refused wherever a public key comes in (C5)', async (_, hex) => {
  const random = seededRandom(hex);
  const point = fromHex(hex);
  const alice = await makeAccount(random);
  const { record, bytes, sealing } = await makeDevice(alice, random);
  const sealingKey = sealing.publicKey.slice();
  sealingKey.set(point, 1_184);

  const genesis = alice.genesisBytes.slice();
  genesis.set(point, 1);
  const prekeyRecord = bytes.slice();
  prekeyRecord.set(point, 75);
  const sealingRecord = bytes.slice();
  sealingRecord.set(point, 175 + 1_184);
  const run = await startRun({ ...record, sealingKeyId: 1, sealingPublicKey: sealing.publicKey }, NOW, random);
  const envelope = new Uint8Array(2_048);
  envelope.set([1, 1]);
  envelope.set(run.enc, 2);
  envelope.set(point, 2 + 1_088);

  const refusals = {
    requireCurveKey: await refusal(() => requireCurveKey(point)),
    parseGenesis: await refusal(() => parseGenesis(genesis)),
    encodeGenesis: await refusal(() => encodeGenesis({ ...alice.genesis, accountKey: point })),
    'device record, signed prekey': await refusal(() => parseDeviceRecord(prekeyRecord)),
    'device record, sealing key': await refusal(() => parseDeviceRecord(sealingRecord)),
    signDeviceRecord: await refusal(() =>
      signDeviceRecord(alice.identity.privateKey, { ...record, sealingKey: { id: 1, publicKey: sealingKey } }, random),
    ),
    'identity rotation': await refusal(() =>
      signIdentityRotation(alice.accountKey.seed, alice.accountId, { version: 0, headHash: new Uint8Array(32) }, point),
    ),
    'one-time prekey': await refusal(() => prekeyBundleOf(record, alice.identity.publicKey, { id: 1, publicKey: point })),
    startRun: await refusal(() => startRun({ ...record, sealingKeyId: 1, sealingPublicKey: sealingKey }, NOW, random)),
  };
  expect(new Set(Object.values(refusals)), JSON.stringify(refusals)).toEqual(new Set(['bad-key']));

  // In an encapsulation a non-canonical coordinate gives another secret, a low-order one gives none.
  const ours = { ...record, sealingKeyId: 1, privateKey: sealing.privateKey, publicKey: sealing.publicKey };
  const code = await refusal(async () => {
    expect(await deriveRunSecret(ours, envelope)).not.toEqual(run.secret);
  });
  expect([null, 'bad-key']).toContain(code);
  if (hex === BAD_POINTS['zero (order 4)'] || hex === BAD_POINTS['order 8']) expect(code).toBe('bad-key');
});

test('C5: an ML-KEM key with a coefficient of q or more is refused', async () => {
  const random = seededRandom('modulus');
  const { sealing } = await makeDevice(await makeAccount(random), random);
  expect(requireSealingKey(sealing.publicKey)).toBe(sealing.publicKey);
  for (const at of [0, 600, 1_149]) {
    for (const [low, middle, high] of [
      [0x01, 0x0d, 0x00],
      [0x00, 0x10, 0xd0],
    ] as const) {
      const changed = sealing.publicKey.slice();
      changed.set([low, middle, high], at);
      expect(await refusal(() => requireSealingKey(changed))).toBe('bad-key');
    }
    const edge = sealing.publicKey.slice();
    edge.set([0x00, 0x0d, 0xd0], at);
    expect(await refusal(() => requireSealingKey(edge))).toBeNull();
  }
  expect(await refusal(() => requireSealingKey(sealing.publicKey.slice(1)))).toBe('bad-key');
});

/** u of the Edwards point. RFC 7748 §4.1. */
function montgomery(point: InstanceType<typeof ed25519.Point>): Uint8Array<ArrayBuffer> {
  const { Fp } = ed25519.Point;
  const { y } = point.toAffine();
  return new Uint8Array(Fp.toBytes(Fp.div(Fp.add(1n, y), Fp.sub(1n, y))));
}

// A generator of the eight points of small order: "Taming the many EdDSAs", ePrint 2020/1244, table 6.
const ORDER_8 = fromHex('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05');

test('low-order: with a torsion component, or on the twist, a key is refused in device records and as one-time prekey (C5)', async () => {
  const random = seededRandom('torsion');
  const alice = await makeAccount(random);
  const { record, bytes, signedPrekey } = await makeDevice(alice, random);
  const { Point } = ed25519;
  const torsion = Point.fromBytes(ORDER_8, false);
  const scalar = 8n * 1_234_567_890_123_456_789n;
  const pure = Point.BASE.multiply(scalar);
  const parsed = (at: number, key: Uint8Array) => {
    const changed = bytes.slice();
    changed.set(key, at);
    return refusal(() => parseDeviceRecord(changed));
  };
  const everywhere = async (key: Uint8Array<ArrayBuffer>) => [
    await parsed(75, key),
    await parsed(175 + 1_184, key),
    await refusal(() => prekeyBundleOf(record, alice.identity.publicKey, { id: 1, publicKey: key })),
  ];
  expect(await everywhere(montgomery(pure))).toEqual([null, null, null]);
  for (let order = 1n; order < 8n; order++) {
    const key = montgomery(pure.add(torsion.multiplyUnsafe(order)));
    // It is the same key to Diffie-Hellman, and no message is slowed down to find that out.
    expect(x25519.getSharedSecret(signedPrekey.privateKey, key)).toEqual(x25519.getSharedSecret(signedPrekey.privateKey, montgomery(pure)));
    expect(requireCurveKey(key)).toBe(key);
    expect(await everywhere(key), String(order)).toEqual(['bad-key', 'bad-key', 'bad-key']);
  }
  const twist = new Uint8Array(32);
  twist[0] = 2;
  expect(await everywhere(twist)).toEqual(['bad-key', 'bad-key', 'bad-key']);
});

test('low-order: a login key under which anyone could sign is refused (C5)', async () => {
  const random = seededRandom('login key');
  const alice = await makeAccount(random);
  const { record, bytes } = await makeDevice(alice, random);
  const order8 = 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa';
  for (const hex of ['00'.repeat(32), `01${'00'.repeat(31)}`, `01${'00'.repeat(30)}80`, order8, `ed${ff30}7f`]) {
    const loginKey = fromHex(hex);
    expect(await refusal(() => signDeviceRecord(alice.identity.privateKey, { ...record, loginKey }, random))).toBe('bad-key');
    const changed = bytes.slice();
    changed.set(loginKey, 39);
    expect(await refusal(() => parseDeviceRecord(changed)), hex).toBe('bad-key');
  }
});

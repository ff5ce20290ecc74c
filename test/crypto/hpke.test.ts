import { createHash, createHmac } from 'node:crypto';
import { XWing } from '@hpke/hybridkem-x-wing';
import { expect, test } from 'vitest';
import { accountIdToBytes, concat, deriveRunSecret, generateSealingKey, startRun, toHex, utf8 } from '../../crypto/index.ts';
import { makeAccount } from '../support/accounts.ts';
import { refusal } from '../support/refusal.ts';
import { seededRandom } from '../support/seeded-random.ts';

function fromHex(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

// The first vector of draft-connolly-cfrg-xwing-kem, appendix C.
const SEED = fromHex('7f9c2ba4e88f827d616045507605853ed73b8093f6efbc88eb1a6eacfa66ef26');
const ESEED = fromHex(
  '3cb1eea988004b93103cfb0aeefd2a686e01fa4a58e8a3639ca8a1e3f9ae57e235b8cc873c23dc62b8d260169afa2f75ab916a58d974918835d25e6a435085b2',
);
const SHARED = 'd2df0522128f09dd8e2c92b1e905c793d8f57a54c3da25861f10bf4ca613e384';

/** RFC 9180 §4 and §5.1, base mode, by hand on node:crypto. */
function exportByHand(sharedSecret: Uint8Array, info: Uint8Array, context: Uint8Array): Uint8Array {
  const suite = Uint8Array.of(...utf8('HPKE'), 0x64, 0x7a, 0x00, 0x01, 0xff, 0xff);
  const hmac = (key: Uint8Array, ...parts: Uint8Array[]) =>
    new Uint8Array(
      createHmac('sha256', key)
        .update(concat(...parts))
        .digest(),
    );
  const none = new Uint8Array(0);
  const extract = (salt: Uint8Array, label: string, ikm: Uint8Array) =>
    hmac(salt.length > 0 ? salt : new Uint8Array(32), utf8('HPKE-v1'), suite, utf8(label), ikm);
  const expand = (prk: Uint8Array, label: string, what: Uint8Array) =>
    hmac(prk, Uint8Array.of(0, 32), utf8('HPKE-v1'), suite, utf8(label), what, Uint8Array.of(1));
  const schedule = concat(Uint8Array.of(0), extract(none, 'psk_id_hash', none), extract(none, 'info_hash', info));
  return expand(expand(extract(sharedSecret, 'secret', none), 'exp', schedule), 'sec', context);
}

test('C9: X-Wing gives its published vector', async () => {
  const { publicKey, privateKey } = await generateSealingKey(() => SEED.slice());
  expect(privateKey).toEqual(SEED);
  expect(publicKey.length).toBe(1_216);
  const kem = new XWing();
  const recipientPublicKey = await kem.deserializePublicKey(publicKey);
  const { sharedSecret } = await kem.encap({ recipientPublicKey, ekm: ESEED });
  expect(toHex(new Uint8Array(sharedSecret))).toBe(SHARED);
});

test('C9: a run is RFC 9180’s export under 0x647A, 0x0001, 0xFFFF, computed by hand', async () => {
  const { accountId } = await makeAccount(seededRandom('by hand'));
  const { publicKey, privateKey } = await generateSealingKey(() => SEED.slice());
  const asked: number[] = [];
  const run = await startRun({ accountId, deviceId: 3, sealingKeyId: 9, sealingPublicKey: publicKey }, 5, (length) => {
    asked.push(length);
    return ESEED.slice();
  });
  // All chance comes from the argument, in one call.
  expect(asked).toEqual([64]);
  const label = utf8('Sottovoce v1 pairwise run');
  const keyHash = new Uint8Array(createHash('sha256').update(publicKey).digest());
  const info = concat(label, accountIdToBytes(accountId), Uint8Array.of(0, 0, 0, 3, 0, 0, 0, 9), keyHash);
  expect(toHex(run.secret)).toBe(toHex(exportByHand(fromHex(SHARED), info, label)));
  expect(run).toMatchObject({ sealingKeyId: 9, startedAt: 5, used: 0 });

  const envelope = concat(Uint8Array.of(1, 1), run.enc, new Uint8Array(2_048 - 1_122));
  expect(await deriveRunSecret({ accountId, deviceId: 3, sealingKeyId: 9, privateKey, publicKey }, envelope)).toEqual(run.secret);
  expect(
    await refusal(() => deriveRunSecret({ accountId, deviceId: 3, sealingKeyId: 9, privateKey: SEED.slice(1), publicKey }, envelope)),
  ).toBe('bad-key');
});

test('C9: the same randomness gives the same run, other randomness another', async () => {
  const { accountId } = await makeAccount(seededRandom('same'));
  const { publicKey } = await generateSealingKey(seededRandom('key'));
  const recipient = { accountId, deviceId: 1, sealingKeyId: 1, sealingPublicKey: publicKey };
  const [a, b, c] = [
    await startRun(recipient, 0, seededRandom('a')),
    await startRun(recipient, 0, seededRandom('a')),
    await startRun(recipient, 0, seededRandom('b')),
  ];
  expect(a).toEqual(b);
  expect(a.secret).not.toEqual(c.secret);
  expect(a.enc).not.toEqual(c.enc);
});

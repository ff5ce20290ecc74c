/** What an initiator puts together of one device (S5): its verified record and the one-time prekey that the relay handed out. */
import { accountIdFromBytes, type DeviceRecord, generateKeyPair, prekeyBundleOf, signPrekey, verifyPrekey } from '../../../crypto/index.ts';
import type { Family, JsonObject } from '../family.ts';
import { type CryptoErrorCode, toHex } from '../hex.ts';
import { hex, int, nullable } from '../shape.ts';
import { cut, LOW_ORDER_U, NOT_CANONICAL_U, NOT_PRIME_ORDER_U, PRIME_ORDER_U, turned } from '../spoil.ts';

export const prekeyBundle: Family = {
  name: 'prekey-bundle',
  algorithm: 'Prekey bundle (S5)',
  notes: {
    Basic: { bugType: 'BASIC', description: 'Signed prekeys, and bundles with and without a one-time prekey.' },
    BadSignature: {
      bugType: 'MISSING_STEP',
      description: 'A signed prekey that its identity key did not sign.',
      effect: 'The relay stands in between.',
    },
    BadKey: { bugType: 'EDGE_CASE', description: 'A prekey of low order, not canonical, or not of prime order.' },
    Bounds: { bugType: 'EDGE_CASE', description: 'Ids that are none.' },
  },
  shapes: {
    sign: { input: { identityPrivateKey: hex(32), prekey: hex(32), random: hex(64) }, expected: { signed: hex(33), signature: hex(64) } },
    verify: { input: { identityKey: hex(32), prekey: hex(), signature: hex() }, expected: {} },
    bundle: {
      input: { oneTimePrekeyId: nullable(int), oneTimePrekey: nullable(hex()) },
      expected: { oneTimePrekeyId: int },
    },
  },
  async run(type, input, { bytes, random }) {
    if (type === 'sign') {
      const prekey = bytes(input['prekey']);
      const signature = await signPrekey(bytes(input['identityPrivateKey']), prekey, random(input['random']));
      return { signed: `05${toHex(prekey)}`, signature: toHex(signature) };
    }
    if (type === 'verify') {
      await verifyPrekey(bytes(input['identityKey']), {
        publicKey: bytes(input['prekey']),
        signature: bytes(input['signature']),
      });
      return {};
    }
    const record: DeviceRecord = {
      accountId: accountIdFromBytes(new Uint8Array(32)),
      deviceId: 1,
      registrationId: 1,
      loginKey: new Uint8Array(32),
      signedPrekey: { id: 1, publicKey: new Uint8Array(32), signature: new Uint8Array(64) },
      sealingKey: { id: 1, publicKey: new Uint8Array(1_216) },
      createdAt: 0,
      sequence: 1,
    };
    const oneTime =
      input['oneTimePrekey'] === null ? undefined : { id: Number(input['oneTimePrekeyId']), publicKey: bytes(input['oneTimePrekey']) };
    return { oneTimePrekeyId: prekeyBundleOf(record, new Uint8Array(32), oneTime).oneTimePrekey?.id ?? 0 };
  },
  async generate({ random, group, valid, invalid }) {
    const identity = await generateKeyPair(random);
    const other = await generateKeyPair(random);
    const prekey = toHex((await generateKeyPair(random)).publicKey);
    const oneTimePrekey = toHex((await generateKeyPair(random)).publicKey);
    group('sign');
    const { signature } = (await valid('a prekey', ['Basic'], {
      identityPrivateKey: toHex(identity.privateKey),
      prekey,
      random: toHex(random(64)),
    })) as { signature: string };
    await valid('another', ['Basic'], { identityPrivateKey: toHex(identity.privateKey), prekey: oneTimePrekey, random: toHex(random(64)) });
    group('verify');
    const good = { identityKey: toHex(identity.publicKey), prekey, signature };
    await valid('verifies', ['Basic'], good);
    const refuse = (comment: string, flag: string, changes: JsonObject, error: CryptoErrorCode) =>
      invalid(comment, [flag], { ...good, ...changes }, error);
    await refuse('another prekey', 'BadSignature', { prekey: oneTimePrekey }, 'bad-signature');
    await refuse('another identity key', 'BadSignature', { identityKey: toHex(other.publicKey) }, 'bad-signature');
    await refuse('one bit of the signature', 'BadSignature', { signature: turned(signature, 3) }, 'bad-signature');
    await refuse('zeros', 'BadSignature', { signature: '00'.repeat(64) }, 'bad-signature');
    for (const length of [0, 63])
      await refuse(`a signature of ${length} bytes`, 'BadSignature', { signature: cut(signature, length) }, 'bad-signature');
    await refuse('a signature of 65 bytes', 'BadSignature', { signature: `${signature}00` }, 'bad-signature');
    group('bundle');
    const base = {
      oneTimePrekeyId: 5 as number | null,
      oneTimePrekey: oneTimePrekey as string | null,
    };
    await valid('with a one-time prekey', ['Basic'], base);
    await valid('without', ['Basic'], { ...base, oneTimePrekeyId: null, oneTimePrekey: null });
    for (const id of [1, 0xffffff]) await valid(`id ${id}`, ['Bounds'], { ...base, oneTimePrekeyId: id });
    for (const id of [0, 0x1000000]) await invalid(`id ${id}`, ['Bounds'], { ...base, oneTimePrekeyId: id }, 'malformed');
    await valid('the key of the three with torsion, without it', ['Basic'], { ...base, oneTimePrekey: PRIME_ORDER_U });
    for (const [what, key] of [...LOW_ORDER_U, ...NOT_CANONICAL_U, ...NOT_PRIME_ORDER_U])
      await invalid(`one-time prekey ${what}`, ['BadKey'], { ...base, oneTimePrekey: key }, 'bad-key');
    await invalid('31 bytes', ['BadKey'], { ...base, oneTimePrekey: cut(oneTimePrekey, 31) }, 'bad-key');
  },
};

import {
  accountIdFromBytes,
  accountIdOf,
  accountIdToBytes,
  type Bytes,
  deriveAccountKey,
  deriveBackupKeys,
  encodeGenesis,
  fromBase64url,
  fromUtf8,
  generateKeyPair,
  MAX_PREKEY_ID,
  PURPOSE,
  parseDeviceRecord,
  parseGenesis,
  prekeyBundleOf,
  purposeBytes,
  requireCurveKey,
  requireSealingKey,
  seededPublicKey,
  seededSign,
  signDeviceRecord,
  startSession,
  toBase64url,
  utf8,
  verifyDeviceRecord,
  verifyEd25519Purpose,
  verifyPrekey,
  verifyPurpose,
} from '../../../crypto/index.ts';
import { identitySigner } from '../../../crypto/keys/signature.ts';
import { makeAccount, makeDevice, NOW } from '../../support/accounts.ts';
import { cryptoTarget, demand, demandGenuine, isCryptoRefusal, pack, same, type Target, textOf, unpack } from '../target.ts';

const SIGNATURE_BYTES = 64;

function u32(bytes: Uint8Array): number {
  return bytes.reduce((value, byte) => value * 256 + byte, 0);
}

export const keyTargets: readonly Target[] = [
  cryptoTarget('curve key', 'parse', ['requireCurveKey'], async (random) => ({
    samples: [(await generateKeyPair(random)).publicKey, (await generateKeyPair(random)).publicKey],
    feed: requireCurveKey,
  })),
  cryptoTarget('sealing key', 'parse', ['requireSealingKey'], async (random) => ({
    samples: [(await makeDevice(await makeAccount(random), random)).sealing.publicKey],
    feed: requireSealingKey,
  })),
  cryptoTarget('account id', 'parse', ['accountIdFromBytes', 'accountIdToBytes'], async (random) => ({
    samples: [random(32), utf8(toBase64url(random(32)))],
    feed(input) {
      if (input.length === 32) demand(same(accountIdToBytes(accountIdFromBytes(input)), input), 'another account id');
      else demand(accountIdFromBytes(accountIdToBytes(textOf(input))) === textOf(input), 'two texts of one account id');
    },
  })),
  cryptoTarget('base64url', 'parse', ['fromBase64url'], async (random) => ({
    samples: [utf8(toBase64url(random(81))), utf8(toBase64url(random(20))), utf8(toBase64url(random(64)))],
    feed: (input) => demand(toBase64url(fromBase64url(textOf(input))) === textOf(input), 'two texts of one value'),
  })),
  cryptoTarget('utf-8', 'parse', ['fromUtf8'], async () => ({
    samples: [utf8('Zwölf Boxkämpfer 🥊 jagen Viktor'), utf8('\ufeff\u0000 \u{10ffff}')],
    feed: (input) => demand(same(utf8(fromUtf8(input)), input), 'two encodings of one text'),
  })),
  cryptoTarget('genesis record', 'parse', ['parseGenesis', 'accountIdOf'], async (random) => ({
    samples: [(await makeAccount(random)).genesisBytes, (await makeAccount(random)).genesisBytes],
    feed(input) {
      demand(accountIdOf(input).length === 43, 'no account id');
      demand(same(encodeGenesis(parseGenesis(input)), input), 'two encodings of one record');
    },
  })),
  cryptoTarget('device record', 'compute', ['parseDeviceRecord'], async (random) => {
    const alice = await makeAccount(random);
    return { samples: [(await makeDevice(alice, random)).bytes, (await makeDevice(alice, random)).bytes], feed: parseDeviceRecord };
  }),
  cryptoTarget('device record, verified', 'compute', ['verifyDeviceRecord'], async (random) => {
    const alice = await makeAccount(random);
    const samples = [(await makeDevice(alice, random)).bytes];
    const expected = { accountId: alice.accountId, identityKey: alice.identity.publicKey, now: NOW };
    return {
      samples,
      held: [alice.identity.publicKey],
      async feed(input) {
        await verifyDeviceRecord(input, expected);
        demandGenuine(input, samples);
      },
    };
  }),
  cryptoTarget('device record, any fields under a true signature', 'compute', ['verifyDeviceRecord'], async (random) => {
    const alice = await makeAccount(random);
    const { record, bytes } = await makeDevice(alice, random);
    const sign = identitySigner(alice.identity.privateKey, random);
    const expected = { accountId: alice.accountId, identityKey: alice.identity.publicKey, now: NOW };
    return {
      samples: [bytes.slice(0, -SIGNATURE_BYTES)],
      async feed(input) {
        const signed = new Uint8Array(input.length + SIGNATURE_BYTES);
        signed.set(input);
        signed.set(await sign(purposeBytes(PURPOSE.deviceRecord, input)), input.length);
        const read = await verifyDeviceRecord(signed, expected);
        demand(read.accountId === record.accountId && read.sequence >= 0, 'another account’s record');
        const again = await signDeviceRecord(alice.identity.privateKey, read, random);
        demand(same(again.subarray(0, input.length), input), 'two encodings of one record');
      },
    };
  }),
  cryptoTarget('prekey bundle', 'compute', ['prekeyBundleOf', 'startSession'], async (random) => {
    const [alice, bob] = [await makeAccount(random), await makeAccount(random)];
    const { record } = await makeDevice(bob, random);
    const ours = { identity: alice.identity, registrationId: 5 };
    const { publicKey, signature } = record.signedPrekey;
    const valid = pack([Uint8Array.of(1), publicKey, signature, bob.identity.publicKey, Uint8Array.of(9), alice.identity.publicKey]);
    return {
      samples: [valid],
      held: [alice.identity.privateKey, alice.identity.publicKey, publicKey, signature],
      async feed(input) {
        const [id, prekey, signed, identityKey, oneTimeId, oneTime] = unpack(input);
        const given = { id: u32(id ?? input), publicKey: prekey ?? input, signature: signed ?? input };
        const oneTimePrekey = { id: u32(oneTimeId ?? input), publicKey: oneTime ?? input };
        const bundle = prekeyBundleOf({ ...record, signedPrekey: given }, identityKey ?? input, oneTimePrekey);
        await startSession(ours, { accountId: alice.accountId, deviceId: 1 }, bundle, random);
        demand(same(bundle.identityKey, bob.identity.publicKey) && same(given.publicKey, publicKey), 'a prekey that nobody signed');
        demand(given.id >= 1 && given.id <= MAX_PREKEY_ID && oneTimePrekey.id >= 1, 'an id that is none');
      },
    };
  }),
  cryptoTarget('signatures', 'compute', ['verifyPurpose', 'verifyEd25519Purpose', 'verifyPrekey'], async (random) => {
    const { identity, accountKey } = await makeAccount(random);
    const body = utf8('a body');
    const signed = purposeBytes(PURPOSE.login, body);
    const samples = [
      pack([identity.publicKey, await identitySigner(identity.privateKey, random)(signed), body]),
      pack([accountKey.publicKey, await seededSign(accountKey.seed, signed), body]),
    ];
    return {
      samples,
      async feed(input) {
        const [key, signature, message] = unpack(input);
        const [k, s, m] = [key ?? input, signature ?? input, message ?? input];
        await verifyPurpose(k, PURPOSE.login, m, s);
        demandGenuine(pack([k, s, m]), samples);
        for (const verify of [() => verifyEd25519Purpose(k, PURPOSE.login, m, s), () => verifyPrekey(k, { publicKey: m, signature: s })]) {
          const error: unknown = await verify().catch((thrown: unknown) => thrown);
          demand(isCryptoRefusal(error), 'a signature of another kind');
        }
      },
    };
  }),
  cryptoTarget(
    'seeds and entropy',
    'compute',
    ['deriveAccountKey', 'deriveBackupKeys', 'seededPublicKey', 'seededSign'],
    async (random) => {
      const { accountId } = await makeAccount(random);
      return {
        samples: [random(16), random(32)],
        async feed(input: Bytes) {
          if (input.length === 32) {
            await seededPublicKey(input);
            await seededSign(input, input);
          } else {
            await deriveAccountKey(input);
            deriveBackupKeys(input, accountId);
          }
          demand(input.length === 16 || input.length === 32, 'a secret of another length');
        },
      };
    },
  ),
];

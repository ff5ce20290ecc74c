import {
  type Bytes,
  signDeviceList,
  signIdentityRotation,
  toHex,
  verifyDeviceList,
  verifyIntroduction,
  verifyRotationChain,
} from '../../../crypto/index.ts';
import { CHAIN, type ChainFields, parseEntry, signEntry } from '../../../crypto/chain/entry.ts';
import { identitySigner, seedSigner } from '../../../crypto/keys/signature.ts';
import { readIntroduction, writeIntroduction } from '../../../crypto/wire/introduction.ts';
import { reader } from '../../../crypto/wire/reader.ts';
import { writer } from '../../../crypto/wire/writer.ts';
import { makeAccount, NOW } from '../../support/accounts.ts';
import { cryptoTarget, demand, demandGenuine, pack, type Target, unpack } from '../target.ts';

const devices = (...ids: number[]) => ids.map((deviceId) => ({ deviceId, addedAt: NOW }));

/** Alice with three versions of her device list, and two rotations to the keys of others. */
async function aliceWithHistory(random: (length: number) => Bytes) {
  const alice = await makeAccount(random);
  const { accountId, identity, accountKey, genesis } = alice;
  const expected = { accountId, identityKeys: [identity.publicKey] };
  const lists = [...alice.entries];
  for (const ids of [
    [1, 2],
    [2, 5, 2_000_000_000],
  ]) {
    const known = await verifyDeviceList(lists, expected);
    const backup = { sequence: ids.length, digest: random(32) };
    lists.push(await signDeviceList(identity.privateKey, accountId, known, devices(...ids), random, backup));
  }
  const rotations: Bytes[] = [];
  for (let i = 0; i < 2; i++) {
    const head = await verifyRotationChain(genesis, rotations);
    rotations.push(await signIdentityRotation(accountKey.seed, accountId, head, (await makeAccount(random)).identity.publicKey));
  }
  return { ...alice, expected, lists, rotations };
}

/** One entry's bytes before the signature, taken apart so that a true signature can be put under whatever they became. */
function fieldsOf(entry: Bytes, chain: 1 | 2 | 3, chainId: Uint8Array): ChainFields {
  const { chainId: id, sequence, previousHash, operation, author, body } = parseEntry(entry, chain, chainId);
  return { chain, chainId: id, sequence, previousHash, operation, author, body };
}

export const chainTargets: readonly Target[] = [
  cryptoTarget('chain entry', 'parse', ['parseEntry'], async (random) => {
    const { lists } = await aliceWithHistory(random);
    const chainId = (lists[0] as Bytes).slice(2, 34);
    return { samples: lists, held: [chainId], feed: (input) => parseEntry(input, CHAIN.deviceList, chainId) };
  }),
  cryptoTarget('device list', 'compute', ['verifyDeviceList'], async (random) => {
    const { lists, expected } = await aliceWithHistory(random);
    const known = await verifyDeviceList(lists.slice(0, 2), expected);
    const heads = new Set<string>();
    for (let i = 1; i <= lists.length; i++) heads.add(toHex((await verifyDeviceList(lists.slice(0, i), expected)).hash));
    return {
      samples: [pack(lists), pack(lists.slice(1))],
      held: [known.hash, ...expected.identityKeys],
      async feed(input) {
        const entries = unpack(input);
        const list = await verifyDeviceList(entries, { ...expected, known });
        demand(heads.has(toHex(list.hash)) && list.version >= known.version, 'a list that nobody signed, or an older one');
      },
    };
  }),
  cryptoTarget('device list, any body under a true signature', 'compute', ['verifyDeviceList'], async (random) => {
    const { lists, expected, identity } = await aliceWithHistory(random);
    const chainId = (lists[0] as Bytes).slice(2, 34);
    const fields = lists.map((entry) => fieldsOf(entry, CHAIN.deviceList, chainId));
    const sign = identitySigner(identity.privateKey, random);
    return {
      samples: fields.map(({ body }) => body),
      async feed(body) {
        const entry = await signEntry(sign, { ...(fields[0] as ChainFields), body });
        const list = await verifyDeviceList([entry], expected);
        const ids = list.devices.map(({ deviceId }) => deviceId);
        demand(ids.length >= 1 && ids.length <= 20 && ids.every((id, i) => id > (ids[i - 1] ?? 0)), 'a list that is none');
      },
    };
  }),
  cryptoTarget('identity rotation', 'compute', ['verifyRotationChain'], async (random) => {
    const { genesis, rotations } = await aliceWithHistory(random);
    return {
      samples: [pack(rotations), pack(rotations.slice(0, 1))],
      held: [genesis.accountKey, genesis.identityKey],
      async feed(input) {
        const entries = unpack(input);
        const { version } = await verifyRotationChain(genesis, entries);
        for (const [i, entry] of entries.entries()) demandGenuine(entry, [rotations[i] as Bytes]);
        demand(version === entries.length, 'another version');
      },
    };
  }),
  cryptoTarget('identity rotation, any fields under a true signature', 'compute', ['verifyRotationChain'], async (random) => {
    const { genesis, rotations, accountKey } = await aliceWithHistory(random);
    const chainId = (rotations[0] as Bytes).slice(2, 34);
    const fields = fieldsOf(rotations[0] as Bytes, CHAIN.identityRotation, chainId);
    return {
      samples: rotations.map((entry) => pack([Uint8Array.of(1), parseEntry(entry, CHAIN.identityRotation, chainId).body])),
      async feed(input) {
        const [operation, body] = unpack(input);
        const changed = { ...fields, operation: operation?.[0] ?? 0, body: body ?? input };
        const head = await verifyRotationChain(genesis, [await signEntry(seedSigner(accountKey.seed), changed)]);
        demand(changed.operation === 1 && head.identityKey.length === 32, 'a rotation that is none');
      },
    };
  }),
  cryptoTarget('introduction', 'compute', ['verifyIntroduction'], async (random) => {
    const { genesisBytes, accountId, identity, lists } = await aliceWithHistory(random);
    const claim = { identityKey: identity.publicKey, fromAccount: accountId, fromDevice: 2 };
    const encode = (deviceList: Bytes[], certificate: string): Bytes => {
      const to = writer();
      writeIntroduction(to, { genesis: genesisBytes, rotations: [], deviceList, certificate });
      return to.done();
    };
    return {
      samples: [encode(lists, 'a.b.c'), encode(lists.slice(1), '')],
      held: [identity.publicKey],
      async feed(input) {
        const from = reader(input, 65_536);
        const introduction = readIntroduction(from);
        from.end();
        const { deviceList, identityKeys } = await verifyIntroduction(introduction, claim);
        demand(deviceList.version >= 2 && identityKeys.length === 1, 'an introduction of another');
      },
    };
  }),
];

/** C20: how a stranger shows who he is, and every way of borrowing a name. */
import {
  type AccountId,
  accountIdOf,
  accountIdToBytes,
  deriveAccountKey,
  encodeGenesis,
  generateGenesis,
  generateKeyPair,
  type KeyPair,
  type RandomBytes,
  signDeviceList,
  signIdentityRotation,
  verifyDeviceList,
} from '../../../crypto/index.ts';
import type { JsonObject, Make } from '../family.ts';
import { type Bytes, type CryptoErrorCode, toHex } from '../hex.ts';
import { replaced } from '../spoil.ts';

const ADDED_AT = Date.UTC(2026, 10, 1);
const NO_CHAIN = { version: 0, headHash: new Uint8Array(32) };

type Stranger = { id: AccountId; genesis: Bytes; seed: Bytes; identity: KeyPair; list: Bytes };

async function makeStranger(random: RandomBytes, deviceIds: readonly number[]): Promise<Stranger> {
  const { seed, publicKey } = await deriveAccountKey(random(16));
  const identity = await generateKeyPair(random);
  const genesis = encodeGenesis(generateGenesis({ identityKey: identity.publicKey, accountKey: publicKey }, random));
  const id = accountIdOf(genesis);
  const devices = deviceIds.map((deviceId) => ({ deviceId, addedAt: ADDED_AT }));
  return { id, genesis, seed, identity, list: await signDeviceList(identity.privateKey, id, null, devices, random) };
}

export async function makeIntroductions({ random, group, valid, invalid }: Make): Promise<void> {
  const [alice, mallory] = [await makeStranger(random, [1, 4]), await makeStranger(random, [1])];
  const shown = { genesis: toHex(alice.genesis), rotations: [] as string[], deviceList: [toHex(alice.list)], certificate: '' };
  const idHex = (id: AccountId): string => toHex(accountIdToBytes(id));
  const from = (deviceId: number, who = alice): JsonObject => ({ account: idHex(who.id), deviceId });
  const good = { introduction: shown, identityKey: toHex(alice.identity.publicKey), from: from(1) };
  group('introduce');
  await valid('an honest stranger', ['Basic'], good);
  await valid('from his other device', ['Basic'], { ...good, from: from(4) });
  await valid('with a certificate, which is not looked at here', ['Basic'], { ...good, introduction: { ...shown, certificate: 'a.b.c' } });
  const refuse = (comment: string, kind: string, changes: JsonObject, error: CryptoErrorCode) =>
    invalid(comment, [kind], { ...good, ...changes }, error);
  const his = { genesis: toHex(mallory.genesis), deviceList: [toHex(mallory.list)] };
  const hisKey = { identityKey: toHex(mallory.identity.publicKey) };
  await refuse('her records with his handshake', 'Stranger', hisKey, 'untrusted-identity');
  await refuse('his records under her id', 'Stranger', { ...hisKey, introduction: { ...shown, ...his } }, 'wrong-context');
  await refuse(
    'his genesis record with her list',
    'Stranger',
    { ...hisKey, introduction: { ...shown, genesis: his.genesis } },
    'wrong-context',
  );
  await refuse('her genesis record with his list', 'Stranger', { introduction: { ...shown, deviceList: his.deviceList } }, 'wrong-context');
  await refuse('her id with another device', 'Stranger', { from: from(2) }, 'not-allowed');
  await refuse('another account’s id', 'Stranger', { from: from(1, mallory) }, 'wrong-context');
  const twin = replaced(his.genesis, 1, good.identityKey);
  await refuse('her identity key in his genesis record', 'Stranger', { introduction: { ...shown, genesis: twin } }, 'wrong-context');
  await refuse('no device list', 'Malformed', { introduction: { ...shown, deviceList: [] } }, 'malformed');
  const devices = [{ deviceId: 2, addedAt: ADDED_AT }];
  const forgedList = toHex(await signDeviceList(mallory.identity.privateKey, alice.id, null, devices, random));
  await refuse(
    'a list that he signed for her',
    'BadSignature',
    { introduction: { ...shown, deviceList: [forgedList] }, from: from(2) },
    'bad-signature',
  );
  const forged = toHex(await signIdentityRotation(mallory.seed, alice.id, NO_CHAIN, mallory.identity.publicKey));
  await refuse(
    'a rotation to his key that he signed',
    'BadSignature',
    { ...hisKey, introduction: { ...shown, rotations: [forged] } },
    'bad-signature',
  );
  const next = await generateKeyPair(random);
  const ofHis = toHex(await signIdentityRotation(mallory.seed, mallory.id, NO_CHAIN, next.publicKey));
  await refuse('a rotation of his own chain', 'Stranger', { introduction: { ...shown, rotations: [ofHis] } }, 'wrong-context');
  const rotation = toHex(await signIdentityRotation(alice.seed, alice.id, NO_CHAIN, next.publicKey));
  const before = await verifyDeviceList([alice.list], { accountId: alice.id, identityKeys: [alice.identity.publicKey] });
  const relisted = toHex(await signDeviceList(next.privateKey, alice.id, before, before.devices, random));
  const rotated = { ...shown, rotations: [rotation], deviceList: [...shown.deviceList, relisted] };
  await valid('after a rotation, under the new key', ['Basic'], { ...good, introduction: rotated, identityKey: toHex(next.publicKey) });
  await refuse('after a rotation, under the old key', 'Stranger', { introduction: rotated }, 'untrusted-identity');
  await refuse(
    'after a rotation, with a list that the old key signed',
    'BadSignature',
    { introduction: { ...shown, rotations: [rotation] }, identityKey: toHex(next.publicKey) },
    'bad-signature',
  );
}

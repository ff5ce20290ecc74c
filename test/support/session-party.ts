import {
  accountIdFromBytes,
  type Bytes,
  type Decrypted,
  type DecryptInput,
  type DeviceAddress,
  decrypt,
  encrypt,
  fromUtf8,
  generateKeyPair,
  type KeyPair,
  type OurKeys,
  type PrekeyBundle,
  type RandomBytes,
  type Session,
  signPrekey,
  startSession,
  toHex,
  utf8,
} from '../../crypto/index.ts';
import { NOW } from './accounts.ts';
import { refusal } from './refusal.ts';

/** One device that keeps sessions as an engine does: what `decrypt` returns is stored together, what it refuses changes nothing. */
export type Party = {
  readonly address: DeviceAddress;
  readonly ours: OurKeys;
  readonly random: RandomBytes;
  readonly signedPrekeys: Map<number, KeyPair>;
  readonly oneTimePrekeys: Map<number, KeyPair>;
  readonly sessions: Map<string, Session>;
  readonly known: Set<string>;
  readonly signature: Bytes;
};

export async function makeParty(random: RandomBytes, oneTimePrekeys = 3): Promise<Party> {
  const identity = await generateKeyPair(random);
  const signed = await generateKeyPair(random);
  const oneTime = new Map<number, KeyPair>();
  for (let id = 1; id <= oneTimePrekeys; id++) oneTime.set(id, await generateKeyPair(random));
  return {
    address: { accountId: accountIdFromBytes(random(32)), deviceId: 1 },
    ours: { identity, registrationId: 77 },
    random,
    signedPrekeys: new Map([[1, signed]]),
    oneTimePrekeys: oneTime,
    sessions: new Map(),
    known: new Set(),
    signature: await signPrekey(identity.privateKey, signed.publicKey, random),
  };
}

function keyOf({ accountId, deviceId }: DeviceAddress): string {
  return `${accountId}.${deviceId}`;
}

/** As the relay would hand it out; `oneTimeId` 0: the pool is empty. */
export function bundleOf(party: Party, oneTimeId = 0): PrekeyBundle {
  const signed = party.signedPrekeys.get(1) as KeyPair;
  const oneTime = party.oneTimePrekeys.get(oneTimeId);
  return {
    ...party.address,
    registrationId: party.ours.registrationId,
    identityKey: party.ours.identity.publicKey,
    signedPrekey: { id: 1, publicKey: signed.publicKey, signature: party.signature },
    ...(oneTime ? { oneTimePrekey: { id: oneTimeId, publicKey: oneTime.publicKey } } : {}),
  };
}

export async function start(from: Party, to: Party, oneTimeId = 0): Promise<void> {
  const previous = from.sessions.get(keyOf(to.address));
  from.sessions.set(keyOf(to.address), await startSession(from.ours, from.address, bundleOf(to, oneTimeId), from.random, previous));
}

export async function sendBytes(from: Party, to: Party, plaintext: Uint8Array): Promise<Bytes> {
  const { session, message } = await encrypt(from.sessions.get(keyOf(to.address)) as Session, from.ours, to.address, plaintext);
  from.sessions.set(keyOf(to.address), session);
  return message;
}

export const send = (from: Party, to: Party, text: string): Promise<Bytes> => sendBytes(from, to, utf8(text));

export function inputOf(to: Party, from: Party, message: Bytes): DecryptInput {
  return {
    session: to.sessions.get(keyOf(from.address)) ?? null,
    ours: to.ours,
    peer: from.address,
    message,
    expectedIdentity: from.ours.identity.publicKey,
    signedPrekey: (id) => to.signedPrekeys.get(id),
    oneTimePrekey: (id) => to.oneTimePrekeys.get(id),
    isKnownFirst: (identityKey, baseKey) => to.known.has(`${toHex(identityKey)}/${toHex(baseKey)}`),
    now: NOW,
    random: to.random,
  };
}

function store(to: Party, from: Party, done: Decrypted): string {
  to.sessions.set(keyOf(from.address), done.session);
  if (done.first) {
    to.known.add(`${toHex(done.identityKey)}/${toHex(done.first.baseKey)}`);
    if (done.first.oneTimePrekeyId !== undefined) to.oneTimePrekeys.delete(done.first.oneTimePrekeyId);
  }
  return fromUtf8(done.plaintext);
}

export async function receive(to: Party, from: Party, message: Bytes, changes: Partial<DecryptInput> = {}): Promise<string> {
  return store(to, from, await decrypt({ ...inputOf(to, from, message), ...changes }));
}

/** The code of the refusal, or null; and that a refusal has not touched a byte of what was handed in. */
export async function refused(to: Party, from: Party, message: Bytes, changes: Partial<DecryptInput> = {}): Promise<string | null> {
  const input = { ...inputOf(to, from, message), ...changes };
  const before = [input.session?.slice(), input.message.slice()];
  const code = await refusal(() => decrypt(input));
  if (toHex(input.session ?? new Uint8Array()) !== toHex(before[0] ?? new Uint8Array())) throw new Error('the session changed');
  if (toHex(input.message) !== toHex(before[1] ?? new Uint8Array())) throw new Error('the message changed');
  return code;
}

/** Alice and Bob, one message each way behind them: both sessions acknowledged. */
export async function makePair(random: RandomBytes): Promise<{ alice: Party; bob: Party }> {
  const alice = await makeParty(random);
  const bob = await makeParty(random);
  await start(alice, bob, 1);
  await receive(bob, alice, await send(alice, bob, 'hello'));
  await receive(alice, bob, await send(bob, alice, 'hello too'));
  return { alice, bob };
}

export const openSession = (party: Party, peer: Party): Session => party.sessions.get(keyOf(peer.address)) as Session;

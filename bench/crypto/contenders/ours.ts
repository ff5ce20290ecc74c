/** Ours, as the engine calls it: session and sender keys are values, parsed from bytes and encoded anew at every step. */
import {
  type Bytes,
  acceptDistribution,
  accountIdFromBytes,
  createSenderKey,
  decrypt,
  type DeviceAddress,
  distributionIdOf,
  encrypt,
  generateKeyPair,
  groupDecrypt,
  groupEncrypt,
  type KeyPair,
  type OurKeys,
  type PrekeyBundle,
  type RandomBytes,
  senderKeyDistribution,
  type Session,
  signPrekey,
  startSession,
} from '../../../crypto/index.ts';
import { type Contender, plaintext, sameText } from '../contender.ts';

type Party = { ours: OurKeys; address: DeviceAddress; signed: KeyPair; bundle: PrekeyBundle; session: Session | null };

const random: RandomBytes = (length) => crypto.getRandomValues(new Uint8Array(length));

async function makeParty(): Promise<Party> {
  const identity = await generateKeyPair(random);
  const signed = await generateKeyPair(random);
  const signature = await signPrekey(identity.privateKey, signed.publicKey, random);
  const address = { accountId: accountIdFromBytes(random(32)), deviceId: 1 };
  const signedPrekey = { id: 1, publicKey: signed.publicKey, signature };
  const bundle = { ...address, registrationId: 77, identityKey: identity.publicKey, signedPrekey };
  return { ours: { identity, registrationId: 77 }, address, signed, bundle, session: null };
}

async function send(from: Party, to: Party): Promise<Bytes> {
  const { session, message } = await encrypt(from.session as Session, from.ours, to.address, plaintext);
  from.session = session;
  return message;
}

async function receive(to: Party, from: Party, message: Bytes): Promise<void> {
  const done = await decrypt({
    session: to.session,
    ours: to.ours,
    peer: from.address,
    message,
    expectedIdentity: from.ours.identity.publicKey,
    signedPrekey: () => to.signed,
    oneTimePrekey: () => undefined,
    isKnownFirst: () => false,
    now: Date.now(),
    random,
  });
  sameText(done.plaintext);
  to.session = done.session;
}

async function start(from: Party, to: Party): Promise<void> {
  from.session = await startSession(from.ours, from.address, to.bundle, random);
  to.session = null;
  await receive(to, from, await send(from, to));
}

/** By how many bytes a session's value is longer after so many turns of the ratchet. */
export async function growthOver(turns: number): Promise<number> {
  const [alice, bob] = [await makeParty(), await makeParty()];
  await start(alice, bob);
  let before = 0;
  for (let i = 0; i < turns; i++) {
    const [from, to] = i % 2 ? [alice, bob] : [bob, alice];
    await receive(to, from, await send(from, to));
    // What there is of it at all is there after every side has kept all the chains it keeps.
    if (i === 99) before = (alice.session?.length ?? 0) + (bob.session?.length ?? 0);
  }
  return (alice.session?.length ?? 0) + (bob.session?.length ?? 0) - before;
}

export async function ours(): Promise<Contender> {
  const [alice, bob] = [await makeParty(), await makeParty()];
  await start(alice, bob);
  await receive(alice, bob, await send(bob, alice));
  const [carol, dave] = [await makeParty(), await makeParty()];
  const groupId = random(32);
  let senderKey = await createSenderKey(distributionIdOf(groupId, 1, alice.address.accountId, 1, 1), random);
  let states = acceptDistribution(null, senderKeyDistribution(senderKey));
  let queue: Bytes[] = [];
  const writeAll = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) {
      const next = await groupEncrypt(senderKey, plaintext);
      senderKey = next.senderKey;
      queue.push(next.message);
    }
  };
  return {
    pingpong: {
      async run(count) {
        for (let i = 0; i < count; i++) {
          const [from, to] = i % 2 ? [bob, alice] : [alice, bob];
          await receive(to, from, await send(from, to));
        }
      },
    },
    stream: {
      async run(count) {
        for (let i = 0; i < count; i++) await receive(bob, alice, await send(alice, bob));
      },
    },
    groupEncrypt: {
      prepare() {
        queue = [];
        states = acceptDistribution(null, senderKeyDistribution(senderKey));
      },
      run: writeAll,
    },
    groupDecrypt: {
      async prepare(count) {
        queue = [];
        states = acceptDistribution(null, senderKeyDistribution(senderKey));
        await writeAll(count);
      },
      async run() {
        for (const message of queue) {
          const opened = await groupDecrypt(states, message);
          sameText(opened.plaintext);
          states = opened.states;
        }
      },
    },
    sessionStart: {
      async run(count) {
        for (let i = 0; i < count; i++) await start(carol, dave);
      },
    },
  };
}

/** Our side: `crypto/index.ts`, with the little that an engine adds. */
import {
  acceptDistribution,
  type Bytes,
  CryptoError,
  createSenderKey,
  type DecryptInput,
  type DeviceAddress,
  decrypt,
  encrypt,
  fromUtf8,
  groupDecrypt,
  groupEncrypt,
  type RandomBytes,
  type SenderKeyStates,
  type Session,
  senderKeyDistribution,
  startSession,
  toHex,
  utf8,
} from '../../crypto/index.ts';
import { NOW } from '../support/accounts.ts';
import { bundleOf, makeParty } from '../support/session-party.ts';
import { accepted, ONE_TIME_PREKEYS, type Peer, type Received, type Receiver, type Sender, turnedDown } from './peer.ts';

async function judged(run: () => Promise<Bytes>): Promise<Received> {
  try {
    return accepted(fromUtf8(await run()));
  } catch (error) {
    if (!(error instanceof CryptoError)) throw error;
    return turnedDown(error.code === 'duplicate', error);
  }
}

export async function ourPeer(peer: DeviceAddress, random: RandomBytes): Promise<Peer> {
  const party = await makeParty(random, ONE_TIME_PREKEYS);
  const { ours } = party;
  let session: Session | null = null;
  let identity: Bytes | null = null;

  async function open(message: Bytes): Promise<Bytes> {
    const input: DecryptInput = {
      session,
      ours,
      peer,
      message,
      expectedIdentity: identity,
      signedPrekey: (id) => party.signedPrekeys.get(id),
      oneTimePrekey: (id) => party.oneTimePrekeys.get(id),
      isKnownFirst: (identityKey, baseKey) => party.known.has(toHex(identityKey) + toHex(baseKey)),
      now: NOW,
      random,
    };
    const done = await decrypt(input);
    session = done.session;
    identity = done.identityKey;
    if (done.first) {
      party.known.add(toHex(done.identityKey) + toHex(done.first.baseKey));
      party.oneTimePrekeys.delete(done.first.oneTimePrekeyId ?? 0);
    }
    return done.plaintext;
  }

  return {
    bundle: (oneTimeId) => bundleOf(party, oneTimeId),
    async start(bundle) {
      session = await startSession(ours, party.address, { ...bundle, ...peer }, random, session ?? undefined);
      identity = bundle.identityKey;
    },
    async send(text) {
      const done = await encrypt(session as Session, ours, peer, utf8(text));
      session = done.session;
      return done.message;
    },
    receive: (message) => judged(() => open(message)),
  };
}

export async function ourSender(distributionId: Bytes, random: RandomBytes): Promise<Sender> {
  let senderKey = await createSenderKey(distributionId, random);
  return {
    async renew() {
      senderKey = await createSenderKey(distributionId, random);
    },
    distribution: async () => senderKeyDistribution(senderKey),
    async send(text) {
      const done = await groupEncrypt(senderKey, utf8(text));
      senderKey = done.senderKey;
      return done.message;
    },
  };
}

export function ourReceiver(): Receiver {
  let states: SenderKeyStates | null = null;
  return {
    name: 'ours',
    async accept(distribution) {
      states = acceptDistribution(states, distribution);
    },
    receive: (message) =>
      judged(async () => {
        // Without any state the engine keeps the message until a distribution comes.
        if (states === null) throw new CryptoError('unknown-sender-key');
        const done = await groupDecrypt(states, message);
        states = done.states;
        return done.plaintext;
      }),
  };
}

/** Signal's own library, native, over stores in memory: PQXDH and, in a session, the sparse post-quantum ratchet, which it cannot go without. */
import * as signal from '@signalapp/libsignal-client';
import { plaintext, sameText } from '../contender.ts';

class Sessions extends signal.SessionStore {
  records = new Map();
  async saveSession(name, record) {
    this.records.set(name.toString(), record);
  }
  async getSession(name) {
    return this.records.get(name.toString()) ?? null;
  }
  async getExistingSessions(names) {
    return names.map((name) => this.records.get(name.toString()));
  }
}

class Identities extends signal.IdentityKeyStore {
  own;
  constructor(own) {
    super();
    this.own = own;
  }
  getIdentityKey = async () => this.own;
  getLocalRegistrationId = async () => 77;
  saveIdentity = async () => signal.IdentityChange.NewOrUnchanged;
  isTrustedIdentity = async () => true;
  getIdentity = async () => null;
}

class Prekeys extends signal.PreKeyStore {
  savePreKey = async () => undefined;
  getPreKey = async () => Promise.reject(new Error('there are none'));
  removePreKey = async () => undefined;
}

class SignedPrekeys extends signal.SignedPreKeyStore {
  record;
  constructor(record) {
    super();
    this.record = record;
  }
  saveSignedPreKey = async () => undefined;
  getSignedPreKey = async () => this.record;
}

class KyberPrekeys extends signal.KyberPreKeyStore {
  record;
  constructor(record) {
    super();
    this.record = record;
  }
  saveKyberPreKey = async () => undefined;
  getKyberPreKey = async () => this.record;
  markKyberPreKeyUsed = async () => undefined;
}

class SenderKeys extends signal.SenderKeyStore {
  record = null;
  async saveSenderKey(_sender, _id, record) {
    this.record = record;
  }
  getSenderKey = async () => this.record;
}

function makeParty(name) {
  const identity = signal.PrivateKey.generate();
  const sign = (bytes) => identity.sign(bytes);
  const prekey = signal.PrivateKey.generate();
  const signature = sign(prekey.getPublicKey().serialize());
  const signed = signal.SignedPreKeyRecord.new(1, Date.now(), prekey.getPublicKey(), prekey, signature);
  const pair = signal.KEMKeyPair.generate();
  const kyber = signal.KyberPreKeyRecord.new(1, Date.now(), pair, sign(pair.getPublicKey().serialize()));
  return {
    address: signal.ProtocolAddress.new(name, 1),
    sessions: new Sessions(),
    identities: new Identities(identity),
    prekeys: new Prekeys(),
    signed: new SignedPrekeys(signed),
    kyber: new KyberPrekeys(kyber),
    bundle: signal.PreKeyBundle.new(
      77,
      1,
      null,
      null,
      1,
      signed.publicKey(),
      signed.signature(),
      identity.getPublicKey(),
      1,
      kyber.publicKey(),
      kyber.signature(),
    ),
  };
}

const text = new Uint8Array(plaintext);

async function send(from, to) {
  return signal.signalEncrypt(text, to.address, from.address, from.sessions, from.identities);
}

async function receive(to, from, message) {
  const bytes = message.serialize();
  const opened =
    message.type() === signal.CiphertextMessageType.PreKey
      ? await signal.signalDecryptPreKey(
          signal.PreKeySignalMessage.deserialize(bytes),
          from.address,
          to.address,
          to.sessions,
          to.identities,
          to.prekeys,
          to.signed,
          to.kyber,
        )
      : await signal.signalDecrypt(signal.SignalMessage.deserialize(bytes), from.address, to.address, to.sessions, to.identities);
  sameText(opened);
}

async function start(from, to) {
  from.sessions.records.clear();
  to.sessions.records.clear();
  await signal.processPreKeyBundle(to.bundle, to.address, from.address, from.sessions, from.identities);
  await receive(to, from, await send(from, to));
}

const DISTRIBUTION = '8c78cd2a-16ff-427d-83dc-1a5e36ce713d';

/** @returns {Promise<import('../contender.ts').Contender>} */
export async function official() {
  const [alice, bob, carol, dave] = ['alice', 'bob', 'carol', 'dave'].map(makeParty);
  await start(alice, bob);
  await receive(alice, bob, await send(bob, alice));
  const writer = new SenderKeys();
  let reader = new SenderKeys();
  let queue = [];
  const distribute = async () => {
    queue = [];
    reader = new SenderKeys();
    const distribution = await signal.SenderKeyDistributionMessage.create(alice.address, DISTRIBUTION, writer);
    await signal.processSenderKeyDistributionMessage(alice.address, distribution, reader);
  };
  const writeAll = async (count) => {
    for (let i = 0; i < count; i++) queue.push((await signal.groupEncrypt(alice.address, DISTRIBUTION, writer, text)).serialize());
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
    groupEncrypt: { prepare: distribute, run: writeAll },
    groupDecrypt: {
      async prepare(count) {
        await distribute();
        await writeAll(count);
      },
      async run() {
        for (const message of queue) sameText(await signal.groupDecrypt(alice.address, reader, message));
      },
    },
    sessionStart: {
      async run(count) {
        for (let i = 0; i < count; i++) await start(carol, dave);
      },
    },
  };
}

/** Signal's own library, native, over stores in memory: PQXDH and, in a session, the sparse post-quantum ratchet, which it cannot go without. */
import * as signal from '@signalapp/libsignal-client';
import { type Contender, plaintext, sameText } from '../contender.ts';

type Address = signal.ProtocolAddress;

class Sessions extends signal.SessionStore {
  readonly records = new Map<string, signal.SessionRecord>();
  async saveSession(name: Address, record: signal.SessionRecord): Promise<void> {
    this.records.set(name.toString(), record);
  }
  async getSession(name: Address): Promise<signal.SessionRecord | null> {
    return this.records.get(name.toString()) ?? null;
  }
  async getExistingSessions(names: Address[]): Promise<signal.SessionRecord[]> {
    return names.map((name) => this.records.get(name.toString()) as signal.SessionRecord);
  }
}

class Identities extends signal.IdentityKeyStore {
  readonly own: signal.PrivateKey;
  constructor(own: signal.PrivateKey) {
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
  getPreKey = async (): Promise<signal.PreKeyRecord> => Promise.reject(new Error('there are none'));
  removePreKey = async () => undefined;
}

class SignedPrekeys extends signal.SignedPreKeyStore {
  readonly record: signal.SignedPreKeyRecord;
  constructor(record: signal.SignedPreKeyRecord) {
    super();
    this.record = record;
  }
  saveSignedPreKey = async () => undefined;
  getSignedPreKey = async () => this.record;
}

class KyberPrekeys extends signal.KyberPreKeyStore {
  readonly record: signal.KyberPreKeyRecord;
  constructor(record: signal.KyberPreKeyRecord) {
    super();
    this.record = record;
  }
  saveKyberPreKey = async () => undefined;
  getKyberPreKey = async () => this.record;
  markKyberPreKeyUsed = async () => undefined;
}

class SenderKeys extends signal.SenderKeyStore {
  record: signal.SenderKeyRecord | null = null;
  async saveSenderKey(_sender: Address, _id: string, record: signal.SenderKeyRecord): Promise<void> {
    this.record = record;
  }
  getSenderKey = async () => this.record;
}

function makeParty(name: string) {
  const identity = signal.PrivateKey.generate();
  const sign = (bytes: Uint8Array<ArrayBuffer>) => identity.sign(bytes);
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

type Party = ReturnType<typeof makeParty>;

const text = new Uint8Array(plaintext);

async function send(from: Party, to: Party): Promise<signal.CiphertextMessage> {
  return signal.signalEncrypt(text, to.address, from.address, from.sessions, from.identities);
}

async function receive(to: Party, from: Party, message: signal.CiphertextMessage): Promise<void> {
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

async function start(from: Party, to: Party): Promise<void> {
  from.sessions.records.clear();
  to.sessions.records.clear();
  await signal.processPreKeyBundle(to.bundle, to.address, from.address, from.sessions, from.identities);
  await receive(to, from, await send(from, to));
}

const DISTRIBUTION = '8c78cd2a-16ff-427d-83dc-1a5e36ce713d';

export async function official(): Promise<Contender> {
  const [alice, bob, carol, dave] = ['alice', 'bob', 'carol', 'dave'].map(makeParty) as [Party, Party, Party, Party];
  await start(alice, bob);
  await receive(alice, bob, await send(bob, alice));
  const writer = new SenderKeys();
  let reader = new SenderKeys();
  let queue: Uint8Array<ArrayBuffer>[] = [];
  const distribute = async (): Promise<void> => {
    queue = [];
    reader = new SenderKeys();
    const distribution = await signal.SenderKeyDistributionMessage.create(alice.address, DISTRIBUTION, writer);
    await signal.processSenderKeyDistributionMessage(alice.address, distribution, reader);
  };
  const writeAll = async (count: number): Promise<void> => {
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

/** Signal's side of a group, in any of the versions. */
import { type Bytes, toHex, utf8 } from '../../crypto/index.ts';
import type { Libsignal, SenderKeyRecord, Version } from './libsignal.ts';
import type { Receiver, Sender } from './peer.ts';
import { judged } from './signal-pairwise.ts';

/** Signal writes a distribution id as a UUID. */
const uuidOf = (id: Uint8Array): string => toHex(id).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');

function senderKeyStore(library: Libsignal): object {
  const records = new Map<string, SenderKeyRecord>();
  class Store extends library.SenderKeyStore {
    getSenderKey = async (_: unknown, distributionId: string) => records.get(distributionId) ?? null;
    saveSenderKey = async (_: unknown, distributionId: string, record: SenderKeyRecord) => void records.set(distributionId, record);
  }
  return new Store();
}

const senderAddress = (library: Libsignal) => library.ProtocolAddress.new('sender', 1);

export async function signalSender(library: Libsignal, distributionId: Bytes): Promise<Sender> {
  const address = senderAddress(library);
  const id = uuidOf(distributionId);
  let store = senderKeyStore(library);
  const distribution = async () => new Uint8Array((await library.SenderKeyDistributionMessage.create(address, id, store)).serialize());
  // With an empty store the next distribution begins a chain.
  await distribution();
  return {
    async renew() {
      store = senderKeyStore(library);
      await distribution();
    },
    distribution,
    async send(text) {
      return new Uint8Array((await library.groupEncrypt(address, id, store, Buffer.from(utf8(text)))).serialize());
    },
  };
}

export function signalReceiver(library: Libsignal, version: Version): Receiver {
  const address = senderAddress(library);
  const store = senderKeyStore(library);
  return {
    name: version,
    accept: (distribution) =>
      library.processSenderKeyDistributionMessage(
        address,
        library.SenderKeyDistributionMessage.deserialize(Buffer.from(distribution)),
        store,
      ),
    receive: (message) => judged(library, () => library.groupDecrypt(address, store, Buffer.from(message))),
  };
}

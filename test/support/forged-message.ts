/** Session messages in somebody's name, well formed, by one who has nothing but public keys. */
import { systemRandom } from '../../client/adapters/system-random.ts';
import {
  type Bytes,
  concat,
  type DeviceRecord,
  generateKeyPair,
  KIND,
  type SealedMessage,
  sealPairwise,
  startRun,
} from '../../crypto/index.ts';
import { encodeFirst, encodeLater } from '../../crypto/session/message.ts';

type Device = { accountId: string; deviceId: number };

async function inner(counter: number): Promise<Bytes> {
  const { publicKey } = await generateKeyPair(systemRandom);
  return concat(encodeLater({ ratchetKey: publicKey, counter, previousCounter: 0, ciphertext: systemRandom(160) }), systemRandom(8));
}

export async function forgedLater(from: Device, counter = 0): Promise<SealedMessage> {
  const message = concat(Uint8Array.of(2), await inner(counter));
  return { kind: KIND.pairwise, fromAccount: from.accountId, fromDevice: from.deviceId, message };
}

export async function forgedFirst(from: Device & { identityKey: Bytes }, signedPrekeyId: number): Promise<SealedMessage> {
  const { publicKey: baseKey } = await generateKeyPair(systemRandom);
  const { identityKey } = from;
  const first = encodeFirst({ identityKey, baseKey, registrationId: 1, signedPrekeyId, later: await inner(0) });
  return { kind: KIND.pairwise, fromAccount: from.accountId, fromDevice: from.deviceId, message: concat(Uint8Array.of(1), first) };
}

/** Sealed as anybody can who was given the record. */
export async function sealedFor(record: DeviceRecord, sealed: SealedMessage, now: number): Promise<Bytes> {
  const { accountId, deviceId, sealingKey } = record;
  const recipient = { accountId, deviceId, sealingKeyId: sealingKey.id, sealingPublicKey: sealingKey.publicKey };
  return sealPairwise(await startRun(recipient, now, systemRandom), sealed, systemRandom);
}

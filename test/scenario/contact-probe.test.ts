/** An honest relay, and a stranger with an account: does he learn whom Bert has accepted? */
import { expect, test } from 'vitest';
import { systemRandom } from '../../client/adapters/system-random.ts';
import { type Bytes, concat, fromBase64url, generateKeyPair, KIND, parseDeviceRecord, sealPairwise, startRun } from '../../crypto/index.ts';
import { encodeLater } from '../../crypto/session/message.ts';
import { acquaint, type Person, peopleAt } from '../support/engine-person.ts';
import { manualClock } from '../support/manual-clock.ts';
import { startRelay } from '../support/relay.ts';

/** The form of a later message, by somebody who has no key of anybody. */
async function madeUp(): Promise<Bytes> {
  const { publicKey } = await generateKeyPair(systemRandom);
  const fields = { ratchetKey: publicKey, counter: 0, previousCounter: 0, ciphertext: systemRandom(160) };
  return concat(Uint8Array.of(2), encodeLater(fields), systemRandom(8));
}

test('a stranger cannot tell an accepted contact from anybody else', async () => {
  const relay = await startRelay();
  const clock = manualClock(Date.now());
  const people = (await peopleAt(relay, ['anna', 'bert', 'mallory', 'cora'], () => ({ origin: relay.origin, clock }))) as [
    Person,
    Person,
    Person,
    Person,
  ];
  const [anna, bert, mallory, cora] = people;
  try {
    await acquaint(anna, bert);
    const [a, b] = [anna.me().accountId, bert.me().accountId];
    await anna.say(b, 'hello');
    await bert.until('hello', () => bert.texts(a).includes('hello'));
    await mallory.messenger.openContactLink(await bert.messenger.contactLink());
    clock.advance(5_000);

    const claim = async (of: Person) => {
      const { accountId, deviceId } = of.me();
      const { bundles } = await mallory.engine().relay.request('prekeys/claim', { accountId, deviceIds: [deviceId] });
      return { next: bundles[0]?.oneTimePrekey?.id ?? 0, record: parseDeviceRecord(fromBase64url(bundles[0]?.deviceRecord ?? '')) };
    };
    const { record } = await claim(bert);
    const probe = async (of: Person): Promise<number> => {
      const before = (await claim(of)).next;
      const recipient = {
        accountId: b,
        deviceId: record.deviceId,
        sealingKeyId: record.sealingKey.id,
        sealingPublicKey: record.sealingKey.publicKey,
      };
      const sealed = { kind: KIND.pairwise, fromAccount: of.me().accountId, fromDevice: of.me().deviceId, message: await madeUp() };
      const body = await sealPairwise(await startRun(recipient, clock.now(), systemRandom), sealed, systemRandom);
      await mallory.engine().connection.submit({
        envelopeId: systemRandom(16),
        recipients: [{ accountId: b, deviceId: record.deviceId, listVersion: 1 }],
        body,
      });
      for (let i = 0; i < 20; i++) {
        clock.advance(2_000);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      return (await claim(of)).next - before;
    };
    // One apart where nobody but Mallory has claimed in between.
    expect({ cora: await probe(cora), anna: await probe(anna) }).toEqual({ cora: 1, anna: 1 });
  } finally {
    for (const person of people) await person.close();
    await relay.stop();
  }
}, 60_000);

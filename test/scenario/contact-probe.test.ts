/** An honest relay, and a stranger with an account: does he learn whom Bert has accepted, and what can he spoil? */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemRandom } from '../../client/adapters/system-random.ts';
import { type Bytes, type DeviceRecord, fromBase64url, parseDeviceRecord } from '../../crypto/index.ts';
import { acquaint, PASSPHRASE, type Person, peopleAt } from '../support/engine-person.ts';
import { forgedFirst, forgedLater, sealedFor } from '../support/forged-message.ts';
import { createLyingRelay, type LyingRelay } from '../support/lying-relay.ts';
import { type ManualClock, manualClock } from '../support/manual-clock.ts';
import { type RunningRelay, startRelay } from '../support/relay.ts';

const HOUR_MS = 3_600_000;
const JITTER_MS = 5_000;

let relay: RunningRelay;
let clock: ManualClock;
let anna: Person;
let bert: Person;
let mallory: Person;
let cora: Person;
let berts: LyingRelay;
let annas: LyingRelay;
let a: string;
let b: string;
let m: string;
let barriers = 0;

beforeEach(async () => {
  relay = await startRelay();
  clock = manualClock(Date.now());
  berts = createLyingRelay(relay.origin);
  annas = createLyingRelay(relay.origin);
  const options = (name: string) => ({ clock, ...(name === 'bert' && { relay: berts }), ...(name === 'anna' && { relay: annas }) });
  [anna, bert, mallory, cora] = (await peopleAt(relay, ['anna', 'bert', 'mallory', 'cora'], options)) as [Person, Person, Person, Person];
  [a, b, m] = [anna, bert, mallory].map((person) => person.me().accountId) as [string, string, string];
  await acquaint(anna, bert);
  await anna.say(b, 'hello');
  await bert.until('hello', () => bert.texts(a).includes('hello'));
  await bert.say(a, 'hello back');
  await anna.until('hello back', () => anna.texts(b).includes('hello back'));
  await mallory.messenger.openContactLink(await bert.messenger.contactLink());
});

afterEach(async () => {
  for (const person of [anna, bert, mallory, cora]) await person?.close();
  await relay?.stop();
});

const bertsRecord = async (): Promise<DeviceRecord> => {
  const { bundles } = await mallory.engine().relay.request('prekeys/claim', { accountId: b, deviceIds: [bert.me().deviceId] });
  return parseDeviceRecord(fromBase64url(bundles[0]?.deviceRecord ?? ''));
};

async function deliver(record: DeviceRecord, body: Bytes): Promise<void> {
  const recipients = [{ accountId: b, deviceId: record.deviceId, listVersion: 1 }];
  await mallory.engine().connection.submit({ envelopeId: systemRandom(16), recipients, body });
}

/** Bert has taken in all that was sent to him, and what his timers then began is at the relay. */
async function settled(): Promise<void> {
  const barrier = async (): Promise<void> => {
    const text = `barrier ${++barriers}`;
    await mallory.say(b, text);
    await bert.until(text, () => bert.texts(m).includes(text));
  };
  await barrier();
  clock.advance(JITTER_MS);
  const { core, outbox } = bert.engine();
  await core.step(() => undefined);
  await outbox.tried([...core.read.all('outbox')].map(([, { order }]) => order));
  await barrier();
}

const supply = async (of: Person): Promise<number> => (await of.engine().relay.request('prekeys/count', {})).count;

const sentTo = (accountId: string): number =>
  berts.said.filter((frame) => frame.type === 'submit' && frame.recipients.some((one) => one.accountId === accountId)).length;

test('E10 contact-probe: a stranger’s forgeries take no prekey of a contact, nor ask the relay anything', async () => {
  const record = await bertsRecord();
  const forge = {
    later: (of: Person) => forgedLater(of.me()),
    first: (of: Person) => forgedFirst({ ...of.me(), identityKey: of.engine().core.account().identity.publicKey }, 999),
  };
  await settled();
  for (const [what, forged] of Object.entries(forge)) {
    const seen: Record<string, unknown> = {};
    for (const of of [cora, anna]) {
      const [before, asked, sent] = [await supply(of), berts.asked.length, sentTo(of.me().accountId)];
      await deliver(record, await sealedFor(record, await forged(of), clock.now()));
      await settled();
      seen[of.me().username] = {
        taken: before - (await supply(of)),
        asked: berts.asked.slice(asked),
        sent: sentTo(of.me().accountId) - sent,
      };
    }
    // What is sent shows that the probe was one: the relay alone sees it.
    expect({ what, ...seen }).toEqual({ what, cora: { taken: 0, asked: [], sent: 0 }, anna: { taken: 0, asked: [], sent: 1 } });
    clock.advance(HOUR_MS);
    await settled();
  }
});

test('E10: hourly forgeries while the contact is away, more than sessions are kept, lose nothing and show nothing twice', async () => {
  const record = await bertsRecord();
  await settled();
  // What Anna last sealed in the session of the first day lies in her outbox, committed and not at the relay.
  annas.lies.sent = (frame) => frame.type !== 'submit';
  await anna.say(b, 'sealed before');
  await anna.engine().core.step(() => undefined);
  anna.engine().stop();
  const said: string[] = [];
  for (let hour = 0; hour < 12; hour++) {
    await deliver(record, await sealedFor(record, await forgedLater(anna.me()), clock.now()));
    await settled();
    const text = `hour ${hour}`;
    await bert.say(a, text);
    await bert.until(text, () => bert.rows(a).find(({ body }) => body.kind === 'text' && body.text === text)?.status === 'sent');
    said.push(text);
    clock.advance(HOUR_MS);
    await settled();
  }
  annas.lies = {};
  anna.engine().start();
  await anna.until('all of it', () => said.every((text) => anna.texts(b).includes(text)));
  await settled();
  clock.advance(HOUR_MS);
  await settled();
  await bert.until('what was sealed before', () => bert.texts(a).includes('sealed before'));
  for (const text of said) expect(anna.texts(b).filter((one) => one === text)).toEqual([text]);
  expect(bert.texts(a).filter((text) => text === 'sealed before')).toHaveLength(1);
  await anna.say(b, 'and on');
  await bert.until('and on', () => bert.texts(a).includes('and on'));
  await bert.say(a, 'and on, too');
  await anna.until('and on, too', () => anna.texts(b).includes('and on, too'));
});

test('E10: a forgery within the hour does not use up what a lost message needs: it is asked for when the hour is over, after a restart too', async () => {
  const record = await bertsRecord();
  await settled();
  await deliver(record, await sealedFor(record, await forgedLater(anna.me()), clock.now()));
  await settled();
  // Now one that is Anna's, and comes changed.
  let changed = false;
  berts.lies.frame = (frame) => {
    if (frame.type !== 'deliver' || changed) return [frame];
    changed = true;
    return [];
  };
  await anna.say(b, 'lost on the way');
  await anna.until('sent', () => anna.rows(b).at(-1)?.status === 'sent');
  await settled();
  expect(changed).toBe(true);
  await deliver(record, await sealedFor(record, await forgedLater(anna.me()), clock.now()));
  await settled();
  expect(bert.texts(a)).not.toContain('lost on the way');
  await bert.messenger.lock();
  clock.advance(HOUR_MS);
  await bert.messenger.unlock(PASSPHRASE);
  // Nothing is sent before the mailbox was taken in.
  await bert.say(a, 'back again');
  await anna.until('back again', () => anna.texts(b).includes('back again'));
  await settled();
  await bert.until('what was lost', () => bert.texts(a).includes('lost on the way'));
  expect(bert.texts(a).filter((text) => text === 'lost on the way')).toHaveLength(1);
});

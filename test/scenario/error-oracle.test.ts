import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemRandom } from '../../client/adapters/system-random.ts';
import { createRuns } from '../../client/messenger/runs.ts';
import type { HeardFrame } from '../../client/ports/relay.ts';
import { type Bytes, KIND, parseDeviceRecord, type SealedMessage, toBase64url } from '../../crypto/index.ts';
import { acquaint, type Person, peopleAt } from '../support/engine-person.ts';
import { forgedFirst, forgedLater, sealedFor as sealedForRecord } from '../support/forged-message.ts';
import { createLyingRelay, type LyingRelay } from '../support/lying-relay.ts';
import { type ManualClock, manualClock } from '../support/manual-clock.ts';
import { type RunningRelay, startRelay } from '../support/relay.ts';

const JITTER_MS = 5_000;
const HOUR_MS = 3_600_000;

// What the engine asks by the clock, whatever comes.
const UPKEEP = ['prekeys/count', 'login/challenge', 'login'];

let relay: RunningRelay;
let clock: ManualClock;
let anna: Person;
let bert: Person;
let mallory: Person;
let berts: LyingRelay;
let a: string;
let b: string;
let m: string;

beforeEach(async () => {
  relay = await startRelay();
  clock = manualClock(Date.now());
  berts = createLyingRelay(relay.origin);
  const options = (name: string) => (name === 'bert' ? { relay: berts, clock } : { origin: relay.origin });
  [anna, bert, mallory] = (await peopleAt(relay, ['anna', 'bert', 'mallory'], options)) as [Person, Person, Person];
  [a, b, m] = [anna, bert, mallory].map((person) => person.me().accountId) as [string, string, string];
  await acquaint(anna, bert);
  await anna.say(b, 'hello');
  await bert.until('hello', () => bert.texts(a).includes('hello'));
  await bert.say(a, 'hello back');
  await anna.until('hello back', () => anna.texts(b).includes('hello back'));
  // A stranger to Bert: nothing is sent back to him, so that what is sent has another reason.
  await mallory.messenger.openContactLink(await bert.messenger.contactLink());
});

afterEach(async () => {
  for (const person of [anna, bert, mallory]) await person?.close();
  await relay?.stop();
});

type Delivered = HeardFrame & { type: 'deliver' };
type Spoken = { frames: string[]; requests: string[] };

let barriers = 0;

/** What Bert says, but for acknowledgements, from a false delivery in place of a true one until all jitter is over. */
async function afterDelivery(bodies: readonly Bytes[]): Promise<Spoken> {
  clock.advance(JITTER_MS);
  await quiet();
  const [said, asked] = [berts.said.length, berts.asked.length];
  let sequence = 0;
  berts.lies.frame = (frame) => {
    if (frame.type !== 'deliver') return [frame];
    berts.lies = {};
    ({ sequence } = frame);
    // Under numbers already acknowledged or this one: the relay minds what it has not delivered.
    return [...bodies.map((body): Delivered => ({ ...frame, envelopeId: systemRandom(16), body })), frame];
  };
  await barrier();
  clock.advance(JITTER_MS);
  await quiet();
  const spoken = berts.said.slice(said);
  expect(spoken.some((frame) => frame.type === 'ack' && frame.sequence === sequence)).toBe(true);
  return {
    frames: spoken.map(({ type }) => type).filter((type) => type !== 'ack'),
    requests: berts.asked.slice(asked).filter((route) => !UPKEEP.includes(route)),
  };
}

async function barrier(): Promise<void> {
  const text = `barrier ${++barriers}`;
  await mallory.say(b, text);
  await bert.until(text, () => bert.texts(m).includes(text));
}

/** Bert has done what his timers began: nothing is left in his outbox, and his present step is over. */
async function quiet(): Promise<void> {
  const { core, outbox } = bert.engine();
  await core.step(() => undefined);
  await outbox.tried([...core.read.all('outbox')].map(([, { order }]) => order));
  await barrier();
}

const flipped = (body: Bytes, at: number): Bytes => body.with(at < 0 ? body.length + at : at, (body.at(at) ?? 0) ^ 1);

async function sealedFor(person: Person, sealed: SealedMessage): Promise<Bytes> {
  const record = parseDeviceRecord(person.engine().core.read.get('publication', 'self')?.record ?? new Uint8Array());
  return sealedForRecord(record, sealed, Date.now());
}

/** The next envelope delivered to Bert, which he takes in as it is. */
async function nextFrom(person: Person, text: string): Promise<Bytes> {
  let body: Bytes | null = null;
  berts.lies.frame = (frame) => {
    if (frame.type === 'deliver') body ??= frame.body;
    return [frame];
  };
  await person.say(b, text);
  await bert.until(text, () => bert.texts(person.me().accountId).includes(text));
  berts.lies = {};
  if (!body) throw new Error('nothing was delivered');
  return body;
}

const bytesOf = (kind: number, size: number): Bytes => {
  const body = systemRandom(size);
  body.set([1, kind]);
  return body;
};

const claim = (fromAccount: string, fromDevice: number, message: Bytes): SealedMessage => ({
  kind: KIND.pairwise,
  fromAccount,
  fromDevice,
  message,
});

test('E9 error-oracle: whatever does not open is acknowledged like what does, and nothing else is heard', async () => {
  const whole = await nextFrom(anna, 'whole');
  const opened = await createRuns(bert.engine().core).open(bert.engine().core.read, whole);
  const [device, own] = [anna.me().deviceId, bert.me().deviceId];
  const failures: Record<string, Bytes> = {
    'random, pairwise': bytesOf(KIND.pairwise, 2_048),
    'random, group': bytesOf(KIND.group, 2_048),
    'random, no kind': systemRandom(2_048),
    empty: new Uint8Array(0),
    'another version': flipped(whole, 0),
    'another kind': flipped(whole, 1),
    truncated: whole.slice(0, 1_024),
    'the same again': whole,
    'sealed for another': await sealedFor(mallory, opened),
    'the same message sealed anew': await sealedFor(bert, opened),
    'an unlisted device': await sealedFor(bert, claim(a, device + 1, opened.message)),
    'an unknown account': await sealedFor(bert, claim(toBase64url(systemRandom(32)), 1, opened.message)),
    oneself: await sealedFor(bert, claim(b, own, opened.message)),
    'a stranger, another’s message': await sealedFor(bert, claim(m, mallory.me().deviceId, opened.message)),
    'a stranger, changed': await sealedFor(bert, claim(m, mallory.me().deviceId, flipped(opened.message, -1))),
    'a contact, no message': await sealedFor(bert, claim(a, device, systemRandom(200))),
  };
  for (const at of [2, 40, 100, 600, 1_200, 1_500, 2_000, -1]) failures[`bit of byte ${at}`] = flipped(whole, at);
  const texts = { a: bert.texts(a), rows: bert.rows(a).length };
  for (const [what, body] of Object.entries(failures)) {
    expect({ what, ...(await afterDelivery([body])) }).toEqual({ what, frames: [], requests: [] });
  }
  // Well formed, in an accepted contact's name: asked for again, once an hour, with nothing taken or asked of the relay (E10).
  const { publicKey: identityKey } = anna.engine().core.account().identity;
  const forged: Record<string, SealedMessage> = {
    'a contact, a later message': await forgedLater(anna.me()),
    'a contact, a later message far ahead': await forgedLater(anna.me(), 1_999),
    'a contact, a first message': await forgedFirst({ ...anna.me(), identityKey }, 1),
    'a contact, a first message for a prekey that is not': await forgedFirst({ ...anna.me(), identityKey }, 999),
  };
  for (const [what, sealed] of Object.entries(forged)) {
    const said = berts.said.length;
    expect({ what, ...(await afterDelivery([await sealedFor(bert, sealed)])) }).toEqual({ what, frames: ['submit'], requests: [] });
    const to = berts.said.slice(said).flatMap((frame) => (frame.type === 'submit' ? frame.recipients : []));
    // With the token that Anna gave him.
    expect(to).toMatchObject([{ accountId: a, deviceId: device, listVersion: 1 }]);
    expect({ what, ...(await afterDelivery([await sealedFor(bert, sealed)])) }).toEqual({ what, frames: [], requests: [] });
    clock.advance(HOUR_MS);
    await quiet();
    // What came within the hour was asked when it was over.
    clock.advance(HOUR_MS);
    await quiet();
  }
  expect({ a: bert.texts(a), rows: bert.rows(a).length }).toEqual(texts);
  await anna.say(b, 'and on');
  await bert.until('the text', () => bert.texts(a).includes('and on'));
});

test('E10 decrypt-error-flood: a contact’s messages that do not open are asked for once an hour, however many', async () => {
  let body: Bytes | undefined;
  berts.lies.frame = (frame) => {
    if (frame.type !== 'deliver' || body) return [frame];
    ({ body } = frame);
    return [];
  };
  await anna.say(b, 'changed on the way');
  await anna.until('sent', () => anna.rows(b).at(-1)?.status === 'sent');
  await barrier();
  if (!body) throw new Error('nothing was delivered');
  const opened = await createRuns(bert.engine().core).open(bert.engine().core.read, body);
  const flood = (): Promise<Bytes[]> =>
    Promise.all([-1, -2, -3, -4, -5].map((at) => sealedFor(bert, claim(a, anna.me().deviceId, flipped(opened.message, at)))));
  // The receipt for what was said before.
  clock.advance(JITTER_MS);
  await quiet();
  const before = { rows: bert.rows(a).length, said: berts.said.length };
  const first = await afterDelivery(await flood());
  expect(first).toEqual({ frames: ['submit'], requests: [] });
  // Asked for, it comes; and what is said of it is a receipt.
  await bert.until('the text', () => bert.texts(a).includes('changed on the way'));
  expect(bert.rows(a)).toHaveLength(before.rows + 1);
  clock.advance(JITTER_MS);
  await anna.until('delivered', () => anna.rows(b).at(-1)?.status === 'delivered');
  const to = berts.said.slice(before.said).flatMap((frame) => (frame.type === 'submit' ? frame.recipients : []));
  expect(to.map(({ accountId }) => accountId)).toEqual([a, a]);

  expect(await afterDelivery(await flood())).toEqual({ frames: [], requests: [] });
  await anna.say(b, 'still there');
  await bert.until('the text', () => bert.texts(a).includes('still there'));
  await bert.say(a, 'so am I');
  await anna.until('the text', () => anna.texts(b).includes('so am I'));
  expect(bert.texts(a).filter((text) => text !== 'so am I')).toEqual(['hello', 'hello back', 'changed on the way', 'still there']);
});

test('E11 silent-probe: a stranger’s messages, valid or not, get nothing back until he is accepted', async () => {
  clock.advance(JITTER_MS);
  await quiet();
  const before = berts.said.length;
  await mallory.say(b, 'are you there?');
  await bert.until('the request', () => bert.conversation(m)?.whyNot === 'request');
  for (const size of [2_048, 4_096]) {
    const body = systemRandom(size);
    body.set([1, 1]);
    berts.inject({ type: 'deliver', sequence: 1, envelopeId: systemRandom(16), storedAt: 0, body });
  }
  await bert.messenger.markRead(m, 10);
  await mallory.say(b, 'hello?');
  await bert.until('the second', () => bert.texts(m).includes('hello?'));
  clock.advance(JITTER_MS);
  await quiet();
  expect(berts.said.slice(before).filter(({ type }) => type !== 'ack')).toEqual([]);
  expect(mallory.rows(b).every(({ status }) => status === 'sent')).toBe(true);
  await bert.messenger.acceptContact(m);
  await quiet();
  clock.advance(JITTER_MS);
  await mallory.until('delivered', () => mallory.rows(b).every(({ status }) => status === 'delivered'));
});

import { afterEach, beforeEach, expect, test } from 'vitest';
import { createMemoryDisk, openMemoryVault } from '../../client/adapters/memory-vault.ts';
import { RelayFailure } from '../../client/ports/relay.ts';
import { answerOf } from '../support/command.ts';
import { acquaint, createPerson, type Person, peopleAt, unlock } from '../support/engine-person.ts';
import { createLyingRelay, type LyingRelay } from '../support/lying-relay.ts';
import { type ManualClock, manualClock } from '../support/manual-clock.ts';
import { type RunningRelay, startRelay } from '../support/relay.ts';

const QUARTER_HOUR_MS = 900_000;
const DAY_MS = 86_400_000;
const NONCE = 'A'.repeat(43);

let relay: RunningRelay;
let clock: ManualClock;
let lying: LyingRelay;
let disk: ReturnType<typeof createMemoryDisk>;
let anna: Person;
let bert: Person;
let a: string;
let b: string;

beforeEach(async () => {
  relay = await startRelay();
  clock = manualClock(Date.now());
  lying = createLyingRelay(relay.origin);
  disk = createMemoryDisk();
  [anna, bert] = (await peopleAt(relay, ['anna', 'bert'], (name) =>
    name === 'bert' ? { relay: lying, clock, storage: openMemoryVault(disk) } : {},
  )) as [Person, Person];
  [a, b] = [anna.me().accountId, bert.me().accountId];
  await acquaint(anna, bert);
  await anna.say(b, 'from before');
  await bert.until('the text', () => bert.texts(a).includes('from before'));
});

afterEach(async () => {
  for (const person of [anna, bert]) await person.close();
  await relay.stop();
});

const command = (...args: string[]) => answerOf(args, { dataDir: relay.dataDir, port: relay.port });
const isShutOut = (person: Person): boolean => person.engine().connection.state().state === 'shut-out';
const wasShutOut = (person: Person): boolean =>
  person.events.some((event) => event.type === 'connection' && event.connection.state === 'shut-out');

/** The socket has ended; the first try to log in again is due within a second. */
async function shutOut(person: Person): Promise<void> {
  await person.until('the end of the socket', () => !person.isOnline());
  clock.advance(1_000);
  await person.until('shut out', () => isShutOut(person));
}

function refuseLogin(code: 'unauthorized' | 'revoked'): void {
  lying.lies.instead = (route) => {
    if (route === 'login/challenge') return { nonce: NONCE };
    throw new RelayFailure(code);
  };
}

test('E21: a disabled account is shut out: what is here stays, what is written waits and goes when it is enabled again', async () => {
  await command('account', 'disable', 'bert');
  await shutOut(bert);
  expect(bert.phase().phase).toBe('open');
  expect((await bert.messenger.page(a)).messages).toHaveLength(1);
  await bert.say(a, 'written meanwhile');
  expect(bert.rows(a).at(-1)?.status).toBe('pending');
  await anna.say(b, 'do you hear me?');
  await expect(bert.messenger.findByUsername('anna')).rejects.toMatchObject({ code: 'shut-out' });

  await command('account', 'enable', 'bert');
  clock.advance(QUARTER_HOUR_MS);
  await bert.until('online', bert.isOnline);
  await bert.until('what waited at the relay', () => bert.texts(a).includes('do you hear me?'));
  await anna.until('what waited here', () => anna.texts(b).includes('written meanwhile'));
});

test.each([
  ['a deleted account', () => ['account', 'delete', 'bert', '--yes']],
  ['a revoked device', () => ['device', 'revoke', 'bert', String(bert.me().deviceId), '--yes']],
])('E21: %s is shut out, also after a restart, and its vault opens as before', async (_what, args) => {
  await command(...args());
  await shutOut(bert);
  await bert.say(a, 'written meanwhile');
  await bert.close();
  bert = createPerson({ origin: relay.origin, clock, storage: openMemoryVault(disk) });
  await unlock(bert);
  await bert.until('shut out', () => isShutOut(bert));
  const { messages } = await bert.messenger.page(a);
  expect(messages.map(({ body, status }) => [body.kind === 'text' && body.text, status])).toEqual([
    ['from before', 'delivered'],
    ['written meanwhile', 'pending'],
  ]);
});

test('E21: one refused login, a restarted relay and a token that it does not know are not taken for it', async () => {
  let refusals = 0;
  lying.lies.instead = (route) => {
    if (route === 'login' && refusals++ === 0) throw new RelayFailure('unauthorized');
    return undefined;
  };
  await relay.restart();
  await bert.until('the end of the socket', () => !bert.isOnline());
  for (let turn = 0; turn < 2_000 && !bert.isOnline(); turn++) {
    clock.advance(1_000);
    await fetch(`${relay.origin}/healthz`);
  }
  await bert.say(a, 'still here');
  await anna.until('the text', () => anna.texts(b).includes('still here'));
  expect(refusals).toBeGreaterThan(1);
  expect(wasShutOut(bert)).toBe(false);
});

test.each(['revoked', 'unauthorized'] as const)(
  'E21: a relay that refuses every login [%s] is asked some hundred times a day',
  async (code) => {
    // What is tried again by itself must not log in beside that.
    const told = new Promise<void>((resolve) => {
      lying.lies.instead = (route) => {
        if (route !== 'account/delivery') return undefined;
        resolve();
        throw new RelayFailure('unavailable');
      };
    });
    await bert.messenger.blockContact(a, true);
    await told;
    refuseLogin(code);
    bert.engine().relay.forgetToken();
    await relay.kill('SIGKILL');
    await shutOut(bert);
    const loginsIn = async (timeMs: number): Promise<number> => {
      const before = lying.asked.filter((route) => route === 'login').length;
      for (let passed = 0; passed < timeMs; passed += 5_000) {
        clock.advance(5_000);
        await new Promise(setImmediate);
      }
      return lying.asked.filter((route) => route === 'login').length - before;
    };
    const aTry = code === 'unauthorized' ? 2 : 1;
    // Somebody who is let in again at once should not wait a quarter of an hour.
    expect(await loginsIn(60_000)).toBeGreaterThanOrEqual(3 * aTry);
    const inADay = await loginsIn(DAY_MS);
    expect(inADay).toBeGreaterThanOrEqual((DAY_MS / QUARTER_HOUR_MS) * aTry);
    expect(inADay).toBeLessThan(400 * aTry);
    expect(isShutOut(bert)).toBe(true);
  },
);

test('E21: what comes while the relay shuts the device out is not dropped unjudged', async () => {
  const [carla] = await peopleAt({ origin: relay.origin, firstInvite: (await anna.messenger.createInvite()).link.split('/').at(-1) }, [
    'carla',
  ]);
  if (!carla) throw new Error('nobody');
  let refused = 0;
  lying.lies.instead = (route) => {
    if (route === 'accounts/fetch') refused++;
    if (route === 'accounts/fetch' || route === 'login') throw new RelayFailure('revoked');
    return undefined;
  };
  await carla.messenger.openContactLink(await bert.messenger.contactLink());
  await carla.say(b, 'a stranger writes');
  await bert.until('asked, and the connection given up', () => refused > 0 && !bert.isOnline());
  clock.advance(1_000);
  await bert.until('shut out', () => isShutOut(bert));
  lying.lies = {};
  clock.advance(QUARTER_HOUR_MS);
  await bert.until('the message', () => bert.texts(carla.me().accountId).includes('a stranger writes'));
  await carla.close();
});

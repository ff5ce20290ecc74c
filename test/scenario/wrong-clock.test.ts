import { afterEach, beforeEach, test } from 'vitest';
import { systemClock } from '../../client/adapters/system-clock.ts';
import { RelayFailure } from '../../client/ports/relay.ts';
import { acquaint, type Person, peopleAt } from '../support/engine-person.ts';
import { createLyingRelay } from '../support/lying-relay.ts';
import { startRelay } from '../support/relay.ts';

const SIX_MINUTES = 6 * 60_000;

let relay: Awaited<ReturnType<typeof startRelay>>;
let berts: ReturnType<typeof createLyingRelay>;
let anna: Person;
let bert: Person;
let aheadMs: number;
let group: string;

async function begin(): Promise<void> {
  [anna, bert] = (await peopleAt(relay, ['anna', 'bert'], (name) =>
    name === 'bert' ? { relay: berts, clock: { ...systemClock, now: () => systemClock.now() + aheadMs } } : {},
  )) as [Person, Person];
  await acquaint(anna, bert);
  group = await anna.messenger.createGroup('Choir', [bert.me().accountId]);
  await bert.until('the group', () => bert.conversation(group)?.canSend);
}

async function bertHearsAndAnswers(): Promise<void> {
  await anna.messenger.renameGroup(group, 'Quartet');
  await bert.until('the new name', () => bert.conversation(group)?.title === 'Quartet');
  await bert.say(group, 'an answer');
  await anna.until('the answer', () => anna.texts(group).includes('an answer'));
}

beforeEach(async () => {
  relay = await startRelay();
  berts = createLyingRelay(relay.origin);
});
afterEach(async () => {
  await Promise.all([anna.close(), bert.close()]);
  await relay.stop();
});

test.each([
  ['six minutes ahead', SIX_MINUTES],
  ['a day behind', -86_400_000],
])('E22: a device whose clock is %s takes part in groups', async (_how, off) => {
  aheadMs = off;
  await begin();
  await bertHearsAndAnswers();
});

test('E22: so does one whose clock is put right after it connected', async () => {
  aheadMs = SIX_MINUTES;
  await begin();
  aheadMs = 0;
  await bertHearsAndAnswers();
});

test('E22: a message that waits for the log does not fail when the relay calls the reading late', async () => {
  aheadMs = 0;
  await begin();
  const refusal = (): Promise<void> =>
    new Promise((resolve) => {
      berts.lies.instead = (route) => {
        if (route !== 'groups/read') return undefined;
        resolve();
        throw new RelayFailure('gone');
      };
    });
  const first = refusal();
  await anna.messenger.renameGroup(group, 'Quartet');
  await anna.say(group, 'under the new name');
  await first;
  const second = refusal();
  await bert.say(group, 'an answer');
  await second;
  berts.lies = {};
  await anna.until('the answer', () => anna.texts(group).includes('an answer'));
});

import { afterAll, beforeAll, expect, test } from 'vitest';
import { answerOf } from '../support/command.ts';
import { acceptRequest, makeInvite } from '../support/page-acts.ts';
import {
  accessibilityFaults,
  bubble,
  openRow,
  type Person,
  person,
  signUp,
  unlock,
  waitForStatus,
  write,
} from '../support/person-at-browser.ts';
import { startRelay } from '../support/relay.ts';
import { shoot } from '../support/shoot.ts';

let relay: Awaited<ReturnType<typeof startRelay>>;
let anna: Person;
let bert: Person;

beforeAll(async () => {
  [relay, anna, bert] = await Promise.all([startRelay(), person('anna'), person('bert')]);
  await signUp(anna, `${relay.origin}/#/join/${relay.firstInvite}`);
  await signUp(bert, await makeInvite(anna.page));
});

afterAll(async () => {
  await Promise.all([anna, bert].map((one) => one?.forget()));
  await relay?.stop();
});

test('E21: a disabled account is told what is so and whom to ask, reads what is here, and writes on when it is enabled again', async () => {
  const { page } = bert;
  const command = (act: string) => answerOf(['account', act, 'bert'], { dataDir: relay.dataDir, port: relay.port });
  const banner = page.getByRole('status').getByText('The relay does not let this device in');
  await openRow(page, 'anna');
  await write(page, 'The lamp is lit');
  await acceptRequest(anna.page, 'bert');
  await write(anna.page, 'Good, the fog is coming in');
  await bubble(page, 'Good, the fog').waitFor();

  await command('disable');
  await banner.waitFor();
  expect(await page.getByText('No connection').count()).toBe(0);
  await bubble(page, 'Good, the fog').waitFor();
  await write(page, 'Keep the horn ready');
  await bubble(page, 'Keep the horn ready').getByRole('img', { name: 'Waiting to be sent' }).waitFor();
  expect(await accessibilityFaults(page)).toEqual([]);
  await shoot(page, 'shut-out');

  await command('enable');
  await page.reload();
  await unlock(bert);
  await openRow(page, 'anna');
  await bubble(anna.page, 'Keep the horn ready').waitFor();
  await waitForStatus(page, 'Keep the horn ready', 'Read');
  expect(await banner.count()).toBe(0);
});

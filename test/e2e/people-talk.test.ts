import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { deriveAccountKey, parseRecoveryKey } from '../../crypto/index.ts';
import { beyondAdmitted, dumpDatabase, placesOf } from '../support/dump-database.ts';
import { freePort, npmStart, type StartedRelay } from '../support/npm-start.ts';
import {
  accessibilityFaults,
  bubble,
  conversations,
  openRow,
  PASSPHRASE,
  type Person,
  person,
  signUp,
  textsIn,
  timeline,
  unlock,
  waitForStatus,
  write,
} from '../support/person-at-browser.ts';
import {
  acceptRequest,
  addFriendByName,
  createGroup,
  lockDevice,
  makeInvite,
  openSafetyNumber,
  removeMember,
} from '../support/page-acts.ts';
import { changes, privateHalves } from '../support/search-database.ts';
import { shoot } from '../support/shoot.ts';

// One story in chapters: each goes on where the one before ended.
const GROUP = 'Lighthouse keepers';
const data = mkdtempSync(join(tmpdir(), 'sottovoce-relay-'));
let port: number;
let relay: StartedRelay;
let anna: Person;
let bert: Person;
let carla: Person;
const words: Record<string, string[]> = {};
const said: string[] = [];

function says(page: Person['page'], text: string): Promise<void> {
  said.push(text);
  return write(page, text);
}

beforeAll(async () => {
  port = await freePort();
  relay = await npmStart(data, port);
  [anna, bert, carla] = await Promise.all([person('anna'), person('bert'), person('carla')]);
});

afterAll(async () => {
  await Promise.all([anna, bert, carla].map((one) => one?.forget()));
  await relay?.stop();
  rmSync(data, { recursive: true, force: true });
});

test('anna signs up with the invite that npm start printed, in three steps', async () => {
  words['anna'] = await signUp(anna, relay.inviteLink(), async (step) => {
    expect(await accessibilityFaults(anna.page)).toEqual([]);
    if (step === 'name' || step === 'words') await shoot(anna.page, `sign-up-${step}`);
  });
  expect(words['anna']).toHaveLength(12);
  await shoot(anna.page, 'empty-list');
  expect(await accessibilityFaults(anna.page)).toEqual([]);
});

test('bert and carla are invited by anna; they find each other and write both ways', async () => {
  words['bert'] = await signUp(bert, await makeInvite(anna.page));
  words['carla'] = await signUp(carla, await makeInvite(anna.page));

  // The invite carried anna as a contact.
  await openRow(bert.page, 'anna');
  await says(bert.page, 'Is the lamp lit?');
  await acceptRequest(anna.page, 'bert');
  await bubble(anna.page, 'Is the lamp lit?').waitFor();
  await says(anna.page, 'Since dusk. The fog is coming in, so keep the horn ready: https://example.org/fog');
  await bubble(bert.page, 'Since dusk.').waitFor();

  await addFriendByName(carla.page, 'bert');
  await says(carla.page, 'Hello bert, carla here');
  await acceptRequest(bert.page, 'carla');
  await bubble(bert.page, 'Hello bert, carla here').waitFor();
  await says(bert.page, 'Good to see you');
  await bubble(carla.page, 'Good to see you').waitFor();

  await openRow(carla.page, 'anna');
  await says(carla.page, 'Anna, it is me');
  await acceptRequest(anna.page, 'carla');
  await bubble(anna.page, 'Anna, it is me').waitFor();
});

test('sent, delivered, read: each shows when it is true and not before', async () => {
  await bert.quit();
  await openRow(anna.page, 'bert');
  await says(anna.page, 'Are you still up?');
  await waitForStatus(anna.page, 'Are you still up?', 'Sent');
  await bert.comeBack(relay.origin);
  await unlock(bert);
  await conversations(bert.page).waitFor();
  await waitForStatus(anna.page, 'Are you still up?', 'Delivered');
  await openRow(bert.page, 'anna');
  await waitForStatus(anna.page, 'Are you still up?', 'Read');
  await says(bert.page, 'Still up. The tide is turning');
  await bubble(anna.page, 'Still up.').waitFor();
  await shoot(anna.page, 'conversation');
  expect(await accessibilityFaults(anna.page)).toEqual([]);
});

test('a reload keeps the history, a wrong passphrase opens nothing, the right one everything', async () => {
  await anna.page.reload();
  await unlock(anna, 'not my passphrase at all');
  await anna.page.getByText('That passphrase does not open this device').waitFor();
  expect(await conversations(anna.page).count()).toBe(0);
  await unlock(anna);
  await openRow(anna.page, 'bert');
  for (const text of ['Is the lamp lit?', 'Since dusk.', 'Are you still up?', 'Still up.']) await bubble(anna.page, text).waitFor();
  await lockDevice(anna.page);
  await anna.page.getByRole('button', { name: 'Unlock' }).waitFor();
  expect(await anna.page.getByText('Is the lamp lit?').count()).toBe(0);
  await unlock(anna);
  await openRow(anna.page, 'bert');
});

test('the safety number is the same on both sides', async () => {
  const [ours, theirs] = [await openSafetyNumber(anna.page), await openSafetyNumber(bert.page)];
  expect(ours).toMatch(/^\d{60}$/);
  expect(theirs).toBe(ours);
  await shoot(anna.page, 'safety-number');
  expect(await accessibilityFaults(anna.page)).toEqual([]);
  await anna.page.keyboard.press('Escape');
  await bert.page.keyboard.press('Escape');
});

test('a group of three; whoever is removed reads nothing sent afterwards', async () => {
  await createGroup(anna.page, GROUP, ['bert', 'carla']);
  await says(anna.page, 'Three lamps, one coast');
  for (const one of [bert, carla]) {
    await openRow(one.page, GROUP);
    await bubble(one.page, 'Three lamps, one coast').waitFor();
  }
  await says(bert.page, 'North tower reporting');
  await says(carla.page, 'South tower too');
  for (const one of [anna, bert, carla]) {
    await bubble(one.page, 'North tower reporting').waitFor();
    await bubble(one.page, 'South tower too').waitFor();
  }
  await shoot(anna.page, 'group');
  expect(await accessibilityFaults(anna.page)).toEqual([]);

  await removeMember(anna.page, 'carla');
  await carla.page.getByText('You were removed from this group').waitFor();
  await says(anna.page, 'Only two of us now');
  await says(bert.page, 'Two is enough');
  await bubble(bert.page, 'Only two of us now').waitFor();
  await bubble(anna.page, 'Two is enough').waitFor();
  // What carla hears next comes after all that: if anything of it were hers to read it would be there by now.
  await openRow(anna.page, 'carla');
  await says(anna.page, 'Sorry about that');
  await openRow(carla.page, 'anna');
  await bubble(carla.page, 'Sorry about that').waitFor();
  await openRow(carla.page, GROUP);
  expect(await timeline(carla.page).getByText('Only two of us now').count()).toBe(0);
  expect(await timeline(carla.page).getByText('Two is enough').count()).toBe(0);
});

test('the relay is killed in the middle of a conversation, a tab is closed in the middle of receiving: nothing lost, nothing twice, order kept', async () => {
  await openRow(anna.page, 'bert');
  await openRow(bert.page, 'anna');
  const fromAnna = Array.from({ length: 12 }, (_, number) => `anna counts ${String(number + 1).padStart(2, '0')}`);
  const fromBert = Array.from({ length: 12 }, (_, number) => `bert counts ${String(number + 1).padStart(2, '0')}`);
  for (const [index, text] of fromAnna.entries()) {
    await says(anna.page, text);
    await says(bert.page, fromBert[index] ?? '');
    if (index === 5) await relay.kill();
  }
  relay = await npmStart(data, port);
  for (const one of [anna, bert]) for (const text of [...fromAnna, ...fromBert]) await bubble(one.page, text).waitFor();

  // Bert's tab goes away while twelve more are on their way.
  const more = Array.from({ length: 12 }, (_, number) => `anna goes on ${String(number + 1).padStart(2, '0')}`);
  for (const [index, text] of more.entries()) {
    await says(anna.page, text);
    if (index === 5) await bert.closeTab();
  }
  await bert.page.goto(relay.origin);
  await unlock(bert);
  await openRow(bert.page, 'anna');
  await bubble(bert.page, more.at(-1) ?? '').waitFor();
  for (const one of [anna, bert]) {
    expect(await authored(one.page, 'anna', fromAnna.length + more.length)).toEqual([...fromAnna, ...more]);
    expect(await authored(one.page, 'bert', fromBert.length)).toEqual(fromBert);
  }
});

/** What one author counted, from top to bottom of the whole conversation, once at least so many are on the screen. */
async function authored(page: Person['page'], author: string, least: number): Promise<string[]> {
  const usual = page.viewportSize() ?? { width: 1280, height: 800 };
  await page.setViewportSize({ width: usual.width, height: 6_000 });
  await bubble(page, 'Is the lamp lit?').waitFor();
  const theirs = async () => (await textsIn(page)).filter((text) => text.startsWith(`${author} `));
  // The virtual list draws its rows in several steps.
  await expect.poll(async () => (await theirs()).length, { timeout: 10_000 }).toBeGreaterThanOrEqual(least);
  const texts = await theirs();
  await page.setViewportSize(usual);
  return texts;
}

test('the database holds no text, name of a group, sender or key, and an envelope leaves nothing but itself', async () => {
  await carla.quit();
  await openRow(anna.page, 'carla');
  const before = dumpDatabase(data);
  await says(anna.page, 'While you were away');
  await waitForStatus(anna.page, 'While you were away', 'Sent');
  const after = dumpDatabase(data);

  // Whatever else changes with an envelope would link it to its sender.
  const admitted = /^(?:bodies\.|waiting\.|mailboxes\.(?:last_sequence|acknowledged)$|sqlite_sequence\.seq$)/;
  expect(changes(before, after).filter((place) => !admitted.test(place))).toEqual([]);
  const waiting = after.find(({ name }) => name === 'bodies')?.rows ?? [];
  expect(waiting.length).toBeGreaterThan(0);

  const entropies = Object.values(words).map((list) => parseRecoveryKey(list.join(' ')));
  const secrets = await Promise.all(entropies.map(async (entropy) => [entropy, (await deriveAccountKey(entropy)).seed]));
  const utf8 = (text: string) => new TextEncoder().encode(text);
  const needles = [...said, GROUP, PASSPHRASE, ...Object.values(words).map((list) => list.join(' '))].map(utf8);
  const dump = dumpDatabase(data);
  expect(beyondAdmitted(dump)).toEqual([]);
  for (const needle of [...needles, ...secrets.flat()]) expect(placesOf(dump, needle)).toEqual([]);
  expect(privateHalves(dump)).toEqual([]);
});

test('the search finds what is planted: a text, a sender, the name of a group, a key', async () => {
  const copy = mkdtempSync(join(tmpdir(), 'sottovoce-planted-'));
  const source = new SqliteDatabase(join(data, 'relay.sqlite'), { readonly: true });
  await source.backup(join(copy, 'relay.sqlite'));
  source.close();
  const database = new SqliteDatabase(join(copy, 'relay.sqlite'));
  const clean = dumpDatabase(copy);
  const utf8 = (text: string) => new TextEncoder().encode(text);
  try {
    database.exec('ALTER TABLE bodies ADD COLUMN sender BLOB');
    expect(beyondAdmitted(dumpDatabase(copy))).toEqual(['bodies.sender']);
    database.exec('ALTER TABLE bodies DROP COLUMN sender');
    database.prepare('UPDATE bodies SET body = ?').run(Buffer.concat([Buffer.alloc(100), Buffer.from(said[0] ?? '')]));
    expect(placesOf(dumpDatabase(copy), utf8(said[0] ?? ''))).toEqual(['bodies.body']);
    database.prepare('UPDATE group_logs SET access_key = ?').run(Buffer.from(GROUP));
    expect(placesOf(dumpDatabase(copy), utf8(GROUP))).toEqual(['group_logs.access_key']);
    // The sender's own row touched together with an envelope.
    database.prepare('UPDATE devices SET record_sequence = record_sequence + 1').run();
    expect(changes(clean, dumpDatabase(copy))).toContain('devices.record_sequence');
    const { seed } = await deriveAccountKey(parseRecoveryKey((words['anna'] ?? []).join(' ')));
    database.prepare('UPDATE one_time_prekeys SET public_key = ? WHERE id = (SELECT max(id) FROM one_time_prekeys)').run(Buffer.from(seed));
    expect(privateHalves(dumpDatabase(copy))).toContain('one_time_prekeys.public_key');
  } finally {
    database.close();
    rmSync(copy, { recursive: true, force: true });
  }
});

test('no page threw, broke its content security policy or asked anybody but the relay', () => {
  expect([...anna.complaints, ...bert.complaints, ...carla.complaints]).toEqual([]);
});

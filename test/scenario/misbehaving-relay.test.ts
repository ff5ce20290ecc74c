import { createPrivateKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createMemoryDisk, openMemoryVault } from '../../client/adapters/memory-vault.ts';
import { systemRandom } from '../../client/adapters/system-random.ts';
import { adoptAccount } from '../../client/messenger/adopt-account.ts';
import type { Message, SystemEvent } from '../../client/messenger/api.ts';
import type { HeardFrame } from '../../client/ports/relay.ts';
import { fromBase64url, parseDeviceRecord, signDeviceList, signDeviceRecord, toBase64url } from '../../crypto/index.ts';
import type { PublicAccount, RouteAnswer } from '../../server/protocol/http.ts';
import { acquaint, PASSPHRASE, type Person, peopleAt } from '../support/engine-person.ts';
import { createLyingRelay, type LyingRelay } from '../support/lying-relay.ts';
import { type RunningRelay, startRelay } from '../support/relay.ts';

let relay: RunningRelay;
let anna: Person;
let bert: Person;
let mallory: Person;
let annas: LyingRelay;
let berts: LyingRelay;
let mallorys: LyingRelay;
let a: string;
let b: string;
let m: string;

beforeEach(async () => {
  relay = await startRelay();
  const relays: Record<string, LyingRelay> = {};
  for (const name of ['anna', 'bert', 'mallory']) relays[name] = createLyingRelay(relay.origin);
  const at = (name: string): LyingRelay => relays[name] as LyingRelay;
  [anna, bert, mallory] = (await peopleAt(relay, ['anna', 'bert', 'mallory'], (name) => ({ relay: at(name) }))) as [Person, Person, Person];
  [annas, berts, mallorys] = [at('anna'), at('bert'), at('mallory')];
  [a, b, m] = [anna, bert, mallory].map((person) => person.me().accountId) as [string, string, string];
});

afterEach(async () => {
  for (const person of [anna, bert, mallory]) await person?.close();
  await relay?.stop();
});

function events(person: Person, id: string): SystemEvent[] {
  return person.rows(id).flatMap(({ body }) => (body.kind === 'system' ? [body.event] : []));
}

const shows = (person: Person, id: string, event: SystemEvent['event']): Promise<SystemEvent> =>
  person.until(event, () => events(person, id).find((one) => one.event === event));

/** Both have said something, so that both have a session that was answered. */
async function talk(one: Person, other: Person): Promise<void> {
  await acquaint(one, other);
  await one.say(other.me().accountId, 'hello');
  await other.until('hello', () => other.texts(one.me().accountId).includes('hello'));
  await other.say(one.me().accountId, 'hello back');
  await one.until('hello back', () => one.texts(other.me().accountId).includes('hello back'));
}

function submitted(liar: LyingRelay): string[] {
  return liar.said.flatMap((frame) =>
    frame.type === 'submit' || frame.type === 'signal' ? frame.recipients.map(({ accountId, deviceId }) => `${accountId}.${deviceId}`) : [],
  );
}

type Fetched = { account: PublicAccount | null };

test('E4 link-mitm: the relay puts another account behind a contact link and is refused', async () => {
  const link = await bert.messenger.contactLink();
  const { account: impostor } = await mallory.engine().relay.request('accounts/fetch', { accountId: m });
  annas.lies.answer = (route, answer) => (route === 'accounts/fetch' ? { account: impostor } : answer);
  await expect(anna.messenger.openContactLink(link)).rejects.toMatchObject({ code: 'contact-changed' });
  annas.lies.answer = (route, answer) =>
    route === 'accounts/fetch' ? { account: impostor && { ...impostor, accountId: b, username: 'bert' } } : answer;
  await expect(anna.messenger.openContactLink(link)).rejects.toMatchObject({ code: 'contact-changed' });
  expect(anna.conversations()).toEqual([]);
  annas.lies = {};
  await anna.messenger.openContactLink(link);
  expect(anna.conversation(b)?.contact?.username).toBe('bert');
});

test('E5 inject-device: a device the account never signed gets nothing, and the attempt is shown', async () => {
  await talk(anna, bert);
  const evil = mallory.engine().core.account();
  const known = anna.engine().core.read.get('contacts', b)?.deviceList ?? null;
  const injected = { deviceId: 4_711, addedAt: 1 };
  const entry = await signDeviceList(evil.identity.privateKey, b, known, [...(known?.devices ?? []), injected], systemRandom);
  annas.lies.answer = (route, answer) => {
    const { account } = answer as Fetched;
    return route === 'accounts/fetch' && account
      ? { account: { ...account, deviceList: [...account.deviceList, toBase64url(entry)] } }
      : answer;
  };
  let refusals = 0;
  annas.lies.frame = (frame) => {
    if (frame.type !== 'accepted' || refusals++ > 0) return [frame];
    return [{ type: 'refused', requestId: frame.requestId, code: 'mismatched_devices', retryAfterMs: 0, accounts: [b] }];
  };
  await anna.say(b, 'for bert alone');
  await shows(anna, b, 'identity-changed');
  await bert.until('the text', () => bert.texts(a).includes('for bert alone'));
  expect(submitted(annas)).not.toContain(`${b}.4711`);
  expect(anna.conversation(b)?.whyNot).toBe('identity-change');
});

test('E14 ghost-member: what the relay writes into a group’s log adds nobody', async () => {
  await acquaint(anna, bert);
  const group = await anna.messenger.createGroup('Two', [b]);
  await bert.until('the group', () => bert.conversation(group)?.canSend);
  const other = await mallory.messenger.createGroup('Ghosts', []);
  const ghost = await mallory.engine().core.read.get('groups', other);
  expect(ghost).toBeDefined();
  berts.lies.answer = (route, answer, body) => {
    if (route !== 'groups/read') return answer;
    const { version, entries } = answer as RouteAnswer<'groups/read'>;
    if ((body as { from: number }).from > 1) return answer;
    return { version: version + 1, entries: [toBase64url(systemRandom(512)), ...entries] };
  };
  await anna.messenger.renameGroup(group, 'Still two');
  expect(await shows(bert, group, 'group-behind')).toEqual({ event: 'group-behind', who: a });
  expect(
    bert
      .conversation(group)
      ?.members?.map(({ accountId }) => accountId)
      .sort(),
  ).toEqual([a, b].sort());
  expect(submitted(annas).some((device) => device.startsWith(m))).toBe(false);
  expect(submitted(berts).some((device) => device.startsWith(m))).toBe(false);
});

test('E8 replay: an envelope delivered again, under its own or another id, is shown once', async () => {
  await talk(anna, bert);
  const delivered: HeardFrame[] = [];
  berts.lies.frame = (frame) => {
    if (frame.type === 'deliver') delivered.push(frame);
    return [frame];
  };
  await anna.say(b, 'once');
  await bert.until('the text', () => bert.texts(a).includes('once'));
  const [first] = delivered;
  if (first?.type !== 'deliver') throw new Error('nothing was delivered');
  berts.inject(first);
  berts.inject({ ...first, sequence: first.sequence + 1, envelopeId: systemRandom(16) });
  await anna.say(b, 'afterwards');
  await bert.until('the next', () => bert.texts(a).includes('afterwards'));
  expect(bert.texts(a).filter((text) => text === 'once')).toHaveLength(1);
});

test('E8 id-taken: other content under the id of an envelope does not stand in its way', async () => {
  await talk(anna, bert);
  berts.lies.frame = (frame) => {
    if (frame.type !== 'deliver') return [frame];
    berts.lies = {};
    return [
      { ...frame, body: systemRandom(frame.body.length) },
      { ...frame, sequence: frame.sequence + 1 },
    ];
  };
  await anna.say(b, 'the true one');
  await bert.until('the text', () => bert.texts(a).includes('the true one'));
  expect(bert.texts(a).filter((text) => text === 'the true one')).toHaveLength(1);
});

test('E8 reorder: messages delivered in another order are all shown, and the gap that showed meanwhile closes', async () => {
  await talk(anna, bert);
  let held: HeardFrame | null = null;
  berts.lies.frame = (frame) => {
    if (frame.type !== 'deliver') return [frame];
    if (!held) {
      held = frame;
      return [];
    }
    const first = held;
    berts.lies = {};
    return [{ ...frame, sequence: first.type === 'deliver' ? first.sequence : 0 }, { ...first, sequence: frame.sequence } as HeardFrame];
  };
  await anna.say(b, 'first');
  await anna.say(b, 'second');
  await bert.until('both', () => bert.texts(a).includes('first') && bert.texts(a).includes('second'));
  expect(
    bert.events.some(
      (event) => event.type === 'messages' && event.messages.some(({ body }) => body.kind === 'system' && body.event.event === 'gap'),
    ),
  ).toBe(true);
  expect(events(bert, a).filter(({ event }) => event === 'gap')).toEqual([]);
});

test('E8 gap-visible: a message held back shows as a gap when the next one comes', async () => {
  await talk(anna, bert);
  let dropped = 0;
  berts.lies.frame = (frame) => (frame.type === 'deliver' && dropped++ === 0 ? [] : [frame]);
  await anna.say(b, 'swallowed');
  await anna.say(b, 'arrived');
  await bert.until('the second', () => bert.texts(a).includes('arrived'));
  expect(events(bert, a)).toContainEqual({ event: 'gap', from: a, count: 1 });
});

test('E10 claim-race: the same one-time prekey handed out twice; the second is refused, nothing is lost or double, and it heals', async () => {
  await acquaint(anna, bert);
  await acquaint(mallory, bert);
  let taken: unknown = null;
  annas.lies.answer = (route, answer) => {
    if (route === 'prekeys/claim') taken = answer;
    return answer;
  };
  mallorys.lies.answer = (route, answer) => (route === 'prekeys/claim' && taken ? taken : answer);
  await anna.say(b, 'from anna');
  await bert.until('the first', () => bert.texts(a).includes('from anna'));
  const before = bert.engine().core.read.get('peers', `${m}.${mallory.me().deviceId}`);
  expect(before).toBeUndefined();
  await mallory.say(b, 'from mallory');
  // Refused, then asked for again over a session that Bert begins.
  await bert.until('the second', () => bert.texts(m).includes('from mallory'));
  expect(taken).not.toBeNull();
  await mallory.say(b, 'and more');
  await bert.until('the third', () => bert.texts(m).includes('and more'));
  expect(bert.texts(m)).toEqual(['from mallory', 'and more']);
  expect(bert.texts(a)).toEqual(['from anna']);
  expect(events(bert, m).filter(({ event }) => event === 'gap')).toEqual([]);
});

test('E9 stranger-claims-to-be-alice: neither a known nor an unknown Alice can be played; nothing is shown, nothing is sent', async () => {
  await mallory.messenger.openContactLink(await bert.messenger.contactLink());
  let delivered = 0;
  berts.lies.frame = (frame) => {
    if (frame.type === 'deliver') delivered++;
    return [frame];
  };
  const { core } = mallory.engine();
  const own = core.account();
  const { genesis } = anna.engine().core.account();
  const aliceEntries = anna.engine().core.account().deviceListEntries;
  let barriers = 0;
  for (const known of [false, true]) {
    if (known) await acquaint(anna, bert);
    for (const claim of [{ accountId: a }, { accountId: a, genesis }, { accountId: a, genesis, deviceListEntries: aliceEntries }]) {
      const said = berts.said.length;
      const before = delivered;
      await core.step((step) => {
        step.put('account', 'self', { ...own, ...claim });
        for (const [key, peer] of [...step.all('peers')]) step.put('peers', key, { ...peer, session: null });
      });
      await mallory.say(b, 'I am anna');
      await mallory.until('sent', () => mallory.rows(b).at(-1)?.status === 'sent');
      await core.step((step) => {
        step.put('account', 'self', own);
        for (const [key, peer] of [...step.all('peers')]) step.put('peers', key, { ...peer, session: null });
      });
      await mallory.say(b, 'barrier');
      barriers++;
      await bert.until('the barrier', () => bert.texts(m).length === barriers);
      expect(delivered).toBe(before + 2);
      expect(bert.texts(a)).toEqual([]);
      expect(bert.texts(m).every((text) => text === 'barrier')).toBe(true);
      expect(berts.said.slice(said).filter(({ type }) => type === 'submit')).toEqual([]);
    }
  }
  expect(events(bert, a)).toEqual([]);
});

/** The relay's own word that this account has this name. */
async function certify(accountId: string, username: string): Promise<string> {
  const key = createPrivateKey(await readFile(join(relay.dataDir, 'relay.key'), 'utf8'));
  const jwt = new SignJWT({ name: username }).setProtectedHeader({ alg: 'EdDSA' }).setSubject(accountId).setIssuer(relay.origin);
  return jwt.setExpirationTime('7d').sign(key);
}

test('E4 stranger-claims-to-be-alice: a name that is known is not given to another account, by look-up or by a first message', async () => {
  await talk(anna, bert);
  const certificate = await certify(m, 'anna');
  const mallorysAccount = (await bert.engine().relay.request('accounts/fetch', { accountId: m })).account as PublicAccount;
  berts.lies.answer = (route, answer) =>
    route === 'accounts/find' ? { account: { ...mallorysAccount, username: 'anna', certificate } } : answer;
  await expect(bert.messenger.findByUsername('anna')).rejects.toMatchObject({ code: 'contact-changed' });
  expect(await shows(bert, a, 'relay-misbehaved')).toMatchObject({ what: 'first-contact' });
  berts.lies = {};

  const { core } = mallory.engine();
  const own = core.account();
  await core.step((step) => step.put('account', 'self', { ...own, certificate }));
  await mallory.messenger.openContactLink(await bert.messenger.contactLink());
  await mallory.say(b, 'I am anna');
  await mallory.until('sent', () => mallory.rows(b).at(-1)?.status === 'sent');
  await anna.say(b, 'still me');
  await bert.until('the true anna', () => bert.texts(a).includes('still me'));
  expect(bert.texts(m)).toEqual([]);
});

test('E6 identity-change-blocks: a device record under another identity stops sending until it is decided', async () => {
  await acquaint(anna, bert);
  await anna.messenger.setVerified(b, true);
  const evil = mallory.engine().core.account();
  const bundles = new Map<string, string>();
  annas.lies.answer = (route, answer) => {
    if (route !== 'prekeys/claim') return answer;
    const claimed = answer as RouteAnswer<'prekeys/claim'>;
    return {
      bundles: claimed.bundles.map((bundle) => ({ ...bundle, deviceRecord: bundles.get(bundle.deviceRecord) ?? bundle.deviceRecord })),
    };
  };
  const record = toBase64url(bert.engine().core.read.get('publication', 'self')?.record ?? new Uint8Array());
  bundles.set(
    record,
    toBase64url(await signDeviceRecord(evil.identity.privateKey, parseDeviceRecord(fromBase64url(record)), systemRandom)),
  );
  await anna.say(b, 'secret');
  await shows(anna, b, 'identity-changed');
  expect(anna.conversation(b)).toMatchObject({ canSend: false, whyNot: 'identity-change', contact: { identityChange: 'unexplained' } });
  await expect(anna.say(b, 'more')).rejects.toMatchObject({ code: 'identity-changed' });
  expect(submitted(annas).filter((device) => device.startsWith(b))).toEqual([]);
  annas.lies = {};
  await anna.messenger.acceptIdentityChange(b);
  await bert.until('the text', () => bert.texts(a).includes('secret'));
  expect(anna.conversation(b)?.contact).toMatchObject({ verified: false, identityChange: 'none' });
});

test('E13 typing-off-no-frames: switched off, nothing is sent and nothing shown', async () => {
  await talk(anna, bert);
  await anna.messenger.setTyping(b, true);
  await bert.until('typing', () => bert.conversation(a)?.typing.includes(a));
  await anna.messenger.setTyping(b, false);
  await bert.until('no longer', () => bert.conversation(a)?.typing.length === 0);
  const before = annas.said.filter(({ type }) => type === 'signal').length;
  expect(before).toBe(2);
  await anna.messenger.setSettings({ ...anna.me().settings, typing: false });
  await anna.messenger.setTyping(b, true);
  await bert.messenger.setTyping(a, true);
  await anna.say(b, 'done');
  await bert.until('the text', () => bert.texts(a).includes('done'));
  expect(annas.said.filter(({ type }) => type === 'signal')).toHaveLength(before);
  expect(anna.conversation(b)?.typing).toEqual([]);
});

test('E4 rollback-list: a device list taken back is refused and shown', async () => {
  await talk(anna, bert);
  const { account: old } = await anna.engine().relay.request('accounts/fetch', { accountId: b });
  await adoptAccount(bert.engine(), openMemoryVault(createMemoryDisk()), PASSPHRASE);
  await anna.engine().directory.refresh(b);
  expect(anna.engine().core.read.get('contacts', b)?.deviceList.version).toBe(2);
  annas.lies.answer = (route, answer) => (route === 'accounts/fetch' ? { account: old } : answer);
  await expect(anna.engine().directory.refresh(b)).rejects.toMatchObject({ code: 'contact-changed' });
  expect(anna.engine().core.read.get('contacts', b)?.deviceList.version).toBe(2);
  expect(events(anna, b)).toContainEqual({ event: 'relay-misbehaved', what: 'device-list' });
});

test('E14 log-truncated: a group whose log ends before the welcome’s head is not entered, and it is shown; with the whole log it is', async () => {
  await acquaint(anna, bert);
  await acquaint(anna, mallory);
  const group = await anna.messenger.createGroup('Two', [b]);
  await bert.until('the group', () => bert.conversation(group)?.canSend);
  await anna.messenger.renameGroup(group, 'Renamed');
  mallorys.lies.answer = (route, answer) => {
    if (route !== 'groups/read') return answer;
    const { entries } = answer as RouteAnswer<'groups/read'>;
    return { version: 1, entries: entries.slice(0, 1) };
  };
  await anna.messenger.addMembers(group, [m]);
  await shows(mallory, a, 'relay-misbehaved');
  expect(mallory.conversation(group)).toBeUndefined();
  mallorys.lies = {};
  mallory.engine().groups.ready();
  await mallory.until('the group', () => mallory.conversation(group)?.title === 'Renamed');

  mallorys.lies.answer = (route, answer) => (route === 'groups/read' ? { version: 3, entries: [] } : answer);
  await anna.messenger.renameGroup(group, 'Renamed again');
  expect(await shows(mallory, group, 'group-behind')).toEqual({ event: 'group-behind', who: a });
  await mallory.say(group, 'only when I know who reads it');
  expect(mallory.rows(group).at(-1)?.status).toBe('pending');
  mallorys.lies = {};
  mallory.engine().groups.ready();
  await mallory.until('the name', () => mallory.conversation(group)?.title === 'Renamed again');
  await bert.until('the text', () => bert.texts(group).includes('only when I know who reads it'));
});

test('E9 unknown-key-share: an envelope meant for one person and handed to another opens nothing', async () => {
  await talk(anna, bert);
  await talk(anna, mallory);
  const stolen: HeardFrame[] = [];
  berts.lies.frame = (frame) => {
    if (frame.type === 'deliver') stolen.push(frame);
    return [frame];
  };
  await anna.say(b, 'for bert');
  await bert.until('the text', () => bert.texts(a).includes('for bert'));
  for (const frame of stolen) mallorys.inject({ ...frame, sequence: 99 } as HeardFrame);
  await anna.say(m, 'for mallory');
  await mallory.until('the text', () => mallory.texts(a).includes('for mallory'));
  const rows: Message[] = mallory.rows(a);
  expect(rows.some(({ body }) => body.kind === 'text' && body.text === 'for bert')).toBe(false);
});

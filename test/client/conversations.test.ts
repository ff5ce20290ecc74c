import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemRandom } from '../../client/adapters/system-random.ts';
import { MAX_TEXT_CHARACTERS } from '../../client/content/limits.ts';
import { toBase64url } from '../../crypto/index.ts';
import { acquaint, type Person, peopleAt, inviteOf, createPerson, signUp } from '../support/engine-person.ts';
import { type RunningRelay, startRelay } from '../support/relay.ts';

let relay: RunningRelay;
let anna: Person;
let bert: Person;
let a: string;
let b: string;

beforeAll(async () => {
  relay = await startRelay();
  [anna, bert] = (await peopleAt(relay, ['anna', 'bert'])) as [Person, Person];
  [a, b] = [anna.me().accountId, bert.me().accountId];
});

afterAll(async () => {
  for (const person of [anna, bert]) await person?.close();
  await relay?.stop();
});

test('E11: a stranger is a request: nothing can be said until he is accepted, and blocking silences him', async () => {
  expect(await anna.messenger.findByUsername('nobody_here')).toBeNull();
  expect(await anna.messenger.findByUsername('bert')).toEqual({ accountId: b, username: 'bert' });
  expect(anna.conversations()).toEqual([]);
  await anna.messenger.openDirect(b);
  expect(anna.conversation(b)?.contact).toMatchObject({ metBy: 'username', standing: 'accepted' });
  await anna.say(b, 'may I?');
  await bert.until('a request', () => bert.conversation(a)?.whyNot === 'request');
  expect(bert.conversation(a)).toMatchObject({ title: 'anna', unread: 1, canSend: false, contact: { metBy: 'stranger' } });
  await expect(bert.say(a, 'no')).rejects.toMatchObject({ code: 'not-allowed' });
  await bert.messenger.acceptContact(a);
  await bert.say(a, 'you may');
  await anna.until('the answer', () => anna.texts(b).includes('you may'));
  await bert.messenger.blockContact(a, true);
  expect(bert.conversation(a)?.whyNot).toBe('blocked');
  const heard = (): number => bert.engine().core.read.get('peers', `${a}.${anna.me().deviceId}`)?.received.highest ?? 0;
  const before = heard();
  await anna.say(b, 'blocked words');
  await expect.poll(heard).toBeGreaterThan(before);
  await bert.messenger.blockContact(a, false);
  await anna.say(b, 'heard again');
  await bert.until('the next', () => bert.texts(a).includes('heard again'));
  expect(bert.texts(a)).not.toContain('blocked words');
});

test('E11: whoever was blocked as a stranger is one again when unblocked; what was read before is told when they are accepted', async () => {
  const invite = inviteOf((await anna.messenger.createInvite()).link);
  const dora = createPerson({ origin: relay.origin });
  await signUp(dora, 'dora', invite);
  const d = dora.me().accountId;
  await dora.messenger.openDirect(b);
  const id = await dora.say(b, 'hello stranger');
  await bert.until('a request', () => bert.conversation(d)?.whyNot === 'request');
  await bert.messenger.blockContact(d, true);
  await bert.messenger.blockContact(d, true);
  expect(bert.conversation(d)?.whyNot).toBe('blocked');
  await bert.messenger.blockContact(d, false);
  expect(bert.conversation(d)).toMatchObject({ whyNot: 'request', canSend: false, contact: { standing: 'request' } });
  await bert.messenger.markRead(d, bert.rows(d)[0]?.position ?? -1);
  await bert.messenger.acceptContact(d);
  await dora.until('read', () => dora.rows(b).some((row) => row.id === id && row.status === 'read'));
  await bert.messenger.blockContact(d, true);
  await bert.messenger.blockContact(d, false);
  expect(bert.conversation(d)?.canSend).toBe(true);
  await dora.close();
});

test('E6: both see the same safety number; comparing the scanned bytes verifies', async () => {
  const [ofAnna, ofBert] = await Promise.all([anna.messenger.safetyNumber(b), bert.messenger.safetyNumber(a)]);
  expect(ofAnna.digits).toBe(ofBert.digits);
  expect(ofAnna.digits).toMatch(/^\d{60}$/);
  expect(await anna.messenger.compareSafetyNumber(b, ofAnna.scannable)).toBe('mismatch');
  expect(anna.conversation(b)?.contact?.verified).toBe(false);
  expect(await anna.messenger.compareSafetyNumber(b, ofBert.scannable)).toBe('match');
  await anna.until('verified', () => anna.conversation(b)?.contact?.verified);
  expect(anna.rows(b).at(-1)?.body).toEqual({ kind: 'system', event: { event: 'verified', who: b } });
});

test('E8: texts are bounded in characters as people count them; the same id twice is one message', async () => {
  await acquaint(anna, bert);
  const longest = '𝄞'.repeat(MAX_TEXT_CHARACTERS);
  await anna.say(b, longest);
  await bert.until('the longest', () => bert.texts(a).includes(longest));
  await expect(anna.say(b, `${longest}!`)).rejects.toMatchObject({ code: 'too-large' });
  const id = toBase64url(systemRandom(16));
  await anna.messenger.sendText(b, 'twice', id);
  await anna.messenger.sendText(b, 'twice', id);
  await anna.say(b, 'then');
  await bert.until('then', () => bert.texts(a).includes('then'));
  expect(bert.texts(a).filter((text) => text === 'twice')).toHaveLength(1);
  expect(anna.texts(b).filter((text) => text === 'twice')).toHaveLength(1);
});

test('E18: pages, drafts, deletion for me, deleting a conversation', async () => {
  const first = await anna.messenger.page(b, undefined, 3);
  expect(first.messages).toHaveLength(3);
  expect(first.more).toBe(true);
  const before = await anna.messenger.page(b, first.messages[0]?.position, 200);
  expect(before.more).toBe(false);
  expect(before.messages.at(-1)?.position).toBe((first.messages[0]?.position ?? 0) - 1);
  await anna.messenger.setDraft(b, 'half a sen');
  expect(anna.conversation(b)?.draft).toBe('half a sen');
  const gone = first.messages[1]?.id ?? '';
  await anna.messenger.deleteForMe(b, [gone]);
  const after = await anna.messenger.page(b, undefined, 200);
  expect(after.messages.map(({ id }) => id)).not.toContain(gone);
  await anna.messenger.deleteConversation(b);
  expect(anna.conversation(b)).toBeUndefined();
  await bert.say(a, 'still there?');
  await anna.until('a fresh one', () => anna.conversation(b)?.last?.text === 'still there?');
  expect((await anna.messenger.page(b)).messages).toHaveLength(1);
});

test('E12: read receipts are reciprocal: who does not send them is not shown them', async () => {
  await anna.messenger.setSettings({ ...anna.me().settings, readReceipts: false });
  const fromAnna = await anna.say(b, 'did you read this?');
  await bert.until('the text', () => bert.texts(a).includes('did you read this?'));
  await bert.messenger.markRead(a, bert.rows(a).at(-1)?.position ?? 0);
  const fromBert = await bert.say(a, 'yes; and you this?');
  await anna.until('the text', () => anna.texts(b).includes('yes; and you this?'));
  await anna.messenger.markRead(b, anna.rows(b).at(-1)?.position ?? 0);
  await anna.until('delivered', () => anna.rows(b).find(({ id }) => id === fromAnna)?.status === 'delivered');
  await bert.until('delivered', () => bert.rows(a).find(({ id }) => id === fromBert)?.status === 'delivered');
  // Both receipts travel in one message here; the one for reading counted as no more than delivery.
  expect(anna.rows(b).find(({ id }) => id === fromAnna)?.status).toBe('delivered');
  expect(bert.rows(a).find(({ id }) => id === fromBert)?.status).toBe('delivered');
  await anna.messenger.setSettings({ ...anna.me().settings, readReceipts: true });
});

test('E4: invites are made, listed, revoked; an invite with the inviter’s contact link opens the conversation', async () => {
  const { link } = await anna.messenger.createInvite();
  expect(link.startsWith(`${relay.origin}/#/join/`)).toBe(true);
  const invites = await anna.messenger.invites();
  expect(invites.length).toBeGreaterThan(0);
  const newcomer = createPerson({ origin: relay.origin });
  await signUp(newcomer, 'newcomer', inviteOf(link), await anna.messenger.contactLink());
  await newcomer.until('the inviter', () => newcomer.conversation(a)?.canSend);
  const { link: other } = await anna.messenger.createInvite();
  for (const { id } of await anna.messenger.invites()) await anna.messenger.revokeInvite(id);
  expect(await newcomer.messenger.checkInvite(inviteOf(other))).toBe(false);
  await expect(newcomer.messenger.openContactLink('https://elsewhere.example/#/c/x/y')).rejects.toMatchObject({ code: 'bad-link' });
  await newcomer.close();
});

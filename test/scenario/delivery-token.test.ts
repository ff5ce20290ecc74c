import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../client/adapters/system-clock.ts';
import { createMemoryDisk, openMemoryVault } from '../../client/adapters/memory-vault.ts';
import { createWebSocketRelay } from '../../client/adapters/websocket-relay.ts';
import { adoptAccount } from '../../client/messenger/adopt-account.ts';
import { deliveryTokenOf } from '../../client/messenger/delivery-token.ts';
import type { Relay } from '../../client/ports/relay.ts';
import { toBase64url } from '../../crypto/index.ts';
import { acquaint, createPerson, PASSPHRASE, type Person, peopleAt, unlock } from '../support/engine-person.ts';
import { type RunningRelay, startRelay } from '../support/relay.ts';

const MAILBOX_ENVELOPES = 12;

let relay: RunningRelay;
let anna: Person;
let bert: Person;
let carl: Person;
const bertsDisk = createMemoryDisk();
const refusals: string[] = [];
let refused: () => void = () => undefined;

/** Carl's relay tells us what it refuses him. */
function watched(origin: string): Relay {
  const inner = createWebSocketRelay({ origin, clock: systemClock });
  return {
    ...inner,
    connect: (token, handlers) =>
      inner.connect(token, {
        ...handlers,
        frame(frame) {
          if (frame.type === 'refused') {
            refusals.push(frame.code);
            refused();
          }
          handlers.frame(frame);
        },
      }),
  };
}

const openBert = () => createPerson({ origin: relay.origin, storage: openMemoryVault(bertsDisk) });

async function returns(): Promise<void> {
  bert = openBert();
  await unlock(bert);
  await bert.until('online', bert.isOnline);
}

const statusOf = (person: Person, to: string, text: string) =>
  person.rows(to).find(({ body }) => body.kind === 'text' && body.text === text)?.status;

const heldBy = (person: Person, accountId: string) => {
  const token = deliveryTokenOf(person.engine().core.read, accountId);
  return token && toBase64url(token);
};

/** Writes until the relay refuses: what one who holds no token can leave in the mailbox. */
async function flood(person: Person, to: string): Promise<void> {
  const full = new Promise<void>((resolve) => {
    refused = resolve;
  });
  for (let i = 0; i < MAILBOX_ENVELOPES; i++) await person.say(to, `flood ${i}`);
  await full;
}

beforeAll(async () => {
  relay = await startRelay({ env: { SOTTOVOCE_MAILBOX_ENVELOPES: String(MAILBOX_ENVELOPES) } });
  [anna, bert, carl] = (await peopleAt(relay, ['anna', 'bert', 'carl'], (name) => ({
    ...(name === 'bert' && { storage: openMemoryVault(bertsDisk) }),
    ...(name === 'carl' && { relay: watched(relay.origin) }),
  }))) as [Person, Person, Person];
});

afterAll(async () => {
  for (const person of [anna, bert, carl]) await person?.close();
  await relay?.stop();
});

test('R50, R51: a stranger fills half of a mailbox; a contact, who got the token with a receipt, still reaches it', async () => {
  const b = bert.me().accountId;
  await acquaint(anna, bert);
  await anna.say(b, 'hello');
  await anna.until('delivered', () => statusOf(anna, b, 'hello') === 'delivered');
  expect(heldBy(anna, b)).toBe(heldBy(bert, b));
  await carl.messenger.openContactLink(await bert.messenger.contactLink());
  await bert.close();
  await flood(carl, b);
  expect(refusals.at(-1)).toBe('mailbox_full');
  expect(heldBy(carl, b)).toBeUndefined();
  await anna.say(b, 'still here');
  await anna.until('accepted', () => statusOf(anna, b, 'still here') === 'sent');
  await returns();
  await bert.until('the text', () => bert.texts(anna.me().accountId).includes('still here'));
});

test('R51: who is blocked keeps a token that counts no more, and contacts get the new one with the next receipt', async () => {
  const [a, b, c] = [anna.me().accountId, bert.me().accountId, carl.me().accountId];
  await bert.until('what was refused came later', () => bert.texts(c).includes(`flood ${MAILBOX_ENVELOPES - 1}`));
  await bert.messenger.acceptContact(c);
  await carl.until('delivered', () => statusOf(carl, b, `flood ${MAILBOX_ENVELOPES - 1}`) === 'delivered');
  const old = heldBy(bert, b);
  expect(heldBy(carl, b)).toBe(old);
  await bert.messenger.blockContact(c, true);
  expect(heldBy(bert, b)).not.toBe(old);
  await anna.say(b, 'between us');
  await anna.until('delivered', () => statusOf(anna, b, 'between us') === 'delivered');
  expect(heldBy(anna, b)).toBe(heldBy(bert, b));
  expect(heldBy(carl, b)).toBe(old);
  await bert.close();
  refusals.length = 0;
  await flood(carl, b);
  expect(refusals.at(-1)).toBe('mailbox_full');
  await anna.say(b, 'past the flood');
  await anna.until('accepted', () => statusOf(anna, b, 'past the flood') === 'sent');
  await returns();
  await bert.until('the text', () => bert.texts(a).includes('past the flood'));
});

test('R51: all devices of an account give out one token', async () => {
  const disk = createMemoryDisk();
  await adoptAccount(anna.engine(), openMemoryVault(disk), PASSPHRASE);
  const laptop = createPerson({ origin: relay.origin, storage: openMemoryVault(disk) });
  await unlock(laptop);
  await laptop.until('online', laptop.isOnline);
  const [a, b] = [anna.me().accountId, bert.me().accountId];
  expect(heldBy(laptop, a)).toBe(heldBy(anna, a));
  const old = heldBy(anna, a);
  await anna.messenger.blockContact(b, true);
  const note = laptop.until('the note', () => laptop.texts(a).includes('behind the token'));
  await anna.say(await anna.messenger.openDirect(a), 'behind the token');
  await note;
  expect(heldBy(anna, a)).not.toBe(old);
  expect(heldBy(laptop, a)).toBe(heldBy(anna, a));
  await laptop.close();
});

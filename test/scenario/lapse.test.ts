import { expect, test } from 'vitest';
import { createMemoryDisk, openMemoryVault } from '../../client/adapters/memory-vault.ts';
import { DEVICE_RECORD_ROTATE_MS } from '../../crypto/index.ts';
import { ENVELOPE_KEEP_MS } from '../../server/protocol/limits.ts';
import { acquaint, createPerson, PASSPHRASE, type Person, peopleAt, settled } from '../support/engine-person.ts';
import { manualClock } from '../support/manual-clock.ts';
import { startRelay } from '../support/relay.ts';

const HOUR_MS = 3_600_000;

test('E19: what nobody fetched in thirty days is shown as not delivered, can be sent again, and arrives once', async () => {
  const relay = await startRelay();
  const clock = manualClock(Date.now());
  const disk = createMemoryDisk();
  try {
    const [anna, bert] = (await peopleAt(relay, ['anna', 'bert'], (name) =>
      name === 'bert' ? { origin: relay.origin, clock, storage: openMemoryVault(disk) } : { origin: relay.origin, clock },
    )) as [Person, Person];
    const [a, b] = [anna.me().accountId, bert.me().accountId];
    await acquaint(anna, bert);
    const rowOf = (text: string) => anna.rows(b).find(({ body }) => body.kind === 'text' && body.text === text);
    await anna.say(b, 'fetched');
    await bert.until('the first', () => bert.texts(a).includes('fetched'));
    clock.advance(10_000);
    await anna.until('delivered', () => rowOf('fetched')?.status === 'delivered');
    await bert.close();
    await anna.say(b, 'left lying');
    await anna.until('sent', () => rowOf('left lying')?.status === 'sent');

    clock.advance(ENVELOPE_KEEP_MS);
    await anna.messenger.sendText(a, 'a step of the engine', 'AAAAAAAAAAAAAAAAAAAAAA').catch(() => undefined);
    expect(rowOf('left lying')?.status).toBe('sent');
    clock.advance(3 * HOUR_MS);
    const lapsed = await anna.until('lapsed', () => rowOf('left lying')?.status === 'failed' && rowOf('left lying'));
    expect(lapsed?.failure).toBe('not-delivered');
    expect(rowOf('fetched')?.status).toBe('delivered');

    await anna.messenger.retry(b, lapsed?.id ?? '');
    await anna.until('under way again', () => rowOf('left lying')?.status === 'pending');
    // Bert answers to a record of Anna's that is fresh by this clock; a request is a turn of the event loop in which she publishes it.
    const isFresh = (): boolean => {
      const publication = anna.engine().core.read.get('publication', 'self');
      return publication?.published === true && clock.now() - publication.createdAt < DEVICE_RECORD_ROTATE_MS;
    };
    for (let turn = 0; turn < 2_000 && !isFresh(); turn++) {
      await fetch(`${relay.origin}/healthz`);
      // What an hour of upkeep did not get done comes again with the next.
      if (turn % 100 === 99) clock.advance(HOUR_MS);
    }
    expect(isFresh()).toBe(true);
    // Nobody writes to a device that was away for thirty days (D6) until it has published a fresh record.
    const back = createPerson({ origin: relay.origin, clock, storage: openMemoryVault(disk) });
    await settled(back);
    await back.messenger.unlock(PASSPHRASE);
    await back.until('online', () => back.isOnline());
    await back.say(a, 'here I am');
    await anna.until('a sign of life', () => anna.texts(b).includes('here I am'));
    clock.advance(HOUR_MS);
    await back.until('once', () => back.texts(a).includes('left lying'));
    clock.advance(10_000);
    await anna.until('delivered late', () => rowOf('left lying')?.status === 'delivered');
    expect(back.texts(a).filter((text) => text === 'left lying')).toHaveLength(1);
    await back.close();
    await anna.close();
  } finally {
    await relay.stop();
  }
});

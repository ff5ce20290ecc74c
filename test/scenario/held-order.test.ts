import { expect, test } from 'vitest';
import type { HeardFrame } from '../../client/ports/relay.ts';
import { envelopeKind, KIND } from '../../crypto/index.ts';
import { acquaint, type Person, peopleAt } from '../support/engine-person.ts';
import { createLyingRelay } from '../support/lying-relay.ts';
import { startRelay } from '../support/relay.ts';

type Delivered = HeardFrame & { type: 'deliver' };

test('E14: a message that waited for its sender key is shown before those that came after the key', async () => {
  const relay = await startRelay();
  const berts = createLyingRelay(relay.origin);
  const people = (await peopleAt(relay, ['anna', 'bert'], (name) => (name === 'bert' ? { relay: berts } : { origin: relay.origin }))) as [
    Person,
    Person,
  ];
  const [anna, bert] = people;
  try {
    await acquaint(anna, bert);
    const group = await anna.messenger.createGroup('Two', [bert.me().accountId]);
    await bert.until('the group', () => bert.conversation(group)?.members?.length === 2);

    // The first message overtakes the key, and the second stands in the mailbox right behind it.
    const frames: Delivered[] = [];
    berts.lies.frame = (frame) => {
      if (frame.type !== 'deliver') return [frame];
      frames.push(frame);
      const grouped = frames.filter(({ body }) => envelopeKind(body) === KIND.group);
      const [first, second] = grouped;
      if (!first || !second) return [];
      berts.lies = {};
      const order = [first, ...frames.filter((one) => !grouped.includes(one)), second];
      // The relay counts as it should; what stands under which number has changed.
      return order.map((one, index) => ({ ...one, sequence: (frames[index] as Delivered).sequence }));
    };
    await anna.say(group, 'one');
    await anna.say(group, 'two');
    await bert.until('both', () => bert.texts(group).length === 2);
    expect(frames.some(({ body }) => envelopeKind(body) !== KIND.group)).toBe(true);
    expect(bert.texts(group)).toEqual(['one', 'two']);
  } finally {
    for (const person of people) await person.close();
    await relay.stop();
  }
});

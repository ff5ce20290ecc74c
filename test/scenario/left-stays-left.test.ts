/** Who left a group, and knows the entry by which he left, must not be put back into it by an old log. */
import { expect, test } from 'vitest';
import { updateOf } from '../../client/messenger/groups/news.ts';
import { stateOf } from '../../client/messenger/groups/group-values.ts';
import { acquaint, type Person, peopleAt } from '../support/engine-person.ts';
import { createLyingRelay } from '../support/lying-relay.ts';
import { startRelay } from '../support/relay.ts';

test('G18: a relay and a member together cannot show him the log as it was before he left', async () => {
  const relay = await startRelay();
  const berts = createLyingRelay(relay.origin);
  const [anna, bert] = (await peopleAt(relay, ['anna', 'bert'], (name) =>
    name === 'bert' ? { relay: berts } : { origin: relay.origin },
  )) as [Person, Person];
  try {
    await acquaint(anna, bert);
    const b = bert.me().accountId;
    let log: unknown;
    berts.lies.answer = (route, answer) => {
      if (route === 'groups/read') log ??= answer;
      return answer;
    };
    const group = await anna.messenger.createGroup('Two', [b]);
    await bert.until('the group', () => bert.conversation(group)?.members?.length === 2);
    const record = anna.engine().core.read.get('groups', group);
    if (!record) throw new Error('no group');
    const old = updateOf(group, record, stateOf(record), true);
    await bert.messenger.leaveGroup(group);
    const standing = () => bert.engine().core.read.get('groups', group)?.standing;
    await bert.until('left', () => standing() === 'left');
    await anna.until('left', () => anna.conversation(group)?.members?.length === 1);
    const knew = stateOf(bert.engine().core.read.get('groups', group) as never).version;

    berts.lies.instead = (route) => (route === 'groups/read' ? log : undefined);
    await anna.engine().core.step((step) => anna.engine().outbox.add(step, { to: { accountId: b, only: null }, body: old }));
    anna.engine().outbox.kick();
    await anna.say(b, 'after');
    await bert.until('after', () => bert.texts(anna.me().accountId).includes('after'));
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    const now = bert.engine().core.read.get('groups', group);
    expect({ standing: now?.standing, version: stateOf(now as never).version }).toEqual({ standing: 'left', version: knew });
  } finally {
    await anna.close();
    await bert.close();
    await relay.stop();
  }
}, 60_000);

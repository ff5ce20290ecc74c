/** Threat model, "a malicious group member": he cannot stop others from removing him, and is named. */
import { expect, test } from 'vitest';
import { systemRandom } from '../../client/adapters/system-random.ts';
import { keysOf, stateOf } from '../../client/messenger/groups/group-values.ts';
import { createLogClient } from '../../client/messenger/groups/log-client.ts';
import { epochCommitment, fromBase64url, sealLogEntry, signGroupOperation } from '../../crypto/index.ts';
import { acquaint, type Person, peopleAt } from '../support/engine-person.ts';
import { startRelay } from '../support/relay.ts';

test('who opens an epoch and keeps its secret can still be removed', async () => {
  const relay = await startRelay();
  const people = (await peopleAt(relay, ['anna', 'bert', 'mallory'])) as [Person, Person, Person];
  const [anna, bert, mallory] = people;
  try {
    await acquaint(anna, bert);
    await acquaint(anna, mallory);
    const m = mallory.me().accountId;
    const group = await anna.messenger.createGroup('Three', [bert.me().accountId, m]);
    for (const person of [bert, mallory]) await person.until('the group', () => person.conversation(group)?.members?.length === 3);

    // Mallory, no admin, with a client of his own.
    const { core } = mallory.engine();
    const record = core.read.get('groups', group);
    if (!record) throw new Error('no group');
    const state = stateOf(record);
    const id = fromBase64url(group);
    const now = await keysOf(group, record.epochs[0] as never);
    const secret = systemRandom(32);
    const next = await keysOf(group, { epoch: 2, secret });
    const author = { accountId: m, identityPrivateKey: core.account().identity.privateKey };
    const operation = { type: 'rotate', commitment: epochCommitment(secret, id, 2) } as const;
    const entry = await signGroupOperation(author, id, state, operation, systemRandom);
    const slot = await sealLogEntry(next.log, id, 2, state.version, entry, now.log, systemRandom);
    await createLogClient(core).append(group, state.version, now, slot, next);

    const outcome = await anna.messenger.removeMember(group, m).then(
      () => 'removed',
      (error: { code?: string }) => `failed: ${error.code}`,
    );
    const named = anna.rows(group).some(({ body }) => body.kind === 'system' && JSON.stringify(body.event).includes('behind'));
    expect({ outcome, named }).toEqual({ outcome: 'removed', named: true });
  } finally {
    for (const person of people) await person.close();
    await relay.stop();
  }
}, 60_000);

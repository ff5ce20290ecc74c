/** What this device tells the others, pairwise, about an entry it made: where the log stands, and the secrets they need to read it. */
import { accountIdOf, type GroupState, toBase64url } from '../../../crypto/index.ts';
import type { ContentBody } from '../../content/body.ts';
import type { AccountId } from '../api.ts';
import { accountIn } from '../core.ts';
import type { Outbox } from '../outbox.ts';
import type { GroupRecord } from '../state.ts';
import type { Step } from '../step.ts';
import { secretOf } from './group-values.ts';
import { moveBody } from './moved.ts';
import type { Applied, Change } from './replay.ts';

type Update = ContentBody & { kind: 'group-update' };

export function updateOf(groupId: string, record: GroupRecord, state: GroupState, withSecret: boolean): Update {
  const secret = withSecret ? secretOf(record, state.epoch) : undefined;
  return {
    kind: 'group-update',
    version: 1,
    groupId,
    logVersion: state.version,
    logHead: toBase64url(state.headHash),
    epoch: state.epoch,
    ...(secret && { secret: toBase64url(secret), ...moveBody(record) }),
  };
}

function newcomers(applied: Applied): ReadonlySet<AccountId> {
  return new Set(applied.type === 'add' || applied.type === 'create' ? applied.members.map(({ genesis }) => accountIdOf(genesis)) : []);
}

function opensEpoch(applied: Applied): boolean {
  return applied.type === 'remove' || applied.type === 'rotate' || applied.type === 'create';
}

export async function tellNews(
  step: Step,
  outbox: Outbox,
  groupId: string,
  record: GroupRecord,
  { applied, state }: Change,
): Promise<void> {
  const me = accountIn(step).accountId;
  const fresh = newcomers(applied);
  // Oneself last: other own devices hear of it too.
  const members = [...[...state.members.keys()].filter((id) => id !== me), me];
  for (const accountId of members) {
    const body = updateOf(groupId, record, state, opensEpoch(applied) || fresh.has(accountId));
    await outbox.add(step, { to: { accountId, only: null }, body, bulk: true });
  }
  if (applied.type === 'remove') {
    const body = { kind: 'group-removed', version: 1, groupId } as const;
    await outbox.add(step, { to: { accountId: applied.accountId, only: null }, body });
  }
}

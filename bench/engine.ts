/**
 * How many messages a second two engines manage by themselves: stored, encrypted, sealed and committed on one side, opened, decrypted and
 * committed on the other, receipts included. Accounts are made at a real relay; then envelopes go from engine to engine in this process,
 * and vaults are in memory, so that neither network nor disk is measured.
 */
import { toBase64url } from '../crypto/index.ts';
import { acquaint, type Person, peopleAt } from '../test/support/engine-person.ts';
import { createLyingRelay, type LyingRelay } from '../test/support/lying-relay.ts';
import { startRelay } from '../test/support/relay.ts';
import type { Bench } from './report.ts';

const WARM_UP_MESSAGES = 50;
const MESSAGES = 500;

type Side = { person: Person; relay: LyingRelay };

/** From here on what one submits, the other is delivered, and the relay hears nothing of it. */
function join(sides: readonly Side[]): void {
  let sequence = 1_000_000;
  const byDevice = new Map(sides.map((side) => [`${side.person.me().accountId}.${side.person.me().deviceId}`, side.relay]));
  for (const { relay } of sides) {
    relay.lies.sent = (frame) => {
      if (frame.type === 'submit') {
        const { envelopeId, recipients, body, requestId } = frame;
        for (const { accountId, deviceId } of recipients) {
          const deliver = { envelopeId: new Uint8Array(envelopeId), body: new Uint8Array(body), sequence: ++sequence, storedAt: 0 };
          byDevice.get(`${accountId}.${deviceId}`)?.inject({ type: 'deliver', ...deliver });
        }
        queueMicrotask(() => relay.inject({ type: 'accepted', requestId }));
      }
      return false;
    };
  }
}

async function stream(from: Person, to: Person, fromView: string, toView: string, count: number, label: string): Promise<number> {
  const start = performance.now();
  for (let number = 0; number < count; number++) await from.say(fromView, `${label} ${number}`);
  let seen = 0;
  await to.until(`${label} ${count - 1}`, () => {
    seen = to.rows(toView).length;
    return to.rows(toView).at(-1)?.body.kind === 'text' && to.texts(toView).at(-1) === `${label} ${count - 1}`;
  });
  if (seen === 0) throw new Error('nothing came');
  return (count * 1_000) / (performance.now() - start);
}

export const engine: Bench = async (progress) => {
  const relay = await startRelay({ env: { SOTTOVOCE_RATE_FACTOR: '1000' } });
  try {
    const relays = new Map(['anna', 'bert'].map((name) => [name, createLyingRelay(relay.origin)]));
    const at = (name: string): LyingRelay => relays.get(name) as LyingRelay;
    const [anna, bert] = (await peopleAt(relay, ['anna', 'bert'], (name) => ({ relay: at(name) }))) as [Person, Person];
    await acquaint(anna, bert);
    const [a, b] = [anna.me().accountId, bert.me().accountId];
    const group = await anna.messenger.createGroup(toBase64url(new Uint8Array(6)), [b]);
    await bert.until('the group', () => bert.conversation(group)?.canSend);
    await anna.say(b, 'first');
    await bert.until('first', () => bert.texts(a).length === 1);
    await bert.say(a, 'second');
    await anna.until('second', () => anna.texts(b).length === 2);
    join([
      { person: anna, relay: at('anna') },
      { person: bert, relay: at('bert') },
    ]);
    await stream(anna, bert, b, a, WARM_UP_MESSAGES, 'warm');
    await stream(anna, bert, group, group, WARM_UP_MESSAGES, 'warm');
    progress(`${MESSAGES} one-to-one`);
    const pairwise = await stream(anna, bert, b, a, MESSAGES, 'pairwise');
    progress(`${MESSAGES} in a group`);
    const inGroup = await stream(anna, bert, group, group, MESSAGES, 'group');
    await anna.close();
    await bert.close();
    return [
      { name: 'engine_pairwise_per_s', value: pairwise, unit: '/s' },
      { name: 'engine_group_per_s', value: inGroup, unit: '/s' },
    ];
  } finally {
    await relay.stop();
  }
};

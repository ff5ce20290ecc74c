/**
 * One sender, three receivers who join at different times, and a network that does what it likes. A receiver opens exactly the messages
 * from the iteration he was given on, each once; nothing else.
 */
import {
  acceptDistribution,
  type Bytes,
  createSenderKey,
  fromUtf8,
  groupDecrypt,
  groupEncrypt,
  type RandomBytes,
  type SenderKey,
  type SenderKeyStates,
  senderKeyDistribution,
  utf8,
} from '../../../crypto/index.ts';
import { refusal } from '../../support/refusal.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { cryptoTarget, demand } from '../target.ts';
import { scheduleOf } from './schedule.ts';

const MAX_EVENTS = 120;

type Receiver = { states: SenderKeyStates; from: number; opened: Set<number> };

/** What this receiver is to answer. */
function expected(receiver: Receiver | undefined, iteration: number): 'opens' | 'duplicate' | 'nothing yet' {
  if (!receiver) return 'nothing yet';
  return iteration < receiver.from || receiver.opened.has(iteration) ? 'duplicate' : 'opens';
}

async function run(input: Bytes, random: RandomBytes): Promise<void> {
  const schedule = scheduleOf(input);
  const distributionId = random(16);
  let senderKey: SenderKey = await createSenderKey(distributionId, random);
  const messages: Bytes[] = [];
  const distributions: { at: number; bytes: Bytes }[] = [{ at: 0, bytes: senderKeyDistribution(senderKey) }];
  const receivers: (Receiver | undefined)[] = [undefined, undefined, undefined];

  async function deliver(who: number, iteration: number, change: number): Promise<void> {
    const receiver = receivers[who];
    const message = (messages[iteration] as Bytes).slice();
    if (!receiver) return;
    if (change > 0) {
      const at = change % message.length;
      message[at] = (message[at] as number) ^ (1 + (change % 255));
      demand((await refusal(() => groupDecrypt(receiver.states, message))) !== null, 'a forged message is opened');
      return;
    }
    const answer = expected(receiver, iteration);
    if (answer === 'duplicate') {
      demand((await refusal(() => groupDecrypt(receiver.states, message))) === 'duplicate', 'a message opens that must not');
      return;
    }
    const { states, plaintext } = await groupDecrypt(receiver.states, message);
    demand(fromUtf8(plaintext) === `message ${iteration}`, 'another text');
    receiver.states = states;
    receiver.opened.add(iteration);
  }

  for (let i = 0; i < MAX_EVENTS && !schedule.ended(); i++) {
    const kind = schedule.next(8);
    const who = schedule.next(3);
    if (kind < 3) {
      const sent = await groupEncrypt(senderKey, utf8(`message ${messages.length}`));
      messages.push(sent.message);
      senderKey = sent.senderKey;
    } else if (kind === 3) {
      distributions.push({ at: messages.length, bytes: senderKeyDistribution(senderKey) });
    } else if (kind === 4) {
      // Old ones come again too: they must neither rewind a chain nor open what was before.
      const given = distributions[schedule.next(distributions.length)] as (typeof distributions)[0];
      const states = acceptDistribution(receivers[who]?.states ?? null, given.bytes);
      receivers[who] = { from: given.at, opened: new Set(), ...receivers[who], states };
    } else if (messages.length > 0) {
      await deliver(who, schedule.next(messages.length), kind === 5 ? 1 + schedule.next(255) : 0);
    }
  }
  for (const who of receivers.keys()) for (const iteration of messages.keys()) await deliver(who, iteration, 0);
}

export const senderKeyModel = cryptoTarget(
  'a sender key and three receivers',
  'heavy',
  ['createSenderKey', 'groupEncrypt', 'groupDecrypt'],
  async (random) => ({
    samples: [60, 150, 300].map((length) => random(length)),
    feed: (input) => run(input, seededRandom('sender key model')),
  }),
);

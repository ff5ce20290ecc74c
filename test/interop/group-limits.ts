/** The edges of a sender key's receiver, the same for us and for Signal's library in every version. */
import { type Bytes, MAX_GROUP_JUMP, MAX_SENDER_KEY_STATES, MAX_SKIPPED_KEYS } from '../../crypto/index.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { distributionIdFrom, makeSender, receivers, type SenderName } from './groups.ts';
import type { Receiver, Verdict } from './peer.ts';
import { checkReceived } from './tally.ts';

// One version writes for all: every sender is read by every version elsewhere, and 25,000 messages take seconds.
const WRITERS: readonly SenderName[] = ['ours', '0.103.0'];

type Order = readonly (readonly [number, Verdict])[];

async function readAll(readers: readonly Receiver[], messages: ReadonlyMap<number, Bytes>, order: Order, where: string): Promise<void> {
  for (const [number, expected] of order) {
    for (const reader of readers) {
      const got = await reader.receive(messages.get(number) as Bytes);
      checkReceived(`${where}: ${reader.name} reads number ${number}`, got, expected, String(number));
    }
  }
}

/** 25,001 ahead is refused and 25,000 accepted; of what that skipped the last 2,000 are kept, and the oldest makes room for the next. */
async function jump(seed: number, writer: SenderName): Promise<void> {
  const random = seededRandom(`${seed}/group jump/${writer}`);
  const sender = await makeSender(writer, distributionIdFrom(random), random);
  const readers = receivers();
  const distribution = await sender.distribution();
  for (const reader of readers) await reader.accept(distribution);
  const oldest = MAX_GROUP_JUMP - MAX_SKIPPED_KEYS;
  const last = MAX_GROUP_JUMP + 2;
  const order: Order = [
    [MAX_GROUP_JUMP + 1, 'refused'],
    [MAX_GROUP_JUMP, 'accepted'],
    [oldest - 1, 'duplicate'],
    [oldest + 1, 'accepted'],
    [oldest + 1, 'duplicate'],
    // 1,999 are kept now, and this skips one more: nothing is dropped.
    [last, 'accepted'],
    [oldest, 'accepted'],
    [MAX_GROUP_JUMP + 1, 'accepted'],
    [MAX_GROUP_JUMP - 1, 'accepted'],
  ];
  const wanted = new Set(order.map(([number]) => number));
  const messages = new Map<number, Bytes>();
  for (let number = 0; number <= last; number++) {
    const message = await sender.send(String(number));
    if (wanted.has(number)) messages.set(number, message);
  }
  await readAll(readers, messages, order, `a jump by ${writer}`);
}

/** 2,001 skipped in a row: one more than is kept. */
async function skipped(seed: number, writer: SenderName): Promise<void> {
  const random = seededRandom(`${seed}/group skipped/${writer}`);
  const sender = await makeSender(writer, distributionIdFrom(random), random);
  const readers = receivers();
  const distribution = await sender.distribution();
  for (const reader of readers) await reader.accept(distribution);
  const messages = new Map<number, Bytes>();
  for (let number = 0; number <= MAX_SKIPPED_KEYS + 1; number++) messages.set(number, await sender.send(String(number)));
  const order: Order = [
    [1_000, 'accepted'],
    [MAX_SKIPPED_KEYS, 'accepted'],
    [0, 'accepted'],
    [1, 'accepted'],
    [MAX_SKIPPED_KEYS + 1, 'accepted'],
  ];
  await readAll(readers, messages, order, `2,000 skipped of ${writer}`);
  const late = receivers();
  for (const reader of late) await reader.accept(distribution);
  const over: Order = [
    [MAX_SKIPPED_KEYS + 1, 'accepted'],
    [0, 'duplicate'],
    [1, 'accepted'],
    [MAX_SKIPPED_KEYS, 'accepted'],
  ];
  await readAll(late, messages, over, `2,001 skipped of ${writer}`);
}

/** Of six chains under one distribution id the one distributed first goes; distributed again, a chain moves to the front. */
async function states(seed: number, writer: SenderName): Promise<void> {
  const random = seededRandom(`${seed}/group states/${writer}`);
  const sender = await makeSender(writer, distributionIdFrom(random), random);
  const readers = receivers();
  const distributions: Bytes[] = [];
  const messages = new Map<number, Bytes>();
  for (let chain = 0; chain <= MAX_SENDER_KEY_STATES + 1; chain++) {
    if (chain > 0) await sender.renew();
    distributions.push(await sender.distribution());
    // Numbers 0 … 6 are each chain's first message, 10 … 16 its second, 20 … 26 its third.
    for (const turn of [0, 10, 20]) messages.set(chain + turn, await sender.send(String(chain + turn)));
  }
  const where = `chains of ${writer}`;
  const hand = async (...chains: number[]): Promise<void> => {
    for (const chain of chains) for (const reader of readers) await reader.accept(distributions[chain] as Bytes);
  };
  await hand(0, 1, 2, 3, 4);
  await readAll(
    readers,
    messages,
    [
      [0, 'accepted'],
      [4, 'accepted'],
    ],
    where,
  );
  await hand(5);
  await readAll(
    readers,
    messages,
    [
      [10, 'refused'],
      [1, 'accepted'],
      [5, 'accepted'],
    ],
    where,
  );
  // Chain 1 to the front, so that 6 displaces 2; what was read of chain 1 stays read.
  await hand(1, 6);
  await readAll(
    readers,
    messages,
    [
      [1, 'duplicate'],
      [11, 'accepted'],
      [2, 'refused'],
      [3, 'accepted'],
      [6, 'accepted'],
    ],
    where,
  );
}

export async function groupLimits(seed: number): Promise<void> {
  for (const writer of WRITERS) {
    await jump(seed, writer);
    await skipped(seed, writer);
    await states(seed, writer);
  }
}

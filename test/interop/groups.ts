/** Sender keys: every sender, ours and Signal's in each version, is read by ours and by Signal's in every version, from the same bytes. */
import type { Bytes, RandomBytes } from '../../crypto/index.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { type GroupStep, groupSchedule, writtenOut } from './group-schedule.ts';
import { type Libsignal, loadLibsignal, VERSIONS, type Version } from './libsignal.ts';
import { ourReceiver, ourSender } from './our-peer.ts';
import type { Receiver, Sender } from './peer.ts';
import { signalReceiver, signalSender } from './signal-group.ts';
import { check, checkReceived, guarded } from './tally.ts';

export const libraries = new Map<Version, Libsignal>(VERSIONS.map((version) => [version, loadLibsignal(version)]));

export const receivers = (): Receiver[] => [ourReceiver(), ...[...libraries].map(([version, library]) => signalReceiver(library, version))];

export type SenderName = 'ours' | Version;
const SENDERS: readonly SenderName[] = ['ours', ...VERSIONS];

export function makeSender(name: SenderName, distributionId: Bytes, random: RandomBytes): Promise<Sender> {
  return name === 'ours' ? ourSender(distributionId, random) : signalSender(libraries.get(name) as Libsignal, distributionId);
}

/**
 * Ours are hashes, which Signal's core takes as they are; the JavaScript around it asks up to 0.83 for the bits of an RFC 9562 UUID.
 */
export function distributionIdFrom(random: RandomBytes): Bytes {
  const id = random(16);
  id[6] = ((id[6] as number) & 0x0f) | 0x40;
  id[8] = ((id[8] as number) & 0x3f) | 0x80;
  return id;
}

function flipped(message: Bytes, place: number): Bytes {
  const out = message.slice();
  const at = place % message.length;
  out[at] = (out[at] as number) ^ (1 << (place % 8));
  return out;
}

const textOf = (number: number): string => `message ${number} ${'ß'.repeat((number * 53) % 150)}`;

async function follow(steps: readonly GroupStep[], sender: Sender, readers: readonly Receiver[], where: string): Promise<void> {
  const items: Bytes[] = [];
  for (const [at, step] of steps.entries()) {
    if (step === 'renew') await sender.renew();
    else if (step === 'distribute') items.push(await sender.distribution());
    else if (step === 'send') items.push(await sender.send(textOf(items.length)));
    else {
      const item = items[step.deliver] as Bytes;
      const bytes = step.changed === undefined ? item : flipped(item, step.changed);
      for (const reader of readers) {
        const here = `${where}, step ${at}, ${reader.name} receives ${step.deliver}`;
        if (step.expected === 'distribution') await reader.accept(bytes);
        else if (!checkReceived(here, await reader.receive(bytes), step.expected, textOf(step.deliver))) return;
      }
    }
  }
}

/** Half of the schedules with us as the sender, the other half shared by the versions. */
export async function groupSchedules(seed: number, count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    const name = index % 2 === 0 ? 'ours' : (VERSIONS[(index >> 1) % VERSIONS.length] as Version);
    const steps = groupSchedule(`${seed}/group/${index}`);
    const random = seededRandom(`${seed}/group keys/${index}`);
    const where = `--seed ${seed}, group schedule ${index}, sender ${name}: ${writtenOut(steps)}\n       `;
    await guarded(where, async () => follow(steps, await makeSender(name, distributionIdFrom(random), random), receivers(), where));
  }
}

// Both values of the sign bit turn up in a half of all keys each.
const SEEDED_KEYS = 32;
const MESSAGES = 10;

/** A newcomer in the midst of it, and signing keys made from seeds: Signal's verification takes each, whichever sign bit it has. */
export async function groupCases(seed: number): Promise<void> {
  const random = seededRandom(`${seed}/group cases`);
  for (const name of SENDERS) {
    const sender = await makeSender(name, distributionIdFrom(random), random);
    const [early, late] = [receivers(), receivers()];
    const first = await sender.distribution();
    for (const reader of early) await reader.accept(first);
    const messages: Bytes[] = [];
    for (let number = 0; number < MESSAGES; number++) messages.push(await sender.send(textOf(number)));
    const second = await sender.distribution();
    for (const reader of late) await reader.accept(second);
    messages.push(await sender.send(textOf(MESSAGES)));
    for (const [number, message] of messages.entries()) {
      for (const reader of early) checkReceived(`${name} to ${reader.name}`, await reader.receive(message), 'accepted', textOf(number));
      const expected = number < MESSAGES ? 'duplicate' : 'accepted';
      for (const reader of late)
        checkReceived(`${name} to newcomer ${reader.name}`, await reader.receive(message), expected, textOf(number));
    }
  }
  const signBits = new Set<number>();
  for (let key = 0; key < SEEDED_KEYS; key++) {
    const sender = await ourSender(distributionIdFrom(random), random);
    const distribution = await sender.distribution();
    const message = await sender.send('seeded');
    signBits.add((message.at(-1) as number) & 0x80);
    for (const reader of receivers()) {
      await reader.accept(distribution);
      checkReceived(`seeded key ${key} to ${reader.name}`, await reader.receive(message), 'accepted', 'seeded');
    }
  }
  check(signBits.size === 2, () => `of ${SEEDED_KEYS} seeded signing keys all have one sign bit`);
  await distributionFields(random);
}

/** What Signal's parser reads in our distribution message. */
async function distributionFields(random: RandomBytes): Promise<void> {
  const id = distributionIdFrom(random);
  const sender = await ourSender(id, random);
  for (let sent = 0; sent < 300; sent++) await sender.send('');
  const bytes = await sender.distribution();
  const view = Buffer.from(bytes);
  const chainKey = view.subarray(-35 - 32, -35);
  for (const [version, { SenderKeyDistributionMessage }] of libraries) {
    const read = SenderKeyDistributionMessage.deserialize(view);
    const held =
      read.distributionId().replaceAll('-', '') === Buffer.from(id).toString('hex') &&
      read.iteration() === 300 &&
      Buffer.from(read.chainKey()).equals(chainKey) &&
      Buffer.from(read.serialize()).equals(view) &&
      read.chainId() < 2 ** 31;
    check(held, () => `${version} reads other fields in ${view.toString('hex')}`);
  }
}

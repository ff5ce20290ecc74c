/**
 * Two devices and a network that loses, doubles, delays, exchanges and rewrites what they send, while either may start anew. What arrives
 * as it was sent decrypts once; everything else is refused and leaves no trace.
 */
import { type Bytes, CryptoError, type RandomBytes } from '../../../crypto/index.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { makeParty, type Party, receive, refused, send, start } from '../../support/session-party.ts';
import { cryptoTarget, demand, same } from '../target.ts';
import { type Schedule, scheduleOf } from './schedule.ts';

const MAX_EVENTS = 80;
// Ten old chains and ten old sessions are kept: what is overtaken by fewer turns and starts than that must still be readable.
const SURELY_READABLE = 8;

type Flight = { from: 0 | 1; text: string; message: Bytes; sentAt: number };
type World = { parties: readonly [Party, Party]; waiting: Flight[]; past: Flight[]; turns: number; sent: number };

const other = (from: 0 | 1): 0 | 1 => (from === 0 ? 1 : 0);

async function sendSome(world: World, from: 0 | 1, restart: boolean): Promise<void> {
  const [sender, receiver] = [world.parties[from], world.parties[other(from)]];
  if (restart) world.turns++;
  if (restart || sender.sessions.size === 0) await start(sender, receiver);
  const text = `message ${world.sent++}`;
  world.waiting.push({ from, text, message: await send(sender, receiver, text), sentAt: world.turns });
}

async function deliver(world: World, flight: Flight): Promise<void> {
  const [sender, receiver] = [world.parties[flight.from], world.parties[other(flight.from)]];
  const old = world.turns - flight.sentAt > SURELY_READABLE;
  try {
    demand((await receive(receiver, sender, flight.message)) === flight.text, 'another text');
    world.past.push(flight);
  } catch (error) {
    if (!old || !(error instanceof CryptoError)) throw error;
  }
  world.turns++;
}

function rewritten(schedule: Schedule, message: Bytes, like: Bytes): Bytes {
  const out = message.slice();
  const at = schedule.next(256) % out.length;
  if (schedule.next(3) === 0) out.set(like.subarray(at, at + 1 + schedule.next(40)).subarray(0, out.length - at), at);
  else out[at] = (out[at] as number) ^ (1 + schedule.next(255));
  return out;
}

async function forge(world: World, schedule: Schedule, flight: Flight, like: Flight): Promise<void> {
  const [sender, receiver] = [world.parties[flight.from], world.parties[other(flight.from)]];
  const message = rewritten(schedule, flight.message, like.message);
  const genuine = [...world.waiting, ...world.past].some((one) => same(one.message, message));
  // Outside the MAC stand the registration id of a first message and the form of its fields; then it opens as what it is, and is not stored.
  const code = await refused(receiver, sender, message);
  demand(genuine || code !== null || message[0] === 1, 'a forged message is opened');
}

async function event(world: World, schedule: Schedule): Promise<void> {
  const kind = schedule.next(12);
  const from = schedule.next(2) as 0 | 1;
  if (kind < 4) return sendSome(world, from, false);
  if (kind === 4) return sendSome(world, from, true);
  const list = kind === 5 ? world.past : world.waiting;
  const flight = list[schedule.next(list.length)];
  if (!flight) return;
  const [sender, receiver] = [world.parties[flight.from], world.parties[other(flight.from)]];
  if (kind === 5) demand((await refused(receiver, sender, flight.message)) !== null, 'a message opens twice');
  else if (kind === 6) await forge(world, schedule, flight, list[schedule.next(list.length)] ?? flight);
  // Handed back to its own sender, as if the peer had written it.
  else if (kind === 7) demand((await refused(sender, receiver, flight.message)) !== null, 'a message opens at its sender');
  else {
    world.waiting = world.waiting.filter((one) => one !== flight);
    if (kind > 8) await deliver(world, flight);
  }
}

async function run(input: Bytes, random: RandomBytes): Promise<void> {
  const schedule = scheduleOf(input);
  const parties = [await makeParty(random, 0), await makeParty(random, 0)] as const;
  const world: World = { parties, waiting: [], past: [], turns: 0, sent: 0 };
  for (let i = 0; i < MAX_EVENTS && !schedule.ended(); i++) await event(world, schedule);
  for (const flight of world.waiting.slice()) await deliver(world, flight);
  for (const from of [0, 1, 0, 1] as const) {
    await sendSome(world, from, false);
    await deliver(world, world.waiting.pop() as Flight);
    for (const party of parties) for (const session of party.sessions.values()) demand(session.length < 200_000, 'a session that grows');
  }
}

export const sessionModel = cryptoTarget(
  'two devices and a hostile network',
  'heavy',
  ['startSession', 'encrypt', 'decrypt'],
  async (random) => ({
    samples: [48, 120, 240].map((length) => random(length)),
    feed: (input) => run(input, seededRandom('session model')),
  }),
);

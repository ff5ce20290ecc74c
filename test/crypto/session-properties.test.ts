import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { nodePrimitives } from '../../client/adapters/node-primitives.ts';
import { type Bytes, installPrimitives, MAX_ARCHIVED_SESSIONS } from '../../crypto/index.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { makeParty, openSession, type Party, receive, refused, send, start } from '../support/session-party.ts';

// fast-check prints the seed and the smallest schedule of a failure; `fc.assert(…, { seed, path })` runs it again.

beforeAll(() => installPrimitives(nodePrimitives));

type Flight = { from: 0 | 1; text: string; message: Bytes; delivered: boolean };

type Step =
  | { kind: 'send'; from: 0 | 1 }
  | { kind: 'deliver'; pick: number }
  | { kind: 'again'; pick: number }
  | { kind: 'lose'; pick: number }
  | { kind: 'tamper'; pick: number; at: number }
  | { kind: 'restart'; from: 0 | 1 };

const side = fc.constantFrom<0 | 1>(0, 1);
const pick = fc.nat(1_000);
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('send' as const), from: side }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('deliver' as const), pick }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('again' as const), pick }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('lose' as const), pick }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('tamper' as const), pick, at: pick }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const), from: side }) },
);

async function run(seed: string, schedule: readonly Step[]): Promise<void> {
  const random = seededRandom(seed);
  const parties = [await makeParty(random, 0), await makeParty(random, 0)] as const;
  const other = (from: 0 | 1): Party => parties[from === 0 ? 1 : 0];
  let waiting: Flight[] = [];
  const past: Flight[] = [];
  let restarts = 0;
  let sent = 0;

  async function deliver(flight: Flight): Promise<void> {
    expect(await receive(other(flight.from), parties[flight.from], flight.message)).toBe(flight.text);
    past.push(flight);
  }

  for (const event of schedule) {
    if (event.kind === 'send' || event.kind === 'restart') {
      const [from, to] = [parties[event.from], other(event.from)];
      const again = event.kind === 'restart' && restarts < MAX_ARCHIVED_SESSIONS - 2;
      if (again) restarts++;
      if (again || from.sessions.size === 0) await start(from, to);
      const text = `message ${sent++}`;
      waiting.push({ from: event.from, text, message: await send(from, to, text), delivered: false });
      continue;
    }
    const list = event.kind === 'again' ? past : waiting;
    const flight = list[event.pick % Math.max(1, list.length)];
    if (!flight) continue;
    if (event.kind === 'again') {
      expect(await refused(other(flight.from), parties[flight.from], flight.message)).toBe('duplicate');
    } else if (event.kind === 'tamper') {
      const changed = flight.message.slice();
      // The last 8 bytes are the MAC: changing them leaves everything else as the sender wrote it.
      const at = changed.length - 1 - (event.at % 8);
      changed[at] = (changed[at] as number) ^ 0x80;
      expect(await refused(other(flight.from), parties[flight.from], changed)).toBe('bad-mac');
    } else {
      waiting = waiting.filter((item) => item !== flight);
      if (event.kind === 'deliver') await deliver(flight);
    }
  }
  for (const flight of waiting) await deliver(flight);
  // Whatever happened, the two understand each other now, both ways, and hold little.
  for (const from of [0, 1, 0, 1] as const) {
    if (parties[from].sessions.size === 0) await start(parties[from], other(from));
    expect(await receive(other(from), parties[from], await send(parties[from], other(from), 'after all'))).toBe('after all');
    expect(openSession(other(from), parties[from]).length).toBeLessThan(40_000);
  }
}

// No more turns than old chains are kept, no more restarts than sessions: within the limits nothing is ever lost.
test('loss, reorder, duplication, forgery and simultaneous starts: what arrives decrypts once, what does not changes nothing', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ maxLength: 8 }), fc.array(step, { maxLength: 60, size: 'max' }), (seed, schedule) => run(seed, schedule)),
    { numRuns: 60 },
  );
});

test('any order of one burst decrypts', async () => {
  await fc.assert(
    fc.asyncProperty(fc.shuffledSubarray([...Array(25).keys()], { minLength: 1 }), async (order) => {
      const random = seededRandom(order.join());
      const [alice, bob] = [await makeParty(random, 0), await makeParty(random, 0)];
      await start(alice, bob);
      const messages: Bytes[] = [];
      for (let i = 0; i < 25; i++) messages.push(await send(alice, bob, `${i}`));
      for (const i of order) expect(await receive(bob, alice, messages[i] as Bytes)).toBe(`${i}`);
      for (const i of order) expect(await refused(bob, alice, messages[i] as Bytes)).toBe('duplicate');
    }),
    { numRuns: 15 },
  );
});

test('random bytes in place of a message never do anything but be refused', async () => {
  const random = seededRandom('random bytes');
  const [alice, bob] = [await makeParty(random, 0), await makeParty(random, 0)];
  await start(alice, bob);
  await receive(bob, alice, await send(alice, bob, 'hello'));
  const bytes = fc.uint8Array({ maxLength: 500 }).map((tail) => new Uint8Array(tail));
  const headed = fc
    .tuple(fc.constantFrom(1, 2), fc.constantFrom(0x33, 0x34), bytes)
    .map(([type, version, tail]) => new Uint8Array([type, version, ...tail]));
  await fc.assert(
    fc.asyncProperty(fc.oneof(bytes, headed), async (message) => {
      expect(['malformed', 'unsupported-version', 'bad-key']).toContain(await refused(bob, alice, message));
    }),
    { numRuns: 500 },
  );
});

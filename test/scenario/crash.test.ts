import { afterAll, beforeAll, expect, test } from 'vitest';
import { createMemoryDisk, type MemoryDisk } from '../../client/adapters/memory-vault.ts';
import { systemRandom } from '../../client/adapters/system-random.ts';
import { toBase64url } from '../../crypto/index.ts';
import { type CrashMoment, createMachine, type Machine } from '../support/crash.ts';
import { acquaint, createPerson, inviteOf, type Person, signUp, unlock } from '../support/engine-person.ts';
import { type RunningRelay, startRelay } from '../support/relay.ts';

type Name = 'anna' | 'bert';
type Side = { disk: MemoryDisk; machine: Machine; person: Person };

const NAMES: Name[] = ['anna', 'bert'];
// The round has fewer commits on either side; what comes after its end dies between two rounds.
const COMMITS = 14;

let relay: RunningRelay;
const sides = {} as Record<Name, Side>;
const ids = {} as Record<Name, string>;
let group: string;

function boot(disk: MemoryDisk): Side {
  const machine = createMachine(disk, relay.origin);
  return { disk, machine, person: createPerson({ storage: machine.storage, relay: machine.relay }) };
}

/** The same disk in a new process, when the old one is dead. */
async function revive(name: Name): Promise<void> {
  while (sides[name].machine.isDead()) {
    await sides[name].person.close();
    sides[name] = boot(sides[name].disk);
    await unlock(sides[name].person).catch((error: unknown) => {
      if (!sides[name].machine.isDead()) throw error;
    });
  }
}

beforeAll(async () => {
  relay = await startRelay();
  for (const name of NAMES) sides[name] = boot(createMemoryDisk());
  await signUp(sides.anna.person, 'anna', relay.firstInvite ?? '');
  await signUp(sides.bert.person, 'bert', inviteOf((await sides.anna.person.messenger.createInvite()).link));
  await acquaint(sides.anna.person, sides.bert.person);
  for (const name of NAMES) ids[name] = sides[name].person.me().accountId;
  group = await sides.anna.person.messenger.createGroup('Two', [ids.bert]);
  await sides.bert.person.until('the group', () => sides.bert.person.conversation(group));
});

afterAll(async () => {
  for (const name of NAMES) await sides[name]?.person.close();
  await relay?.stop();
});

const other = (name: Name): Name => (name === 'anna' ? 'bert' : 'anna');
const conversationOf = (name: Name, where: 'direct' | 'group'): string => (where === 'group' ? group : ids[other(name)]);

/** As a page does it: the row keeps its id, and is sent again until the engine has stored it. */
async function say(name: Name, where: 'direct' | 'group', text: string): Promise<void> {
  const id = toBase64url(systemRandom(16));
  for (;;) {
    await revive(name);
    const { person, machine } = sides[name];
    try {
      await person.messenger.sendText(conversationOf(name, where), text, id);
      return;
    } catch (error) {
      if (!machine.isDead()) throw error;
    }
  }
}

async function stored(name: Name, where: 'direct' | 'group'): Promise<{ texts: string[]; gaps: number }> {
  const { messages } = await sides[name].person.messenger.page(conversationOf(name, where), undefined, 200);
  const texts = messages.flatMap(({ body }) => (body.kind === 'text' ? [body.text] : []));
  const gaps = messages.filter(({ body }) => body.kind === 'system' && body.event.event === 'gap').length;
  return { texts, gaps };
}

/** Until everything said is in both vaults, through as many deaths as are coming; the other side needs a living one to hear from. */
async function complete(expected: readonly string[]): Promise<void> {
  for (;;) {
    for (const name of NAMES) await revive(name);
    const arrivals = NAMES.map(async (name) => {
      const { person } = sides[name];
      const before = [...(await stored(name, 'direct')).texts, ...(await stored(name, 'group')).texts];
      await person.until(`${name}: ${expected.join(', ')}`, () => {
        const here = new Set([...before, ...person.texts(conversationOf(name, 'direct')), ...person.texts(group)]);
        return isAnyoneDead() || expected.every((text) => here.has(text));
      });
    });
    const deaths = NAMES.map((name) => sides[name].machine.dead);
    const all = Promise.all(arrivals);
    // Those who wait for a dead one give up unheard.
    all.catch(() => undefined);
    await Promise.race([all, ...deaths]);
    if (!isAnyoneDead()) return;
  }
}

const isAnyoneDead = (): boolean => NAMES.some((name) => sides[name].machine.isDead());

async function round(victim: Name, n: number, moment: CrashMoment): Promise<void> {
  sides[victim].machine.arm(n, moment);
  const label = `${victim} ${n} ${moment}`;
  const expected: string[] = [];
  for (const where of ['direct', 'group'] as const) {
    for (const name of NAMES) {
      expected.push(`${name} ${where}, ${label}`);
      await say(name, where, `${name} ${where}, ${label}`);
    }
  }
  await complete(expected);
}

/** Each author's messages in the order written, once, on both sides, with nothing reported missing. */
async function requireSame(said: readonly string[]): Promise<void> {
  for (const name of NAMES) {
    await revive(name);
    for (const where of ['direct', 'group'] as const) {
      const { texts, gaps } = await stored(name, where);
      for (const author of NAMES) {
        const start = `${author} ${where}, `;
        expect(texts.filter((text) => text.startsWith(start))).toEqual(said.map((label) => `${start}${label}`));
      }
      expect(gaps).toBe(0);
    }
  }
}

const said: string[] = [];

for (const victim of NAMES) {
  test(`E1 crash-at-every-commit: ${victim} dies before and after each of ${COMMITS} commits; nothing is lost or shown twice`, {
    timeout: 240_000,
  }, async () => {
    for (const moment of ['before', 'after'] as const) {
      for (let n = 1; n <= COMMITS; n++) {
        await round(victim, n, moment);
        said.push(`${victim} ${n} ${moment}`);
        await requireSame(said);
      }
    }
  });
}

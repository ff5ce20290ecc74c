import { strict as assert } from 'node:assert';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chanceOf } from '../fuzz/chance.ts';
import { registerMany } from '../support/relay-device.ts';
import { startRelay } from '../support/relay.ts';
import { spoiltFrames } from './malformed-frames.ts';
import { spoiltBodies, spoiltBytes } from './malformed-requests.ts';
import { wellBehavedPair } from './pair.ts';
import { mebibytes, type Part, type Tools, until, WIDE_RATES } from './part.ts';
import { collected, collecting, connectionsFromElsewhere } from './process-figures.ts';

const AMOUNTS = { frames: 860_000, bodies: 110_000, bytes: 30_000 };
const LINES = { frames: 6, bodies: 4, bytes: 4 };
const PROGRESS_MS = 15_000;

// The first tenth warms everything up; what is in use after it may grow by so much until the end: what the relay remembers of a device
// for its rates and of an envelope for ten minutes, and the collector's mood.
const WARM_UP = 0.1;
const MARGIN_BYTES = 24 * 1_048_576;

/** A budget that several lines share. */
function budget(count: number): { take(some?: number): boolean; taken(): number } {
  let taken = 0;
  return {
    /** False when nothing is left. */
    take(some = 1) {
      if (taken >= count) return false;
      taken += some;
      return true;
    },
    taken: () => taken,
  };
}

/** A million frames, requests and connections that are wrong, while two who behave go on exchanging and lose nothing. */
async function run({ chance, progress, fault }: Tools): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'sottovoce-malformed-'));
  const file = join(folder, 'memory');
  const relay = await startRelay({ env: { ...WIDE_RATES, ...collecting(file) } });
  const { origin, pid, port } = relay;
  try {
    const lines = LINES.frames + LINES.bodies + LINES.bytes;
    const members = await registerMany(origin, relay.firstInvite ?? '', lines + 3);
    const [writer, reader, sink, ...attackers] = members;
    assert.ok(writer && reader && sink);
    const sinkDevice = sink.device;
    const pair = await wellBehavedPair(origin, writer, reader, () => Buffer.from(chance.bytes(16)).toString('hex'));
    const local = `http://127.0.0.1:${port}`;
    const seed = Buffer.from(chance.bytes(16)).toString('hex');

    async function attack(share: number, name: string): Promise<void> {
      const budgets = {
        frames: budget(AMOUNTS.frames * share),
        bodies: budget(AMOUNTS.bodies * share),
        bytes: budget(AMOUNTS.bytes * share),
      };
      const work = attackers.map(({ device }, line) => {
        // Each line has chance and an address of its own.
        const mine = {
          chance: chanceOf(`${seed}/${name}/${line}`),
          origin,
          local,
          port,
          source: `127.0.0.${10 + line}`,
          device,
          sink: sinkDevice,
        };
        if (line < LINES.frames) return spoiltFrames(mine, budgets.frames.take);
        if (line < LINES.frames + LINES.bodies) return spoiltBodies(mine, budgets.bodies.take);
        return spoiltBytes(mine, budgets.bytes.take);
      });
      const taken = (): number => budgets.frames.taken() + budgets.bodies.taken() + budgets.bytes.taken();
      const told = setInterval(() => progress(`${taken()} of the ${name}, ${pair.exchanged()} exchanged beside`), PROGRESS_MS);
      const before = pair.exchanged();
      await Promise.race([Promise.all(work), pair.broken]).finally(() => clearInterval(told));
      fault(taken());
      assert.ok(pair.exchanged() > before, 'the pair stood still');
    }

    await attack(WARM_UP, 'first tenth');
    const warm = await collected(pid, file);
    progress(`${mebibytes(warm.used)} in use, ${mebibytes(warm.resident)} resident after the first tenth`);
    await attack(1 - WARM_UP, 'rest');
    await until('the relay has let go of every connection', () => connectionsFromElsewhere(port) === 0, 30_000);
    const after = await collected(pid, file);
    progress(`${mebibytes(after.used)} in use, ${mebibytes(after.resident)} resident at the end`);
    assert.ok(after.used - warm.used <= MARGIN_BYTES, `${mebibytes(after.used - warm.used)} more in use`);
    await pair.end();
    progress(`${pair.exchanged()} exchanged by the pair, none lost`);
  } finally {
    await relay.stop();
    rmSync(folder, { recursive: true });
  }
}

export const malformed: Part = { name: 'malformed', run };

import { strict as assert } from 'node:assert';
import { mkdtempSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Chance } from '../fuzz/chance.ts';
import { addressOf, login, type RelayDevice, registerMany } from '../support/relay-device.ts';
import { connect, openSocket } from '../support/relay-socket.ts';
import { startRelay } from '../support/relay.ts';
import { bodyOf, idBytes } from './model.ts';
import { wellBehavedPair } from './pair.ts';
import { mebibytes, type Part, type Tools, until, WIDE_RATES } from './part.ts';
import { collected, collecting, openFiles } from './process-figures.ts';

const RECONNECTS = 10_000;
const WARM_UP = 1_000;
const AT_ONCE = 8;
const DEVICES = 40;

// What may stay of 9,000 reconnects beyond what the first thousand left: in use, once garbage was collected; and resident, where the
// allocator keeps pages that it has once had.
const MARGIN_BYTES = 8 * 1_048_576;
const RESIDENT_MARGIN_BYTES = 192 * 1_048_576;
const MAX_MOMENT_MS = 4;

type Account = { device: RelayDevice; token: string };

/** Up to some step on the way of a socket, and then gone: with FIN or RST, never with a close of WebSocket's. */
async function comeAndGo(chance: Chance, origin: string, account: Account, to: Account, source: string): Promise<void> {
  const step = chance.below(5);
  const socket = step === 0 ? await openSocket(origin, source) : await connect(origin, account.token, source);
  socket.listen((frame) => {
    if (frame.type === 'deliver' && chance.one(2)) socket.send({ type: 'ack', sequence: frame.sequence });
  });
  for (let i = step; i > 1; i--) {
    const id = Buffer.from(chance.bytes(16)).toString('hex');
    socket.send({ type: 'submit', requestId: i, envelopeId: idBytes(id), recipients: [addressOf(to.device)], body: bodyOf(id) });
  }
  if (chance.one(3)) await pause(chance.below(MAX_MOMENT_MS));
  // `ws` shows neither its stream nor every end of it.
  const { _socket: stream } = socket.raw as unknown as { _socket: Socket | null };
  if (!stream || stream.closed) return;
  const gone = new Promise((resolve) => stream.once('close', resolve));
  // Node cannot reset what it is ending already: the relay was faster.
  if (chance.one(2) && !stream.writableEnded) stream.resetAndDestroy();
  else stream.destroy();
  await gone;
}

const told = ({ used, resident }: { used: number; resident: number }): string =>
  `${mebibytes(used)} in use, ${mebibytes(resident)} resident`;

/** Thousands who come, say hello, send some envelopes and vanish without a word. */
async function run({ chance, progress, fault }: Tools): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'sottovoce-reconnects-'));
  const file = join(folder, 'memory');
  const relay = await startRelay({ env: { ...WIDE_RATES, ...collecting(file) } });
  const { origin, pid } = relay;
  try {
    const members = await registerMany(origin, relay.firstInvite ?? '', DEVICES + 2);
    const [writer, reader] = members.splice(0, 2);
    assert.ok(writer && reader);
    const pair = await wellBehavedPair(origin, writer, reader, () => Buffer.from(chance.bytes(16)).toString('hex'));
    const local = `http://127.0.0.1:${relay.port}`;
    const base = openFiles(pid);

    async function some(count: number): Promise<void> {
      let left = count;
      async function one(line: number): Promise<void> {
        // Its own devices: a newer socket of one replaces the older (R3), and that may be still on its way in.
        const mine = members.filter((_, index) => index % AT_ONCE === line);
        while (left > 0) {
          left -= 1;
          const account = chance.pick(mine);
          await comeAndGo(chance, local, account, chance.pick(members), `127.0.0.${2 + line}`);
          fault();
        }
      }
      await Promise.race([Promise.all(Array.from({ length: AT_ONCE }, (_, line) => one(line))), pair.broken]);
    }

    await some(WARM_UP);
    const after1000 = await collected(pid, file);
    progress(`${WARM_UP} reconnects, ${told(after1000)}`);
    for (let done = WARM_UP; done < RECONNECTS; done += WARM_UP) {
      // A token lives ten minutes.
      await some(WARM_UP);
      if (done % 3_000 === 0) progress(`${done + WARM_UP} reconnects, ${told(await collected(pid, file))}`);
    }
    await until('every file of a socket is closed', () => openFiles(pid) <= base, 10_000);
    const after = await collected(pid, file);
    progress(`${told(after)} after ${RECONNECTS}, ${openFiles(pid)} files open as before, ${pair.exchanged()} exchanged beside`);
    assert.ok(after.used - after1000.used <= MARGIN_BYTES, `${mebibytes(after.used - after1000.used)} more in use than after ${WARM_UP}`);
    assert.ok(
      after.resident - after1000.resident <= RESIDENT_MARGIN_BYTES,
      `${mebibytes(after.resident - after1000.resident)} more resident`,
    );
    await pair.end();

    // What the others left in their mailboxes is still there to be read.
    for (const { device } of members) {
      const socket = await connect(origin, await login(origin, device));
      for (let frame = await socket.next(); frame.type !== 'drained'; frame = await socket.next())
        if (frame.type === 'deliver') socket.send({ type: 'ack', sequence: frame.sequence });
      await socket.close();
    }
  } finally {
    await relay.stop();
    rmSync(folder, { recursive: true });
  }
}

export const reconnects: Part = { name: 'reconnects', run };

import { strict as assert } from 'node:assert';
import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { join } from 'node:path';
import { ERROR_CODES } from '../../server/protocol/errors.ts';
import { dumpDatabase } from '../support/dump-database.ts';
import { addressOf, granted, login, newRegistration, post, prekeys, registerMany } from '../support/relay-device.ts';
import { connect, type RelaySocket } from '../support/relay-socket.ts';
import { type RunningRelay, startRelay } from '../support/relay.ts';
import { bodyOf, idBytes } from './model.ts';
import { type Part, type Tools, WIDE_RATES } from './part.ts';
import { tryStart } from './try-start.ts';

const DISK_BYTES = 8 * 1_048_576;
const LEFT_BYTES = 400 * 1_024;
const OFFERED_WHILE_FULL = 200;

/** A way to run out of room: a folder for the data, the room taken and given back, and the end. */
type Means = { name: string; dataDir: string; take(relay: RunningRelay): void; give(relay: RunningRelay): void; end(): void };

function done(command: string, ...args: string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}

/** A file system of its own, for root. */
function smallDisk(): Means | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'sottovoce-disk-'));
  const filler = join(folder, 'filler');
  if (!done('mount', '-t', 'tmpfs', '-o', `size=${DISK_BYTES}`, 'tmpfs', folder)) {
    rmSync(folder, { recursive: true });
    return undefined;
  }
  function fill(): void {
    for (let size = 65_536; size >= 512; ) {
      try {
        appendFileSync(filler, new Uint8Array(size));
      } catch {
        size /= 2;
      }
    }
  }
  return {
    name: `a disk of ${DISK_BYTES} bytes`,
    dataDir: join(folder, 'data'),
    take() {
      fill();
      truncateSync(filler, statSync(filler).size - LEFT_BYTES);
    },
    give: () => rmSync(filler),
    end() {
      done('umount', '--lazy', folder);
      rmSync(folder, { recursive: true });
    },
  };
}

/** A bound on the size of the relay's files, for everybody. */
function smallFiles(): Means | undefined {
  if (!done('prlimit', '--version')) return undefined;
  const dataDir = mkdtempSync(join(tmpdir(), 'sottovoce-disk-'));
  return {
    name: 'files that may not grow',
    dataDir,
    take({ pid }) {
      const size = Math.max(...['relay.sqlite', 'relay.sqlite-wal'].map((name) => statSync(join(dataDir, name)).size));
      assert.ok(done('prlimit', '--pid', String(pid), `--fsize=${size + LEFT_BYTES}:`));
    },
    give: ({ pid }) => assert.ok(done('prlimit', '--pid', String(pid), '--fsize=unlimited:')),
    end: () => rmSync(dataDir, { recursive: true }),
  };
}

type Account = Awaited<ReturnType<typeof registerMany>>[number];

async function offer(socket: RelaySocket, id: string, to: Account): Promise<string> {
  socket.send({ type: 'submit', requestId: 1, envelopeId: idBytes(id), recipients: [addressOf(to.device)], body: bodyOf(id) });
  const answer = await socket.next();
  assert.ok(answer.type === 'accepted' || answer.type === 'refused');
  return answer.type === 'accepted' ? 'accepted' : answer.code;
}

/** Everything that waits, acknowledged as it comes when asked for. */
async function readAll(origin: string, { device }: Account, acknowledge: boolean, atMost: number): Promise<string[]> {
  const socket = await connect(origin, await login(origin, device));
  const ids: string[] = [];
  for (let frame = await socket.next(); frame.type === 'deliver'; frame = await socket.next()) {
    const id = Buffer.from(frame.envelopeId).toString('hex');
    assert.equal(Buffer.compare(frame.body, bodyOf(id)), 0);
    ids.push(id);
    if (acknowledge) socket.send({ type: 'ack', sequence: frame.sequence });
    if (ids.length === atMost) break;
  }
  await socket.close();
  return ids;
}

/** Everything else that writes: refused with a code of the table, and a retry that makes sense. */
async function refusedWithCodes(origin: string, invite: string, token: string): Promise<void> {
  const answers = [
    await post(origin, 'registration/create', newRegistration(origin, invite, 'late').body),
    await post(origin, 'invites/create', {}, token),
    await post(origin, 'prekeys/add', { oneTimePrekeys: prekeys(100, 100) }, token),
  ];
  for (const answer of answers) {
    if (answer.ok) continue;
    assert.ok(ERROR_CODES.some((code) => code === answer.refusal.code));
    assert.deepEqual([answer.refusal.status, answer.refusal.code], [503, 'unavailable']);
  }
  assert.ok(
    answers.some(({ ok }) => !ok),
    'nothing was refused on a full disk',
  );
  assert.deepEqual(await (await fetch(`${origin}/healthz`)).json(), { ok: true });
}

async function fillUp({ chance, progress, fault }: Tools, means: Means): Promise<void> {
  const relay = await startRelay({ dataDir: means.dataDir, env: WIDE_RATES });
  const { origin, pid } = relay;
  try {
    const [alice, bob] = await registerMany(origin, relay.firstInvite ?? '', 2);
    assert.ok(alice && bob);
    const { invite } = await granted(origin, 'invites/create', {}, alice.token);
    const writer = await connect(origin, alice.token);
    await writer.expect('drained');
    const accepted: string[] = [];
    async function offerNext(): Promise<string> {
      const id = Buffer.from(chance.bytes(16)).toString('hex');
      const answer = await offer(writer, id, bob as Account);
      if (answer === 'accepted') accepted.push(id);
      return answer;
    }

    for (let i = 0; i < 20; i++) assert.equal(await offerNext(), 'accepted');
    means.take(relay);
    let answer = await offerNext();
    for (let i = 0; i < 2_000 && answer === 'accepted'; i++) answer = await offerNext();
    assert.equal(answer, 'unavailable');
    fault();
    const acceptedBefore = accepted.length;
    for (let i = 0; i < OFFERED_WHILE_FULL; i++) assert.match(await offerNext(), /^(accepted|unavailable)$/);
    await refusedWithCodes(origin, invite, alice.token);
    // Reading goes on; that it was read cannot be written down now.
    assert.deepEqual(await readAll(origin, bob, true, 64), accepted.slice(0, 64));

    means.give(relay);
    // It looks every few seconds whether there is room again.
    answer = await offerNext();
    for (let i = 0; i < 300 && answer === 'unavailable'; i++) {
      await pause(100);
      answer = await offerNext();
    }
    for (let i = 0; i < 20; i++) assert.equal(await offerNext(), 'accepted');
    await granted(origin, 'registration/create', newRegistration(origin, invite, 'late').body);
    // What was acknowledged while it could not be written down comes again; an engine knows it.
    const read = await readAll(origin, bob, true, accepted.length);
    assert.deepEqual(read, accepted.slice(accepted.length - read.length));
    assert.ok(read.length >= accepted.length - 64);
    assert.equal(relay.pid, pid);
    await relay.kill('SIGTERM');
    const left = dumpDatabase(means.dataDir).filter(({ name, rows }) => ['waiting', 'bodies'].includes(name) && rows.length > 0);
    assert.deepEqual(left, []);
    progress(`${means.name}: ${acceptedBefore} accepted before it was full, ${accepted.length} in all, none lost`);
  } finally {
    await relay.kill('SIGKILL');
  }
}

/** A first start where nothing can be written is one sentence, and what it left behind does not stand in the way of the next. */
async function startOnFullDisk({ progress, fault }: Tools, means: Means): Promise<void> {
  const folder = join(means.dataDir, '..');
  rmSync(means.dataDir, { recursive: true, force: true });
  appendFileSync(join(folder, 'filler'), new Uint8Array(DISK_BYTES - 16_384));
  const started = await tryStart(means.dataDir);
  await started.relay?.kill('SIGKILL');
  assert.ok(started.sentence, 'the relay started on a full disk');
  fault();
  rmSync(join(folder, 'filler'));
  const again = await tryStart(means.dataDir);
  await again.relay?.kill('SIGTERM');
  progress(`a first start on a full disk: "${started.sentence}"; afterwards: ${again.sentence ?? 'starts'}`);
  assert.ok(again.relay);
}

/** No room to write: nothing that was accepted is lost, everything else is refused with a code, and with room again it goes on. */
async function run(tools: Tools): Promise<void> {
  const disk = smallDisk();
  const means = [disk, smallFiles()].filter((one) => one !== undefined);
  assert.ok(means.length > 0, 'neither mount nor prlimit is allowed here');
  for (const one of means) {
    try {
      await fillUp(tools, one);
      if (one === disk) await startOnFullDisk(tools, one);
    } finally {
      one.end();
    }
  }
}

export const diskFull: Part = { name: 'disk-full', run };

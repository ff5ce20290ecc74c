import { strict as assert } from 'node:assert';
import { DELIVERY_WINDOW_BYTES, MAX_ENVELOPE_BYTES } from '../../server/protocol/limits.ts';
import type { Recipient } from '../../server/protocol/frames.ts';
import { addressOf, registerMany } from '../support/relay-device.ts';
import { connect, type RelaySocket } from '../support/relay-socket.ts';
import { startRelay } from '../support/relay.ts';
import { bodyOf, idBytes } from './model.ts';
import { wellBehavedPair } from './pair.ts';
import { mebibytes, type Part, type Tools, until, WIDE_RATES } from './part.ts';
import { openFiles, residentBytes, watchMemory } from './process-figures.ts';

const SLOW = 1_000;
// A relay lets 500 sockets of one address in.
const SLOW_OF_ONE_ADDRESS = 400;
const AT_ONCE = 20;

// R9's window of what is delivered ahead, one envelope that was begun, and what Node holds for a socket and a frame.
const BOUND_BYTES = DELIVERY_WINDOW_BYTES + MAX_ENVELOPE_BYTES + 65_536;

// Twice the window.
const STUFFED = (2 * DELIVERY_WINDOW_BYTES) / MAX_ENVELOPE_BYTES;

const TRICKLE_EVERY_MS = 100;
const PACE_MS = 3_000;
// While somebody writes ten envelopes a second to all of the thousand, five times what R28 lets him, the others go on at a quarter of their pace or more.
const PACE_KEPT = 0.25;

// R3: asked every half minute, gone when a question stayed open until the next; and a little.
const GONE_WITHIN_MS = 75_000;

/** Writes the largest envelopes to all of them at once: one after the other, or ten a second. */
async function floodTo(origin: string, token: string, recipients: Recipient[], newId: () => string) {
  const socket = await connect(origin, token);
  await socket.expect('drained');
  const broken = Promise.withResolvers<never>();
  broken.promise.catch(() => undefined);
  let [accepted, full, pauseMs] = [0, 0, 0];
  let stopped = false;
  function submit(): void {
    if (stopped) return;
    const id = newId();
    const body = bodyOf(id, MAX_ENVELOPE_BYTES);
    socket.send({ type: 'submit', requestId: accepted, envelopeId: idBytes(id), recipients, body });
  }
  socket.listen((frame) => {
    if (frame.type === 'accepted') accepted += 1;
    else if (frame.type === 'refused' && frame.code === 'mailbox_full' && frame.accounts.length === recipients.length) full += 1;
    else broken.reject(new Error(`the flood met ${frame.type === 'refused' ? frame.code : frame.type}`));
    if (pauseMs > 0) setTimeout(submit, pauseMs);
    else submit();
  });
  submit();
  return {
    broken: broken.promise,
    accepted: () => accepted,
    full: () => full,
    until: (what: string, check: () => boolean) => until(what, check, 240_000),
    setPause(ms: number): void {
      pauseMs = ms;
    },
    stop(): void {
      stopped = true;
    },
  };
}

/** A thousand who connect and then read nothing, while others write to them as much as a mailbox holds. */
async function run({ chance, progress, fault }: Tools): Promise<void> {
  const relay = await startRelay({ env: WIDE_RATES });
  const { origin, pid } = relay;
  try {
    const members = await registerMany(origin, relay.firstInvite ?? '', SLOW + 3);
    const [flooder, writer, reader, ...slow] = members;
    assert.ok(flooder && writer && reader);
    const newId = () => Buffer.from(chance.bytes(16)).toString('hex');
    progress(`${members.length} devices signed up`);
    const pair = await wellBehavedPair(origin, writer, reader, newId);
    const paceBefore = await pair.pace(PACE_MS);
    const filesBefore = openFiles(pid);

    // From several addresses of this machine, as from several households.
    const local = `http://127.0.0.1:${relay.port}`;
    const sockets: RelaySocket[] = [];
    async function openSome(from: number): Promise<void> {
      for (let index = from; index < SLOW; index += AT_ONCE) {
        const { token } = slow[index] as { token: string };
        const socket = await connect(local, token, `127.0.0.${2 + Math.floor(index / SLOW_OF_ONE_ADDRESS)}`);
        socket.raw.pause();
        sockets.push(socket);
        fault();
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, (_, from) => openSome(from)));
    const before = residentBytes(pid);
    const memory = watchMemory(pid);

    const flood = await floodTo(
      origin,
      flooder.token,
      slow.map(({ device }) => addressOf(device)),
      newId,
    );
    const trouble = Promise.race([pair.broken, flood.broken]);
    await Promise.race([flood.until('every window is full', () => flood.accepted() >= STUFFED), trouble]);
    flood.setPause(TRICKLE_EVERY_MS);
    const paceBeside = await Promise.race([pair.pace(PACE_MS), trouble]);
    progress(`a pair exchanges ${Math.round(paceBefore)} a second before, ${Math.round(paceBeside)} beside ${SLOW} who do not read`);
    assert.ok(paceBeside >= paceBefore * PACE_KEPT);
    flood.setPause(0);
    await Promise.race([flood.until('every mailbox is full', () => flood.full() > 0), trouble]);
    flood.stop();
    const each = (memory() - before) / SLOW;
    progress(`${flood.accepted()} envelopes of 64 KiB in each mailbox, then mailbox_full; at most ${mebibytes(each)} a connection`);
    assert.ok(each <= BOUND_BYTES, `${mebibytes(each)} a connection, and the bound is ${mebibytes(BOUND_BYTES)}`);
    await until('those who do not read are cut off', () => openFiles(pid) <= filesBefore + 16, GONE_WITHIN_MS);
    for (const socket of sockets) socket.raw.terminate();
    await pair.end();
    progress(`cut off after their silence; ${mebibytes(residentBytes(pid) - before)} more than before`);
  } finally {
    await relay.kill('SIGKILL');
    await relay.stop();
  }
}

export const slowReaders: Part = { name: 'slow-readers', run };

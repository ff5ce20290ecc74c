import { strict as assert } from 'node:assert';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RATES } from '../../server/config/rates.ts';
import { toBase64url } from '../../server/protocol/bytes.ts';
import { ENVELOPE_KEEP_MS } from '../../server/protocol/limits.ts';
import { loginBytes } from '../../server/protocol/signed-requests.ts';
import { PROTOCOL_MAX } from '../../server/protocol/version.ts';
import { dumpDatabase } from '../support/dump-database.ts';
import { addressOf, granted, login, post, type RelayDevice, registerMany } from '../support/relay-device.ts';
import { connect, type RelaySocket } from '../support/relay-socket.ts';
import { type RunningRelay, startRelay } from '../support/relay.ts';
import { bodyOf, idBytes } from './model.ts';
import type { Part, Tools } from './part.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
// Where the relay's clock is set to, from the machine's: each from where the one before left it.
const SHIFTS_MS = [-DAY_MS, DAY_MS, 0, -HOUR_MS, 40 * DAY_MS, -400 * DAY_MS, 365 * DAY_MS, 0];

/** A clock is set when the relay tells it in its welcome. */
async function setClock(relay: RunningRelay, device: RelayDevice, file: string, shiftMs: number): Promise<void> {
  writeFileSync(file, String(shiftMs));
  process.kill(relay.pid, 'SIGUSR2');
  for (let told = Number.NaN; !(Math.abs(told - Date.now() - shiftMs) < HOUR_MS / 2); ) {
    const socket = await connect(relay.origin, await login(relay.origin, device));
    told = socket.welcome.time;
    await socket.close();
  }
}

async function loginWith(origin: string, { accountId, deviceId, signLogin }: RelayDevice, nonce: string): Promise<boolean> {
  const signature = toBase64url(signLogin(loginBytes({ protocol: PROTOCOL_MAX, origin, accountId, deviceId, nonce })));
  return (await post(origin, 'login', { accountId, deviceId, nonce, signature })).ok;
}

async function offer(socket: RelaySocket, id: string, to: RelayDevice): Promise<void> {
  socket.send({ type: 'submit', requestId: 1, envelopeId: idBytes(id), recipients: [addressOf(to)], body: bodyOf(id) });
  await socket.expect('accepted');
}

/** Looks up until it has to wait, and tells how long; 0 when so many look-ups were granted. */
async function exhaust(origin: string, token: string, atMost: number): Promise<number> {
  for (let asked = 0; asked < atMost; asked++) {
    const answer = await post(origin, 'accounts/find', { username: 'nobody' }, token);
    if (!answer.ok) return answer.refusal.retryAfterMs ?? 0;
  }
  return 0;
}

/** The relay's wall clock set back and ahead in the middle of service, by an hour to a year, at the rates of every day. */
async function run({ chance, progress, fault }: Tools): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'sottovoce-clock-'));
  const file = join(folder, 'shift');
  const preload = new URL('./shifted-clock.ts', import.meta.url).href;
  const relay = await startRelay({ env: { SOTTOVOCE_RATE_FACTOR: '1', NODE_OPTIONS: `--import ${preload}`, FAULTS_CLOCK_FILE: file } });
  const { origin } = relay;
  try {
    const [alice, bob, clock] = await registerMany(origin, relay.firstInvite ?? '', 3);
    assert.ok(alice && bob && clock);
    const reader = await connect(origin, bob.token);
    await reader.expect('drained');
    const writer = await connect(origin, alice.token);
    await writer.expect('drained');
    await granted(origin, 'invites/create', { days: 1 }, alice.token);
    await exhaust(origin, alice.token, RATES.accountFind.burst + 2);
    const newId = () => Buffer.from(chance.bytes(16)).toString('hex');
    const kept: string[] = [];
    let sequence = 0;

    for (const shiftMs of SHIFTS_MS) {
      const { accountId, deviceId } = bob.device;
      const challenge: { nonce: string } = await granted(origin, 'login/challenge', { accountId, deviceId });
      const fetched = newId();
      await offer(writer, fetched, bob.device);
      sequence = (await reader.expect('deliver')).sequence;
      reader.send({ type: 'ack', sequence });

      await setClock(relay, clock.device, file, shiftMs);
      fault();
      const where = `clock at ${shiftMs / HOUR_MS} h`;

      // R6: what was fetched a moment ago is still known, and not delivered again: the next delivery is the next envelope.
      await offer(writer, fetched, bob.device);
      const next = newId();
      await offer(writer, next, bob.device);
      const delivered = await reader.expect('deliver');
      assert.equal(Buffer.from(delivered.envelopeId).toString('hex'), next, where);
      assert.equal(delivered.sequence, sequence + 1, where);
      assert.equal(delivered.storedAt % HOUR_MS, 0, where);
      reader.send({ type: 'ack', sequence: delivered.sequence });

      // R16, R17: seconds have passed, whatever the clock says. A nonce of a moment ago serves, once; so do tokens of a moment ago.
      assert.equal(await loginWith(origin, bob.device, challenge.nonce), true, where);
      assert.equal(await loginWith(origin, bob.device, challenge.nonce), false, where);
      assert.equal((await granted(origin, 'invites/list', {}, alice.token)).invites.length, 1, `${where}: the invite is open`);

      // R28: an exhausted bucket is neither full nor empty for a day.
      const wait = await exhaust(origin, alice.token, 2);
      assert.ok(wait > 0 && wait <= 1_000 / RATES.accountFind.perSecond, `${where}: to wait ${wait} ms for a look-up`);

      // R13: to a device that is away.
      const id = newId();
      await offer(writer, id, clock.device);
      kept.push(id);
    }

    const earliestEnd = Date.now() + ENVELOPE_KEEP_MS;
    const hours = dumpDatabase(relay.dataDir).flatMap(({ rows }) => rows.map((row) => row['expires_hour'] ?? null));
    const ends = hours.filter((hour) => typeof hour === 'number');
    assert.ok(ends.filter((hour) => hour * HOUR_MS >= earliestEnd - HOUR_MS).length >= kept.length, 'an envelope would be dropped early');
    const away = await connect(origin, await login(origin, clock.device));
    for (const id of kept) assert.equal(Buffer.from((await away.expect('deliver')).envelopeId).toString('hex'), id);
    progress(`${SHIFTS_MS.length} settings of the clock, nobody locked out, nothing lost`);
  } finally {
    await relay.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

export const clockBack: Part = { name: 'clock-back', run };

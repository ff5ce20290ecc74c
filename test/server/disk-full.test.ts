import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { newRegistration, addressOf, granted, login, post, prekeys, type RelayDevice, registerMany } from '../support/relay-device.ts';
import { typeCommand } from '../support/command.ts';
import { localRelay } from '../support/relay-in-process.ts';
import { connect, type RelaySocket } from '../support/relay-socket.ts';
import { startRelay } from '../support/relay.ts';
import { SMALL_DISKS } from '../support/small-disk.ts';

const NO_ROOM = { type: 'refused', code: 'unavailable', retryAfterMs: 10_000, accounts: [] };

/** The id of what was submitted, and the answer. */
async function submit(socket: RelaySocket, to: RelayDevice, body = new Uint8Array(2_048)) {
  const envelopeId = new Uint8Array(randomBytes(16));
  socket.send({ type: 'submit', requestId: 7, envelopeId, recipients: [addressOf(to)], body });
  return { id: Buffer.from(envelopeId).toString('hex'), answer: await socket.next() };
}

async function statusOf(origin: string, path: string): Promise<number> {
  return (await fetch(`${origin}${path}`)).status;
}

/** The ids of all that waits, acknowledged. */
async function fetchAll(socket: RelaySocket): Promise<string[]> {
  const ids: string[] = [];
  for (let frame = await socket.next(); frame.type !== 'drained'; frame = await socket.next()) {
    if (frame.type !== 'deliver') continue;
    ids.push(Buffer.from(frame.envelopeId).toString('hex'));
    socket.send({ type: 'ack', sequence: frame.sequence });
  }
  return ids;
}

describe('a disk without room', () => {
  it('R38: below the reserve envelopes, accounts and group entries are refused, and what waits is fetched and acknowledged', async () => {
    let local = await localRelay({ members: 2 });
    const [alice, bob] = local.members.map(({ device }) => device) as [RelayDevice, RelayDevice];
    const before = await connect(local.origin, local.members[0]?.token ?? '');
    await before.expect('drained');
    const { id, answer } = await submit(before, bob);
    expect(answer.type).toBe('accepted');
    const { invite } = await granted(local.origin, 'invites/create', {}, local.members[0]?.token);

    local = await local.reopen({ config: { minFreeMib: 2 ** 40 } });
    try {
      const sender = await connect(local.origin, await login(local.origin, alice));
      await sender.expect('drained');
      expect((await submit(sender, bob)).answer).toMatchObject(NO_ROOM);
      const refusal = { status: 503, code: 'unavailable', retryAfterMs: 10_000 };
      const { body } = newRegistration(local.origin, invite, 'carla');
      expect(await post(local.origin, 'registration/create', body)).toEqual({ ok: false, refusal });

      const reader = await connect(local.origin, await login(local.origin, bob));
      expect(await fetchAll(reader)).toEqual([id]);
      reader.send({ type: 'ping', value: 1 });
      await reader.expect('pong');
      await local.settle();
      expect((await connect(local.origin, await login(local.origin, bob))).welcome).toMatchObject({ waiting: 0, acknowledged: 1 });
    } finally {
      await local.close();
    }
  });

  it.each(SMALL_DISKS)(
    'R38: full ($name): submits are told to wait, nothing accepted is lost, and it recovers by itself',
    async ({ open }) => {
      const disk = open();
      const relay = await startRelay({ dataDir: disk.dataDir, env: { SOTTOVOCE_MIN_FREE_MIB: '0' } });
      const linesWith = (sentence: RegExp) =>
        relay
          .said()
          .split('\n')
          .filter((line) => sentence.test(line)).length;
      try {
        const [alice, bob] = (await registerMany(relay.origin, relay.firstInvite ?? '', 2)) as [
          { device: RelayDevice; token: string },
          { device: RelayDevice; token: string },
        ];
        const sender = await connect(relay.origin, alice.token);
        await sender.expect('drained');
        const accepted: string[] = [];
        const offer = async (): Promise<boolean> => {
          const { id, answer } = await submit(sender, bob.device, new Uint8Array(randomBytes(32_768)));
          if (answer.type === 'accepted') accepted.push(id);
          else expect(answer).toMatchObject(NO_ROOM);
          return answer.type === 'accepted';
        };
        for (let i = 0; i < 20; i++) expect(await offer()).toBe(true);
        expect(await statusOf(relay.origin, '/readyz')).toBe(200);

        disk.full(relay.pid);
        const more = await post(relay.origin, 'prekeys/add', { oneTimePrekeys: prekeys(100, 50) }, bob.token);
        expect(more).toMatchObject({ ok: false, refusal: { status: 503, code: 'unavailable' } });
        while (await offer());
        for (let i = 0; i < 20; i++) expect(await offer()).toBe(false);
        const told = await typeCommand(['invite', 'create'], { dataDir: disk.dataDir });
        expect(told).toMatchObject({ code: 1, complained: expect.stringMatching(/ is full or fails[^\n]* Make room and try again\.\n$/) });
        expect(await statusOf(relay.origin, '/readyz')).toBe(503);
        expect(await statusOf(relay.origin, '/healthz')).toBe(200);

        disk.roomy(relay.pid);
        await relay.until(/the disk has room again/);
        expect(await statusOf(relay.origin, '/readyz')).toBe(200);
        expect(await offer()).toBe(true);
        expect([linesWith(/the disk has no room/), linesWith(/the disk has room again/), linesWith(/failed/)]).toEqual([1, 1, 0]);

        await relay.kill('SIGKILL');
        await relay.restart();
        const reader = await connect(relay.origin, await login(relay.origin, bob.device));
        expect(await fetchAll(reader)).toEqual(accepted);
      } finally {
        await relay.stop();
        disk.remove();
      }
    },
  );

  it.each(SMALL_DISKS.filter(({ name }) => name === 'tmpfs'))(
    'R31, R45: full ($name), commands and doctor of a stopped relay say so',
    async ({ open }) => {
      const disk = open();
      const relay = await startRelay({ dataDir: disk.dataDir, env: { SOTTOVOCE_MIN_FREE_MIB: '0' } });
      try {
        await relay.kill('SIGTERM');
        disk.full(0);
        for (const words of [['stats'], ['invite', 'create'], ['serve']]) {
          const told = await typeCommand(words, { dataDir: disk.dataDir, port: relay.port });
          expect([words, told.code, told.complained]).toEqual([
            words,
            1,
            expect.stringMatching(/ is full or fails \(SQLITE_\w+\)\. Make room[^\n]*\n$/),
          ]);
        }
        const { said } = await typeCommand(['doctor', '--json'], { dataDir: disk.dataDir, port: relay.port });
        expect(said).toMatch(/"database","verdict":"wrong","said":"The disk of \S+ is full or fails/);
      } finally {
        await relay.stop();
        disk.remove();
      }
    },
  );
});

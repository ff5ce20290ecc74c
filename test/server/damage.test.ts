import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { typeCommand } from '../support/command.ts';
import { addressOf, login, register, registerMany } from '../support/relay-device.ts';
import { connect } from '../support/relay-socket.ts';
import { startRelay } from '../support/relay.ts';

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'sottovoce-damage-'));
});
afterEach(() => rmSync(dataDir, { recursive: true }));

const file = (name: string): string => join(dataDir, name);
const noise = (name: string, length: number): void => writeFileSync(file(name), randomBytes(length));

describe('a data folder that was damaged', () => {
  it('R30: an envelope whose bytes the disk has changed is passed over; those before and behind it arrive', async () => {
    const relay = await startRelay({ dataDir });
    const [alice, bob] = await registerMany(relay.origin, relay.firstInvite ?? '', 2);
    if (!alice || !bob) throw new Error('members');
    const writer = await connect(relay.origin, alice.token);
    await writer.expect('drained');
    const bodies = [1, 2, 3].map(() => new Uint8Array(randomBytes(2_048)));
    for (const [requestId, body] of bodies.entries()) {
      const envelopeId = new Uint8Array(randomBytes(16));
      writer.send({ type: 'submit', requestId, envelopeId, recipients: [addressOf(bob.device)], body });
      await writer.expect('accepted');
    }
    await relay.kill('SIGTERM');
    const database = readFileSync(file('relay.sqlite'));
    const at = database.indexOf((bodies[1] as Uint8Array).subarray(0, 64)) + 7;
    database[at] = (database[at] ?? 0) ^ 1;
    writeFileSync(file('relay.sqlite'), database);
    await relay.restart();
    try {
      const reader = await connect(relay.origin, await login(relay.origin, bob.device));
      expect((await reader.expect('deliver')).body).toEqual(bodies[0]);
      expect((await reader.expect('deliver')).body).toEqual(bodies[2]);
      reader.send({ type: 'ack', sequence: (await reader.expect('drained')).sequence });
      await reader.close();
      const again = await connect(relay.origin, await login(relay.origin, bob.device));
      expect(again.welcome.waiting).toBe(0);
    } finally {
      await relay.stop();
    }
  });

  it.each<[string, RegExp, () => void]>([
    ['a database of noise', /relay\.sqlite is damaged\. Put back a backup/, () => noise('relay.sqlite', 50_000)],
    ['half a database', /relay\.sqlite is damaged\. Put back a backup/, () => truncateSync(file('relay.sqlite'), 20_000)],
    ['an empty database', /relay\.sqlite is empty\. Put back a backup/, () => truncateSync(file('relay.sqlite'))],
    ['a key of noise', /relay\.key does not hold the relay's key\. Put it back/, () => noise('relay.key', 119)],
    ['an empty key', /relay\.key does not hold the relay's key\. Put it back/, () => truncateSync(file('relay.key'))],
    [
      'a database that is gone while its key is there',
      /relay\.sqlite is missing.* delete .*relay\.key too/,
      () => rmSync(file('relay.sqlite')),
    ],
    ['a lock of noise', /relay\.lock is damaged\. .* delete it/, () => noise('relay.lock', 8_192)],
  ])('R30: %s is one sentence that says what to do', async (_, sentence, damage) => {
    const relay = await startRelay({ dataDir });
    await relay.kill('SIGTERM');
    damage();
    const said = await relay.restart().then(
      () => 'it started',
      (error: Error) => error.message,
    );
    await relay.stop();
    expect(said).toMatch(/^the relay ended with 1: [^\n]+\.\n$/);
    expect(said).toMatch(sentence);
  });

  it('R30, R45: a key that is gone is not made anew while people know the relay by it', async () => {
    const relay = await startRelay({ dataDir });
    await register(relay.origin, relay.firstInvite ?? '', 'anna');
    await relay.kill('SIGTERM');
    rmSync(file('relay.key'));
    await expect(relay.restart()).rejects.toThrow(/ended with 1: [^\n]*relay\.key is missing\. Put it back from a backup: [^\n]*\n$/);
    const told = await typeCommand(['invite', 'create'], { dataDir });
    expect([told.code, told.complained]).toEqual([1, expect.stringContaining('relay.key is missing')]);
    expect((await typeCommand(['doctor'], { dataDir, port: relay.port })).said).toMatch(/^WRONG +key .*relay\.key is missing/m);
    expect(existsSync(file('relay.key'))).toBe(false);
    await relay.stop();
  });

  it('R45: doctor says that a key of rubbish is none, and that a database is gone', async () => {
    const relay = await startRelay({ dataDir });
    await relay.kill('SIGTERM');
    noise('relay.key', 119);
    const ask = async () => (await typeCommand(['doctor'], { dataDir, port: relay.port })).said;
    expect(await ask()).toMatch(/^WRONG +key /m);
    rmSync(file('relay.sqlite'));
    const gone = await ask();
    expect(gone).toMatch(/^WRONG +key .*relay\.sqlite is missing/m);
    expect(gone).not.toContain('There is no database');
    await relay.stop();
  });

  it('R26, R30: a first start that ended before the key was made is begun once more', async () => {
    const relay = await startRelay({ dataDir });
    await relay.kill('SIGKILL');
    const before = relay.firstInvite;
    rmSync(file('relay.key'));
    await relay.restart();
    expect(relay.firstInvite).not.toBe(before);
    await register(relay.origin, relay.firstInvite ?? '', 'anna');
    await relay.stop();
  });

  it('R26, R30: a first start makes the database before the key, so that a key alone is never what a crash left', async () => {
    noise('relay.lock', 8_192);
    await expect(startRelay({ dataDir })).rejects.toThrow(/relay\.lock is damaged/);
    expect(existsSync(file('relay.key'))).toBe(false);
    rmSync(file('relay.lock'));
    const relay = await startRelay({ dataDir });
    await relay.stop();
  });
});

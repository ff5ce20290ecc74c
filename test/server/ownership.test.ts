import { chmodSync, chownSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { whyNotStarted } from '../../server/cli/why-not-started.ts';
import { foreignFile } from '../../server/store/ownership.ts';
import { answerOf, PLAIN, typeCommand } from '../support/command.ts';
import { startRelay } from '../support/relay.ts';

/** Somebody else, where this user may make files theirs. */
const OTHERS = process.getuid?.() === 0 ? [65_534] : [];

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'sottovoce-owner-'));
});
afterEach(() => rmSync(dataDir, { recursive: true }));

describe('whose the files in the data folder are', () => {
  it("R30: a folder whose files are all its owner's is nothing to speak of", () => {
    writeFileSync(join(dataDir, 'relay.lock'), '');
    expect(foreignFile(dataDir)).toBeUndefined();
  });

  it.each(OTHERS)("R40: whatever root makes in a folder of user %i is that user's, by a relay and by commands", async (uid) => {
    chownSync(dataDir, uid, uid);
    const relay = await startRelay({ dataDir });
    const foreign = () => readdirSync(dataDir).filter((name) => statSync(join(dataDir, name)).uid !== uid);
    expect(readdirSync(dataDir)).toEqual(expect.arrayContaining(['relay.hour', 'relay.key', 'relay.lock', 'relay.sock', 'relay.sqlite']));
    expect(foreign()).toEqual([]);
    await relay.kill('SIGTERM');
    rmSync(join(dataDir, 'relay.lock'));
    await answerOf(['stats'], { dataDir });
    await typeCommand(['doctor'], { dataDir, port: relay.port });
    expect(readdirSync(dataDir)).toContain('relay.lock');
    expect(foreign()).toEqual([]);
    await relay.stop();
  });

  it('R31, R45: what this user may not read is not called missing', async () => {
    const relay = await startRelay({ dataDir });
    chmodSync(dataDir, 0);
    const ask = (...args: string[]) => typeCommand(args, { dataDir, by: PLAIN, port: relay.port });
    const [doctor, ...others] = await Promise.all([ask('doctor', '--json'), ask('stats'), ask('migrate', '--check')]);
    chmodSync(dataDir, 0o700);
    await relay.stop();
    const { findings } = JSON.parse(doctor.said) as { findings: { about: string; verdict: string; said: string }[] };
    const told = (about: string) => findings.filter((one) => one.about === about).map(({ verdict, said }) => `${verdict}: ${said}`);
    expect(told('key')).toEqual([expect.stringMatching(/^wrong: This user may not read \S+relay\.key\.$/)]);
    expect(told('database')).toEqual([expect.stringMatching(/^wrong: This user may not read \S+relay\.sqlite\.$/)]);
    expect(told('relay')).toEqual([expect.stringMatching(/^warning: This user may not use \S+relay\.sock,/)]);
    expect(told('port')).toEqual([expect.stringMatching(/^warning: .* whether it is this one is not known/)]);
    for (const { code, complained } of others)
      expect([code, complained]).toEqual([1, expect.stringMatching(/^[^\n]*Run this as the user the relay runs as\.\n$/)]);
  });

  it.each(OTHERS)('R30, R45: a file of user %i among the others is named, with what to do', async (uid) => {
    writeFileSync(join(dataDir, 'relay.lock'), '');
    chownSync(join(dataDir, 'relay.lock'), uid, uid);
    for (const code of ['EACCES', 'SQLITE_CANTOPEN', 'SQLITE_READONLY']) {
      const said = whyNotStarted(Object.assign(new Error(), { code }), dataDir);
      expect(said).toMatch(/relay\.lock does not belong to the owner of its folder\. As root: chown -R \d+:\d+ \S+\.$/);
    }
    const told = await typeCommand(['doctor'], { dataDir, env: { SOTTOVOCE_PORT: '0' } });
    expect(told.said).toMatch(/^WRONG +data folder .*relay\.lock does not belong/m);
  });
});

import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { restoreBackup } from '../../server/admin/backup/restore.ts';
import { sottovoce } from '../../server/cli/sottovoce.ts';
import { answerOf, PLAIN, type Told, typeCommand } from '../support/command.ts';
import { register } from '../support/relay-device.ts';
import { startRelay } from '../support/relay.ts';

let folder: string;
let dataDir: string;
let made: string;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sottovoce-backup-words-'));
  dataDir = join(folder, 'data');
  const relay = await startRelay({ dataDir });
  await register(relay.origin, relay.firstInvite ?? '', 'anna');
  await relay.stop();
  made = String((await answerOf(['backup', join(folder, 'backups')], { dataDir }))['folder']);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** In this process, where somebody looks; `seen` hears each time that something is drawn. */
async function watch(args: readonly string[], seen: () => void = () => undefined): Promise<Told> {
  let [said, complained] = ['', ''];
  const code = await sottovoce(args, {
    env: { SOTTOVOCE_DATA: dataDir },
    watched: true,
    ask: undefined,
    out(text) {
      said += text;
    },
    err(text) {
      complained += text;
      seen();
    },
  });
  return { code, said, complained };
}

const dataNow = (): Buffer[] => ['relay.sqlite', 'relay.key'].map((name) => readFileSync(join(dataDir, name)));

describe('long work', () => {
  const each = () => [['backup', join(folder, 'more')], ['verify', made], ['verify'], ['restore', made]];

  it('R31: draws how far it is on standard error, to its end, and wipes that away', async () => {
    for (const args of each()) {
      const { code, said, complained } = await watch(args);
      expect([args, code]).toEqual([args, 0]);
      expect(complained).toMatch(/^(?:\r[A-Z][a-z]+ \[#*\.*\] \d+ %)*\r[A-Z][a-z]+ \[#{30}\] 100 %\r +\r$/);
      expect(said).not.toContain('\r');
    }
  });

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'R31, R48, R49: told to end by %s it says what is so, as JSON too, and leaves nothing behind',
    async (signal) => {
      const before = dataNow();
      for (const args of each()) {
        const { code, complained } = await watch(args, () => process.emit(signal));
        expect([args, code]).toEqual([args, 1]);
        expect(complained.split('\r').at(-1)).toMatch(/^It was interrupted\. [A-Z][^\n]*\.\n$/);
        const told = await watch([...args, '--json'], () => process.emit(signal));
        expect(told.code).toBe(1);
        expect(JSON.parse(told.said)).toEqual({ error: expect.stringMatching(/^It was interrupted\. /) });
      }
      expect(dataNow()).toEqual(before);
      expect(readdirSync(dataDir)).not.toContain('restoring');
      expect(readdirSync(join(folder, 'more'))).toEqual([]);
      expect(process.listenerCount(signal)).toBe(0);
    },
  );

  it('R49: wherever a restore may be told to end, the data is as it was', async () => {
    const before = dataNow();
    const ending = (at: number) => {
      let asked = 0;
      return restoreBackup(dataDir, made, Date.now(), {
        progress: () => undefined,
        goOn() {
          asked += 1;
          if (asked > at) throw new Error('enough');
        },
      }).then(
        () => false,
        () => true,
      );
    };
    let at = 0;
    for (; await ending(at); at++) {
      expect(dataNow()).toEqual(before);
      expect(readdirSync(dataDir).filter((name) => /restor/.test(name))).toEqual([]);
    }
    expect(at).toBeGreaterThan(5);
    expect(readdirSync(dataDir).filter((name) => name.startsWith('before-restore-'))).toHaveLength(1);
  });
});

describe('backups in words', () => {
  it('R48: a manifest that counts wrongly is told, and not restored', async () => {
    const path = join(made, 'manifest.json');
    writeFileSync(path, readFileSync(path, 'utf8').replace('"accounts": 1', '"accounts": 300'));
    const sentence = 'manifest.json tells of 300 accounts, and relay.sqlite has 1.';
    expect(await answerOf(['verify', made], { dataDir }, 1)).toEqual({ ok: false, kind: 'backup', wrong: [sentence] });
    expect((await typeCommand(['restore', made], { dataDir })).complained).toContain(sentence);
  });

  it('R31: who names the folder of all backups is told the newest in it', async () => {
    const all = join(folder, 'backups');
    for (const [command, what] of [
      ['verify', 'neither a backup nor a data folder'],
      ['restore', 'no backup'],
    ] as const) {
      const { code, complained } = await typeCommand([command, all], { dataDir });
      expect([code, complained.endsWith(`${all} is ${what}. The newest backup in it is ${made}.\n`)]).toEqual([1, true]);
    }
  });

  it('R49: a restore ends with the next step', async () => {
    expect((await typeCommand(['restore', made], { dataDir })).said).toMatch(/\nNow start the relay\.\n$/);
  });

  it('R31: an argument that is empty, as of a variable that is not set, is no folder', async () => {
    for (const args of [
      ['backup', ''],
      ['verify', ''],
      ['restore', ''],
    ]) {
      const { code, complained } = await typeCommand(args, { dataDir });
      expect([code, complained]).toEqual([2, expect.stringMatching(/^[A-Z]+ is empty, as of a variable that is not set\. [^\n]*\n$/)]);
    }
  });

  it('R31: a database that is damaged is told in a sentence, and what to do', async () => {
    writeFileSync(join(dataDir, 'relay.sqlite'), 'no database'.repeat(1_000));
    for (const args of [['backup', join(folder, 'more')], ['migrate'], ['log']]) {
      const { code, complained } = await typeCommand(args, { dataDir });
      expect([code, complained]).toEqual([1, expect.stringMatching(/^[^\n]*is damaged\. [^\n]*\n$/)]);
      expect(complained).not.toMatch(/malformed|not a database|SQLITE/);
    }
  });

  it('R31: what this user may not read is not said to be missing', async () => {
    const locked = [dataDir, made];
    for (const path of locked) chmodSync(path, 0o000);
    for (const args of [['verify'], ['verify', made], ['restore', made], ['backup', join(folder, 'more')], ['log'], ['migrate']]) {
      const { code, complained } = await typeCommand(args, { dataDir, by: PLAIN });
      expect([args, code]).toEqual([args, 1]);
      expect(complained).toMatch(/^(?:This user may not read [^\n]*|[^\n]* belongs to another user)\. Run this as the user [^\n]*\n$/);
    }
    for (const path of locked) chmodSync(path, 0o700);
    expect(existsSync(join(folder, 'more'))).toBe(false);
  });
});

describe('questions', () => {
  it('R31: whom it would be about is looked for before anything is asked', async () => {
    for (const [args, sentence] of [
      [['account', 'delete', 'nobody'], 'There is no such account.'],
      [['device', 'revoke', 'nobody', '12'], 'There is no such account.'],
      [['device', 'revoke', 'anna', '12'], 'The account has no such device.'],
      [['account', 'delete', 'anna'], 'This cannot be undone.'],
    ] as const) {
      expect((await typeCommand(args, { dataDir })).complained).toContain(sentence);
    }
  });
});

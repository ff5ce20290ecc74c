import { join, resolve } from 'node:path';
import { MANIFEST_FILE } from '../../admin/backup/manifest.ts';
import { backupsIn, makeBackup } from '../../admin/backup/make.ts';
import { restoreBackup } from '../../admin/backup/restore.ts';
import { verifyFolder } from '../../admin/backup/verify.ts';
import { readConfigFrom } from '../../config/config.ts';
import { systemClock } from '../../ports.ts';
import { DATABASE_FILE, DataFolderTaken } from '../../store/data-folder.ts';
import { numberOption } from '../arguments.ts';
import { type Command, CommandMistake } from '../command.ts';
import { longWork } from '../long-work.ts';
import { holds, requireData } from '../reach.ts';
import { sentenceOfCode } from '../sentence-of.ts';
import { bytes, columns } from '../show.ts';

// Records are believed for thirty days, and private halves deleted soon after.
const OLD_MS = 30 * 24 * 3_600_000;

function whyNoBackup(error: unknown): CommandMistake {
  if (error instanceof CommandMistake) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const told = error instanceof Error ? error.message : String(error);
  if (code === 'ENOSPC' || code === 'SQLITE_FULL')
    return new CommandMistake('There was no room for the backup, and nothing of it was left behind.');
  if (code === 'EFBIG' || code.startsWith('SQLITE_IOERR'))
    return new CommandMistake(`The disk did not take the backup, and nothing of it was left behind (${code}).`);
  if (code === 'EEXIST' && told.startsWith('EEXIST')) return new CommandMistake('Another backup is being made there.');
  return new CommandMistake(sentenceOfCode(error) ?? `There is no backup: ${told}`);
}

/** Somebody who names the folder of all backups means one of them. */
function newestIn(folder: string): string {
  try {
    const [newest] = backupsIn(folder);
    return newest === undefined ? '' : ` The newest backup in it is ${join(folder, newest)}.`;
  } catch {
    return '';
  }
}

const backup: Command = {
  name: 'backup',
  summary: 'Copy everything into a new folder, while the relay runs.',
  about:
    'Makes DIR/sottovoce-<date>Z with the database as it stands at one moment, the key of the relay and a manifest with the SHA-256 of each. It holds nothing that could be read as a message, but usernames, public keys and ciphertext that waits, and the key that vouches for names: keep it as safe as the relay. The folder gets its name when it is whole, and "sottovoce verify" says whether it still is. What a killed one leaves behind, a hidden folder that ends in .part, goes with the first backup a day later.',
  positionals: ['DIR'],
  options: { keep: { type: 'string', value: 'N', about: 'Then remove all but the newest N backups in DIR.' } },
  examples: ['sottovoce backup /var/backups/sottovoce --keep 14'],
  async run(input) {
    const keep = input.values['keep'] === undefined ? undefined : numberOption(input, 'keep', 1, 10_000, 1);
    const { config } = readConfigFrom(input.env, input.config);
    requireData(config.dataDir);
    const words = { doing: 'Copying', interrupted: 'There is no backup, and nothing of it was left behind.' };
    const into = resolve(input.positionals[0] ?? '');
    const wishes = { now: systemClock.now(), keep };
    const made = await longWork(input, words, (work) => makeBackup(config.dataDir, into, { ...wishes, ...work })).catch(
      (error: unknown) => {
        throw whyNoBackup(error);
      },
    );
    const { counts, files } = made.manifest;
    const size = files.reduce((sum, file) => sum + file.bytes, 0);
    const gone = made.removed.length === 0 ? '' : `Removed ${made.removed.length} older.\n`;
    const what = `${bytes(size)}: ${counts.accounts} accounts, ${counts.devices} devices, ${counts.envelopes} envelopes waiting, ${counts.groupLogs} group logs`;
    input.out(input.json ? `${JSON.stringify(made)}\n` : `${made.folder}\n${what}.\n${gone}`);
    return 0;
  },
};

const NOTICED = [
  'Accounts made since the backup are gone: those people need an invite and begin anew.',
  'Messages handed in since and not fetched are lost, though their senders saw them as sent. What waited in the backup comes once more and is shown once.',
  'A device that renewed its keys since is refused new conversations by those who saw the newer keys, until it publishes again within two days; those that exist go on.',
  'An account whose device list changed since, and a group that did, are shown by a relay that knows less than their people: they are told so, rightly, and such a group is best made anew.',
  'First messages begin without one-time prekeys for up to an hour: those of the backup may have been handed out, so they are dropped.',
  'All invites are closed, as some may have been used since.',
];

const restore: Command = {
  name: 'restore',
  summary: 'Put a backup in the place of the present data.',
  about: `The relay must be stopped. The backup is verified first. What lies in the data folder now is kept in a dated folder inside of it, never overwritten; remove that yourself when all is well. Accounts deleted or disabled and devices revoked since stay so, when the old data can be read. What people notice: ${NOTICED.join(' ')}`,
  positionals: ['BACKUP'],
  examples: ['sottovoce restore /var/backups/sottovoce/sottovoce-2026-11-20T031500Z'],
  async run(input) {
    const { config } = readConfigFrom(input.env, input.config);
    const now = systemClock.now();
    const folder = resolve(input.positionals[0] ?? '');
    if (!holds(folder, MANIFEST_FILE)) throw new CommandMistake(`It was not restored: ${folder} is no backup.${newestIn(folder)}`);
    const words = { doing: 'Restoring', interrupted: 'The data is as it was.' };
    try {
      const { manifest, aside, repeated } = await longWork(input, words, (work) => restoreBackup(config.dataDir, folder, now, work));
      const old = now - Date.parse(manifest.madeAt) > OLD_MS;
      if (input.json) input.out(`${JSON.stringify({ madeAt: manifest.madeAt, aside: aside ?? null, repeated, old })}\n`);
      else {
        input.out(
          `The data of ${manifest.madeAt} is in place: ${manifest.counts.accounts} ${manifest.counts.accounts === 1 ? 'account' : 'accounts'}.\n`,
        );
        if (aside !== undefined) input.out(`What was there before is in ${resolve(aside)}.\n`);
        if (repeated > 0)
          input.out(
            `Repeated ${repeated} ${repeated === 1 ? 'decision' : 'decisions'} about accounts or devices, made since the backup.\n`,
          );
        if (old)
          input.out('It is older than thirty days: new conversations with a device begin only after it has published its keys again.\n');
        input.out(`What people notice:\n${columns(NOTICED.map((line) => ['-', line])).join('\n')}\nNow start the relay.\n`);
      }
      return 0;
    } catch (error) {
      if (error instanceof CommandMistake) throw error;
      if (error instanceof DataFolderTaken)
        throw new CommandMistake(`A relay is running on ${resolve(config.dataDir)}. Stop it, restore, and start it again.`);
      throw new CommandMistake(`It was not restored: ${sentenceOfCode(error) ?? (error instanceof Error ? error.message : String(error))}`);
    }
  },
};

const verify: Command = {
  name: 'verify',
  summary: 'Check that a backup, or the data, is whole.',
  about:
    'For a backup: that every file is as it was made, by its SHA-256. For both: that the database is undamaged, every mailbox counts right, no envelope has lost its body and none lies there for nobody. Changes nothing; the relay may run meanwhile. Without PATH it is the data folder.',
  positionals: ['[PATH]'],
  examples: ['sottovoce verify', 'sottovoce verify /var/backups/sottovoce/sottovoce-2026-11-20T031500Z'],
  async run(input) {
    const named = input.positionals[0];
    const folder = named === undefined ? readConfigFrom(input.env, input.config).config.dataDir : resolve(named);
    if (named === undefined) requireData(folder);
    else if (!holds(folder, DATABASE_FILE) && !holds(folder, MANIFEST_FILE))
      throw new CommandMistake(`${folder} is neither a backup nor a data folder.${newestIn(folder)}`);
    const words = { doing: 'Checking', interrupted: 'It is not known whether all is whole; nothing was changed.' };
    const { kind, wrong } = await longWork(input, words, (work) => verifyFolder(folder, work));
    if (input.json) input.out(`${JSON.stringify({ ok: wrong.length === 0, kind, wrong })}\n`);
    else if (wrong.length === 0) input.out(`${kind === 'backup' ? 'The backup is whole.' : 'The data is whole.'}\n`);
    else input.out(wrong.map((line) => `${line}\n`).join(''));
    return wrong.length === 0 ? 0 : 1;
  },
};

export const BACKUP_COMMANDS: readonly Command[] = [backup, restore, verify];

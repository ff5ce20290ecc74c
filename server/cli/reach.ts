import { accessSync, constants } from 'node:fs';
import { join, resolve } from 'node:path';
import { askRelay, RelayHangs } from '../admin/acts-client.ts';
import { type Act, ActRefused, type ActAnswer, type ActBody, type Refusal } from '../admin/acts.ts';
import { acts } from '../admin/perform.ts';
import { socketAddress } from '../admin/socket-address.ts';
import { type Config, readConfigFrom } from '../config/config.ts';
import { originOf } from '../config/origin.ts';
import { systemClock, systemRandom } from '../ports.ts';
import { openWithKey } from '../relay/relay-key.ts';
import { DATABASE_FILE, DataFolderTaken, isThere } from '../store/data-folder.ts';
import { foreignFile } from '../store/ownership.ts';
import { openSqlite } from '../store/sqlite.ts';
import type { Store } from '../store/store.ts';
import { CommandMistake, type Input } from './command.ts';
import { whyNoRoom } from './why-not-started.ts';

const SENTENCES: Record<Refusal, string> = {
  no_such_account: 'There is no such account. "sottovoce account list" shows all.',
  no_such_device: 'The account has no such device. "sottovoce device list NAME" shows them.',
  no_such_invite: 'There is no such invite, or it was used up. "sottovoce invite list" shows those that are open.',
  first_invite: 'This is the invite for the first account. It closes by itself when that account is made.',
};

export const refused = (refusal: Refusal): CommandMistake => new CommandMistake(SENTENCES[refusal]);

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

/** Not what Node's `existsSync` says: that is false as well for what this user may not see, and true for what he may not read. */
export function holds(folder: string, name: string): boolean {
  try {
    accessSync(join(folder, name), constants.R_OK);
    return true;
  } catch (error) {
    if (!/^(?:EACCES|EPERM)$/.test(codeOf(error))) return false;
    throw new CommandMistake(`This user may not read ${resolve(folder)}. Run this as the user it belongs to.`);
  }
}

/** Throws a CommandMistake when nothing of a relay lies there, so that a mistyped folder is not filled with an empty one. */
export function requireData(dataDir: string): void {
  let there: boolean;
  try {
    there = isThere(join(dataDir, DATABASE_FILE));
  } catch (error) {
    if (codeOf(error) === 'EACCES')
      throw new CommandMistake(`This user may not read ${resolve(dataDir)}. Run this as the user the relay runs as.`);
    there = false;
  }
  if (!there) throw new CommandMistake(`There is no relay's data in ${resolve(dataDir)}. Say where with SOTTOVOCE_DATA or --config.`);
}

/** As openRelay does, without relay. */
export async function openStore(config: Config): Promise<Store> {
  const quota = { maxEnvelopes: config.mailboxEnvelopes, maxBytes: config.mailboxMib * 1_048_576 };
  requireData(config.dataDir);
  return (await openWithKey(config.dataDir, ({ retiredKey }) => openSqlite(config.dataDir, { quota, retiredKey }))).store;
}

async function performHere<A extends Act>(config: Config, act: A, body: ActBody<A>): Promise<ActAnswer<A>> {
  const { dataDir } = config;
  const store = await openStore(config);
  const origin = () => originOf(config);
  try {
    return await acts({ store, clock: systemClock, random: systemRandom, dataDir, origin, sockets: undefined })[act](body);
  } finally {
    await store.close();
  }
}

/** By the relay that runs on the data folder, or here when none does. */
export async function perform<A extends Act>({ env, config: named }: Input, act: A, body: ActBody<A>): Promise<ActAnswer<A>> {
  const { config } = readConfigFrom(env, named);
  const { path, tooLong } = socketAddress(config.dataDir);
  try {
    const answer = tooLong ? undefined : await askRelay(path, act, body);
    return answer ?? (await performHere(config, act, body));
  } catch (error) {
    if (error instanceof ActRefused) throw refused(error.refusal);
    if (error instanceof RelayHangs) throw new CommandMistake(error.message);
    if (error instanceof DataFolderTaken) {
      throw new CommandMistake(
        `A relay or another command uses ${resolve(config.dataDir)}, and no relay answers at ${path}. Stop it and try again.`,
      );
    }
    const noRoom = whyNoRoom(error, config.dataDir);
    if (noRoom !== undefined) throw new CommandMistake(noRoom);
    if (/^(EACCES|EPERM|SQLITE_(PERM|CANTOPEN|READONLY))/.test(codeOf(error))) {
      const foreign = foreignFile(config.dataDir);
      if (foreign) throw new CommandMistake(`${foreign.said} ${foreign.todo}`);
      throw new CommandMistake(`The data in ${resolve(config.dataDir)} belongs to another user. Run this as the user the relay runs as.`);
    }
    throw error;
  }
}

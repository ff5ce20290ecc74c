import { join, resolve } from 'node:path';
import { readConfigFrom } from '../../config/config.ts';
import { DATABASE_FILE, DataFolderTaken } from '../../store/data-folder.ts';
import { copyName, spaceForMigration } from '../../store/migration-copy.ts';
import { NEWEST_SCHEMA, refuseNewer, schemaOf } from '../../store/migrations/migrate.ts';
import { type Command, CommandMistake } from '../command.ts';
import { openStore, requireData } from '../reach.ts';
import { bytes } from '../show.ts';
import { openSqliteFile } from '../../store/sqlite-file.ts';

function schemaIn(dataDir: string): number {
  const database = openSqliteFile(join(dataDir, DATABASE_FILE), { readonly: true, fileMustExist: true });
  try {
    return schemaOf(database);
  } finally {
    database.close();
  }
}

export const migrateCommand: Command = {
  name: 'migrate',
  summary: 'Bring the database to the schema of this version.',
  about:
    'The relay does this by itself when it starts; this is for who wants to see it done first. Before a change the database is copied beside itself as relay.sqlite.before-N, which the relay removes after seven days. A change is whole or has not happened, whatever interrupts it. There is no way back but that copy.',
  options: { check: { type: 'boolean', about: 'Say what would be done, and do nothing.' } },
  examples: ['sottovoce migrate --check', 'sottovoce migrate'],
  async run(input) {
    const { config } = readConfigFrom(input.env, input.config);
    requireData(config.dataDir);
    const schema = schemaIn(config.dataDir);
    try {
      refuseNewer(schema);
    } catch (error) {
      throw new CommandMistake(error instanceof Error ? error.message : String(error));
    }
    const due = schema < NEWEST_SCHEMA;
    const { neededBytes, freeBytes } = spaceForMigration(config.dataDir);
    const check = input.values['check'] === true;
    const room = freeBytes >= neededBytes;
    if (due && !check) {
      try {
        await (await openStore(config)).close();
      } catch (error) {
        if (error instanceof DataFolderTaken) throw new CommandMistake(`A relay is running on ${resolve(config.dataDir)}. Stop it first.`);
        throw error;
      }
    }
    const copy = schema > 0 ? copyName(NEWEST_SCHEMA) : null;
    const did = due && !check;
    if (input.json) {
      input.out(
        `${JSON.stringify({ schema, newest: NEWEST_SCHEMA, due, migrated: did, copy: due ? copy : null, neededBytes, freeBytes })}\n`,
      );
    } else if (!due) input.out(`The database has schema ${schema}, which is the newest. There is nothing to do.\n`);
    else if (did) input.out(`The database went from schema ${schema} to ${NEWEST_SCHEMA}. As it was before it is in ${copy}.\n`);
    else {
      input.out(`The database has schema ${schema} and would go to ${NEWEST_SCHEMA}, after a copy to ${copy}.\n`);
      input.out(`That needs ${bytes(neededBytes)}, and ${bytes(freeBytes)} are free${room ? '' : ': too little'}.\n`);
    }
    return due && check && !room ? 1 : 0;
  },
};

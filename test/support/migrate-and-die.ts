/** `node migrate-and-die.ts <database> <n>`: migrates and is killed after the n-th statement, as by a power cut; ends by itself when there are fewer. */
import SqliteDatabase from 'better-sqlite3';
import { migrate } from '../../server/store/migrations/migrate.ts';

const [path = '', statements = '1'] = process.argv.slice(2);
const database = new SqliteDatabase(path);
database.pragma('journal_mode = WAL');
let left = Number(statements);
migrate(database, {
  progress() {
    left -= 1;
    if (left === 0) process.kill(process.pid, 'SIGKILL');
  },
});
database.close();

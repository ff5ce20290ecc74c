/**
 * ejabberd with its message archive (mod_mam, for everybody) in PostgreSQL, without shapers or TLS. Started as Debian's ejabberdctl does it, but
 * by `erl` itself: the script would read its own configuration over ours. Without a node name there is no distribution, and no epmd.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Server, signUpFreely } from './contender.ts';
import { serverFolder } from './folder.ts';
import { folders, NotInstalled, program } from './installed.ts';
import { startPostgres } from './postgres.ts';
import { freePort, run, untilListening } from './process.ts';

const PACKAGES = 'ejabberd erlang-p1-pgsql postgresql';
const SCHEMA = '/usr/share/ejabberd/sql/pg.sql';

/** The folder that holds ejabberd's libraries: /usr/lib/x86_64-linux-gnu on most machines. */
function libraries(): string {
  const place = folders('/usr/lib', /-linux-gnu/).find((path) => folders(path, /^ejabberd-/).length > 0);
  if (place === undefined || !existsSync(SCHEMA)) {
    throw new NotInstalled(`ejabberd is not installed: on Debian, apt-get install ${PACKAGES}, then try again.`);
  }
  return place;
}

function configuration(port: number, sql: { port: number; user: string; database: string }): string {
  return `hosts: [localhost]
loglevel: error
listen:
  - {port: ${port}, ip: "127.0.0.1", module: ejabberd_c2s, max_stanza_size: 262144, shaper: none, access: all, backlog: 1024}
default_db: mnesia
sql_type: pgsql
sql_server: "127.0.0.1"
sql_port: ${sql.port}
sql_username: ${sql.user}
sql_password: ""
sql_database: ${sql.database}
registration_timeout: infinity
modules:
  mod_roster: {}
  mod_offline: {}
  mod_mam: {db_type: sql, default: always}
  mod_register: {ip_access: all, access: all}
`;
}

export async function startEjabberd(): Promise<Server> {
  const place = libraries();
  const erl = program('ejabberd', PACKAGES, ['/usr/bin/erl', '/usr/local/bin/erl']);
  const postgres = await startPostgres();
  postgres.load(SCHEMA);
  const folder = await serverFolder();
  const port = await freePort();
  const config = join(folder.path, 'ejabberd.yml');
  writeFileSync(config, configuration(port, postgres));
  const options = ['-noinput', '+K', 'true', '+P', '250000', '-mnesia', 'dir', `"${folder.path}/spool"`, '-s', 'ejabberd'];
  const server = run(erl, options, {
    cwd: folder.path,
    env: {
      PATH: dirname(erl).concat(':/usr/bin:/bin'),
      HOME: folder.path,
      ERL_LIBS: place,
      ERL_MAX_PORTS: '32000',
      ERL_EPMD_ADDRESS: '127.0.0.1',
      EJABBERD_CONFIG_PATH: config,
      EJABBERD_LOG_PATH: join(folder.path, 'ejabberd.log'),
    },
  });
  await untilListening(server, port, 'ejabberd');
  return {
    name: 'ejabberd_mam',
    adapter: 'xmpp',
    target: { port },
    roots: () => [server.pid, postgres.pid],
    signUp: signUpFreely,
    async stop() {
      await server.stop();
      await postgres.stop();
      await folder.remove();
    },
  };
}

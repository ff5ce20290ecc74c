/** prosody with its message archive (mod_mam, for everybody) in its own files, without limits or TLS. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Server, signUpFreely } from './contender.ts';
import { serverFolder } from './folder.ts';
import { program, unprivileged } from './installed.ts';
import { freePort, run, untilListening } from './process.ts';

function configuration(port: number, folder: string): string {
  return `modules_enabled = { "disco", "roster", "saslauth", "register", "mam", "posix" }
modules_disabled = { "s2s", "tls" }
c2s_ports = { ${port} }
c2s_direct_tls_ports = { }
interfaces = { "127.0.0.1" }
data_path = "${folder}"
pidfile = "${folder}/prosody.pid"
storage = "internal"
authentication = "internal_hashed"
allow_registration = true
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
default_archive_policy = true
log = { warn = "*console" }
VirtualHost "localhost"
`;
}

export async function startProsody(): Promise<Server> {
  const command = program('prosody', 'prosody', ['/usr/bin/prosody', '/usr/local/bin/prosody']);
  const user = unprivileged('prosody');
  const folder = await serverFolder(user);
  const port = await freePort();
  const config = join(folder.path, 'prosody.cfg.lua');
  writeFileSync(config, configuration(port, folder.path));
  const server = run(command, ['-F', '--config', config], { ...user, cwd: folder.path });
  await untilListening(server, port, 'prosody');
  return {
    name: 'prosody_mam',
    adapter: 'xmpp',
    target: { port },
    roots: () => [server.pid],
    signUp: signUpFreely,
    async stop() {
      await server.stop();
      await folder.remove();
    },
  };
}

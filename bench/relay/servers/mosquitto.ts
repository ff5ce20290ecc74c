/** mosquitto with Debian's settings (persistence on) in a folder of its own. It writes its store every half an hour and at its end, not before PUBACK. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Server, signUpFreely } from './contender.ts';
import { serverFolder } from './folder.ts';
import { program, unprivileged } from './installed.ts';
import { freePort, run, untilListening } from './process.ts';

export async function startMosquitto(): Promise<Server> {
  const command = program('mosquitto', 'mosquitto', ['/usr/sbin/mosquitto', '/usr/local/sbin/mosquitto']);
  const user = unprivileged('mosquitto');
  const folder = await serverFolder(user);
  const port = await freePort();
  const config = join(folder.path, 'mosquitto.conf');
  const lines = [
    `listener ${port} 127.0.0.1`,
    'allow_anonymous true',
    'persistence true',
    `persistence_location ${folder.path}/`,
    'log_dest none',
  ];
  writeFileSync(config, `${lines.join('\n')}\n`);
  const server = run(command, ['-c', config], user);
  await untilListening(server, port, 'mosquitto');
  return {
    name: 'mosquitto',
    adapter: 'mqtt',
    target: { port },
    roots: () => [server.pid],
    signUp: signUpFreely,
    async stop() {
      await server.stop();
      await folder.remove();
    },
  };
}

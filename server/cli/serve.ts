import { type App, buildApp, portOf } from '../app.ts';
import { type ReadConfig, readConfigFrom, strangeInEnvironment } from '../config/config.ts';
import { listenMistake } from '../config/listen-mistake.ts';
import { ConfigMistake } from '../config/setting.ts';
import { listenForActs } from '../admin/acts-server.ts';
import { SETTING_KEYS, SETTINGS } from '../config/settings.ts';
import { RELAY_VERSION } from '../version.ts';
import { type Command, CommandMistake, type Input } from './command.ts';
import { whyNotStarted } from './why-not-started.ts';

// Longer than the sockets get to say goodbye; a second signal or a hung disk must not keep the process.
const CLOSE_WITHIN_MS = 900;

/** Resolves with the exit code when the relay was told to end and has, was told so twice, or its store is lost. */
function untilStopped({ server, tls }: App, lost: Promise<void>): Promise<number> {
  return new Promise((resolve) => {
    let stopping = false;
    function stop(signal: string): void {
      if (stopping) return resolve(1);
      stopping = true;
      server.log.info({ signal }, 'stopping');
      setTimeout(() => resolve(0), CLOSE_WITHIN_MS).unref();
      server.close().then(
        () => resolve(0),
        () => resolve(1),
      );
    }
    void lost.then(() => resolve(1));
    process.on('SIGTERM', stop);
    process.on('SIGINT', stop);
    // A terminal that closes says so too: then a relay without a certificate to read ends as it should.
    process.on('SIGHUP', tls ? tls.reload : stop);
    // Started by another program over a channel: ends with it, so that no relay is left behind unseen.
    if (process.connected) process.once('disconnect', () => stop('disconnect'));
  });
}

async function start({ json, out, err }: Input, { config, sources, strange }: ReadConfig): Promise<number> {
  for (const name of strange) err(`${strangeInEnvironment(name)}\n`);
  const { promise: lost, resolve: lose } = Promise.withResolvers<void>();
  const app = await buildApp(config, undefined, lose);
  const { server, relay, tls } = app;
  const stopped = untilStopped(app, lost);
  const warning = await listenForActs(server, relay);
  if (warning !== undefined) err(`${warning}\n`);
  // Its own line would name every address of the machine.
  await server.listen({ host: config.host, port: config.port, listenTextResolver: () => 'listening' }).catch((error: unknown) => {
    throw listenMistake(error, config, 'host', 'port') ?? error;
  });
  const invite = await relay.firstInvite();
  const address = tls ? relay.origin() : `http://localhost:${portOf(server)}`;
  const link = invite === undefined ? undefined : `${relay.origin()}/#/join/${invite}`;
  if (json) out(`${JSON.stringify({ address, invite: link ?? null })}\n`);
  else out(`${link === undefined ? '' : `invite for the first account, who becomes admin: ${link}\n`}${address}\n`);
  const settings = SETTING_KEYS.filter((key) => sources[key] !== 'default').map((key) => SETTINGS[key].name);
  server.log.info({ version: RELAY_VERSION, schema: await relay.store.schema(), address, settings }, 'started');
  const code = await stopped;
  server.log.info('stopped');
  return code;
}

export const serve: Command = {
  name: 'serve',
  summary: 'Run the relay.',
  about:
    'Starts without any settings: on this machine alone, with its data in ./data. It prints its address and, until the first account exists, an invite for it. On SIGTERM or Ctrl-C it finishes what it has taken in, tells everybody who is connected, and ends; a second one ends it at once. With TLS of its own it reads its certificate again on SIGHUP.',
  examples: ['sottovoce serve', 'SOTTOVOCE_ORIGIN=https://chat.example.org sottovoce serve'],
  async run(input) {
    const read = readConfigFrom(input.env, input.config);
    try {
      return await start(input, read);
    } catch (error) {
      if (error instanceof ConfigMistake) throw error;
      throw new CommandMistake(whyNotStarted(error, read.config.dataDir));
    }
  },
};

import { buildApp, portOf } from '../app.ts';
import { readConfigFrom } from '../config/config.ts';
import { ConfigMistake } from '../config/setting.ts';
import { listenForActs } from '../admin/acts-server.ts';
import { type Command, CommandMistake, type Input } from './command.ts';

// Longer than the sockets get to say goodbye; a second signal or a hung disk must not keep the process.
const CLOSE_WITHIN_MS = 900;

function sentenceOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const told = error instanceof Error ? error.message : String(error);
  if (code === 'EADDRINUSE') return `The port is taken by another program: ${told}. Choose another with SOTTOVOCE_PORT.`;
  if (code === 'EACCES' || code === 'EROFS') return `The relay may not write there: ${told}. Choose another folder with SOTTOVOCE_DATA.`;
  return error instanceof ConfigMistake ? told : `The relay could not start: ${told}`;
}

/** Resolves with the exit code when the relay was told to end. */
async function start({ env, config: named, json, out, err }: Input): Promise<number> {
  const { config, strange } = readConfigFrom(env, named);
  for (const name of strange) err(`The environment sets ${name}, and there is no such setting.\n`);
  const { promise: ended, resolve } = Promise.withResolvers<number>();
  const { server, relay } = await buildApp(config, undefined, () => resolve(1));
  const warning = await listenForActs(server, relay);
  if (warning !== undefined) err(`${warning}\n`);
  function stop(): void {
    setTimeout(() => resolve(0), CLOSE_WITHIN_MS).unref();
    server.close().then(
      () => resolve(0),
      () => resolve(1),
    );
  }
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  // Started by another program over a channel: ends with it, so that no relay is left behind unseen.
  if (process.connected) process.once('disconnect', stop);
  await server.listen({ host: config.host, port: config.port });
  const invite = await relay.firstInvite();
  const address = `http://localhost:${portOf(server)}`;
  const link = invite === undefined ? undefined : `${relay.origin()}/#/join/${invite}`;
  if (json) out(`${JSON.stringify({ address, invite: link ?? null })}\n`);
  else out(`${link === undefined ? '' : `invite for the first account, who becomes admin: ${link}\n`}${address}\n`);
  return ended;
}

export const serve: Command = {
  name: 'serve',
  summary: 'Run the relay.',
  about:
    'Starts without any settings: on this machine alone, with its data in ./data. It prints its address and, until the first account exists, an invite for it. Ends on SIGTERM or Ctrl-C after telling everybody who is connected.',
  examples: ['sottovoce serve', 'SOTTOVOCE_ORIGIN=https://chat.example.org sottovoce serve'],
  async run(input) {
    try {
      return await start(input);
    } catch (error) {
      throw new CommandMistake(sentenceOf(error));
    }
  },
};

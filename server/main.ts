/** Starts the relay. Everything else is loaded after the version was looked at: older Node versions crash in the database's binding. */
const NEEDED_NODE = 22;

function giveUp(sentence: string): never {
  process.stderr.write(`${sentence}\n`);
  process.exit(1);
}

if (Number(process.versions.node.split('.')[0]) < NEEDED_NODE) {
  giveUp(`The relay needs Node.js ${NEEDED_NODE} or newer, and this is ${process.version}. "npm start" brings its own.`);
}

const { readConfig, ConfigMistake } = await import('./config.ts');
const { buildApp, portOf } = await import('./app.ts');

// Longer than the sockets get to say goodbye; a second signal or a hung disk must not keep the process.
const CLOSE_WITHIN_MS = 900;

function sentenceOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const told = error instanceof Error ? error.message : String(error);
  if (code === 'EADDRINUSE') return `The port is taken by another program: ${told}. Choose another with SOTTOVOCE_PORT.`;
  if (code === 'EACCES' || code === 'EROFS') return `The relay may not write there: ${told}. Choose another folder with SOTTOVOCE_DATA.`;
  return error instanceof ConfigMistake ? told : `The relay could not start: ${told}`;
}

async function start(): Promise<void> {
  const config = readConfig(process.env);
  const { server, relay } = await buildApp(config);

  function stop(): void {
    setTimeout(() => process.exit(0), CLOSE_WITHIN_MS).unref();
    server.close().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  }
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  // Started by another program over a channel: ends with it, so that no relay is left behind unseen.
  if (process.connected) process.once('disconnect', stop);

  await server.listen({ host: config.host, port: config.port });
  const invite = await relay.firstInvite();
  if (invite !== undefined) console.log(`invite for the first account, who becomes admin: ${relay.origin()}/#/join/${invite}`);
  console.log(`http://localhost:${portOf(server)}`);
}

start().catch((error: unknown) => giveUp(sentenceOf(error)));

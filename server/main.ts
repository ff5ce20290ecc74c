/** The command `sottovoce`. Everything else is loaded after the version was looked at: older Node versions crash in the database's binding. */
const NEEDED_NODE = 22;

if (Number(process.versions.node.split('.')[0]) < NEEDED_NODE) {
  process.stderr.write(`The relay needs Node.js ${NEEDED_NODE} or newer, and this is ${process.version}. "npm start" brings its own.\n`);
  process.exit(1);
}

// A reader that has gone away ends neither a relay nor a command in the middle of its work.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

/** False when an answer was lost on its way: the disk it was written to is full, or its reader has gone. */
const allSaid = () => new Promise<boolean>((resolve) => process.stdout.write('', (error) => resolve(!error)));

// Not awaited at the top: a single executable runs a script of the older kind, which cannot wait there.
void import('./cli/sottovoce.ts').then(async ({ sottovoce }) => {
  const code = await sottovoce(process.argv.slice(2), {
    env: process.env,
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    watched: process.stderr.isTTY,
    ask:
      process.stdin.isTTY && process.stderr.isTTY
        ? async (question) => (await import('./cli/terminal.ts')).askAtTerminal(question)
        : undefined,
  });
  if (await allSaid()) process.exit(code);
  process.stderr.write('What was to be said could not be written to standard output.\n');
  process.exit(code === 0 ? 1 : code);
});

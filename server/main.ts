/** The command `sottovoce`. Everything else is loaded after the version was looked at: older Node versions crash in the database's binding. */
const NEEDED_NODE = 22;

if (Number(process.versions.node.split('.')[0]) < NEEDED_NODE) {
  process.stderr.write(`The relay needs Node.js ${NEEDED_NODE} or newer, and this is ${process.version}. "npm start" brings its own.\n`);
  process.exit(1);
}

// Not awaited at the top: a single executable runs a script of the older kind, which cannot wait there.
void import('./cli/sottovoce.ts').then(async ({ sottovoce }) => {
  const code = await sottovoce(process.argv.slice(2), {
    env: process.env,
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    watched: process.stderr.isTTY,
  });
  process.exit(code);
});

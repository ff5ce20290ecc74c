/** The command `sottovoce`. Everything else is loaded after the version was looked at: older Node versions crash in the database's binding. */
const NEEDED_NODE = 22;

if (Number(process.versions.node.split('.')[0]) < NEEDED_NODE) {
  process.stderr.write(`The relay needs Node.js ${NEEDED_NODE} or newer, and this is ${process.version}. "npm start" brings its own.\n`);
  process.exit(1);
}

const { sottovoce } = await import('./cli/sottovoce.ts');

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
process.exit(code);

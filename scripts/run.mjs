// The one door of every npm script. It runs on whatever Node started npm, so it loads nothing until it has looked at the version.
const OLDEST_NODE = 20;

if (Number(process.versions.node.split('.')[0]) < OLDEST_NODE) {
  console.error(`Sottovoce needs Node.js ${OLDEST_NODE} or newer to set itself up, and this is ${process.version}.`);
  process.exit(1);
}

import('./setup/tasks.mjs').then(({ runTask }) => runTask(process.argv[2] ?? '', process.argv.slice(3)));

// A copy of the project's own Node with script and assets inside: Node's "single executable application".
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMusl, ownNode } from '../setup/own-node.mjs';
import { RELAY_FLAGS } from '../setup/own-node.mjs';
import { inProject, Sentence } from '../setup/project.mjs';

const SCRIPT = 'sottovoce.cjs';
const BLOB = 'sottovoce.blob';
// Node looks for the blob under this name when these bytes in it were switched on (its documentation gives both).
const RESOURCE = 'NODE_SEA_BLOB';
const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';

/** Elsewhere executables have another form and want a signature, and nobody has tried. */
export const canBuildHere = (): boolean => process.platform === 'linux' && !isMusl();

function run(what: string, args: string[], cwd: string): void {
  const { status, stdout, stderr, error } = spawnSync(ownNode(), args, { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Sentence(`${what} failed: ${error?.message ?? `${stdout}${stderr}`.trim()}`);
}

/** Script and assets in the form that Node looks for. The script is named without its folder, as the name goes in too. */
export function writeBlob(folder: string, script: string, assets: Record<string, string>): void {
  writeFileSync(join(folder, SCRIPT), script);
  const config = {
    main: SCRIPT,
    output: BLOB,
    disableExperimentalSEAWarning: true,
    // Compiled code would start the relay sooner, and its bytes differ each time they are made (docs/decisions/0016).
    useCodeCache: false,
    execArgv: RELAY_FLAGS,
    assets,
  };
  writeFileSync(join(folder, 'sea.json'), JSON.stringify(config));
  run('Packing the relay', ['--experimental-sea-config', 'sea.json'], folder);
}

/** Answers the path of the executable. */
export function inject(folder: string): string {
  const executable = join(folder, 'sottovoce');
  copyFileSync(ownNode(), executable);
  chmodSync(executable, 0o755);
  const postject = inProject('node_modules/postject/dist/cli.js');
  run('Putting the relay into Node', [postject, executable, RESOURCE, join(folder, BLOB), '--sentinel-fuse', FUSE], folder);
  return executable;
}

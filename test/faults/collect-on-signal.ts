/**
 * Loaded into the relay's process before the relay (`node --import`): at SIGUSR2 it collects garbage and writes what memory is left in use
 * to a file. A collector that had no reason to run yet looks like a leak from outside.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const file = process.env['FAULTS_MEMORY_FILE'] ?? '';
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

process.on('SIGUSR2', () => {
  collect();
  // What the first round let go of may have held more.
  setTimeout(() => {
    collect();
    writeFileSync(`${file}.new`, JSON.stringify(process.memoryUsage()));
    renameSync(`${file}.new`, file);
  }, 50);
});

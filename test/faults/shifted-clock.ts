/**
 * Loaded into the relay's process before the relay (`node --import`): its wall clock then stands as many milliseconds from the machine's
 * as a file says, read again at each SIGUSR2. As when a machine's clock is set, timers and the steady clock do not notice.
 */
import { readFileSync } from 'node:fs';

const file = process.env['FAULTS_CLOCK_FILE'] ?? '';
const machineNow = Date.now.bind(Date);
let shiftMs = 0;

Date.now = () => machineNow() + shiftMs;
process.on('SIGUSR2', () => {
  shiftMs = Number(readFileSync(file, 'utf8'));
});

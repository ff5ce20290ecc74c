import { strict as assert } from 'node:assert';
import { type RunningRelay, startRelay } from '../support/relay.ts';
import { WIDE_RATES } from './part.ts';

export type Started = { relay: RunningRelay; sentence?: undefined } | { relay?: undefined; sentence: string };

/** A relay on that folder, or what it said when it ended: R30 wants one sentence and an exit code, and no trace of a program. */
export async function tryStart(dataDir: string): Promise<Started> {
  try {
    return { relay: await startRelay({ dataDir, env: WIDE_RATES }) };
  } catch (error) {
    const told = error instanceof Error ? error.message : String(error);
    const [, code, complaint = ''] = /^the relay ended with (\w+): (.*)$/s.exec(told) ?? [];
    assert.equal(code, '1', `an exit code, not: ${told}`);
    assert.match(complaint, /^[A-Z][^\n]+\.\n$/, 'one sentence');
    assert.doesNotMatch(complaint, /\bat \S+:\d+|Error\b|undefined|routines::/, 'a sentence for people');
    return { sentence: complaint.trim() };
  }
}

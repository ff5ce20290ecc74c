/** Counts exchanges: one is a message, distribution or fingerprint that both libraries judged. */
import type { Received, Verdict } from './peer.ts';

/** After so many the rest is only counted: one wrong constant fails thousands. */
const SHOWN_FAILURES = 5;

export type Expectation = Verdict | 'not accepted';

let passed = 0;
let failed = 0;

export function check(held: boolean, explain: () => string): boolean {
  if (held) passed += 1;
  else {
    failed += 1;
    if (failed <= SHOWN_FAILURES) console.error(`FAILED  ${explain()}`);
  }
  return held;
}

/** Whether a library's answer is the one expected, text included. */
export function checkReceived(where: string, got: Received, expected: Expectation, text: string): boolean {
  const verdictHeld = expected === 'not accepted' ? got.verdict !== 'accepted' : got.verdict === expected;
  const held = verdictHeld && (got.verdict !== 'accepted' || got.text === text);
  return check(held, () => {
    const answer = got.verdict === 'accepted' ? `accepted "${got.text.slice(0, 40)}"` : `${got.verdict} (${got.why})`;
    return `${where}: expected ${expected}${expected === 'accepted' ? ` "${text.slice(0, 40)}"` : ''}, got ${answer}`;
  });
}

/** What throws where nothing should is a failed exchange, and the rest goes on. */
export async function guarded(where: string, run: () => Promise<unknown>): Promise<void> {
  try {
    await run();
  } catch (error) {
    check(false, () => `${where}: ${error instanceof Error ? error.stack : error}`);
  }
}

export const counted = (): number => passed + failed;

export function summary(): { line: string; failed: number } {
  return { line: `interop: ${passed + failed} exchanges, ${passed} passed, ${failed} failed`, failed };
}

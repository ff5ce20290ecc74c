/** All cases of one file against the primitives that are installed, in Node and page alike. */
import { check } from '../check.ts';
import { FAMILIES } from '../families/families.ts';
import type { VectorFile } from '../family.ts';
import { strayed } from '../neighbour.ts';
import { runWycheproof } from '../wycheproof/run.ts';

export type Source = 'ours' | 'Wycheproof';

/** A file as it was read: everything that runs it gets the same text. */
export type SuiteFile = { name: string; source: Source; text: string };

export type Failure = { tcId: number; comment: string; what: string };

export type SuiteResult = { cases: number; failures: Failure[]; remark: string };

async function runOurs(name: string, file: VectorFile): Promise<SuiteResult> {
  const family = FAMILIES.find((one) => `${one.name}.json` === name);
  if (!family) throw new Error(`nothing here runs ${name}`);
  const failures: Failure[] = [];
  let cases = 0;
  const all = file.testGroups.flatMap(({ tests }) => tests);
  for (const { type, tests } of file.testGroups) {
    for (const test of tests) {
      cases += 1;
      const what = (test.result === 'invalid' ? strayed(test, all) : null) ?? (await check(family, type, test));
      if (what !== null) failures.push({ tcId: test.tcId, comment: test.comment, what });
    }
  }
  return { cases, failures, remark: '' };
}

export function runSuite({ name, source, text }: SuiteFile): Promise<SuiteResult> {
  return source === 'ours' ? runOurs(name, JSON.parse(text)) : runWycheproof(name, JSON.parse(text));
}

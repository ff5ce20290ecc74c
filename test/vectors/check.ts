/** One case against the implementation: null, or in words what is wrong. */
import { CryptoError } from '../../crypto/index.ts';
import { type Case, type Family, given, type Json, type JsonObject } from './family.ts';

/** The first place where two values differ, as a path. */
function difference(expected: Json | undefined, actual: Json | undefined, path = ''): string | null {
  if (expected === actual) return null;
  const bothObjects = typeof expected === 'object' && typeof actual === 'object' && expected !== null && actual !== null;
  if (!bothObjects || Array.isArray(expected) !== Array.isArray(actual)) return path || 'the output';
  const [one, other] = [expected as JsonObject, actual as JsonObject];
  for (const name of new Set([...Object.keys(one), ...Object.keys(other)])) {
    const found = difference(one[name], other[name], path ? `${path}.${name}` : name);
    if (found) return found;
  }
  return null;
}

export async function check(family: Family, type: string, test: Case): Promise<string | null> {
  const handed = given();
  let output: JsonObject;
  try {
    output = await family.run(type, structuredClone(test.input), handed);
  } catch (error) {
    if (!(error instanceof CryptoError)) return `threw ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`;
    if (test.result === 'valid') return `refused as ${error.code}`;
    if (error.code !== test.error) return `refused as ${error.code}, not as ${test.error}`;
    return handed.unchanged() || !test.stateUnchanged ? null : 'was refused, but changed what it was given';
  }
  if (test.result === 'invalid') return 'was accepted';
  if (!handed.spent()) return 'has randomness that nothing draws';
  const where = difference(test.expected, output);
  if (where) return `gives something else for ${where}`;
  return handed.unchanged() ? null : 'changed what it was given';
}

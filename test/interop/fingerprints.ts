/** Safety numbers (S6): digits, codes to scan, and what comparing says, from our account keys and ids and from Signal's library. */
import { compareScannable, CryptoError, type SafetyParty, safetyNumber, seededPublicKey, utf8 } from '../../crypto/index.ts';
import { accountIdFromBytes, concat } from '../../crypto/index.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { libraries } from './groups.ts';
import type { Libsignal } from './libsignal.ts';
import { check } from './tally.ts';

const PAIRS = 25;
const ITERATIONS = 5_200;
const VERSION = 2;

type Outcome = 'match' | 'mismatch' | 'unreadable';

function theirs(library: Libsignal, local: SafetyParty, remote: SafetyParty) {
  const id = ({ accountId }: SafetyParty): Buffer => Buffer.from(utf8(accountId));
  const key = ({ accountKey }: SafetyParty) => library.PublicKey.deserialize(Buffer.from(concat(Uint8Array.of(5), accountKey)));
  const made = library.Fingerprint.new(ITERATIONS, VERSION, id(local), key(local), id(remote), key(remote));
  return { digits: made.displayableFingerprint().toString(), scannable: made.scannableFingerprint().toBuffer() };
}

function ourOutcome(screen: Uint8Array, scanned: Uint8Array): Outcome {
  try {
    return compareScannable(screen, scanned);
  } catch (error) {
    if (!(error instanceof CryptoError)) throw error;
    return 'unreadable';
  }
}

function theirOutcome({ ScannableFingerprint }: Libsignal, screen: Uint8Array, scanned: Uint8Array): Outcome {
  const code = (bytes: Uint8Array) => ScannableFingerprint._fromBuffer(Buffer.from(bytes));
  try {
    return code(screen).compare(code(scanned)) ? 'match' : 'mismatch';
  } catch (error) {
    if (!(error instanceof Error && 'operation' in error)) throw error;
    return 'unreadable';
  }
}

export async function fingerprints(seed: number): Promise<void> {
  const random = seededRandom(`${seed}/fingerprints`);
  const person = async (): Promise<SafetyParty> => ({
    accountId: accountIdFromBytes(random(32)),
    accountKey: await seededPublicKey(random(32)),
  });
  for (let pair = 0; pair < PAIRS; pair++) {
    const [alice, bob, carol] = [await person(), await person(), await person()];
    const [ours, bobs, others] = [await safetyNumber(alice, bob), await safetyNumber(bob, alice), await safetyNumber(alice, carol)];
    const otherVersion = bobs.scannable.slice();
    otherVersion[1] = VERSION - 1;
    const scans: readonly (readonly [string, Uint8Array, Outcome])[] = [
      ['Bob’s code', bobs.scannable, 'match'],
      ['one’s own code', ours.scannable, 'mismatch'],
      ['a code for somebody else', others.scannable, 'mismatch'],
      ['one changed bit', bobs.scannable.map((byte, at) => (at === 20 ? byte ^ 1 : byte)), 'mismatch'],
      ['another version', otherVersion, 'unreadable'],
      ['half a code', bobs.scannable.slice(0, 30), 'unreadable'],
      ['no code', utf8('https://example.org/'), 'unreadable'],
    ];
    for (const [version, library] of libraries) {
      const official = theirs(library, alice, bob);
      check(official.digits === ours.digits, () => `${version} has the digits ${official.digits}, we have ${ours.digits}`);
      check(Buffer.from(ours.scannable).equals(official.scannable), () => `${version} shows another code to scan, pair ${pair}`);
      for (const [what, scanned, expected] of scans) {
        const outcomes = [ourOutcome(ours.scannable, scanned), theirOutcome(library, ours.scannable, scanned)];
        check(
          outcomes.every((outcome) => outcome === expected),
          () => `${what}: expected ${expected}, we say ${outcomes[0]}, ${version} ${outcomes[1]}`,
        );
      }
    }
  }
}

/**
 * Wycheproof's cases against the primitives that are installed. Listed are the files about what the protocol computes with; HMAC and HKDF
 * over SHA-512, ChaCha20-Poly1305 and others of its files are about nothing here.
 */
import type { SuiteResult } from '../runner/suite.ts';
import { ed25519, x25519 } from './curves.ts';
import { decapsulate, decapsulateExpanded, encapsulate, generateFromSeed } from './mlkem.ts';
import { aesCbc, aesGcm, hkdfSha256, hmacSha256 } from './symmetric.ts';
import type { Checker, Verdict, WycheproofFile } from './verdict.ts';

const CHECKERS: Record<string, Checker> = {
  'x25519_test.json': x25519,
  'ed25519_test.json': ed25519,
  'aes_gcm_test.json': aesGcm,
  'aes_cbc_pkcs5_test.json': aesCbc,
  'hmac_sha256_test.json': hmacSha256,
  'hkdf_sha256_test.json': hkdfSha256,
  'mlkem_768_test.json': decapsulate,
  'mlkem_768_keygen_seed_test.json': generateFromSeed,
  'mlkem_768_encaps_test.json': encapsulate,
  'mlkem_768_semi_expanded_decaps_test.json': decapsulateExpanded,
};

export const WYCHEPROOF_FILES: readonly string[] = Object.keys(CHECKERS);

/** What throws anything but a refusal of ours fails its case, not the run. */
const attempt = (run: () => Promise<Verdict>): Promise<Verdict> => run().catch((error: unknown) => ({ what: `threw ${String(error)}` }));

export async function runWycheproof(name: string, file: WycheproofFile): Promise<SuiteResult> {
  const checker = CHECKERS[name];
  if (!checker) throw new Error(`nothing here runs ${name}`);
  const result: SuiteResult = { cases: 0, failures: [], remark: '' };
  const byRule = new Map<string, number>();
  for (const group of file.testGroups) {
    for (const test of group.tests) {
      result.cases += 1;
      const verdict = await attempt(() => checker(test, group));
      if (verdict === null) continue;
      if ('rule' in verdict) byRule.set(verdict.rule, (byRule.get(verdict.rule) ?? 0) + 1);
      else result.failures.push({ tcId: test.tcId, comment: test.comment ?? '', what: verdict.what });
    }
  }
  if (result.cases !== file.numberOfTests) throw new Error(`says ${file.numberOfTests} cases and has ${result.cases}`);
  result.remark = [...byRule].map(([rule, count]) => `${count} ${rule}`).join('; ');
  return result;
}

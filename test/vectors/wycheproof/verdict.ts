/** What is said of one case of Wycheproof: it went as the file says, or as our rule says where the file leaves it open, or wrong. */
import { CryptoError, type CryptoErrorCode } from '../../../crypto/index.ts';
import { type Bytes, fromHex, toHex } from '../hex.ts';

export type WycheproofTest = { tcId: number; comment?: string; flags: string[]; result: 'valid' | 'invalid' | 'acceptable' } & Record<
  string,
  unknown
>;
export type WycheproofGroup = { type: string; tests: WycheproofTest[] } & Record<string, unknown>;
export type WycheproofFile = { numberOfTests: number; testGroups: WycheproofGroup[] };

/** Null: as the file says. `rule`: settled by a rule of ours, which the table counts. `what`: wrong. */
export type Verdict = null | { rule: string } | { what: string };

export type Checker = (test: WycheproofTest, group: WycheproofGroup) => Promise<Verdict>;

export const bytesOf = (value: unknown): Bytes => {
  if (typeof value !== 'string') throw new TypeError('the case lacks bytes that it should have');
  return fromHex(value);
};

export async function refusalOf(run: () => unknown): Promise<CryptoErrorCode | null> {
  try {
    await run();
    return null;
  } catch (error) {
    if (error instanceof CryptoError) return error.code;
    throw error;
  }
}

/** Must be refused with this code. */
export async function mustRefuse(run: () => unknown, code: CryptoErrorCode, rule?: string): Promise<Verdict> {
  const refused = await refusalOf(run);
  if (refused === code) return rule === undefined ? null : { rule };
  return { what: refused === null ? 'was accepted' : `refused as ${refused}, not as ${code}` };
}

/** Must give these bytes, written in hex as Wycheproof does. */
export async function mustGive(run: () => Uint8Array | Promise<Uint8Array>, expected: unknown, what: string): Promise<Verdict> {
  const given = await run();
  return toHex(given) === expected ? null : { what: `gives another ${what}` };
}

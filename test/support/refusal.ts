import { expect } from 'vitest';
import { CryptoError, type CryptoErrorCode } from '../../crypto/index.ts';

/** The code with which `run` is refused; null if it went through. Anything but a CryptoError fails the test. */
export async function refusal(run: () => unknown): Promise<CryptoErrorCode | null> {
  try {
    await run();
    return null;
  } catch (error) {
    expect(error).toBeInstanceOf(CryptoError);
    return (error as CryptoError).code;
  }
}

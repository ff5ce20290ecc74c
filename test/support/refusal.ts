import { CryptoError, type CryptoErrorCode } from '../../crypto/index.ts';

/** The code with which `run` is refused; null if it went through. Anything but a CryptoError goes on being thrown. */
export async function refusal(run: () => unknown): Promise<CryptoErrorCode | null> {
  try {
    await run();
    return null;
  } catch (error) {
    if (!(error instanceof CryptoError)) throw error;
    return error.code;
  }
}

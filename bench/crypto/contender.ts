/** What every contender can do, as counts of one operation each: the harness only measures how long a count takes. */
export const SHAPES = ['pingpong', 'stream', 'groupEncrypt', 'groupDecrypt', 'sessionStart'] as const;
export type Shape = (typeof SHAPES)[number];

export const PLAINTEXT_BYTES = 256;
export const plaintext = Uint8Array.from({ length: PLAINTEXT_BYTES }, (_, at) => at & 0xff);

/**
 * `pingpong`: a message there, the next back: encrypt and decrypt, a turn of the Diffie–Hellman ratchet each. `stream`: all one way. `groupEncrypt` and
 * `groupDecrypt`: under one sender key. `sessionStart`: from a prekey bundle, without a one-time prekey, to the first message read.
 * `prepare`, where there is one, runs before the clock starts.
 */
export type Run = { prepare?(count: number): Promise<void> | void; run(count: number): Promise<void> | void };
export type Contender = Partial<Record<Shape, Run>>;

export function sameText(decrypted: Uint8Array): void {
  if (decrypted.length !== PLAINTEXT_BYTES || decrypted[7] !== 7) throw new Error('decrypted to something else');
}

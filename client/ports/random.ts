/** Fresh bytes of cryptographic quality in an array of their own; the only source of chance the engine has. */
export type RandomBytes = (length: number) => Uint8Array<ArrayBuffer>;

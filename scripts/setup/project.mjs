import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** @param {...string} parts */
export const inProject = (...parts) => join(root, ...parts);

/** A failure that is told as one sentence, without a stack. */
export class Sentence extends Error {}

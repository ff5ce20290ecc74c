import type { Ownership } from '../ports/owner.ts';

/** In Node the process that was started owns its vault; a second one on the same file is caught by the vault's epoch. */
export const alwaysOwner: Ownership = { acquire: async () => 'owned', takeOver: async () => undefined, release: () => undefined };

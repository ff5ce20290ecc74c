import { createHmac } from 'node:crypto';
import { build, type Prepare } from './query.ts';

/** Under a key that is not in the database, as names are short enough to be guessed from a plain digest. */
export function retiredDigest(key: Uint8Array, what: 'account' | 'name', value: string): Uint8Array {
  return createHmac('sha256', key).update(`${what}\0${value}`).digest();
}

/** Names and account ids of deleted accounts. */
export function sqliteRetired(prepared: Prepare, key: Uint8Array) {
  const byDigest = prepared<{ digest: Uint8Array }>()((argument) =>
    build.selectFrom('retired').select('digest').where('digest', '=', argument.digest),
  );
  const insert = prepared<{ digest: Uint8Array }>()((argument) =>
    build
      .insertInto('retired')
      .values({ digest: argument.digest })
      .onConflict((conflict) => conflict.doNothing()),
  );
  const any = prepared<Record<never, never>>()(() => build.selectFrom('retired').select('digest').limit(1));
  function addDigest(digest: Uint8Array): void {
    insert.run({ digest });
  }
  return {
    holds: (what: 'account' | 'name', value: string): boolean => byDigest.get({ digest: retiredDigest(key, what, value) }) !== undefined,
    add(accountId: string, username: string): void {
      addDigest(retiredDigest(key, 'account', accountId));
      addDigest(retiredDigest(key, 'name', username));
    },
    addDigest,
    isEmpty: (): boolean => any.get({}) === undefined,
  };
}

export type Retired = ReturnType<typeof sqliteRetired>;

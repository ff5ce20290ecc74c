/** The people of the group-log vectors, and entries of any kind by any of them. */
import {
  type AccountId,
  accountIdOf,
  deriveAccountKey,
  encodeGenesis,
  generateGenesis,
  generateKeyPair,
  type GroupOperation,
  type GroupState,
  identitySigner,
  type KeyPair,
  type RandomBytes,
} from '../../../crypto/index.ts';
import { CHAIN, NO_PREVIOUS, signEntry } from '../../../crypto/chain/entry.ts';
import { encodeOperation } from '../../../crypto/group/group-operation.ts';
import { type Bytes, toHex } from '../hex.ts';

export const POLICY = { add: 'admin', edit: 'moderator', post: 'member' } as const;

export type Person = { id: AccountId; genesis: Bytes; identity: KeyPair; seed: Bytes };

export async function makePerson(random: RandomBytes): Promise<Person> {
  const { seed, publicKey } = await deriveAccountKey(random(16));
  const identity = await generateKeyPair(random);
  const genesis = encodeGenesis(generateGenesis({ identityKey: identity.publicKey, accountKey: publicKey }, random));
  return { id: accountIdOf(genesis), genesis, identity, seed };
}

/** Any entry by any key: what members and strangers can put into a slot. */
export async function entryOf(
  groupId: Bytes,
  state: GroupState | null,
  author: Person,
  operation: GroupOperation,
  random: RandomBytes,
  changes: object = {},
): Promise<string> {
  const { code, body } = encodeOperation(operation);
  const signer = identitySigner(author.identity.privateKey, random);
  const fields = {
    chain: CHAIN.groupLog,
    chainId: groupId,
    sequence: state?.version ?? 0,
    previousHash: state?.headHash ?? NO_PREVIOUS,
    operation: code,
    author: author.id,
    body,
    ...changes,
  };
  return toHex(await signEntry(signer, fields));
}

export type Cast = { groupId: Bytes; anna: Person; bert: Person; clara: Person; dora: Person; outsider: Person };
export const record = ({ genesis }: Person): { genesis: Bytes } => ({ genesis });

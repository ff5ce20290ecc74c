/**
 * ML-KEM-768 as X-Wing has it: the library that @hpke/hybridkem-x-wing computes with. Public keys are also checked by us, before it (C5).
 * Our own door takes whole X-Wing keys: an ML-KEM key passes it beside a good X25519 key.
 */
import { MlKem768 } from 'mlkem';
import { concat, requireSealingKey, toHex } from '../../../crypto/index.ts';
import { decapsulate as decapsulateXWing } from '../../../crypto/sealing/hpke.ts';
import { bytesOf, type Checker, refusalOf, type Verdict } from './verdict.ts';

// u of the base point of Curve25519.
const X25519_PART = Uint8Array.of(9, ...new Uint8Array(31));

const mlkem = new MlKem768();

/** What it gives, or null when it refuses; it throws errors of its own. */
async function attempt<T>(run: () => Promise<T>): Promise<T | null> {
  try {
    return await run();
  } catch {
    return null;
  }
}

const verdict = (right: boolean, what: string): Verdict => (right ? null : { what });

export const encapsulate: Checker = async (test) => {
  const [ek, m] = [bytesOf(test['ek']), bytesOf(test['m'])];
  const refused = await refusalOf(() => requireSealingKey(concat(ek, X25519_PART)));
  const given = await attempt(() => mlkem.encap(ek, m));
  if (test.result === 'invalid') {
    if (refused !== 'bad-key') return { what: 'the public key passed our check' };
    return verdict(given === null, 'was encapsulated to');
  }
  if (refused !== null) return { what: 'the public key did not pass our check' };
  return verdict(given !== null && toHex(given[0]) === test['c'] && toHex(given[1]) === test['K'], 'gives another ciphertext or key');
};

export const generateFromSeed: Checker = async (test) => {
  const pair = await attempt(() => mlkem.deriveKeyPair(bytesOf(test['seed'])));
  if (test.result === 'invalid') return verdict(pair === null, 'was accepted');
  return verdict(pair !== null && toHex(pair[0]) === test['ek'] && toHex(pair[1]) === test['dk'], 'gives another key pair');
};

/** Implicit rejection: a ciphertext that was changed gives the other key, which the file says. */
export const decapsulate: Checker = async (test) => {
  const pair = await attempt(() => mlkem.deriveKeyPair(bytesOf(test['seed'])));
  const shared = pair && (await attempt(() => mlkem.decap(bytesOf(test['c']), pair[1])));
  if (test.result === 'invalid') return verdict(shared === null, 'was accepted');
  const sameKey = pair !== null && toHex(pair[0]) === test['ek'];
  return verdict(sameKey && shared !== null && toHex(shared) === test['K'], 'gives another key');
};

const AT_OUR_DOOR = 'refused by us: private keys are seeds here, and the library takes any expanded one';

/**
 * FIPS 203 §7.3 wants the hash inside an expanded private key checked, and the library does not. None ever comes from outside: X-Wing's
 * private key is a seed of 32 bytes, and anything longer is refused before the library.
 */
export const decapsulateExpanded: Checker = async (test) => {
  const [c, dk] = [bytesOf(test['c']), bytesOf(test['dk'])];
  const refused = await refusalOf(() => decapsulateXWing(dk, concat(c, X25519_PART), new Uint8Array(0), new Uint8Array(0)));
  if (refused !== 'bad-key') return { what: 'an expanded private key was taken' };
  const shared = await attempt(() => mlkem.decap(c, dk));
  if (test.result === 'invalid') return shared === null ? null : { rule: AT_OUR_DOOR };
  return verdict(shared !== null && toHex(shared) === test['K'], 'gives another key');
};

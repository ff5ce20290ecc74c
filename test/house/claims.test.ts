// scripts/verify/claims.ts holds docs/audit.md to the names that tests have; here it is asked about names that none has.
import { expect, test } from 'vitest';
import { namesOf } from '../../scripts/verify/claims.ts';

const TITLES = [
  'E11 silent-probe: a stranger’s messages, valid or not, get nothing back until he is accepted',
  'claim-race (R19): a hundred claims at once get a hundred different one-time prekeys',
  'S2: max-skip: a chain keeps 2,000 skipped keys and drops the oldest',
  'nothing thrown holds a byte of a secret, and nothing is printed',
  'C9: swapped keys, accounts, devices and key ids open nothing (ATTACKS 12)',
];
const names = new Set(TITLES.flatMap(namesOf));

test.each(['silent-probe', 'claim-race', 'max-skip', 'nothing thrown holds a byte of a secret', 'swapped keys', ...TITLES])(
  'a test is named: %s',
  (name) => expect(names).toContain(name),
);

test.each(['silent-prob', 'silent', 'the', 'skip', 'claim', 'E11', 'E11 silent-probe', ''])(
  'a part of a name names no test: "%s"',
  (name) => expect(names).not.toContain(name),
);

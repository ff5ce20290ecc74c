/** C13: genesis record and account id. */
import { accountIdOf, encodeGenesis, fromBase64url, parseGenesis, primitives } from '../../../crypto/index.ts';
import type { Family } from '../family.ts';
import { toHex } from '../hex.ts';
import { agreed, hashOf } from '../independent.ts';
import { hex, text } from '../shape.ts';
import { cut, LOW_ORDER_U, NOT_CANONICAL_U, replaced } from '../spoil.ts';

export const genesis: Family = {
  name: 'genesis',
  algorithm: 'Genesis record and account id (C13)',
  notes: {
    Basic: { bugType: 'BASIC', description: 'Records and the ids they hash to.' },
    BadKey: {
      bugType: 'EDGE_CASE',
      description: 'A key of low order or not canonical (C5).',
      effect: 'An account whose shared secrets everybody knows.',
      links: ['https://www.rfc-editor.org/rfc/rfc7748#section-6.1'],
    },
    Truncated: { bugType: 'MALFORMED', description: 'Another length than 81 bytes.' },
    Version: { bugType: 'CONFUSION', description: 'Another version byte.' },
  },
  shapes: {
    encode: {
      input: { identityKey: hex(32), accountKey: hex(32), random: hex(16) },
      expected: { record: hex(81), accountId: hex(32), accountIdText: text },
    },
    parse: {
      input: { record: hex() },
      expected: { identityKey: hex(32), accountKey: hex(32), random: hex(16), accountId: hex(32), accountIdText: text },
    },
  },
  async run(type, input, { bytes }) {
    const record =
      type === 'parse'
        ? bytes(input['record'])
        : encodeGenesis({
            identityKey: bytes(input['identityKey']),
            accountKey: bytes(input['accountKey']),
            random: bytes(input['random']),
          });
    const { identityKey, accountKey, random } = parseGenesis(record);
    const accountIdText = accountIdOf(record);
    const accountId = agreed('account id', fromBase64url(accountIdText), hashOf('Sottovoce v1 account id', record));
    if (type === 'encode') return { record: toHex(record), accountId, accountIdText };
    return { identityKey: toHex(identityKey), accountKey: toHex(accountKey), random: toHex(random), accountId, accountIdText };
  },
  async generate({ random, group, valid, invalid }) {
    const key = async (): Promise<string> => toHex(await primitives.x25519PublicKey(random(32)));
    const identityKey = await key();
    const accountKey = await key();
    const input = { identityKey, accountKey, random: toHex(random(16)) };
    group('encode');
    const { record } = (await valid('two keys and 16 random bytes', ['Basic'], input)) as { record: string };
    await valid('the same keys and other random bytes make another account', ['Basic'], { ...input, random: toHex(random(16)) });
    await valid('random bytes of zeros', ['Basic'], { ...input, random: '00'.repeat(16) });
    await valid('one key for both', ['Basic'], { ...input, accountKey: identityKey });
    await valid('the keys change places', ['Basic'], { ...input, identityKey: accountKey, accountKey: identityKey });
    for (const [what, bad] of [...LOW_ORDER_U, ...NOT_CANONICAL_U]) {
      await invalid(`identity key ${what}`, ['BadKey'], { ...input, identityKey: bad }, 'bad-key');
    }
    await invalid('account key zero', ['BadKey'], { ...input, accountKey: '00'.repeat(32) }, 'bad-key');
    group('parse');
    await valid('what was encoded', ['Basic'], { record });
    for (const [what, bad] of [...LOW_ORDER_U, ...NOT_CANONICAL_U]) {
      await invalid(`identity key ${what}`, ['BadKey'], { record: replaced(record, 1, bad) }, 'bad-key');
      await invalid(`account key ${what}`, ['BadKey'], { record: replaced(record, 33, bad) }, 'bad-key');
    }
    for (const bytes of [0, 1, 32, 33, 64, 65, 80])
      await invalid(`${bytes} bytes`, ['Truncated'], { record: cut(record, bytes) }, bytes === 0 ? 'malformed' : 'malformed');
    await invalid('82 bytes', ['Truncated'], { record: `${record}00` }, 'too-large');
    for (const version of ['00', '02', 'ff']) {
      await invalid(`version ${version}`, ['Version'], { record: replaced(record, 0, version) }, 'unsupported-version');
    }
  },
};

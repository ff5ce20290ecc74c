import {
  compareScannable,
  deriveVaultKey,
  fromUtf8,
  generateRecoveryKey,
  isGroupName,
  MAX_PASSWORD_LANES,
  MAX_PASSWORD_MEMORY_KIB,
  MAX_PASSWORD_PASSES,
  MIN_PASSWORD_MEMORY_KIB,
  parseRecoveryKey,
  safetyNumber,
  utf8,
} from '../../../crypto/index.ts';
import { makeAccount } from '../../support/accounts.ts';
import { cryptoTarget, demand, pack, type Target, textOf, unpack } from '../target.ts';

const number = (bytes: Uint8Array | undefined): number =>
  new DataView(new Uint8Array([...(bytes ?? []), ...new Uint8Array(8)]).buffer).getInt32(0);

/** The control characters of Unicode. */
const isControl = (letter: string): boolean => letter < ' ' || (letter >= '\u007f' && letter <= '\u009f');

export const textTargets: readonly Target[] = [
  cryptoTarget('recovery key', 'parse', ['parseRecoveryKey'], async (random) => {
    const { words } = generateRecoveryKey(random);
    const numbered = words.map((word, i) => `${i + 1}. ${word.toUpperCase()}`).join('\n');
    return {
      samples: [utf8(words.join(' ')), utf8(numbered)],
      feed: (input) => demand(parseRecoveryKey(textOf(input)).length === 16, 'entropy of another length'),
    };
  }),
  cryptoTarget('scanned safety number', 'parse', ['compareScannable'], async (random) => {
    const [alice, bob] = [await makeAccount(random), await makeAccount(random)];
    const parties = [alice, bob].map(({ accountId, accountKey }) => ({ accountId, accountKey: accountKey.publicKey }));
    const [a, b] = parties as [(typeof parties)[0], (typeof parties)[0]];
    const [ours, theirs] = [await safetyNumber(a, b), await safetyNumber(b, a)];
    return {
      samples: [theirs.scannable, ours.scannable],
      held: [ours.scannable],
      feed(input) {
        const same = Buffer.compare(input, theirs.scannable) === 0;
        demand((compareScannable(ours.scannable, input) === 'match') === same, 'a match with somebody else');
      },
    };
  }),
  cryptoTarget('safety number', 'heavy', ['safetyNumber'], async (random) => {
    const [alice, bob] = [await makeAccount(random), await makeAccount(random)];
    const ours = { accountId: alice.accountId, accountKey: alice.accountKey.publicKey };
    return {
      samples: [pack([utf8(bob.accountId), bob.accountKey.publicKey])],
      async feed(input) {
        const [id, accountKey] = unpack(input);
        const { digits } = await safetyNumber(ours, { accountId: textOf(id ?? input), accountKey: accountKey ?? input });
        demand(/^\d{60}$/.test(digits), 'other than sixty digits');
      },
    };
  }),
  cryptoTarget('passphrase and cost', 'heavy', ['deriveVaultKey'], async (random) => {
    const cost = (...numbers: number[]) => numbers.map((value) => Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value));
    return {
      samples: [pack([utf8('a passphrase'), random(16), ...cost(8_192, 1, 1)]), pack([utf8('p'), random(64), ...cost(8_192, 1, 1)])],
      async feed(input) {
        const [passphrase, salt, memory, passes, lanes] = unpack(input);
        const asked = { memoryKib: number(memory), passes: number(passes), lanes: number(lanes) };
        const allowed =
          asked.memoryKib >= MIN_PASSWORD_MEMORY_KIB &&
          asked.memoryKib <= MAX_PASSWORD_MEMORY_KIB &&
          asked.passes >= 1 &&
          asked.passes <= MAX_PASSWORD_PASSES &&
          asked.lanes >= 1 &&
          asked.lanes <= MAX_PASSWORD_LANES;
        // What may be asked for is paid in full only at the least cost: the bounds are what is tried here.
        const paid = allowed ? { memoryKib: MIN_PASSWORD_MEMORY_KIB, passes: 1, lanes: 1 } : asked;
        const key = await deriveVaultKey(textOf(passphrase ?? input), salt ?? input, paid);
        demand(allowed && key.length === 32, 'a cost out of bounds is paid');
      },
    };
  }),
  cryptoTarget('group name', 'parse', ['isGroupName'], async () => ({
    samples: [utf8('Choir'), utf8('Zoë’s\u00a0group 🎵')],
    feed(input) {
      const name = fromUtf8(input);
      demand(isGroupName(name) === (name !== '' && ![...name].some(isControl)), 'a name with a control character');
    },
  })),
];

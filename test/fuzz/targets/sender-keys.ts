import {
  acceptDistribution,
  type Bytes,
  concat,
  createSenderKey,
  distributionIdOf,
  groupDecrypt,
  groupEncrypt,
  MAX_SENDER_KEY_STATES,
  peekSenderKeyMessage,
  type RandomBytes,
  seededSign,
  type SenderKey,
  senderKeyDistribution,
  senderKeyIteration,
  utf8,
} from '../../../crypto/index.ts';
import { parseDistribution } from '../../../crypto/group/sender-key-message.ts';
import { parseStates } from '../../../crypto/group/sender-key-states.ts';
import { makeAccount } from '../../support/accounts.ts';
import { cryptoTarget, demand, demandGenuine, same, type Target } from '../target.ts';

const SIGNATURE_BYTES = 64;
const SEED_AT = 57;

async function keyring(random: RandomBytes) {
  const { accountId } = await makeAccount(random);
  const distributionId = distributionIdOf(random(32), 1, accountId, 1, 0);
  let senderKey: SenderKey = await createSenderKey(distributionId, random);
  const distribution = senderKeyDistribution(senderKey);
  const messages: Bytes[] = [];
  for (const text of ['first', 'second', 'third', 'a longer one '.repeat(9)]) {
    const sent = await groupEncrypt(senderKey, utf8(text));
    senderKey = sent.senderKey;
    messages.push(sent.message);
  }
  const fresh = acceptDistribution(null, distribution);
  // One skipped key held, so that states have every part they can have.
  const { states } = await groupDecrypt(fresh, messages[1] as Bytes);
  const other = senderKeyDistribution(await createSenderKey(distributionId, random));
  return { senderKey, distribution, other, messages, states: acceptDistribution(states, other), fresh };
}

export const senderKeyTargets: readonly Target[] = [
  cryptoTarget('sender key message', 'parse', ['peekSenderKeyMessage'], async (random) => ({
    samples: (await keyring(random)).messages,
    feed: peekSenderKeyMessage,
  })),
  cryptoTarget('sender key distribution', 'parse', ['acceptDistribution', 'parseDistribution'], async (random) => {
    const { distribution, other, states } = await keyring(random);
    return {
      samples: [distribution, other],
      held: [states],
      feed(input) {
        parseDistribution(input);
        const after = parseStates(acceptDistribution(states, input));
        demand(after.states.length <= MAX_SENDER_KEY_STATES, 'too many states');
        acceptDistribution(null, input);
      },
    };
  }),
  cryptoTarget('group message', 'compute', ['groupDecrypt'], async (random) => {
    const { messages, states } = await keyring(random);
    const open = messages.filter((_, i) => i !== 1);
    return {
      samples: open,
      held: [states],
      async feed(input) {
        await groupDecrypt(states, input);
        demandGenuine(input, open);
      },
    };
  }),
  cryptoTarget('group message, anything under a true signature', 'compute', ['groupDecrypt'], async (random) => {
    const { messages, fresh, senderKey } = await keyring(random);
    const seed = senderKey.slice(SEED_AT, SEED_AT + 32);
    return {
      samples: messages.map((message) => message.slice(0, -SIGNATURE_BYTES)),
      held: [fresh],
      async feed(input) {
        const { states, iteration } = await groupDecrypt(fresh, concat(input, await seededSign(seed, input)));
        demand(iteration <= 25_000 && parseStates(states).states.every(({ skipped }) => skipped.length <= 2_000 * 36), 'over a bound');
      },
    };
  }),
  cryptoTarget('sender key, own', 'parse', ['senderKeyDistribution', 'senderKeyIteration'], async (random) => ({
    samples: [(await keyring(random)).senderKey],
    feed(input) {
      senderKeyIteration(input);
      demand(same(parseDistribution(senderKeyDistribution(input)).chainKey, input.subarray(25, 57)), 'another chain key');
    },
  })),
  cryptoTarget('sender key, own, encrypting', 'compute', ['groupEncrypt'], async (random) => ({
    samples: [(await keyring(random)).senderKey],
    feed: (input) => groupEncrypt(input, utf8('text')),
  })),
  cryptoTarget('sender keys, stored', 'compute', ['groupDecrypt', 'acceptDistribution'], async (random) => {
    const { states, fresh, messages, other } = await keyring(random);
    return {
      samples: [states, fresh],
      held: [other, messages[2] as Bytes],
      async feed(input) {
        acceptDistribution(input, other);
        await groupDecrypt(input, messages[2] as Bytes);
      },
    };
  }),
];

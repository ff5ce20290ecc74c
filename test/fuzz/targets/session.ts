import {
  type Bytes,
  concat,
  decrypt,
  encrypt,
  expireSkippedKeys,
  fromUtf8,
  peekFirst,
  primitives,
  type RandomBytes,
  type Session,
  sessionInfo,
  utf8,
} from '../../../crypto/index.ts';
import { encryptMessage } from '../../../crypto/session/ratchet.ts';
import { decodeRecord } from '../../../crypto/session/record.ts';
import { recordsOf } from '../../../crypto/session/session.ts';
import { NOW } from '../../support/accounts.ts';
import { inputOf, makePair, makeParty, openSession, receive, send, start } from '../../support/session-party.ts';
import { cryptoTarget, demand, demandGenuine, type Target } from '../target.ts';

// Twice 2,000 keys of 38 bytes, and the sessions around them.
const MAX_SKIPPED_BYTES = 160_000;
// The ratchet's constant for the next chain key.
const NEXT = Uint8Array.of(2);

/** Alice and Bob in the middle of talk: Bob lacks two messages of this turn, one of the turn before, and one of an archived session. */
async function talking(random: RandomBytes) {
  const { alice, bob } = await makePair(random);
  const archived = await send(alice, bob, 'of the session before');
  await start(alice, bob, 2);
  await receive(bob, alice, await send(alice, bob, 'a new session'));
  await receive(alice, bob, await send(bob, alice, 'answered'));
  const late = await send(alice, bob, 'late');
  await receive(bob, alice, await send(alice, bob, 'not late'));
  await receive(alice, bob, await send(bob, alice, 'a turn'));
  const waiting = [archived, late, await send(alice, bob, 'next'), await send(alice, bob, 'and the one after')];
  return { alice, bob, waiting, input: inputOf(bob, alice, waiting[0] as Bytes) };
}

const secretsOf = (party: { ours: { identity: { privateKey: Bytes; publicKey: Bytes } } }): Bytes[] => [
  party.ours.identity.privateKey,
  party.ours.identity.publicKey,
];

export const sessionTargets: readonly Target[] = [
  cryptoTarget('session message', 'compute', ['decrypt'], async (random) => {
    const { bob, waiting, input } = await talking(random);
    return {
      samples: waiting,
      held: [input.session as Session, ...secretsOf(bob)],
      async feed(message) {
        await decrypt({ ...input, message });
        demandGenuine(message, waiting);
      },
    };
  }),
  cryptoTarget('first message', 'compute', ['decrypt', 'peekFirst'], async (random) => {
    const [alice, bob] = [await makeParty(random), await makeParty(random)];
    await start(alice, bob, 1);
    const samples = [await send(alice, bob, 'hello'), await send(alice, bob, 'hello again')];
    const input = inputOf(bob, alice, samples[0] as Bytes);
    return {
      samples,
      held: [...secretsOf(bob), ...[...bob.signedPrekeys.values(), ...bob.oneTimePrekeys.values()].map(({ privateKey }) => privateKey)],
      async feed(message) {
        peekFirst(message);
        await decrypt({ ...input, expectedIdentity: null, message });
        // What no MAC covers: the version byte Signal writes today, the registration id, and the field order.
        demandGenuine(
          message.slice(-20),
          samples.map((sample) => sample.slice(-20)),
        );
      },
    };
  }),
  cryptoTarget('session message head', 'parse', ['peekFirst'], async (random) => {
    const [alice, bob] = [await makeParty(random), await makeParty(random)];
    await start(alice, bob, 1);
    const first = await send(alice, bob, 'hello');
    await start(alice, bob);
    const { waiting } = await talking(random);
    return { samples: [first, await send(alice, bob, 'without a one-time prekey'), ...waiting], feed: peekFirst };
  }),
  cryptoTarget('session message, any counters under a true MAC', 'heavy', ['decrypt'], async (random) => {
    const { alice, bob, input } = await talking(random);
    const [open] = recordsOf(openSession(alice, bob), bob.address);
    return {
      // What is added to the previous counter (u32), and how far the chain jumps ahead (u16).
      samples: [Uint8Array.of(0, 0, 0, 0, 0, 0), Uint8Array.of(0, 0, 7, 207, 0, 3), Uint8Array.of(0, 1, 134, 160, 7, 200)],
      held: [input.session as Session],
      async feed(bytes) {
        const view = new DataView(concat(bytes, new Uint8Array(6)).buffer);
        const state = decodeRecord(open as Bytes);
        state.previousCounter = (state.previousCounter + view.getUint32(0)) % 2 ** 32;
        const jump = view.getUint16(4) % 2_200;
        for (const chain of state.chains.filter(({ receiving }) => !receiving)) {
          chain.next += jump;
          for (let i = 0; i < jump; i++) chain.chainKey = primitives.hmacSha256(chain.chainKey as Bytes, NEXT);
        }
        const message = concat(Uint8Array.of(2), await encryptMessage(state, alice.ours, utf8('lies')));
        const done = await decrypt({ ...input, message });
        demand(fromUtf8(done.plaintext) === 'lies' && done.session.length < MAX_SKIPPED_BYTES, 'more skipped keys than are kept');
      },
    };
  }),
  cryptoTarget('session, stored', 'parse', ['sessionInfo', 'expireSkippedKeys'], async (random) => {
    const { alice, bob, input } = await talking(random);
    return {
      samples: [input.session as Session, openSession(alice, bob)],
      feed(session) {
        sessionInfo(session);
        demand(expireSkippedKeys(session, NOW).length <= session.length, 'a session that grows');
      },
    };
  }),
  cryptoTarget('session, stored and used', 'compute', ['encrypt', 'decrypt'], async (random) => {
    const { alice, bob, waiting, input } = await talking(random);
    return {
      samples: [input.session as Session],
      held: [waiting[2] as Bytes],
      async feed(session) {
        await encrypt(session, bob.ours, alice.address, utf8('text'));
        await decrypt({ ...input, session, message: waiting[2] as Bytes });
      },
    };
  }),
];

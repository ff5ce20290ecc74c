import {
  type Bytes,
  concat,
  deriveEpochKeys,
  deriveRunSecret,
  type ContentHeader,
  encodeContent,
  envelopeKind,
  epochCommitment,
  hkdf,
  KIND,
  LABEL,
  matchesHint,
  MAX_ENVELOPE_BYTES,
  openGroup,
  openPairwise,
  openRecord,
  parseContent,
  primitives,
  type RandomBytes,
  requireContext,
  runHash,
  type SealedMessage,
  sealGroup,
  sealPairwise,
  sealRecord,
  startRun,
  utf8,
} from '../../../crypto/index.ts';
import { sealUnderSalt } from '../../../crypto/sealing/aead.ts';
import { parseSealedMessage } from '../../../crypto/wire/sealed-message.ts';
import { makeAccount, makeDevice, NOW } from '../../support/accounts.ts';
import { cryptoTarget, demand, demandGenuine, same, type Target } from '../target.ts';

const MIN_RECORD_BYTES = 48;

async function sealedParties(random: RandomBytes) {
  const bob = await makeAccount(random);
  const { sealing } = await makeDevice(bob, random);
  const address = { accountId: bob.accountId, deviceId: 1, sealingKeyId: 1 };
  const run = await startRun({ ...address, sealingPublicKey: sealing.publicKey }, NOW, random);
  const keys = await deriveEpochKeys(random(32), random(32), 1);
  const message = (kind: 1 | 2, length: number): SealedMessage => ({
    kind,
    fromAccount: bob.accountId,
    fromDevice: 1,
    message: random(length),
  });
  const pairwise = [
    await sealPairwise(run, message(KIND.pairwise, 60), random),
    await sealPairwise(run, message(KIND.pairwise, 1_500), random),
  ];
  const group = [await sealGroup(keys, message(KIND.group, 60), random), await sealGroup(keys, message(KIND.group, 2_500), random)];
  return { address, sealing, run, keys, pairwise, group, accountId: bob.accountId };
}

/** The plaintexts of the sealed messages, opened with the AEAD itself. */
async function plaintextsOf(random: RandomBytes) {
  const parties = await sealedParties(random);
  const { run, keys, pairwise, group } = parties;
  const aad = concat(Uint8Array.of(1), run.enc);
  const inPairwise = await Promise.all(
    pairwise.map((envelope) => openRecord(run.secret, LABEL.pairwiseSeal, KIND.pairwise, aad, envelope.subarray(1_122))),
  );
  const inGroup = await Promise.all(
    group.map((envelope) => {
      const record = concat(envelope.subarray(2, 34), envelope.subarray(50));
      return openRecord(keys.seal, LABEL.groupSeal, KIND.group, concat(Uint8Array.of(1), envelope.subarray(34, 50)), record);
    }),
  );
  return { ...parties, inPairwise, inGroup };
}

function demandSealed(message: SealedMessage, kind: 1 | 2): void {
  demand(message.kind === kind && message.message.length > 0 && message.fromDevice >= 1, 'a sealed message that is none');
}

export const sealingTargets: readonly Target[] = [
  cryptoTarget('envelope head', 'parse', ['envelopeKind', 'runHash', 'matchesHint'], async (random) => {
    const { pairwise, group, keys } = await sealedParties(random);
    return {
      samples: [...pairwise, ...group],
      held: [keys.hint],
      feed(input) {
        const kind = envelopeKind(input);
        demand((runHash(input) === null) === (kind === KIND.group), 'a run of a group envelope');
        if (kind === KIND.group) matchesHint(keys, input);
      },
    };
  }),
  cryptoTarget('sealed record', 'compute', ['openRecord'], async (random) => {
    const secret = random(32);
    const aad = utf8('a record');
    const samples = [random(0), random(33), random(700)].map((plain) =>
      sealRecord(secret, LABEL.vaultRecord, KIND.vault, aad, plain, random),
    );
    const made = await Promise.all(samples);
    return {
      samples: made,
      held: [secret, aad],
      async feed(input) {
        const plain = await openRecord(secret, LABEL.vaultRecord, KIND.vault, aad, input);
        demandGenuine(input, made);
        demand(plain.length === input.length - MIN_RECORD_BYTES, 'another length');
      },
    };
  }),
  cryptoTarget('pairwise envelope', 'compute', ['openPairwise'], async (random) => {
    const { run, pairwise } = await sealedParties(random);
    return {
      samples: pairwise,
      held: [run.secret],
      async feed(input) {
        demandSealed(await openPairwise(run.secret, input), KIND.pairwise);
        demandGenuine(input, pairwise);
      },
    };
  }),
  cryptoTarget('pairwise envelope, anything under a true seal', 'compute', ['openPairwise'], async (random) => {
    const { run, inPairwise } = await plaintextsOf(random);
    const aad = concat(Uint8Array.of(1), run.enc);
    return {
      samples: inPairwise,
      async feed(input) {
        const record = await sealRecord(run.secret, LABEL.pairwiseSeal, KIND.pairwise, aad, input, random);
        demandSealed(await openPairwise(run.secret, concat(Uint8Array.of(1, KIND.pairwise), run.enc, record)), KIND.pairwise);
      },
    };
  }),
  cryptoTarget('group envelope', 'compute', ['openGroup'], async (random) => {
    const { keys, group } = await sealedParties(random);
    return {
      samples: group,
      held: [keys.seal, keys.hint],
      async feed(input) {
        demandSealed(await openGroup(keys, input), KIND.group);
        demandGenuine(input, group);
      },
    };
  }),
  cryptoTarget('group envelope, anything under a true seal', 'compute', ['openGroup'], async (random) => {
    const { keys, inGroup } = await plaintextsOf(random);
    return {
      samples: inGroup,
      async feed(input) {
        const salt = random(32);
        const hint = primitives.hmacSha256(keys.hint, salt).slice(0, 16);
        const sealed = await sealUnderSalt(keys.seal, salt, LABEL.groupSeal, KIND.group, concat(Uint8Array.of(1), hint), input);
        demandSealed(await openGroup(keys, concat(Uint8Array.of(1, KIND.group), salt, hint, sealed)), KIND.group);
      },
    };
  }),
  cryptoTarget('sealed message', 'parse', ['parseSealedMessage'], async (random) => {
    const { inPairwise } = await plaintextsOf(random);
    return { samples: inPairwise, feed: (input) => demandSealed(parseSealedMessage(input, KIND.pairwise), KIND.pairwise) };
  }),
  cryptoTarget('encapsulation', 'heavy', ['deriveRunSecret'], async (random) => {
    const { address, sealing, run, pairwise } = await sealedParties(random);
    return {
      samples: pairwise,
      held: [sealing.privateKey, sealing.publicKey],
      async feed(input) {
        const secret = await deriveRunSecret({ ...address, ...sealing }, input);
        demand(same(secret, run.secret) === same(input.subarray(2, 1_122), run.enc), 'the same secret of another encapsulation');
      },
    };
  }),
  cryptoTarget('sealing key of a stranger', 'heavy', ['startRun'], async (random) => {
    const { address, sealing } = await sealedParties(random);
    return { samples: [sealing.publicKey], feed: (input) => startRun({ ...address, sealingPublicKey: input }, NOW, random) };
  }),
  cryptoTarget('epoch secret', 'compute', ['deriveEpochKeys', 'epochCommitment', 'hkdf'], async (random) => {
    const groupId = random(32);
    return {
      samples: [random(32)],
      held: [groupId],
      async feed(input) {
        demand(hkdf(input, input, input, 32).length === 32, 'another length');
        demand(epochCommitment(input, groupId, 1).length === 32 && input.length === 32, 'a secret of another length');
        await deriveEpochKeys(input, groupId, 1);
      },
    };
  }),
  cryptoTarget('content', 'parse', ['parseContent', 'requireContext'], async (random) => {
    const alice = await makeAccount(random, [1, 2]);
    const from = { accountId: alice.accountId, deviceId: 1 };
    const base = { from, messageId: random(16), counter: 7, sentAt: NOW, deviceList: { version: 1, hash: alice.list.hash } };
    const introduction = { genesis: alice.genesisBytes, rotations: [random(203)], deviceList: alice.entries, certificate: 'a.b.c' };
    const to = { accountId: alice.accountId, deviceId: 2 };
    const group = { groupId: random(32), epoch: 2, logVersion: 9, logHead: random(32) };
    const headers: ContentHeader[] = [
      { ...base, kind: KIND.pairwise, to, body: utf8('hello') },
      { ...base, kind: KIND.pairwise, to, introduction, body: utf8('hello, I am new') },
      { ...base, kind: KIND.group, to: group, body: new Uint8Array(0) },
    ];
    const isHere = (header: ContentHeader): boolean => {
      try {
        requireContext(header, { from, to });
        return true;
      } catch {
        return false;
      }
    };
    return {
      samples: headers.map(encodeContent),
      feed(input: Bytes) {
        const header = parseContent(input);
        demand(same(encodeContent(header), input) && input.length <= MAX_ENVELOPE_BYTES, 'two encodings of one content');
        const bound =
          header.kind === KIND.pairwise && same(input.subarray(0, 74), encodeContent(headers[0] as ContentHeader).subarray(0, 74));
        demand(isHere(header) === bound, 'content of another context');
      },
    };
  }),
];

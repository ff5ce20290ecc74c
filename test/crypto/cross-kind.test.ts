import { expect, test } from 'vitest';
import {
  type Bytes,
  concat,
  deriveEpochKeys,
  type EpochKeys,
  encodeContent,
  KIND,
  type Kind,
  LABEL,
  openGroup,
  openPairwise,
  openRecord,
  parseContent,
  requireContext,
  type Run,
  type SealedMessage,
  sealGroup,
  sealPairwise,
  sealRecord,
  utf8,
} from '../../crypto/index.ts';
import { makeAccount } from '../support/accounts.ts';
import { refusal } from '../support/refusal.ts';
import { seededRandom } from '../support/seeded-random.ts';

const random = seededRandom('cross kind');
const kinds = Object.entries(KIND) as [string, Kind][];
const AAD = utf8('one aad');

// One secret under everything, so that nothing but the kind keeps the openers apart.
const SECRET = random(32);

async function setUp() {
  const { accountId } = await makeAccount(random);
  const sealed = (kind: 1 | 2): SealedMessage => ({ kind, fromAccount: accountId, fromDevice: 1, message: utf8('inner') });
  const run: Run = { enc: random(1_120), secret: SECRET, sealingKeyId: 1, startedAt: 0, used: 0 };
  const derived = await deriveEpochKeys(SECRET, random(32), 1);
  const keys: EpochKeys = { ...derived, seal: SECRET };
  return { accountId, sealed, run, keys };
}

test('cross-kind: every kind × every opener opens on the diagonal alone (C8)', async () => {
  const { sealed, run, keys } = await setUp();
  const makers = new Map<string, Bytes>([
    ['pairwise envelope', await sealPairwise(run, sealed(KIND.pairwise), random)],
    ['group envelope', await sealGroup(keys, sealed(KIND.group), random)],
  ]);
  const openers = new Map<string, (bytes: Bytes) => Promise<unknown>>([
    ['pairwise envelope', (bytes) => openPairwise(SECRET, bytes)],
    ['group envelope', (bytes) => openGroup(keys, bytes)],
  ]);
  for (const [name, kind] of kinds) {
    // Records as long as an envelope, so that no size tells them apart either.
    makers.set(`${name} record`, await sealRecord(SECRET, LABEL.vaultRecord, kind, AAD, new Uint8Array(2_000), random));
    openers.set(`${name} record`, (bytes) => openRecord(SECRET, LABEL.vaultRecord, kind, AAD, bytes));
  }
  for (const [made, bytes] of makers) {
    for (const [opener, open] of openers) {
      const code = await refusal(() => open(bytes));
      if (made === opener) expect(code, made).toBeNull();
      else expect(['wrong-kind', 'bad-mac', 'malformed', 'unsupported-version'], `${made} by ${opener}`).toContain(code);
    }
  }
});

test('cross-kind: the label parts records as well as the kind does (C6)', async () => {
  const labels = Object.values(LABEL);
  for (const made of labels) {
    const record = await sealRecord(SECRET, made, KIND.vault, AAD, utf8('text'), random);
    for (const asked of labels) {
      const code = await refusal(() => openRecord(SECRET, asked, KIND.vault, AAD, record));
      expect(code, `${made} as ${asked}`).toBe(made === asked ? null : 'bad-mac');
    }
  }
});

test('cross-kind: a relabelled envelope opens as nothing (C8)', async () => {
  const { sealed, run, keys } = await setUp();
  for (const kind of [...kinds.map(([, value]) => value), 0, 7, 255]) {
    const pairwise = await sealPairwise(run, sealed(KIND.pairwise), random);
    const group = await sealGroup(keys, sealed(KIND.group), random);
    pairwise[1] = kind;
    group[1] = kind;
    const codes = [
      await refusal(() => openPairwise(SECRET, pairwise)),
      await refusal(() => openGroup(keys, pairwise)),
      await refusal(() => openGroup(keys, group)),
      await refusal(() => openPairwise(SECRET, group)),
    ];
    for (const code of codes) expect([null, 'wrong-kind', 'bad-mac']).toContain(code);
    // Only the byte that was there all along opens, and only for the opener it names.
    expect(codes.filter((code) => code === null).length).toBe(kind === KIND.pairwise || kind === KIND.group ? 1 : 0);
  }
});

test('cross-kind: a sealed message of another kind than its envelope is refused on both sides (C8)', async () => {
  const { sealed, run, keys } = await setUp();
  expect(await refusal(() => sealPairwise(run, sealed(KIND.group), random))).toBe('wrong-kind');
  expect(await refusal(() => sealGroup(keys, sealed(KIND.pairwise), random))).toBe('wrong-kind');

  // A sender who keeps no rules: a group message under a pairwise seal that is otherwise right.
  const { enc } = run;
  const inner = await openGroupPlaintext(sealed(KIND.group), 2_048 - 1_170);
  const record = await sealRecord(SECRET, LABEL.pairwiseSeal, KIND.pairwise, concat(Uint8Array.of(1), enc), inner, random);
  expect(await refusal(() => openPairwise(SECRET, concat(Uint8Array.of(1, 1), enc, record)))).toBe('wrong-kind');
  inner[1] = KIND.pairwise;
  const honest = await sealRecord(SECRET, LABEL.pairwiseSeal, KIND.pairwise, concat(Uint8Array.of(1), enc), inner, random);
  expect(await refusal(() => openPairwise(SECRET, concat(Uint8Array.of(1, 1), enc, honest)))).toBeNull();
  inner[inner.length - 1] = 1;
  const padded = await sealRecord(SECRET, LABEL.pairwiseSeal, KIND.pairwise, concat(Uint8Array.of(1), enc), inner, random);
  expect(await refusal(() => openPairwise(SECRET, concat(Uint8Array.of(1, 1), enc, padded)))).toBe('malformed');

  async function openGroupPlaintext(message: SealedMessage, length: number): Promise<Bytes> {
    // The bytes a group envelope holds, cut to another padding: read back through the one AEAD with the group's own aad.
    const envelope = await sealGroup(keys, message, random);
    const aad = concat(Uint8Array.of(1), envelope.subarray(34, 50));
    const plaintext = await openRecord(SECRET, LABEL.groupSeal, KIND.group, aad, concat(envelope.subarray(2, 34), envelope.subarray(50)));
    return plaintext.slice(0, length);
  }
});

test('cross-kind: a content of one kind is not taken from a session of the other (C19)', async () => {
  const { accountId } = await setUp();
  const from = { accountId, deviceId: 1 };
  const base = { from, messageId: random(16), counter: 1, sentAt: 0, deviceList: { version: 1, hash: random(32) }, body: utf8('hi') };
  const groupId = random(32);
  const group = parseContent(encodeContent({ ...base, kind: KIND.group, to: { groupId, epoch: 1, logVersion: 1, logHead: random(32) } }));
  const pairwise = parseContent(encodeContent({ ...base, kind: KIND.pairwise, to: { accountId, deviceId: 2 } }));
  expect(await refusal(() => requireContext(group, { from, to: { accountId, deviceId: 2 } }))).toBe('wrong-kind');
  expect(await refusal(() => requireContext(pairwise, { from, to: { groupId, epoch: 1 } }))).toBe('wrong-kind');
  const mixed = { ...base, kind: KIND.pairwise, to: { groupId, epoch: 1, logVersion: 1, logHead: random(32) } };
  expect(await refusal(() => encodeContent(mixed))).toBe('wrong-kind');
  for (const kind of [0, 3, 4, 5, 6, 255]) {
    const bytes = encodeContent({ ...base, kind: KIND.pairwise, to: from });
    bytes[1] = kind;
    expect(await refusal(() => parseContent(bytes))).toBe('wrong-kind');
  }
});

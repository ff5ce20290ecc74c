/** Constants that no bytes of the vectors hold: what a device or the relay uses alone. One changed letter would part it from what is stored. */
import { expect, test } from 'vitest';
import {
  DEVICE_RECORD_ROTATE_MS,
  KIND,
  LABEL,
  parseGroupState,
  PREKEY_PRIVATE_KEEP_MS,
  PURPOSE,
  SENDER_KEY_MAX_AGE_MS,
  SENDER_KEY_MAX_MESSAGES,
} from '../../crypto/index.ts';
import { refusal } from '../support/refusal.ts';

const DAY_MS = 86_400_000;

test('C6: labels are `Sottovoce v1` and these words, no two alike', () => {
  expect(LABEL).toEqual({
    accountId: 'Sottovoce v1 account id',
    accountKey: 'Sottovoce v1 account key',
    backupKey: 'Sottovoce v1 backup key',
    backupLogin: 'Sottovoce v1 backup login',
    backup: 'Sottovoce v1 backup',
    backupCommitment: 'Sottovoce v1 backup key commitment',
    chainHash: 'Sottovoce v1 chain entry',
    pairwiseSeal: 'Sottovoce v1 pairwise seal',
    pairwiseRun: 'Sottovoce v1 pairwise run',
    groupSeal: 'Sottovoce v1 group seal',
    groupHint: 'Sottovoce v1 group hint',
    groupLog: 'Sottovoce v1 group log',
    groupAccess: 'Sottovoce v1 group access',
    groupCommit: 'Sottovoce v1 group epoch commitment',
    groupDistribution: 'Sottovoce v1 group distribution id',
    vaultWrap: 'Sottovoce v1 vault wrap',
    vaultRecord: 'Sottovoce v1 vault record',
    vaultName: 'Sottovoce v1 vault name',
    attachment: 'Sottovoce v1 attachment',
    attachmentCommitment: 'Sottovoce v1 attachment key commitment',
    linkKey: 'Sottovoce v1 link key',
    linkTranscript: 'Sottovoce v1 link transcript',
    linkChannel: 'Sottovoce v1 link channel',
    linkCode: 'Sottovoce v1 link code',
  });
  expect(new Set(Object.values(LABEL)).size).toBe(Object.keys(LABEL).length);
});

test('C4: purposes are these, C8: kinds are these, no two alike', () => {
  expect(PURPOSE).toEqual({
    deviceRecord: 'device record',
    deviceList: 'device list',
    identityRotation: 'identity rotation',
    groupLog: 'group log',
    groupRequest: 'group request',
    groupAccessChange: 'group access change',
    login: 'login',
    registration: 'registration',
  });
  expect(KIND).toEqual({ pairwise: 1, group: 2, groupLog: 3, vault: 4, backup: 5, attachment: 6, linking: 7 });
});

test('C15, G4: a device makes its keys anew after 48 hours, a thousand messages or seven days, and keeps old ones 33 days', () => {
  expect(DEVICE_RECORD_ROTATE_MS).toBe(2 * DAY_MS);
  expect(PREKEY_PRIVATE_KEEP_MS).toBe(33 * DAY_MS);
  expect(SENDER_KEY_MAX_MESSAGES).toBe(1_000);
  expect(SENDER_KEY_MAX_AGE_MS).toBe(7 * DAY_MS);
});

test('C2: a stored group is at most 16 MiB', async () => {
  expect(await refusal(async () => parseGroupState(new Uint8Array(16_777_216)))).toBe('unsupported-version');
  expect(await refusal(async () => parseGroupState(new Uint8Array(16_777_217)))).toBe('too-large');
});

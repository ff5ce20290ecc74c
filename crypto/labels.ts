/**
 * Every label of every derivation and every purpose of every signature, in one list, so that no two uses can meet by accident.
 * A label is the HKDF `info` (or its first part, followed by the kind byte and context); a purpose is signed as
 * `Sottovoce v1 <purpose>` ‖ 0x00 ‖ body.
 */
export const LABEL = {
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
} as const;

export type Label = (typeof LABEL)[keyof typeof LABEL];

export const PURPOSE = {
  deviceRecord: 'device record',
  deviceList: 'device list',
  identityRotation: 'identity rotation',
  groupLog: 'group log',
  groupRequest: 'group request',
  groupAccessChange: 'group access change',
  login: 'login',
  registration: 'registration',
} as const;

export type Purpose = (typeof PURPOSE)[keyof typeof PURPOSE];

/** Kinds: one byte in the sealed header, in the sealing AAD and in the content header (D1). */
export const KIND = {
  pairwise: 1,
  group: 2,
  groupLog: 3,
  vault: 4,
  backup: 5,
  attachment: 6,
  linking: 7,
} as const;

export type Kind = (typeof KIND)[keyof typeof KIND];

/** The only door of the protocol library. Nothing inside imports it. README.md is the map. */
export { type Bytes, concat, equalBytes, fromBase64url, fromUtf8, type RandomBytes, toBase64url, toHex, utf8, wipe } from './bytes.ts';
export {
  type BackupMark,
  type DeviceList,
  type DeviceListExpectation,
  type ListedDevice,
  signDeviceList,
  verifyDeviceList,
} from './chain/device-list.ts';
export { type IdentityHead, signIdentityRotation, verifyRotationChain } from './chain/identity-rotation.ts';
export { CRYPTO_ERROR_CODES, CryptoError, type CryptoErrorCode } from './errors.ts';
export { groupDecrypt } from './group/group-decrypt.ts';
export {
  type AppliedEntry,
  type AppliedOperation,
  applyGroupEntry,
  type GroupAuthor,
  signGroupOperation,
  skipSlot,
  verifyMoved,
} from './group/group-log.ts';
export { type GroupOperation, type GroupPolicy, isGroupName, type MemberRecord, ROLES, type Role } from './group/group-operation.ts';
export { canDo } from './group/group-rules.ts';
export {
  atHead,
  compareHead,
  FIRST_EPOCH,
  type FormerMember,
  type GroupMember,
  type GroupState,
  hasRank,
  isAdmin,
  mayPost,
  wasMember,
} from './group/group-state.ts';
export { encodeGroupState, parseGroupState } from './group/group-state-codec.ts';
export { type AppliedSlot, applyLogSlot, type EpochLogKey, recoverEpochs } from './group/log-replay.ts';
export { type OpenedSlot, openLogEntry, peekLogEntryEpoch, sealLogEntry } from './group/log-slot.ts';
export {
  createSenderKey,
  distributionIdOf,
  groupEncrypt,
  type SenderKey,
  senderKeyDistribution,
  senderKeyIteration,
} from './group/sender-key.ts';
export { peekSenderKeyMessage } from './group/sender-key-message.ts';
export { acceptDistribution, type SenderKeyStates } from './group/sender-key-states.ts';
export { type AccountId, accountIdFromBytes, accountIdToBytes, type DeviceAddress } from './keys/account-id.ts';
export { deriveAccountKey, deriveBackupKeys, seededPublicKey, seededSign } from './keys/account-key.ts';
export { generateKeyPair, type KeyPair, requireCurveKey } from './keys/curve-key.ts';
export {
  type DeviceRecord,
  type DeviceRecordExpectation,
  parseDeviceRecord,
  signDeviceRecord,
  verifyDeviceRecord,
} from './keys/device-record.ts';
export { accountIdOf, encodeGenesis, type GenesisRecord, generateGenesis, parseGenesis } from './keys/genesis-record.ts';
export { generateOneTimePrekeys, type OneTimePrekey, type OneTimePrekeyPair } from './keys/one-time-prekey.ts';
export { type PrekeyBundle, prekeyBundleOf } from './keys/prekey-bundle.ts';
export { requireSealingKey, type SealingKeyPair } from './keys/sealing-key.ts';
export {
  ed25519Signer,
  identitySigner,
  purposeBytes,
  type Signer,
  seedSigner,
  signPurpose,
  verifyEd25519Purpose,
  verifyPurpose,
} from './keys/signature.ts';
export { type SignedPrekey, signPrekey, verifyPrekey } from './keys/signed-prekey.ts';
export { KIND, type Kind, LABEL, type Label, PURPOSE, type Purpose } from './labels.ts';
export * from './limits.ts';
export {
  encodeLinkingCode,
  generateLinkingCode,
  type LinkingChannel,
  type LinkingCode,
  type LinkingRole,
  openLinked,
  parseLinkingCode,
  sealLinked,
  startLinkingChannel,
} from './linking.ts';
export { deriveVaultKey, type PasswordCost } from './password.ts';
export { hkdf } from './primitives/hkdf.ts';
export { installPrimitives, type Primitives, primitives } from './primitives/installed.ts';
export { generateRecoveryKey, parseRecoveryKey } from './recovery-key.ts';
export { compareScannable, type SafetyNumber, type SafetyParty, safetyNumber } from './safety-number.ts';
export { openRecord, sealRecord } from './sealing/aead.ts';
export {
  ATTACHMENT_HEADER_BYTES,
  attachmentHeader,
  attachmentLayout,
  chunkRange,
  openChunk,
  paddedAttachmentBytes,
  requireAttachmentHeader,
  sealChunk,
} from './sealing/attachment.ts';
export { type BackupHeader, openBackup, parseBackupHeader, sealBackup } from './sealing/backup.ts';
export { deriveEpochKeys, type EpochKeys, epochCommitment } from './sealing/epoch-keys.ts';
export { matchesHint, openGroup, sealGroup } from './sealing/group.ts';
export { generateSealingKey } from './sealing/hpke.ts';
export { envelopeKind, MAX_SEALED_BYTES } from './sealing/padding.ts';
export { deriveRunSecret, openPairwise, type Run, runExpired, runHash, sealPairwise, startRun } from './sealing/pairwise.ts';
export { type Decrypted, type DecryptInput, decrypt } from './session/decrypt.ts';
export { encrypt } from './session/encrypt.ts';
export { startSession } from './session/handshake.ts';
export { type FirstMessageInfo, peekFirst } from './session/message.ts';
export { type Session, type SessionInfo, sessionInfo } from './session/session.ts';
export { expireSkippedKeys } from './session/skipped.ts';
export type { OurKeys } from './session/store.ts';
export {
  type ContentHeader,
  encodeContent,
  type ExpectedContext,
  type GroupAddress,
  parseContent,
  requireContext,
} from './wire/content.ts';
export { type Introduction, type VerifiedIntroduction, verifyIntroduction } from './wire/introduction.ts';
export type { MessageKind, SealedMessage } from './wire/sealed-message.ts';

/** Every family, in the order a reader meets them in docs/protocol.md. */
import type { Family } from '../family.ts';
import { aead } from './aead.ts';
import { attachmentFamily } from './attachment.ts';
import { backupHeader } from './backup-header.ts';
import { content } from './content.ts';
import { deviceList } from './device-list.ts';
import { deviceRecord } from './device-record.ts';
import { doubleRatchet } from './double-ratchet.ts';
import { genesis } from './genesis.ts';
import { groupLog } from './group-log.ts';
import { groupSeal } from './group-seal.ts';
import { linking } from './linking.ts';
import { padding } from './padding.ts';
import { pairwiseSeal } from './pairwise-seal.ts';
import { prekeyBundle } from './prekey-bundle.ts';
import { recoveryKey } from './recovery-key.ts';
import { safetyNumberFamily } from './safety-number.ts';
import { senderKey } from './sender-key.ts';
import { x3dh } from './x3dh.ts';
import { xeddsa } from './xeddsa.ts';

export const FAMILIES: readonly Family[] = [
  xeddsa,
  genesis,
  recoveryKey,
  deviceRecord,
  prekeyBundle,
  deviceList,
  aead,
  padding,
  pairwiseSeal,
  groupSeal,
  content,
  attachmentFamily,
  backupHeader,
  linking,
  x3dh,
  doubleRatchet,
  safetyNumberFamily,
  senderKey,
  groupLog,
];

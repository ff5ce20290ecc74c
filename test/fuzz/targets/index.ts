import type { Target } from '../target.ts';
import { chainTargets } from './chains.ts';
import { clientTargets } from './client.ts';
import { groupLogTargets } from './group-log.ts';
import { groupModel } from './group-model.ts';
import { keyTargets } from './keys.ts';
import { linkingTargets } from './linking.ts';
import { relayTargets } from './relay.ts';
import { sealingTargets } from './sealing.ts';
import { senderKeyModel } from './sender-key-model.ts';
import { senderKeyTargets } from './sender-keys.ts';
import { sessionModel } from './session-model.ts';
import { sessionTargets } from './session.ts';
import { storedTargets } from './stored.ts';
import { textTargets } from './text.ts';

/** The relay's wire and what people read: everything outside `crypto/`. */
export const outerTargets: readonly Target[] = [...relayTargets, ...clientTargets];

export const cryptoTargets: readonly Target[] = [
  ...keyTargets,
  ...chainTargets,
  ...sealingTargets,
  ...storedTargets,
  ...groupLogTargets,
  ...senderKeyTargets,
  ...sessionTargets,
  ...textTargets,
  ...linkingTargets,
  sessionModel,
  senderKeyModel,
  groupModel,
];

export const allTargets: readonly Target[] = [...cryptoTargets, ...outerTargets];

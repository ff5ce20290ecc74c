/**
 * Pairwise sealing as the engine keeps it: the sender's encapsulations and the receiver's run secrets, both in memory alone. Losing them
 * costs one encapsulation; keeping them nowhere means that no old vault can bring one back (D9).
 */
import {
  type Bytes,
  type DeviceRecord,
  deriveRunSecret,
  openPairwise,
  parseDeviceRecord,
  type Run,
  runExpired,
  runHash,
  type SealedMessage,
  sealPairwise,
  startRun,
  toHex,
} from '../../crypto/index.ts';
import { CryptoError } from '../../crypto/index.ts';
import { accountIn, type Core } from './core.ts';
import { deviceKey } from './state.ts';
import type { View } from './step.ts';
import { createRecent } from './vault/recent.ts';

// Each holds 32 bytes; as many peer devices as one hears from between two restarts.
const MAX_SECRETS = 1_024;
const MAX_RUNS = 1_024;

export type Runs = {
  seal(recipient: DeviceRecord, sealed: SealedMessage): Promise<Bytes>;
  /** Throws `bad-mac` when it is sealed for none of this device's keys. */
  open(view: View, envelope: Bytes): Promise<SealedMessage>;
  forget(): void;
};

const parsed = new WeakMap<Bytes, DeviceRecord>();

/** Records are verified when they are stored; reading one again need not cost its parse. */
export function recordOf(bytes: Bytes): DeviceRecord {
  const known = parsed.get(bytes);
  if (known) return known;
  const record = parseDeviceRecord(bytes);
  parsed.set(bytes, record);
  return record;
}

export function createRuns(core: Core): Runs {
  const runs = createRecent<Run>(MAX_RUNS);
  const secrets = createRecent<Bytes>(MAX_SECRETS);

  async function runFor(recipient: DeviceRecord): Promise<Run> {
    const key = deviceKey(recipient.accountId, recipient.deviceId);
    const known = runs.get(key);
    const { id, publicKey } = recipient.sealingKey;
    const usable = known !== undefined && known.sealingKeyId === id && !runExpired(known, core.now());
    const run = usable
      ? known
      : await startRun(
          { accountId: recipient.accountId, deviceId: recipient.deviceId, sealingKeyId: id, sealingPublicKey: publicKey },
          core.now(),
          core.random,
        );
    runs.set(key, { ...run, used: run.used + 1 });
    return run;
  }

  async function openWithKeys(view: View, envelope: Bytes): Promise<{ secret: Bytes; sealed: SealedMessage }> {
    const { accountId, deviceId } = accountIn(view);
    const newestFirst = [...view.all('sealingKeys')].sort(([a], [b]) => Number(b) - Number(a));
    for (const [id, key] of newestFirst) {
      const secret = await deriveRunSecret({ accountId, deviceId, sealingKeyId: Number(id), ...key }, envelope);
      try {
        return { secret, sealed: await openPairwise(secret, envelope) };
      } catch (error) {
        if (!(error instanceof CryptoError) || error.code !== 'bad-mac') throw error;
      }
    }
    throw new CryptoError('bad-mac');
  }

  return {
    seal: async (recipient, sealed) => sealPairwise(await runFor(recipient), sealed, core.random),
    async open(view, envelope) {
      const hash = runHash(envelope);
      if (!hash) throw new CryptoError('wrong-kind');
      const key = toHex(hash);
      const known = secrets.get(key);
      if (known) return openPairwise(known, envelope);
      const { secret, sealed } = await openWithKeys(view, envelope);
      secrets.set(key, secret);
      return sealed;
    },
    forget() {
      runs.clear();
      secrets.clear();
    },
  };
}

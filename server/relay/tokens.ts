import { generateKeyPairSync } from 'node:crypto';
import { jwtVerify, SignJWT } from 'jose';
import type { Clock } from '../ports.ts';
import { ProtocolError } from '../protocol/errors.ts';
import { TOKEN_LIFETIME_MS } from '../protocol/limits.ts';
import type { Store, StoredDevice } from '../store/store.ts';

/**
 * Ten-minute tokens, EdDSA alone. The key lives in memory: a restart ends every token, and clients log in again. A token names the
 * device's row, which is erased with the device and never given out again, so it dies with its device at once.
 */
export function deviceTokens(clock: Clock, store: Store, origin: () => string) {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');

  async function issue(device: StoredDevice): Promise<{ token: string; expiresAt: number }> {
    const secondsAfter = (time: number): number => Math.floor((time + TOKEN_LIFETIME_MS) / 1_000);
    const token = await new SignJWT({ device: device.deviceId, row: device.row })
      .setProtectedHeader({ alg: 'EdDSA' })
      .setSubject(device.accountId)
      .setAudience(origin())
      .setExpirationTime(secondsAfter(clock.monotonic()))
      .sign(privateKey);
    // Judged by the clock that does not leap, told by the one that clients compare with theirs.
    return { token, expiresAt: secondsAfter(clock.now()) * 1_000 };
  }

  async function deviceOf(token: string): Promise<StoredDevice | undefined> {
    const options = { algorithms: ['EdDSA'], audience: origin(), currentDate: new Date(clock.monotonic()), requiredClaims: ['sub', 'exp'] };
    const verified = await jwtVerify(token, publicKey, options).catch(() => undefined);
    const { sub, device: deviceId, row } = verified?.payload ?? {};
    if (typeof sub !== 'string' || typeof deviceId !== 'number') return undefined;
    const device = await store.device(sub, deviceId);
    return device?.row === row ? device : undefined;
  }

  return {
    issue,
    /** The device as it stands now; throws `revoked` for one shut out by whoever runs the relay, `unauthorized` for every other kind of wrong. */
    async verify(token: string): Promise<StoredDevice> {
      const device = await deviceOf(token);
      if (!device) throw new ProtocolError('unauthorized');
      if (device.blocked) throw new ProtocolError('revoked');
      return device;
    },
  };
}

export type DeviceTokens = ReturnType<typeof deviceTokens>;

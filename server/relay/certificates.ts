import { SignJWT } from 'jose';
import type { Clock } from '../ports.ts';
import { CERTIFICATE_LIFETIME_MS } from '../protocol/limits.ts';
import type { RelayKey } from './relay-key.ts';

/** Says that this relay knows this account by this username: shown to strangers at the first message, and no more than the relay's word. */
export function certificates(clock: Clock, key: RelayKey, origin: () => string) {
  return (accountId: string, username: string): Promise<string> =>
    new SignJWT({ name: username })
      .setProtectedHeader({ alg: 'EdDSA' })
      .setSubject(accountId)
      .setIssuer(origin())
      .setExpirationTime(Math.floor((clock.now() + CERTIFICATE_LIFETIME_MS) / 1_000))
      .sign(key.privateKey);
}

/** The one border where the library's and the relay's codes become the person's. */
import { CryptoError } from '../../crypto/index.ts';
import { RelayFailure, type RelayFailureCode } from '../ports/relay.ts';
import { VaultFailure } from '../ports/vault.ts';
import { Failure, type FailureCode } from './api.ts';

const OF_RELAY: Partial<Record<RelayFailureCode, FailureCode>> = {
  offline: 'offline',
  unavailable: 'offline',
  internal: 'offline',
  rate_limited: 'rate-limited',
  mailbox_full: 'mailbox-full',
  invite_invalid: 'bad-invite',
  username_taken: 'username-taken',
  too_large: 'too-large',
  forbidden: 'not-allowed',
};

export function failureOf(error: unknown): Failure {
  if (error instanceof Failure) return error;
  if (error instanceof RelayFailure) return new Failure(OF_RELAY[error.code] ?? 'refused', error.retryAfterMs);
  if (error instanceof VaultFailure) return new Failure(error.code === 'not-owner' ? 'owned-elsewhere' : 'broken');
  if (error instanceof CryptoError) {
    if (error.code === 'too-large') return new Failure('too-large');
    return new Failure(error.code === 'not-allowed' ? 'not-allowed' : 'broken');
  }
  return new Failure('broken');
}

/** The relay told nothing: it cannot be reached, or does not let this device in. */
export function isCutOff(error: unknown): boolean {
  return ['offline', 'shut-out'].includes(failureOf(error).code);
}

/** May the same request succeed later, unchanged? */
export function isLater(error: unknown): boolean {
  // `gone`: it was made too long ago, or by a clock that is wrong. Made anew it may do.
  return (
    error instanceof RelayFailure && ['offline', 'unavailable', 'internal', 'rate_limited', 'mailbox_full', 'gone'].includes(error.code)
  );
}

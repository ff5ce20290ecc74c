import type { Config } from '../config/config.ts';
import type { Clock, RandomBytes } from '../ports.ts';
import { toBase64url } from '../protocol/bytes.ts';
import { GROUP_READ_SKEW_MS } from '../protocol/limits.ts';
import { openSqlite } from '../store/sqlite.ts';
import type { Store } from '../store/store.ts';
import { certificates } from './certificates.ts';
import { delivery } from './delivery.ts';
import { sha256 } from './ed25519.ts';
import { loginNonces } from './login-nonce.ts';
import { mailbox } from './mailbox.ts';
import { rateLimits } from './rate-limit.ts';
import { recentEnvelopes } from './recent-envelopes.ts';
import { relayKey } from './relay-key.ts';
import { retention } from './retention.ts';
import { singleUse } from './single-use.ts';
import { strangerLimits } from './stranger-limit.ts';
import { deviceTokens } from './tokens.ts';

export type RelayPorts = { clock: Clock; random: RandomBytes };
export type RelayLog = { failed(error: unknown): void; expired(envelopes: number): void };

const INVITE_ID_BYTES = 9;

/** Everything the routes work with, put together once. `origin` is asked late, as with port 0 it is known only after listening. */
export function openRelay(config: Config, { clock, random }: RelayPorts, origin: () => string, log: RelayLog) {
  const key = relayKey(config.dataDir);
  const quota = { maxEnvelopes: config.mailboxEnvelopes, maxBytes: config.mailboxMib * 1_048_576 };
  const store: Store = openSqlite(config.dataDir, quota);
  const recent = recentEnvelopes(clock);
  const sockets = delivery({ store, recent, failed: log.failed });
  const queue = mailbox({ store, clock, recent, placed: sockets.placed, failed: log.failed });
  const limits = rateLimits(clock, config.rateFactor);
  const stopRetention = retention({ store, clock, expired: log.expired, failed: log.failed });

  return {
    config,
    clock,
    random,
    origin,
    store,
    queue,
    sockets,
    certificateKeyX: key.publicX,
    limits,
    strangers: strangerLimits(limits),
    tokens: deviceTokens(clock, store, origin),
    certificate: certificates(clock, key, origin),
    loginNonces: loginNonces(clock, random),
    // A read request is good from its time −skew to +skew, so its nonce must be known for twice that.
    groupReadNonces: singleUse(clock, 2 * GROUP_READ_SKEW_MS),

    /** The code that makes the first account, and it an admin; undefined once it was used. */
    async firstInvite(): Promise<string | undefined> {
      const open = await store.openFirstInvite(random(INVITE_ID_BYTES), sha256(key.firstInvite));
      return open ? toBase64url(key.firstInvite) : undefined;
    },

    async close(): Promise<void> {
      stopRetention();
      await queue.flushAcknowledgements();
      await store.close();
    },
  };
}

export type Relay = ReturnType<typeof openRelay>;

/** The HTTP side of the relay as this device: logs in when a token is needed, and anew when one is refused. */
import nacl from 'tweetnacl';
import { toBase64url } from '../../crypto/index.ts';
import type { Route, RouteAnswer, RouteBody } from '../../server/protocol/http.ts';
import { loginBytes } from '../../server/protocol/signed-requests.ts';
import { PROTOCOL_MAX } from '../../server/protocol/version.ts';
import { RelayFailure, type RelayFailureCode } from '../ports/relay.ts';
import { Failure } from './api.ts';
import type { Core } from './core.ts';

// A token that ends within this time is not begun with.
const TOKEN_MARGIN_MS = 30_000;

export type RelaySession = {
  request<R extends Route>(route: R, body: RouteBody<R>): Promise<RouteAnswer<R>>;
  /** Throws `shut-out` when the relay refuses the login. */
  token(): Promise<string>;
  forgetToken(): void;
};

function isRefusal(error: unknown, ...codes: RelayFailureCode[]): boolean {
  return error instanceof RelayFailure && codes.includes(error.code);
}

export function createRelaySession(core: Core): RelaySession {
  let current: { token: string; expiresAt: number } | null = null;
  let pending: Promise<string> | null = null;

  async function logInOnce(): Promise<string> {
    const { accountId, deviceId, loginSeed } = core.account();
    const { nonce } = await core.relay.request('login/challenge', { accountId, deviceId });
    const bytes = loginBytes({ protocol: PROTOCOL_MAX, origin: core.relay.origin, accountId, deviceId, nonce });
    const signature = nacl.sign.detached(bytes, nacl.sign.keyPair.fromSeed(loginSeed).secretKey);
    current = await core.relay.request('login', { accountId, deviceId, nonce, signature: toBase64url(signature) });
    return current.token;
  }

  /** A challenge may be late, used up or from before a restart of the relay, and the refusal does not tell: a fresh one does. */
  async function login(): Promise<string> {
    try {
      return await logInOnce().catch((error: unknown) => {
        if (isRefusal(error, 'unauthorized')) return logInOnce();
        throw error;
      });
    } catch (error) {
      throw isRefusal(error, 'unauthorized', 'revoked') ? new Failure('shut-out') : error;
    }
  }

  async function token(): Promise<string> {
    if (current && current.expiresAt - core.now() > TOKEN_MARGIN_MS) return current.token;
    pending ??= login().finally(() => {
      pending = null;
    });
    return pending;
  }

  return {
    token,
    forgetToken() {
      current = null;
    },
    async request(route, body) {
      const first = await token();
      try {
        return await core.relay.request(route, body, first);
      } catch (error) {
        if (!isRefusal(error, 'unauthorized', 'revoked')) throw error;
        current = null;
        return core.relay.request(route, body, await token());
      }
    },
  };
}

/** The relay's requests by `fetch`, in browser, worker and Node alike. Nothing is believed before the route's schema has read it. */
import * as v from 'valibot';
import {
  errorBodySchema,
  pathOf,
  RELAY_INFO_PATH,
  ROUTES,
  type Route,
  type RouteAnswer,
  type RouteBody,
  relayInfoSchema,
} from '../../server/protocol/http.ts';
import { type Relay, RelayFailure } from '../ports/relay.ts';

const REQUEST_TIMEOUT_MS = 20_000;

// The largest honest answer is an account with every entry its device list may have, in base64url.
const MAX_ANSWER_BYTES = 4_194_304;

async function readBounded(response: Response): Promise<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let text = '';
  let length = 0;
  if (!response.body) return text;
  const reader = response.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    length += value.length;
    if (length > MAX_ANSWER_BYTES) {
      await reader.cancel();
      throw new RangeError('answer too large');
    }
    text += decoder.decode(value, { stream: true });
  }
}

/** The answer's JSON. What is no answer of a relay (no network, a time-out, a proxy's page) is `offline`. */
async function exchange(url: string, init: RequestInit): Promise<unknown> {
  let response: Response;
  let json: unknown;
  try {
    response = await fetch(url, {
      ...init,
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      cache: 'no-store',
      credentials: 'omit',
      // A relay never redirects, and a body or token must not follow one elsewhere.
      redirect: 'error',
      referrerPolicy: 'no-referrer',
    });
    json = JSON.parse(await readBounded(response));
  } catch {
    throw new RelayFailure('offline');
  }
  if (response.ok) return json;
  const refused = v.safeParse(errorBodySchema, json);
  if (!refused.success) throw new RelayFailure('offline');
  throw new RelayFailure(refused.output.error.code, refused.output.error.retryAfterMs);
}

function parsed<S extends v.GenericSchema>(schema: S, json: unknown): v.InferOutput<S> {
  const result = v.safeParse(schema, json);
  if (!result.success) throw new RelayFailure('offline');
  return result.output;
}

export function createRelayHttp(origin: string): Pick<Relay, 'info' | 'request'> {
  return {
    info: async () => parsed(relayInfoSchema, await exchange(origin + RELAY_INFO_PATH, { method: 'GET' })),
    async request<R extends Route>(route: R, body: RouteBody<R>, token?: string): Promise<RouteAnswer<R>> {
      // The relay would say the same, after a round trip.
      if (!v.safeParse(ROUTES[route].body, body).success) throw new RelayFailure('bad_request');
      const headers: Record<string, string> = { 'content-type': 'application/json' };
      if (token !== undefined) headers['authorization'] = `Bearer ${token}`;
      const json = await exchange(origin + pathOf(route), { method: 'POST', headers, body: JSON.stringify(body) });
      return parsed(ROUTES[route].answer, json) as RouteAnswer<R>;
    },
  };
}

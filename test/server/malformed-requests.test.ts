import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ERROR_CODES } from '../../server/protocol/errors.ts';
import { pathOf, ROUTES, type Route } from '../../server/protocol/http.ts';
import { ROUTE_RULES } from '../../server/routes/route-rules.ts';
import { granted, postRaw } from '../support/relay-device.ts';
import { type LocalRelay, localRelay } from '../support/relay-in-process.ts';
import { REQUEST_BODIES } from '../support/request-bodies.ts';

let local: LocalRelay;
let token: string;
beforeAll(async () => {
  local = await localRelay({ members: 1 });
  token = local.members[0]?.token ?? '';
});
afterAll(() => local.close());

const OPTIONAL = new Set(['knownListVersion', 'accessKey', 'accessKeySignature', 'uses', 'days']);
const ROUTE_NAMES = Object.keys(ROUTES) as Route[];

function brokenBodies(route: Route): [string, string][] {
  const good = REQUEST_BODIES[route];
  const bodies: [string, unknown][] = [
    ['an unknown field', { ...good, extra: 1 }],
    ['a list', [good]],
    ['an empty list', []],
    ['null', null],
    ['a text', 'text'],
  ];
  for (const [field, value] of Object.entries(good)) {
    const { [field]: _, ...rest } = good;
    if (!OPTIONAL.has(field)) bodies.push([`no ${field}`, rest]);
    // Longer than any field of the route, and not longer than its body may be.
    const tooLong = 'A'.repeat(Math.floor(ROUTE_RULES[route].bodyBytes * 0.92) - 330);
    for (const wrong of [null, {}, true, -1, 1.5, 2 ** 53, '', '=', 'é', tooLong]) {
      bodies.push([`${field}: ${JSON.stringify(wrong)?.slice(0, 12)}`, { ...good, [field]: wrong }]);
    }
    // Bits that no byte needs: two texts would stand for the same bytes.
    const hasSpareBits = typeof value === 'string' && field !== 'username' && value.length % 4 !== 0;
    if (hasSpareBits) bodies.push([`${field} with spare bits`, { ...good, [field]: `${value.slice(0, -1)}_` }]);
    if (typeof value === 'string') bodies.push([`${field} with padding`, { ...good, [field]: `${value}=` }]);
  }
  const whole = JSON.stringify(good);
  return [
    ...bodies.map(([what, body]): [string, string] => [what, JSON.stringify(body)]),
    ['half a body', whole.slice(0, -1)],
    ['nothing', ''],
    ['no JSON', '<xml/>'],
    ['__proto__', `{"__proto__":{"a":1}${whole.length > 2 ? `,${whole.slice(1, -1)}` : ''}}`],
  ];
}

function codeOf(json: unknown): string {
  const { error } = json as { error: { code: string } };
  return error.code;
}

describe('every route', () => {
  it.each(ROUTE_NAMES)('R14: %s refuses malformed bodies with a code', async (route) => {
    for (const [what, body] of brokenBodies(route)) {
      const { status, json } = await postRaw(local.origin, route, body, token);
      expect([status, codeOf(json)], what).toEqual([400, 'bad_request']);
    }
    expect(await granted(local.origin, 'account/me', {}, token)).toMatchObject({ role: 'admin' });
  });

  it.each(ROUTE_NAMES)('R14: %s takes a well-formed body as far as its meaning', async (route) => {
    const { status, json } = await postRaw(local.origin, route, JSON.stringify(REQUEST_BODIES[route]), token);
    // These two carry records, whose insides are looked at after the schema.
    if (['registration/create', 'devices/publish', 'devices/list'].includes(route)) return expect(status).toBe(400);
    expect(status === 200 || codeOf(json) !== 'bad_request', JSON.stringify(json)).toBe(true);
  });

  it.each(ROUTE_NAMES.filter((route) => ROUTES[route].auth))(
    'R17: %s refuses no token, a wrong and a broken one before it reads the body',
    async (route) => {
      for (const bad of [undefined, 'x', `${token}x`, token.slice(10)]) {
        for (const body of [JSON.stringify(REQUEST_BODIES[route]), '{']) {
          const { status, json } = await postRaw(local.origin, route, body, bad);
          expect([status, codeOf(json)]).toEqual([401, 'unauthorized']);
        }
      }
    },
  );

  it.each(ROUTE_NAMES)('R14: %s refuses a body beyond its bound with too_large', async (route) => {
    const { status, json } = await postRaw(local.origin, route, `{"a":"${'a'.repeat(400_000)}"}`, token);
    expect([status, codeOf(json)]).toEqual([413, 'too_large']);
  });

  it('R14: only POST with JSON; an unknown path is not_found; names in queries are ignored', async () => {
    for (const route of ROUTE_NAMES) {
      const response = await fetch(`${local.origin}${pathOf(route)}`);
      expect([response.status, codeOf(await response.json())]).toEqual([404, 'not_found']);
      const form = await fetch(`${local.origin}${pathOf(route)}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/x-www-form-urlencoded' },
        body: 'a=b',
      });
      expect([form.status, codeOf(await form.json())]).toEqual([400, 'bad_request']);
    }
    const { status, json } = await postRaw(local.origin, '/v1/nothing/here', '{}');
    expect([status, codeOf(json)]).toEqual([404, 'not_found']);
  });

  it('R14: bytes that are no HTTP end their connection alone', async () => {
    const answer = await new Promise<string>((resolve) => {
      const broken = request(`${local.origin}/v1/relay`, { method: 'GET', headers: { 'content-length': 'ten' } });
      broken.on('error', () => resolve('ended'));
      broken.on('response', (response) => resolve(String(response.statusCode)));
      broken.end();
    });
    expect(answer).toMatch(/^(ended|400)$/);
    expect((await fetch(`${local.origin}/healthz`)).status).toBe(200);
  });

  it('R14: every refusal has a code of the table', async () => {
    const refusal = await postRaw(local.origin, 'account/me', '{}');
    expect(ERROR_CODES).toContain(codeOf(refusal.json));
  });
});

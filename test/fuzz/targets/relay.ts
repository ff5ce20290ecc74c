import * as v from 'valibot';
import { type Bytes, fromUtf8, type RandomBytes, utf8 } from '../../../crypto/index.ts';
import { ascii, fromAscii, fromBase64url, isBase64url, toBase64url } from '../../../server/protocol/bytes.ts';
import { viewDeviceListEntry, viewDeviceRecord } from '../../../server/protocol/device-record-view.ts';
import { ERROR_CODES, errorCodeOfByte, ProtocolError } from '../../../server/protocol/errors.ts';
import { type ClientFrame, encodeFrame, parseClientFrame, parseRelayFrame, type RelayFrame } from '../../../server/protocol/frames.ts';
import { errorBodySchema, ROUTES, type Route, relayInfoSchema } from '../../../server/protocol/http.ts';
import {
  groupAccessChangeBytes,
  groupAppendBytes,
  groupCreateBytes,
  groupReadBytes,
  loginBytes,
  registrationBytes,
} from '../../../server/protocol/signed-requests.ts';
import { makeAccount, makeDevice } from '../../support/accounts.ts';
import { nextJson } from '../mutate-json.ts';
import { type Cost, demand, same, type Target, textOf, unpack, pack } from '../target.ts';

/** A `ProtocolError` of the closed table. */
const isRefusal = (error: unknown): boolean =>
  error instanceof ProtocolError && ERROR_CODES.includes(error.code) && error.message === error.code;

function relayTarget(name: string, covers: readonly string[], prepare: Target['prepare'], cost: Cost = 'parse'): Target {
  return { name, cost, covers, prepare, isRefusal };
}

function clientFrames(random: RandomBytes): ClientFrame[] {
  const to = (deviceId: number) => ({ accountId: toBase64url(random(32)), deviceId, listVersion: 3 });
  return [
    { type: 'hello', protocolMin: 1, protocolMax: 1, token: 'a.token.of-some-length' },
    {
      type: 'submit',
      requestId: 7,
      envelopeId: random(16),
      recipients: [to(1), { ...to(2), deliveryToken: random(16) }],
      body: random(2_048),
    },
    { type: 'ack', sequence: 2 ** 40 },
    { type: 'signal', recipients: [to(1)], body: random(2_048) },
    { type: 'ping', value: 9 },
  ];
}

function relayFrames(random: RandomBytes): RelayFrame[] {
  return [
    { type: 'welcome', protocol: 1, acknowledged: 5, waiting: 2, time: 1_760_000_000_000 },
    { type: 'accepted', requestId: 7 },
    { type: 'refused', requestId: 7, code: 'mismatched_devices', retryAfterMs: 0, accounts: [toBase64url(random(32))] },
    { type: 'deliver', sequence: 6, envelopeId: random(16), storedAt: 1_760_000_000_000, body: random(2_048) },
    { type: 'signal', body: random(2_048) },
    { type: 'drained', sequence: 6 },
    { type: 'pong', value: 9 },
  ];
}

/** A value that a schema takes: what its own fields ask for, written down once for every route. */
async function requestsAndAnswers(random: RandomBytes): Promise<Record<Route, { body: unknown; answer: unknown }>> {
  const alice = await makeAccount(random);
  const { bytes } = await makeDevice(alice, random);
  const b = (length: number): string => toBase64url(random(length));
  const { accountId } = alice;
  const [genesis, deviceList, deviceRecord] = [alice.genesisBytes, alice.entries[0] as Bytes, bytes].map(toBase64url);
  const oneTimePrekeys = [1, 2].map((id) => ({ id, publicKey: b(32) }));
  const account = { accountId, username: 'alice', genesis, rotations: [b(203)], deviceList: [deviceList], certificate: 'a.b.c' };
  const bundle = { deviceId: 1, deviceRecord, oneTimePrekey: oneTimePrekeys[0] };
  const groupId = b(32);
  const invite = b(20);
  const signature = b(64);
  const time = 1_760_000_000_000;
  return {
    'registration/check': { body: { invite }, answer: { valid: true } },
    'registration/username': { body: { invite, username: 'alice' }, answer: { available: false } },
    'registration/create': {
      body: { invite, username: 'alice', genesis, deviceList, deviceRecord, oneTimePrekeys, signature },
      answer: { accountId, role: 'member' },
    },
    'login/challenge': { body: { accountId, deviceId: 1 }, answer: { nonce: b(32) } },
    login: { body: { accountId, deviceId: 1, nonce: b(32), signature }, answer: { token: 'a.b.c', expiresAt: time } },
    'accounts/find': { body: { username: 'alice' }, answer: { account } },
    'accounts/fetch': { body: { accountId, knownListVersion: 1 }, answer: { account: null } },
    'prekeys/claim': { body: { accountId, deviceIds: [1, 2] }, answer: { bundles: [bundle, { ...bundle, oneTimePrekey: null }] } },
    'prekeys/add': { body: { oneTimePrekeys }, answer: { count: 2 } },
    'prekeys/count': { body: {}, answer: { count: 2 } },
    'devices/publish': { body: { deviceRecord }, answer: {} },
    'account/delivery': { body: { verifier: b(32) }, answer: {} },
    'devices/list': { body: { entry: deviceList }, answer: {} },
    certificate: { body: {}, answer: { certificate: 'a.b.c' } },
    'groups/create': { body: { groupId, accessKey: b(32), entry: b(512), signature }, answer: {} },
    'groups/append': {
      body: { groupId, version: 3, entry: b(512), accessKey: b(32), accessKeySignature: signature, signature },
      answer: { version: 4 },
    },
    'groups/read': { body: { groupId, from: 0, time, nonce: b(16), signature }, answer: { version: 4, entries: [b(512), b(512)] } },
    'invites/create': { body: { uses: 3, days: 7 }, answer: { invite, expiresAt: time } },
    'invites/list': { body: {}, answer: { invites: [{ id: b(9), usesLeft: 1, expiresAt: time }] } },
    'invites/revoke': { body: { id: b(9) }, answer: {} },
    'account/me': { body: {}, answer: { accountId, username: 'alice', role: 'admin', devices: 1 } },
  };
}

/** As both sides do: JSON, then the schema. What passes is taken again as it is, and holds nothing that the schema does not name. */
function take(schema: v.GenericSchema, input: Bytes): boolean {
  let json: unknown;
  try {
    json = JSON.parse(fromUtf8(input));
  } catch {
    return false;
  }
  const parsed = v.safeParse(schema, json);
  if (!parsed.success) return false;
  const again = v.safeParse(schema, JSON.parse(JSON.stringify(parsed.output)));
  demand(again.success && JSON.stringify(again.output) === JSON.stringify(parsed.output), 'two readings of one body');
  return true;
}

function schemaTarget(route: Route, side: 'body' | 'answer'): Target {
  const prepare: Target['prepare'] = async (random) => {
    const sample = (await requestsAndAnswers(random))[route][side];
    const valid = utf8(JSON.stringify(sample));
    return {
      samples: [valid],
      next: (chance) => nextJson(chance, [sample]),
      feed: (input) => demand(take(ROUTES[route][side], input) || !same(input, valid), 'refuses what is valid'),
    };
  };
  // Dozens of them over one schema library: each gets less.
  return relayTarget(`${side} of ${route}`, [`${route} ${side}`], prepare, 'compute');
}

function signedRequest(parts: readonly Bytes[], input: Bytes): Bytes {
  const [origin, a, b, n] = [0, 1, 2, 3].map((i) => parts[i] ?? input) as [Bytes, Bytes, Bytes, Bytes];
  const number = n.reduce((value, byte) => value * 256 + byte, 0);
  const at = { origin: textOf(origin), groupId: textOf(a), accountId: textOf(a), nonce: textOf(b), accessKey: textOf(b) };
  const digest = { digest: b, entryDigest: b };
  return [
    () => loginBytes({ ...at, protocol: 1, deviceId: number }),
    () => registrationBytes({ ...at, ...digest }),
    () => groupCreateBytes({ ...at, ...digest }),
    () => groupAppendBytes({ ...at, ...digest, version: number }),
    () => groupReadBytes({ ...at, from: number, time: number }),
    () => groupAccessChangeBytes(at),
  ][(input[2] ?? 0) % 6]?.() as Bytes;
}

export const relayTargets: readonly Target[] = [
  relayTarget('client frame', ['parseClientFrame'], async (random) => ({
    samples: clientFrames(random).map(encodeFrame),
    feed: (input) => demand(same(encodeFrame(parseClientFrame(input)), input), 'two encodings of one frame'),
  })),
  relayTarget('relay frame', ['parseRelayFrame'], async (random) => ({
    samples: relayFrames(random).map(encodeFrame),
    feed: (input) => demand(same(encodeFrame(parseRelayFrame(input)), input), 'two encodings of one frame'),
  })),
  relayTarget('device record, as the relay reads it', ['viewDeviceRecord'], async (random) => ({
    samples: [(await makeDevice(await makeAccount(random), random)).bytes],
    feed: (input) => demand(viewDeviceRecord(input).loginKey.length === 32, 'no login key'),
  })),
  relayTarget('device list, as the relay reads it', ['viewDeviceListEntry'], async (random) => ({
    samples: [...(await makeAccount(random, [1])).entries, ...(await makeAccount(random, [1, 2, 7])).entries],
    feed(input) {
      const { deviceIds } = viewDeviceListEntry(input);
      demand(deviceIds.length >= 1 && deviceIds.length <= 20, 'too many devices');
    },
  })),
  relayTarget('bytes in JSON', ['fromBase64url', 'isBase64url', 'ascii', 'fromAscii', 'errorCodeOfByte'], async (random) => ({
    samples: [utf8(toBase64url(random(64))), utf8(toBase64url(random(20)))],
    feed(input) {
      const text = textOf(input);
      errorCodeOfByte(input[0] ?? 0);
      if (isBase64url(text)) demand(toBase64url(fromBase64url(text)) === text, 'two texts of one value');
      demand(fromAscii(ascii(text)) === text, 'another text');
      fromBase64url(text);
    },
  })),
  relayTarget(
    'signed requests',
    ['loginBytes', 'registrationBytes', 'groupCreateBytes', 'groupAppendBytes', 'groupReadBytes', 'groupAccessChangeBytes'],
    async (random) => {
      const seen = new Map<string, string>();
      const id = utf8(toBase64url(random(32)));
      const fields = [utf8('https://relay.example'), id, id, Uint8Array.of(1)];
      return {
        // The third byte of the input picks the request: the low bytes of the origin's first letters.
        samples: Array.from({ length: 6 }, (_, i) => pack([utf8(`${String.fromCharCode(97 + i)}.example`), ...fields.slice(1)])),
        feed(input) {
          const parts = unpack(input).slice(0, 4);
          const signed = Buffer.from(signedRequest(parts, input)).toString('latin1');
          demand(signed.startsWith('Sottovoce v1 '), 'no purpose');
          if (seen.size < 20_000) seen.set(signed.slice(0, signed.indexOf('\0')), '');
          demand(seen.size <= 4, 'a purpose of its own making');
        },
      };
    },
  ),
  ...(Object.keys(ROUTES) as Route[]).flatMap((route) => [schemaTarget(route, 'body'), schemaTarget(route, 'answer')]),
  ...[
    {
      name: 'relay info',
      schema: relayInfoSchema,
      sample: {
        name: 'sottovoce',
        version: '0.1.0',
        protocol: { min: 1, max: 1 },
        origin: 'https://relay.example',
        registration: 'invite',
        invitesBy: 'members',
        certificateKey: { kty: 'OKP', crv: 'Ed25519', x: 'A'.repeat(43) },
      },
    },
    { name: 'error body', schema: errorBodySchema, sample: { error: { code: 'rate_limited', retryAfterMs: 1_000 } } },
  ].map(({ name, schema, sample }) =>
    relayTarget(name, [name], async () => {
      const valid = utf8(JSON.stringify(sample));
      return {
        samples: [valid],
        next: (chance) => nextJson(chance, [sample]),
        feed: (input) => demand(take(schema, input) || !same(input, valid), 'refuses what is valid'),
      };
    }),
  ),
];

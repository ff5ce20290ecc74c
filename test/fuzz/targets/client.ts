import { isDeepStrictEqual } from 'node:util';
import { type ContentBody, encodeBody, parseBody } from '../../../client/content/body.ts';
import { MAX_TEXT_CHARACTERS } from '../../../client/content/limits.ts';
import { Failure } from '../../../client/messenger/api.ts';
import { certifiedName } from '../../../client/messenger/certificate.ts';
import { parseContactLink } from '../../../client/messenger/people.ts';
import { decodeValue, encodeValue } from '../../../client/messenger/vault/codec.ts';
import { encodeHeader, isPassphraseWrap, parseHeader } from '../../../client/messenger/vault/header.ts';
import { createSealer } from '../../../client/messenger/vault/seal.ts';
import { parseRoute } from '../../../client/store/route.ts';
import { type Bytes, concat, primitives, type RandomBytes, toBase64url, utf8 } from '../../../crypto/index.ts';
import { nextJson } from '../mutate-json.ts';
import { type Cost, demand, demandGenuine, same, type Target, textOf } from '../target.ts';

const isRefusal = (error: unknown): boolean => error instanceof Failure && error.code === 'damaged';

function clientTarget(name: string, covers: readonly string[], prepare: Target['prepare'], cost: Cost = 'parse'): Target {
  return { name, cost, covers, prepare, isRefusal };
}

function bodies(random: RandomBytes): ContentBody[] {
  const b = (length: number): string => toBase64url(random(length));
  const log = { groupId: b(32), logVersion: 4, logHead: b(32), epoch: 2 };
  return [
    { kind: 'text', version: 1, text: 'hello 🎵' },
    { kind: 'receipt', version: 1, delivered: [b(16), b(16)], read: [b(16)] },
    { kind: 'receipt', version: 1, delivered: [b(16)], read: [], deliveryToken: b(16) },
    { kind: 'delivery-token', version: 1, token: b(16), madeAt: 1_760_000_000_000 },
    { kind: 'receipt', version: 1, groupId: b(32), delivered: [], read: [b(16)] },
    { kind: 'group-update', version: 1, ...log, secret: b(32) },
    { kind: 'sender-key', version: 1, ...log, secret: b(32), generation: 1, sent: 7, distribution: b(100) },
    { kind: 'group-update', version: 1, ...log, secret: b(32), moved: { groupId: b(32), entry: b(235) } },
    { kind: 'group-ask', version: 1, groupId: b(32), epoch: 1 },
    { kind: 'group-removed', version: 1, groupId: b(32) },
    { kind: 'typing', version: 1, on: true },
    { kind: 'sent-copy', version: 1, to: b(32), messageId: b(16), sentAt: 1_760_000_000_000, text: 'a copy' },
    { kind: 'read-sync', version: 1, conversationId: b(32), messageId: b(16) },
    { kind: 'resend-request', version: 1, received: 9 },
  ];
}

const CHECKSUM_BYTES = 8;

function headers(random: RandomBytes): Bytes[] {
  const wrap = { type: 'passphrase', version: 1, salt: random(16), memoryKib: 65_536, passes: 3, lanes: 1, sealed: random(80) } as const;
  return [encodeHeader([wrap]), encodeHeader([{ type: 'passkey', version: 1, anything: [1] }, wrap])];
}

const ORIGIN = 'https://relay.example';
const RECORD = { id: 'a', list: [1, -2, 0.5, null, true], bytes: Uint8Array.of(1, 2, 3), nested: [{ id: 'b' }, { id: 'c', at: 2 ** 40 }] };

export const clientTargets: readonly Target[] = [
  clientTarget('content body', ['parseBody'], async (random) => {
    const samples = bodies(random);
    return {
      samples: samples.map(encodeBody),
      next: (chance) => nextJson(chance, samples),
      feed(input) {
        const body = parseBody(input);
        if (body === null || body.kind === 'unknown') return;
        demand(isDeepStrictEqual(parseBody(encodeBody(body)), body), 'two readings of one body');
        if (body.kind === 'text') demand([...body.text].length <= MAX_TEXT_CHARACTERS, 'too long a text');
      },
    };
  }),
  clientTarget('contact link', ['parseContactLink'], async (random) => {
    const link = `${ORIGIN}/#/c/${toBase64url(random(32))}/alice`;
    return {
      samples: [utf8(link)],
      feed(input) {
        const text = textOf(input);
        const parsed = parseContactLink(text, ORIGIN);
        if (parsed) demand(`${ORIGIN}/#/c/${parsed.accountId}/${parsed.username}` === text, 'two links of one account');
      },
    };
  }),
  clientTarget('route and invite link', ['parseRoute'], async (random) => {
    const [invite, account] = [toBase64url(random(20)), toBase64url(random(32))];
    const fragments = [
      `/join/${invite}/${account}/anna`,
      `/join/${invite}`,
      `/c/${account}/anna`,
      `/chat/${account}/details/~safety-number:${account}`,
    ];
    return {
      samples: fragments.map(utf8),
      feed(input) {
        // Empty parts do not count.
        const text = textOf(input).replaceAll(/\/+/g, '/');
        const { join, contact, conversation, overlay } = parseRoute(text);
        for (const part of [join?.invite, join?.contact, contact, conversation, overlay?.name]) {
          demand(part === undefined || (part !== '' && text.includes(part)), 'a part that does not stand in the link');
        }
      },
    };
  }),
  clientTarget('vault codec', ['decodeValue'], async (random) => ({
    samples: [RECORD, random(40), 'text', [RECORD, RECORD]].map(encodeValue),
    feed(input) {
      const value = decodeValue(input);
      demand(isDeepStrictEqual(decodeValue(encodeValue(value)), value), 'a value that is not read as it was written');
      demand(Object.getPrototypeOf({}) === Object.prototype && !('a' in {}), 'the prototype of everything has changed');
    },
  })),
  clientTarget('vault header', ['parseHeader', 'isPassphraseWrap'], async (random) => {
    const samples = headers(random);
    return {
      samples,
      feed(input) {
        for (const wrap of parseHeader(input)) isPassphraseWrap(wrap);
        demandGenuine(input, samples);
      },
    };
  }),
  clientTarget('vault header, any body under its checksum', ['parseHeader', 'isPassphraseWrap'], async (random) => ({
    samples: headers(random).map((header) => header.slice(CHECKSUM_BYTES)),
    feed(input) {
      const wraps = parseHeader(concat(primitives.sha256(input).subarray(0, CHECKSUM_BYTES), input));
      for (const wrap of wraps)
        if (isPassphraseWrap(wrap)) demand(wrap.passes <= 16 && wrap.memoryKib <= 1_048_576, 'a cost out of bounds');
    },
  })),
  clientTarget(
    'vault record',
    ['createSealer'],
    async (random) => {
      const sealer = createSealer(random(32), 1, random);
      const name = sealer.nameOf('contacts', 'alice');
      const samples = [await sealer.seal('records', name, RECORD), await sealer.seal('records', name, 'text')];
      return {
        samples,
        async feed(input) {
          await sealer.open('records', name, input);
          demandGenuine(input, samples);
        },
      };
    },
    'compute',
  ),
  clientTarget(
    'name certificate',
    ['certifiedName'],
    async (random) => {
      const accountId = toBase64url(random(32));
      const claims = toBase64url(utf8(JSON.stringify({ sub: accountId, name: 'alice', iss: ORIGIN, exp: 1_760_000_000 })));
      const head = toBase64url(utf8(JSON.stringify({ alg: 'EdDSA' })));
      const relay = { certificateKey: toBase64url(random(32)), origin: ORIGIN };
      return {
        samples: [utf8(`${head}.${claims}.${toBase64url(random(64))}`)],
        async feed(input: Bytes) {
          demand((await certifiedName(textOf(input), accountId, relay)) === null, 'a name that nobody certified');
          demand(same(input, input.slice()), 'changed');
        },
      };
    },
    'compute',
  ),
];

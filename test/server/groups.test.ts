import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { toBase64url } from '../../server/protocol/bytes.ts';
import { groupAccessChangeBytes, groupAppendBytes, groupCreateBytes, groupReadBytes } from '../../server/protocol/signed-requests.ts';
import { loginKeyPair, post, sha256 } from '../support/relay-device.ts';
import { type LocalRelay, localRelay } from '../support/relay-in-process.ts';

let local: LocalRelay;
let origin: string;
let groupId: string;
let key: ReturnType<typeof accessKeyPair>;

/** Access keys are Ed25519, as login keys are. */
function accessKeyPair() {
  const { publicKey, signLogin } = loginKeyPair();
  return { publicKey: toBase64url(publicKey), sign: (bytes: Uint8Array) => toBase64url(signLogin(bytes)) };
}
const entryOf = (length = 300) => new Uint8Array(randomBytes(length));

function create(entry: Uint8Array, by = key, accessKey = by.publicKey) {
  const signature = by.sign(groupCreateBytes({ origin, groupId, accessKey, entryDigest: sha256(entry) }));
  return post(origin, 'groups/create', { groupId, accessKey, entry: toBase64url(entry), signature });
}

function append(
  version: number,
  entry: Uint8Array,
  by = key,
  change: { accessKey?: string; accessKeySignature?: string } = {},
  to = groupId,
) {
  const signed = groupAppendBytes({ origin, groupId: to, version, entryDigest: sha256(entry), accessKey: change.accessKey });
  return post(origin, 'groups/append', { groupId: to, version, entry: toBase64url(entry), ...change, signature: by.sign(signed) });
}

function read(from: number, by = key, fields: { time?: number; nonce?: string; groupId?: string } = {}) {
  const body = { groupId, from, time: local.clock.now(), nonce: toBase64url(randomBytes(16)), ...fields };
  return post(origin, 'groups/read', { ...body, signature: by.sign(groupReadBytes({ origin, ...body })) });
}

const refused = (code: string) => ({ ok: false, refusal: { code } });

beforeEach(async () => {
  local = await localRelay();
  origin = local.origin;
  groupId = toBase64url(randomBytes(32));
  key = accessKeyPair();
});
afterEach(() => local.close());

describe('group logs', () => {
  it('R23: are created once and read back as they came; the same creation again is granted, another is a conflict', async () => {
    const entry = entryOf();
    for (let i = 0; i < 2; i++) expect(await create(entry)).toEqual({ ok: true, answer: {} });
    expect(await create(entryOf())).toMatchObject(refused('conflict'));
    expect(await create(entry, accessKeyPair())).toMatchObject(refused('conflict'));
    expect(await read(0)).toEqual({ ok: true, answer: { version: 1, entries: [toBase64url(entry)] } });
    expect(await read(1)).toEqual({ ok: true, answer: { version: 1, entries: [] } });
  });

  it('R23: an append must stand on the last entry; of ten at once one wins', async () => {
    await create(entryOf());
    for (const version of [0, 2]) expect(await append(version, entryOf())).toMatchObject(refused('version_mismatch'));
    const results = await Promise.all(Array.from({ length: 10 }, () => append(1, entryOf())));
    expect(results.filter(({ ok }) => ok)).toEqual([{ ok: true, answer: { version: 2 } }]);
    expect(results.filter(({ ok }) => !ok)).toHaveLength(9);
    const log = await read(0);
    expect(log.ok && log.answer.entries).toHaveLength(2);
  });

  it('R23: the append that opens an epoch hands the log to a new key in the same step; the old key is worth nothing then', async () => {
    await create(entryOf());
    const next = accessKeyPair();
    const accessKeySignature = key.sign(groupAccessChangeBytes({ groupId, accessKey: next.publicKey }));
    const change = { accessKey: next.publicKey, accessKeySignature };
    expect(await append(1, entryOf(), key, { accessKey: next.publicKey })).toMatchObject(refused('bad_request'));
    const foreign = accessKeyPair().sign(groupAccessChangeBytes({ groupId, accessKey: next.publicKey }));
    expect(await append(1, entryOf(), key, { ...change, accessKeySignature: foreign })).toMatchObject(refused('not_found'));
    expect(await read(0, key)).toMatchObject({ ok: true, answer: { version: 1 } });
    expect(await append(1, entryOf(), key, change)).toMatchObject({ ok: true });
    for (const result of [await read(0, key), await append(2, entryOf(), key)]) expect(result).toMatchObject(refused('not_found'));
    expect(await append(2, entryOf(), next)).toMatchObject({ ok: true });
    expect(await read(0, next)).toMatchObject({ ok: true, answer: { version: 3 } });
  });

  it('R24: an unknown group and a wrong signature are answered alike', async () => {
    await create(entryOf());
    const other = toBase64url(randomBytes(32));
    const answers = [await read(0, accessKeyPair()), await read(0, key, { groupId: other }), await append(1, entryOf(), key, {}, other)];
    answers.push(await append(1, entryOf(), accessKeyPair()));
    for (const answer of answers)
      expect(answer).toEqual({ ok: false, refusal: { status: 404, code: 'not_found', retryAfterMs: undefined } });
  });

  it('R24: a read serves once and within five minutes', async () => {
    await create(entryOf());
    const [now, nonce] = [local.clock.now(), toBase64url(randomBytes(16))];
    expect((await read(0, key, { nonce, time: now })).ok).toBe(true);
    expect(await read(0, key, { nonce, time: now })).toMatchObject(refused('gone'));
    for (const time of [now - 300_001, now + 300_001]) expect(await read(0, key, { time })).toMatchObject(refused('gone'));
    for (const time of [now - 300_000, now + 300_000]) expect((await read(0, key, { time })).ok).toBe(true);
    const ahead = toBase64url(randomBytes(16));
    expect((await read(0, key, { nonce: ahead, time: now + 300_000 })).ok).toBe(true);
    local.clock.advance(599_000);
    expect(await read(0, key, { nonce: ahead, time: now + 300_000 })).toMatchObject(refused('gone'));
  });

  it('R24: a page ends at 100 entries or 512 KiB, and the next goes on from there', async () => {
    await create(entryOf(200_000));
    for (let version = 1; version < 4; version++) expect((await append(version, entryOf(200_000))).ok).toBe(true);
    const first = await read(0);
    expect(first.ok && first.answer.entries).toHaveLength(2);
    for (let version = 4; version < 110; version++) await append(version, entryOf(10));
    const second = await read(4);
    expect(second.ok && [second.answer.version, second.answer.entries.length]).toEqual([110, 100]);
  });
});

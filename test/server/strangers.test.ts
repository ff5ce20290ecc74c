import { createHash, randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dumpDatabase, placesOf } from '../support/dump-database.ts';
import { addressOf, granted, login, type RelayDevice } from '../support/relay-device.ts';
import { type LocalRelay, localRelay } from '../support/relay-in-process.ts';
import { connect, type RelaySocket } from '../support/relay-socket.ts';

const ENVELOPES = 10;
const KIB = 1_024;

let local: LocalRelay;
let sender: RelaySocket;
let bob: { device: RelayDevice; token: string };

const bytes = (length: number) => new Uint8Array(randomBytes(length));

beforeEach(async () => {
  local = await localRelay({ members: 3, config: { mailboxEnvelopes: ENVELOPES, mailboxMib: 32 / KIB } });
  bob = local.members[1] as typeof bob;
  sender = await connect(local.origin, local.members[0]?.token ?? '');
  await sender.expect('drained');
});
afterEach(() => local.close());

/** Gives bob a token and tells the relay its digest. */
async function newToken(): Promise<Uint8Array> {
  const token = bytes(16);
  const verifier = createHash('sha256').update(token).digest('base64url');
  await granted(local.origin, 'account/delivery', { verifier }, bob.token);
  return token;
}

async function submit(deliveryToken: Uint8Array | undefined, size = 2 * KIB, others: readonly RelayDevice[] = []): Promise<string> {
  const recipients = [{ ...addressOf(bob.device), deliveryToken }, ...others.map((device) => addressOf(device))];
  sender.send({ type: 'submit', requestId: 1, envelopeId: bytes(16), recipients, body: new Uint8Array(size) });
  const answer = await sender.next();
  if (answer.type === 'refused') return `${answer.code} ${answer.accounts.map((id) => (id === bob.device.accountId ? 'bob' : id)).join()}`;
  return answer.type;
}

async function fill(count: number, token: Uint8Array | undefined, size?: number): Promise<void> {
  for (let i = 0; i < count; i++) expect(await submit(token, size)).toBe('accepted');
}

const FULL = 'mailbox_full bob';

describe('a delivery token', () => {
  it('R50: strangers fill half of a mailbox by count, holders of the token all of it (mailbox-flood)', async () => {
    const token = await newToken();
    await fill(ENVELOPES / 2, undefined);
    expect(await submit(undefined)).toBe(FULL);
    expect(await submit(bytes(16))).toBe(FULL);
    await fill(ENVELOPES / 2, token);
    expect(await submit(token)).toBe(FULL);
  });

  it('R50: and half by bytes', async () => {
    const token = await newToken();
    await fill(2, undefined, 8 * KIB);
    expect(await submit(undefined)).toBe(FULL);
    await fill(2, token, 8 * KIB);
    expect(await submit(token)).toBe(FULL);
  });

  it('R50: what holders left counts towards the half that strangers may fill', async () => {
    const token = await newToken();
    await fill(ENVELOPES / 2, token);
    expect(await submit(undefined)).toBe(FULL);
    await fill(1, token);
  });

  it('R50: a new token ends the old at once', async () => {
    const old = await newToken();
    await fill(ENVELOPES / 2, old);
    const token = await newToken();
    expect(await submit(old)).toBe(FULL);
    expect(await submit(token)).toBe('accepted');
  });

  it('R50: a missing, an old and a wrong token are answered like a right one while there is room', async () => {
    const old = await newToken();
    const token = await newToken();
    for (const one of [undefined, old, bytes(16), token]) expect(await submit(one)).toBe('accepted');
  });

  it('R50: without a verifier nothing is kept for anybody, and zeros are no token', async () => {
    await fill(ENVELOPES, undefined);
    expect(await submit(undefined)).toBe(FULL);
    const verifier = createHash('sha256').update(new Uint8Array(16)).digest('base64url');
    const carol = local.members[2] as typeof bob;
    await granted(local.origin, 'account/delivery', { verifier }, carol.token);
    bob = carol;
    await fill(ENVELOPES / 2, new Uint8Array(16));
    expect(await submit(new Uint8Array(16))).toBe(FULL);
  });

  it('R5, R50: one mailbox without room for a stranger refuses the whole submit, and names that account alone', async () => {
    await newToken();
    await fill(ENVELOPES / 2, undefined);
    const carol = (local.members[2] as typeof bob).device;
    expect(await submit(undefined, 2 * KIB, [carol])).toBe(FULL);
    expect(dumpDatabase(local.dataDir).find(({ name }) => name === 'waiting')?.rows).toHaveLength(ENVELOPES / 2);
  });

  it('R50: the verifier outlives a restart', async () => {
    const token = await newToken();
    await fill(ENVELOPES / 2, undefined);
    local = await local.reopen();
    sender = await connect(local.origin, await login(local.origin, (local.members[0] as typeof bob).device));
    await sender.expect('drained');
    expect(await submit(undefined)).toBe(FULL);
    expect(await submit(token)).toBe('accepted');
  });

  it('R27, R50: the token is nowhere on the disk, and rows do not say who held it', async () => {
    const token = await newToken();
    await fill(1, token);
    await fill(1, undefined);
    const tables = dumpDatabase(local.dataDir);
    expect(placesOf(tables, token)).toEqual([]);
    const waiting = tables.find(({ name }) => name === 'waiting')?.rows.map(({ row: _, sequence: __, body: ___, ...rest }) => rest);
    expect(waiting?.[0]).toEqual(waiting?.[1]);
  });
});

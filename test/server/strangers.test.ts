import { createHash, randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dumpDatabase, placesOf } from '../support/dump-database.ts';
import { RATES } from '../../server/config/rates.ts';
import { addressOf, granted, login, prekeys, type RelayDevice, registerMany } from '../support/relay-device.ts';
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

describe('what one account leaves with another that gave it no token', () => {
  let limited: LocalRelay;
  let stranger: RelaySocket;
  let reader: RelaySocket;
  let to: RelayDevice;

  beforeEach(async () => {
    limited = await localRelay({ members: 3, config: { rateFactor: 1 } });
    to = limited.members[1]?.device as RelayDevice;
    stranger = await connect(limited.origin, limited.members[0]?.token ?? '');
    reader = await connect(limited.origin, limited.members[1]?.token ?? '');
    // Takes everything in at once: it is not the mailbox that is full.
    reader.listen((frame) => {
      if (frame.type === 'deliver') reader.send({ type: 'ack', sequence: frame.sequence });
    });
    await stranger.expect('drained');
  });
  afterEach(() => limited.close());

  async function tokenOf(member: number): Promise<Uint8Array> {
    const token = bytes(16);
    const verifier = createHash('sha256').update(token).digest('base64url');
    await granted(limited.origin, 'account/delivery', { verifier }, limited.members[member]?.token);
    return token;
  }

  async function send(socket: RelaySocket, device: RelayDevice, size: number, deliveryToken?: Uint8Array, envelopeId = bytes(16)) {
    const recipients = [{ ...addressOf(device), deliveryToken }];
    socket.send({ type: 'submit', requestId: 1, envelopeId, recipients, body: new Uint8Array(size) });
    const answer = await socket.next();
    return answer.type === 'refused' ? `${answer.code} ${answer.retryAfterMs}` : answer.type;
  }

  it('R52: is bounded by count and by bytes, and grows slowly; the target itself, contacts and other targets do not feel it', async () => {
    const token = await tokenOf(1);
    const { burst, perSecond } = RATES.pairStranger;
    // Half in small envelopes of cost 1, half in the largest, of cost 4.
    for (let cost = 0; cost < burst / 2; cost += 1) expect(await send(stranger, to, 2 * KIB)).toBe('accepted');
    for (let cost = 0; cost < burst / 2; cost += 4) expect(await send(stranger, to, 64 * KIB)).toBe('accepted');
    const told = await send(stranger, to, 2 * KIB);
    expect(told).toMatch(/^rate_limited \d+$/);
    // It may have gone below nothing by what the last envelope cost beyond it.
    expect(Number(told.split(' ')[1])).toBeLessThanOrEqual(4_000 / perSecond);
    const contact = await connect(limited.origin, limited.members[2]?.token ?? '');
    await contact.expect('drained');
    expect(await send(contact, to, 2 * KIB, token)).toBe('accepted');
    expect(await send(stranger, limited.members[2]?.device as RelayDevice, 2 * KIB)).toBe('accepted');
    limited.clock.advance(4_000 / perSecond);
    expect(await send(stranger, to, 2 * KIB)).toBe('accepted');
  });

  it('R6, R52: a repeat costs what the first did: what is left of the bucket does not tell whether it was fetched', async () => {
    await tokenOf(1);
    const once = bytes(16);
    for (let cost = 0; cost < RATES.pairStranger.burst; cost += 4)
      expect(await send(stranger, to, 64 * KIB, undefined, once)).toBe('accepted');
    expect(await send(stranger, to, 64 * KIB, undefined, once)).toMatch(/^rate_limited/);
    expect(await send(stranger, to, 2 * KIB)).toMatch(/^rate_limited/);
  });

  it.each([
    ['submits', 'submit', RATES.deviceSubmit.burst],
    ['signals', 'signal', RATES.deviceSignal.burst],
  ] as const)('R28: a device that goes on with %s beyond its rate is cut off', async (_what, type, burst) => {
    const recipients = [addressOf(to)];
    const body = new Uint8Array(2 * KIB);
    const send = (requestId: number) =>
      stranger.send(type === 'signal' ? { type, recipients, body } : { type, requestId, envelopeId: bytes(16), recipients, body });
    for (let count = 0; count < burst; count++) {
      send(count);
      if (type === 'submit') await stranger.expect('accepted');
    }
    const pong = new Promise<void>((resolve) => stranger.listen((frame) => frame.type === 'pong' && resolve()));
    for (let count = 1; count < RATES.deviceFrame.burst; count++) send(count);
    stranger.send({ type: 'ping', value: 1 });
    await pong;
    send(0);
    expect(await stranger.closed).toBe(4429);
  });

  it('R52: holders of the token are bounded by their device alone', async () => {
    const token = await tokenOf(1);
    for (let i = 0; i < RATES.pairStranger.burst + 20; i++) expect(await send(stranger, to, 2 * KIB, token)).toBe('accepted');
  });

  it('R52: the bytes of an account are counted beside its frames, whoever they are for', async () => {
    const token = await tokenOf(1);
    const { burst, perSecond } = RATES.accountBytes;
    const size = 64 * KIB;
    for (let sent = 0; sent < burst; sent += size) expect(await send(stranger, to, size, token)).toBe('accepted');
    expect(await send(stranger, to, size, token)).toBe(`rate_limited ${Math.ceil((size / perSecond) * 1_000)}`);
    limited.clock.advance(100);
    expect(await send(stranger, to, size, token)).toBe('accepted');
  });
});

describe('prekeys under many hands', () => {
  it('R19: a target that is claimed by many accounts keeps a supply, stays reachable, and no key is handed out twice', async () => {
    const many = await localRelay({ config: { rateFactor: 1_000 } });
    const members = await registerMany(many.origin, many.firstInvite, 8);
    const target = members[0] as (typeof members)[number];
    await granted(many.origin, 'prekeys/add', { oneTimePrekeys: prekeys(100, 100) }, target.token);
    const tight = await many.reopen({ config: { rateFactor: 1 } });
    try {
      const { accountId, deviceId } = target.device;
      const tokens = await Promise.all(members.slice(1).map(({ device }) => login(tight.origin, device)));
      const { burst } = RATES.targetClaim;
      const claims = await Promise.all(
        Array.from({ length: burst + 30 }, (_, index) =>
          granted(tight.origin, 'prekeys/claim', { accountId, deviceIds: [deviceId] }, tokens[index % tokens.length]),
        ),
      );
      const bundles = claims.flatMap((claim) => claim.bundles);
      const handedOut = bundles.flatMap(({ oneTimePrekey }) => (oneTimePrekey ? [oneTimePrekey.id] : []));
      expect(bundles).toHaveLength(burst + 30);
      expect(new Set(handedOut).size).toBe(handedOut.length);
      expect(handedOut.length).toBeLessThanOrEqual(burst);
      expect(bundles.every(({ deviceRecord }) => deviceRecord.length > 1_900)).toBe(true);
    } finally {
      await tight.close();
    }
  });
});

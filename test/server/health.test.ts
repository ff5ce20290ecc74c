import { rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RATES } from '../../server/config/rates.ts';
import { type LocalRelay, localRelay } from '../support/relay-in-process.ts';
import { connect, openSocket } from '../support/relay-socket.ts';

let local: LocalRelay;
beforeEach(async () => {
  local = await localRelay({ members: 1 });
});
afterEach(() => local.close());

async function ask(path: string): Promise<[number, unknown]> {
  const response = await fetch(`${local.origin}${path}`);
  return [response.status, await response.json()];
}

const WELL = [200, { ok: true }];
const UNWELL = [503, { error: { code: 'unavailable' } }];

describe('health', () => {
  it('R34: both say ok and nothing more, and no address is limited there', async () => {
    local = await local.reopen({ config: { rateFactor: 1 } });
    for (let i = 0; i <= RATES.addressRequest.burst; i++) await ask('/v1/relay');
    expect((await ask('/v1/relay'))[0]).toBe(429);
    expect(await ask('/healthz')).toEqual(WELL);
    expect(await ask('/readyz')).toEqual(WELL);
  });

  it('R34: a relay without room is up and not ready', async () => {
    local = await local.reopen({ config: { minFreeMib: 2 ** 40 } });
    expect(await ask('/healthz')).toEqual(WELL);
    expect(await ask('/readyz')).toEqual(UNWELL);
  });

  it('R34: a relay whose database does not answer is up and not ready', async () => {
    await local.relay.store.close();
    expect(await ask('/healthz')).toEqual(WELL);
    expect(await ask('/readyz')).toEqual(UNWELL);
    await local.close().catch(() => rmSync(local.dataDir, { recursive: true }));
    local = await localRelay();
  });

  it('R34, R37: a relay that stops is up and not ready, and takes nothing new', async () => {
    const idle = await connect(local.origin, local.members[0]?.token ?? '');
    // A peer that does not answer the goodbye: the relay waits for it, in time that stands still here.
    idle.raw.pause();
    const closing = local.close();
    while ((await ask('/readyz'))[0] === 200);
    expect(await ask('/readyz')).toEqual(UNWELL);
    expect(await ask('/healthz')).toEqual(WELL);
    expect(await ask('/v1/relay')).toEqual(UNWELL);
    await expect(openSocket(local.origin)).rejects.toThrow('503');
    local.clock.advance(300);
    await closing;
    local = await localRelay();
  });
});

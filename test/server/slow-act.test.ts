import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { askRelay, RelayHangs } from '../../server/admin/acts-client.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sottovoce-slow-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Answers an act when the test wants it to, and everything else at once. */
async function slowRelay() {
  const path = join(folder, 'relay.sock');
  const asked: ServerResponse[] = [];
  let knocks = 0;
  const server = createServer((request, response) => {
    if (request.method === 'POST') asked.push(response);
    else {
      knocks += 1;
      response.writeHead(404).end();
      // Once before the act, and once five seconds into it.
      if (knocks === 2) asked[0]?.end('{"acts":[]}');
    }
  }).listen(path);
  await once(server, 'listening');
  return { path, close: () => void server.close().closeAllConnections() };
}

describe('an act that takes long', () => {
  it('R40: is waited for in a relay that answers otherwise', async () => {
    const relay = await slowRelay();
    expect(await askRelay(relay.path, 'log', {})).toEqual({ acts: [] });
    relay.close();
  }, 10_000);

  it('R45: is given up by whoever can do without', async () => {
    const relay = await slowRelay();
    await expect(askRelay(relay.path, 'log', {}, 100)).rejects.toThrow(RelayHangs);
    relay.close();
  });
});

import { request } from 'node:http';
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ACTS } from '../../server/admin/acts.ts';
import { answerOf, typeCommand } from '../support/command.ts';
import { register } from '../support/relay-device.ts';
import { type RunningRelay, startRelay } from '../support/relay.ts';

let folder: string;
let relay: RunningRelay | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sottovoce-socket-'));
});
afterEach(async () => {
  await relay?.stop();
  relay = undefined;
  rmSync(folder, { recursive: true, force: true });
});

const socketPath = () => join(relay?.dataDir ?? '', 'relay.sock');

function ask(method: string, path: string, body = ''): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const asked = request({ socketPath: socketPath(), method, path, headers, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

describe('the command socket', () => {
  it('R40: is for the owner alone, serves the acts and nothing else, and refuses what does not parse', async () => {
    relay = await startRelay();
    const { mode } = statSync(socketPath());
    expect(mode & 0o777).toBe(0o600);
    for (const path of ['/', '/v1/relay', '/healthz', '/v1/socket']) expect((await ask('GET', path)).status, path).toBe(404);
    for (const act of Object.keys(ACTS)) {
      expect((await ask('GET', `/${act}`)).status, act).toBe(404);
      for (const body of ['', '[]', '{"more":1}', '{', 'null'])
        expect((await ask('POST', `/${act}`, body)).status, `${act} ${body}`).toBe(400);
    }
    expect((await ask('POST', '/log', `{"x":"${'x'.repeat(5_000)}"}`)).status).toBe(400);
    expect((await ask('POST', '/stats', '{}')).status).toBe(200);
    expect((await fetch(`${relay.origin}/stats`, { method: 'POST', body: '{}' })).status).toBe(404);
  });

  it('R40: a socket that a killed relay left hinders neither commands nor the next relay, and goes with a relay that ends', async () => {
    relay = await startRelay();
    await register(relay.origin, relay.firstInvite ?? '', 'anna');
    await relay.kill('SIGKILL');
    expect(existsSync(socketPath())).toBe(true);
    expect(await answerOf(['stats'], { dataDir: relay.dataDir })).toMatchObject({ accounts: 1, sockets: null });
    await relay.restart();
    expect(await answerOf(['stats'], { dataDir: relay.dataDir })).toMatchObject({ accounts: 1, sockets: 0 });
    await relay.kill('SIGTERM');
    expect(existsSync(socketPath())).toBe(false);
  });

  it('R40: where its path is too long the relay warns and runs, and a command says that it must be stopped', async () => {
    const dataDir = join(folder, 'x'.repeat(100));
    mkdirSync(dataDir);
    relay = await startRelay({ dataDir });
    expect(existsSync(socketPath())).toBe(false);
    const running = await typeCommand(['stats'], { dataDir });
    expect([running.code, running.complained]).toEqual([
      1,
      expect.stringMatching(/^A relay or another command uses [^\n]* Stop it and try again\.\n$/),
    ]);
    await relay.kill('SIGTERM');
    expect(await answerOf(['stats'], { dataDir })).toMatchObject({ accounts: 0, sockets: null });
  });
});

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { postRaw } from '../support/relay-device.ts';
import { type LocalRelay, localRelay } from '../support/relay-in-process.ts';

let local: LocalRelay;
let clientDir: string;
const script = `console.log('${'sotto voce '.repeat(500)}');`;

beforeAll(async () => {
  clientDir = mkdtempSync(join(tmpdir(), 'sottovoce-page-'));
  mkdirSync(join(clientDir, 'assets'));
  writeFileSync(join(clientDir, 'index.html'), '<!doctype html><title>Sottovoce</title>');
  writeFileSync(join(clientDir, 'assets', 'main-4f3a2b1c.js'), script);
  writeFileSync(join(clientDir, '..', 'outside.txt'), 'outside');
  for (const name of ['.hidden', 'assets/.hidden']) writeFileSync(join(clientDir, name), 'outside');
  local = await localRelay({ config: { clientDir } });
});
afterAll(async () => {
  await local.close();
  rmSync(clientDir, { recursive: true, force: true });
});

const get = (path: string, headers: Record<string, string> = {}) => fetch(`${local.origin}${path}`, { headers });

describe('the page', () => {
  it('R29: everything carries a policy that allows this relay alone, with Trusted Types', async () => {
    const answers = [await get('/'), await get('/assets/main-4f3a2b1c.js'), await get('/nothing'), await get('/v1/relay')];
    for (const { headers } of answers) {
      const policy = new Map((headers.get('content-security-policy') ?? '').split('; ').map((part) => [part.split(' ')[0], part]));
      expect(policy.get('default-src')).toBe("default-src 'none'");
      expect(policy.get('script-src')).toBe("script-src 'self' 'wasm-unsafe-eval'");
      expect(policy.get('style-src')).toBe("style-src 'self'");
      expect(policy.get('connect-src')).toBe(`connect-src 'self' ${local.origin.replace('http', 'ws')}`);
      expect(policy.get('require-trusted-types-for')).toBe("require-trusted-types-for 'script'");
      expect(policy.get('trusted-types')).toBe('trusted-types sottovoce');
      for (const name of ['base-uri', 'form-action', 'frame-ancestors']) expect(policy.get(name)).toBe(`${name} 'none'`);
      expect(headers.get('content-security-policy')).not.toMatch(/unsafe-inline|unsafe-eval'(?!.)|\*/);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('cross-origin-opener-policy')).toBe('same-origin');
      expect(headers.get('cross-origin-resource-policy')).toBe('same-origin');
      expect(headers.get('access-control-allow-origin')).toBeNull();
      expect(headers.get('server')).toBeNull();
    }
    const { json } = await postRaw(local.origin, 'registration/check', '{');
    expect(json).toEqual({ error: { code: 'bad_request' } });
  });

  it('R29: hashed assets are kept for ever, the page is asked for each time', async () => {
    expect((await get('/')).headers.get('cache-control')).toBe('no-cache');
    expect((await get('/')).headers.get('content-type')).toMatch(/^text\/html/);
    expect((await get('/assets/main-4f3a2b1c.js')).headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
  });

  it('R29: files are compressed for who asks, and arrive whole either way', async () => {
    for (const encoding of ['br', 'gzip', 'identity']) {
      const answer = await get('/assets/main-4f3a2b1c.js', { 'accept-encoding': encoding });
      expect(answer.headers.get('content-encoding')).toBe(encoding === 'identity' ? null : encoding);
      expect(answer.headers.get('vary')).toBe('accept-encoding');
      expect(await answer.text()).toBe(script);
    }
  });

  it('R29: what a browser still has is not sent again, unless it changed', async () => {
    const first = await get('/');
    const tag = first.headers.get('etag') ?? '';
    const again = await get('/', { 'if-none-match': tag });
    expect([again.status, await again.text(), again.headers.get('cache-control')]).toEqual([304, '', 'no-cache']);
    expect((await get('/', { 'if-none-match': 'W/"of another day"' })).status).toBe(200);

    const changed = '<!doctype html><title>Sottovoce, rebuilt</title>';
    writeFileSync(join(clientDir, 'index.html'), changed);
    const later = await get('/', { 'if-none-match': tag });
    expect([later.status, await later.text()]).toEqual([200, changed]);
    const head = await fetch(`${local.origin}/`, { method: 'HEAD', headers: { 'accept-encoding': 'identity' } });
    expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, String(changed.length), '']);
  });

  it('R29: each kind of file says what it is, and what nobody knows is bytes', async () => {
    for (const [name, type] of [
      ['sign.svg', 'image/svg+xml'],
      ['style.css', 'text/css; charset=utf-8'],
      ['part.wasm', 'application/wasm'],
      ['sound.strange', 'application/octet-stream'],
    ] as const) {
      writeFileSync(join(clientDir, name), name);
      expect((await get(`/${name}`)).headers.get('content-type')).toBe(type);
    }
  });

  it('R29: nothing outside the folder is served', async () => {
    for (const path of [
      '/..%2foutside.txt',
      '/assets/..%2f..%2foutside.txt',
      '/%2e%2e/outside.txt',
      '/.%00',
      '/assets/',
      '/assets',
      '/.hidden',
      '/assets/.hidden',
      '//outside.txt',
    ]) {
      const answer = await get(path);
      expect([path, answer.status >= 400]).toEqual([path, true]);
      expect(await answer.text()).not.toContain('outside');
    }
  });

  it('R29: without a built page the relay runs and says what is missing', async () => {
    const bare = await localRelay({ config: { clientDir: join(clientDir, 'not-there') } });
    const answer = await fetch(`${bare.origin}/`);
    expect([answer.status, await answer.text()]).toEqual([
      503,
      'The relay runs, but its page has not been built. Start it with: npm start\n',
    ]);
    await bare.close();
  });
});

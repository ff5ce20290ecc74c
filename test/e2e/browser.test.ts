import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchProfile } from '../support/browser.ts';

const CSP = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; require-trusted-types-for 'script'";
const FILES: Record<string, { type: string; body: string }> = {
  '/': {
    type: 'text/html',
    body: '<!doctype html><html lang="en"><title>Probe</title><h1>Probe</h1><script type="module" src="/page.js"></script></html>',
  },
  '/page.js': {
    type: 'text/javascript',
    body: `
      const policy = trustedTypes.createPolicy('worker', { createScriptURL: (url) => url });
      const worker = new Worker(policy.createScriptURL('/worker.js'), { type: 'module' });
      worker.onmessage = ({ data }) => { globalThis.answer = data; };`,
  },
  '/worker.js': {
    type: 'text/javascript',
    body: `
      const asked = (request) => new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
      const opening = indexedDB.open('probe', 1);
      opening.onupgradeneeded = () => opening.result.createObjectStore('keys');
      const database = await asked(opening);
      const store = () => database.transaction('keys', 'readwrite').objectStore('keys');
      let pair = await asked(store().get('pair'));
      const kept = pair !== undefined;
      if (!kept) {
        pair = await crypto.subtle.generateKey({ name: 'X25519' }, false, ['deriveBits']);
        await asked(store().put(pair, 'pair'));
      }
      const bits = await crypto.subtle.deriveBits({ name: 'X25519', public: pair.publicKey }, pair.privateKey, 256);
      postMessage({ kept, bytes: bits.byteLength, extractable: pair.privateKey.extractable });`,
  },
};

let server: Server;
let address: string;
const profile = mkdtempSync(join(tmpdir(), 'sottovoce-profile-'));

beforeAll(async () => {
  server = createServer((request, response) => {
    const file = FILES[request.url ?? ''];
    response.writeHead(file ? 200 : 404, { 'content-type': file?.type ?? 'text/plain', 'content-security-policy': CSP }).end(file?.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `http://localhost:${(server.address() as AddressInfo).port}/`;
});

afterAll(() => {
  server.close();
  rmSync(profile, { recursive: true, force: true });
});

async function visit(): Promise<{ answer: unknown; screenshotBytes: number }> {
  const context = await launchProfile(profile, { viewport: { width: 390, height: 844 } });
  try {
    const page = await context.newPage();
    await page.goto(address);
    const handle = await page.waitForFunction(() => (globalThis as { answer?: unknown }).answer);
    return { answer: await handle.jsonValue(), screenshotBytes: (await page.screenshot()).byteLength };
  } finally {
    await context.close();
  }
}

test('the browser under test keeps an unextractable key in its profile, from a worker, under our content security policy', async () => {
  const first = await visit();
  expect(first.answer).toEqual({ kept: false, bytes: 32, extractable: false });
  expect(first.screenshotBytes).toBeGreaterThan(1_000);
  expect((await visit()).answer).toEqual({ kept: true, bytes: 32, extractable: false });
});

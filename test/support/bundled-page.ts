import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { build } from 'vite';

// The library asks for Node's `fs` and `path` where there are none.
const NOTHING = 'data:text/javascript,export%20default%20%7B%7D';

// As strict as the relay's for what a page without styles and sockets needs.
const CSP = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; require-trusted-types-for 'script'";
const PAGE = '<!doctype html><html lang="en"><title>Test</title><script type="module" src="/page.js"></script></html>';

/** As the project builds its client, so that the libraries are the shipped ones; kept in memory. `asFromNpm`: without our replacements in them. */
async function bundle(entry: string, asFromNpm: boolean): Promise<string> {
  const built = await build({
    configFile: asFromNpm ? false : join(import.meta.dirname, '../../vite.config.ts'),
    ...(asFromNpm && { root: dirname(entry), resolve: { alias: { fs: NOTHING, path: NOTHING } } }),
    logLevel: 'error',
    build: { write: false, minify: false, rollupOptions: { input: entry, output: { codeSplitting: false } } },
  });
  const [result] = [built].flat();
  if (!result || !('output' in result)) throw new Error('nothing was built');
  return result.output[0].code;
}

/** A page that runs one module of the tests, bundled, at an address of its own. */
export async function servePage(entry: string, asFromNpm = false): Promise<{ address: string; close(): Promise<void> }> {
  const script = await bundle(entry, asFromNpm);
  const server = createServer((request, response) => {
    const type = request.url === '/page.js' ? 'text/javascript' : 'text/html';
    response.writeHead(200, { 'content-type': type, 'content-security-policy': CSP }).end(request.url === '/page.js' ? script : PAGE);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `http://localhost:${(server.address() as AddressInfo).port}/`,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

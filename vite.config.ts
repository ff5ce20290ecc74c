/// <reference types="vitest/config" />
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const project = import.meta.dirname;
const shim = (name: string): string => join(project, 'client/adapters/shims', name);

export default defineConfig({
  // Tests see the whole project, the build only the client.
  root: process.env['VITEST'] ? project : join(project, 'client'),
  plugins: [react()],
  resolve: {
    alias: [
      // libsignal's own curve (asm.js, 860 kB) and its WebCrypto for browsers of 2015: crypto/session hands in primitives instead.
      { find: /^\.\/built\/curveasm$/, replacement: shim('curveasm.ts') },
      { find: /^(?:\.\.\/)+lib\/msrcrypto$/, replacement: shim('msrcrypto.ts') },
    ],
  },
  worker: { format: 'es' },
  build: {
    outDir: join(project, 'dist/client'),
    emptyOutDir: true,
    target: 'es2023',
    // The page's content security policy allows no inline script, no inline style and no data: address.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  test: {
    environment: 'node',
    pool: 'forks',
    // Many tests run a relay or two beside themselves.
    maxWorkers: Math.max(2, Math.min(3, availableParallelism() - 1)),
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/{bench,client,contract,crypto,fuzz,house,scenario,server,vectors}/**/*.test.{ts,tsx}'],
          testTimeout: 20_000,
          hookTimeout: 20_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});

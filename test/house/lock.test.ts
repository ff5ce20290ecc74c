import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';

interface Manifest {
  readonly dependencies: Record<string, string>;
  readonly devDependencies: Record<string, string>;
  readonly optionalDependencies: Record<string, string>;
}
interface Locked {
  readonly resolved?: string;
  readonly integrity?: string;
  readonly link?: boolean;
  readonly hasInstallScript?: boolean;
}

const project = dirname(dirname(import.meta.dirname));
const read = (path: string): unknown => JSON.parse(readFileSync(join(project, path), 'utf8'));
const manifest = read('package.json') as Manifest;
const locked = Object.entries((read('package-lock.json') as { packages: Record<string, Locked> }).packages);

describe('what is installed is what is written down', () => {
  test('every dependency is pinned to one version', () => {
    const { dependencies, devDependencies, optionalDependencies } = manifest;
    for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies })) {
      expect(version, name).toMatch(/^(\d+\.\d+\.\d+(-alpha\.\d+)?|file:scripts\/stubs\/.+)$/);
    }
  });

  test('the lock holds a hash of every package and the host of none', () => {
    for (const [path, { resolved, integrity, link }] of locked) {
      if (path.startsWith('node_modules/') && !link) expect(integrity, path).toMatch(/^sha512-/);
      expect(resolved ?? '', path).not.toMatch(/^[a-z]+:/);
    }
  });
});

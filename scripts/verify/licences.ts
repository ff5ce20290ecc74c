// Everything that is installed to run must go together with AGPL-3.0-only.
import { existsSync } from 'node:fs';
import { inProject } from '../setup/project.mjs';
import { read } from './sources.ts';

const ALLOWED = [
  '0BSD',
  'AGPL-3.0-only',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC0-1.0',
  'GPL-3.0-only',
  'ISC',
  'MIT',
  'MPL-2.0',
  'Unlicense',
];

/** An SPDX expression without nested brackets, which is all that occurs. */
const isAllowed = (expression: string): boolean =>
  expression
    .replace(/[()]/g, '')
    .split(' OR ')
    .some((choice) => choice.split(' AND ').every((licence) => ALLOWED.includes(licence.trim())));

export function licences(): string[] {
  const lock = JSON.parse(read('package-lock.json')) as { packages: Record<string, { dev?: boolean; link?: boolean }> };
  return Object.entries(lock.packages).flatMap(([path, { dev, link }]) => {
    const manifest = `${path}/package.json`;
    if (path === '' || dev || link || !existsSync(inProject(manifest))) return [];
    const { license } = JSON.parse(read(manifest)) as { license?: unknown };
    return typeof license === 'string' && isAllowed(license) ? [] : [`${path}: ${JSON.stringify(license ?? 'no licence')}`];
  });
}

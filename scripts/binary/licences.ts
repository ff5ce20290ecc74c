// What must go along when the file is passed on: the licences of Node and of every package that runs or builds what is inside.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { inProject } from '../setup/project.mjs';

type Lock = { packages: Record<string, { dev?: boolean; link?: boolean }> };
type Manifest = { name: string; version: string; license?: string };

const LICENCE_FILE = /^(licen[cs]e|copying|notice)/i;
const RULE = '='.repeat(80);

const read = (...path: string[]): string => readFileSync(inProject(...path), 'utf8').trim();

export function licenceTexts(): string {
  const { packages } = JSON.parse(read('package-lock.json')) as Lock;
  const parts = Object.entries(packages).flatMap(([path, { dev, link }]) => {
    if (path === '' || dev || link || !existsSync(inProject(path, 'package.json'))) return [];
    const { name, version, license } = JSON.parse(read(path, 'package.json')) as Manifest;
    const texts = readdirSync(inProject(path))
      .filter((file) => LICENCE_FILE.test(file))
      .sort()
      .map((file) => read(path, file));
    return [`${name} ${version} (${license ?? 'see below'})`, ...texts].join('\n\n');
  });
  return [`Sottovoce\n\n${read('LICENSE')}`, ...parts].join(`\n\n${RULE}\n\n`).concat('\n');
}

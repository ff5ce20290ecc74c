// Whether dist/sottovoce was made of what stands here now.
import { existsSync, readFileSync } from 'node:fs';
import { hashOfFiles } from '../setup/page.mjs';
import { inProject } from '../setup/project.mjs';

export const BINARY = 'dist/sottovoce';
/** The lock names the Node and the packages that go in. */
const SOURCES = ['server', 'scripts/binary', 'dist/client', 'package-lock.json'];
export const STAMP = 'dist/sottovoce.sources';

export const hashOfBinarySources = (): string => hashOfFiles(SOURCES);

export function binaryStands(): boolean {
  const stamp = inProject(STAMP);
  return existsSync(inProject(BINARY)) && existsSync(stamp) && readFileSync(stamp, 'utf8') === hashOfBinarySources();
}

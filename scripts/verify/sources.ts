// The project's own files, as git sees them, each read and parsed once.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { parseSync } from 'vite';
import { root } from '../setup/project.mjs';

interface Import {
  /** A path inside the project, or a package's name. */
  readonly to: string;
  readonly isPackage: boolean;
  readonly typeOnly: boolean;
  /** What is taken; '*' stands for all of it. */
  readonly names: readonly string[];
  readonly line: number;
}

export interface Source {
  readonly path: string;
  readonly text: string;
  readonly imports: readonly Import[];
  /** Values only: a type that nobody imports costs nothing and may explain a signature. */
  readonly exports: readonly { readonly name: string; readonly line: number }[];
  readonly computedImports: readonly number[];
  readonly program: ReturnType<typeof parseSync>['program'];
}

export const files: readonly string[] = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '-z'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\0')
  .filter((path) => path !== '' && existsSync(join(root, path)))
  .sort();

export const read = (path: string): string => readFileSync(join(root, path), 'utf8');

export const lineAt = (text: string, offset: number): number => text.slice(0, offset).split('\n').length;

function parse(path: string): Source {
  const text = read(path);
  const { module, program, errors } = parseSync(path, text);
  if (errors.length > 0) throw new Error(`${path}: ${errors[0]?.message}`);
  const imports: Import[] = [];
  const computedImports: number[] = [];
  const add = (request: string, offset: number, typeOnly: boolean, names: string[]): void => {
    const isPackage = !request.startsWith('.');
    const to = isPackage ? request : posix.join(posix.dirname(path), request);
    imports.push({ to, isPackage, typeOnly, names, line: lineAt(text, offset) });
  };
  for (const { moduleRequest, entries, start } of module.staticImports) {
    const names = entries.map(({ importName }) =>
      importName.kind === 'Name' ? (importName.name ?? '*') : importName.kind === 'Default' ? 'default' : '*',
    );
    add(moduleRequest.value, start, entries.length > 0 && entries.every(({ isType }) => isType), names);
  }
  const exports: { name: string; line: number }[] = [];
  for (const { entries } of module.staticExports) {
    for (const entry of entries) {
      const line = lineAt(text, entry.start);
      if (entry.exportName.kind !== 'None' && !entry.isType) exports.push({ name: entry.exportName.name ?? 'default', line });
      if (entry.moduleRequest) add(entry.moduleRequest.value, entry.start, entry.isType, [entry.importName.name ?? '*']);
    }
  }
  for (const { moduleRequest, start } of module.dynamicImports) {
    const request = text.slice(moduleRequest.start, moduleRequest.end);
    if (/^(['"])[^'"]*\1$/.test(request)) add(request.slice(1, -1), start, false, ['*']);
    else computedImports.push(lineAt(text, start));
  }
  // A type may be imported where it is used: import('./x.ts').X
  for (const match of text.matchAll(/\bimport\((['"])(\.[^'"]+)\1\)\./g)) add(match[2] ?? '', match.index, true, ['*']);
  return { path, text, imports, exports, computedImports, program };
}

export const sources: readonly Source[] = files.filter((path) => /\.(ts|tsx|mjs)$/.test(path) && !path.endsWith('.d.ts')).map(parse);

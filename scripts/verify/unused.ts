// Exports nobody imports, files nobody reaches, packages nobody names.
import { read, type Source, sources } from './sources.ts';

/** Started by name from outside, so nothing imports them. */
const ENTRIES = [
  /^vite\.config\.ts$/,
  /^crypto\/index\.ts$/,
  /^server\/(main|cli\/.+)\.ts$/,
  /^client\/app\/main\.tsx?$/,
  /^client\/adapters\/shims\//,
  /^bench\/(main|crypto\/(main|child|page-\w+)|relay\/(main|driver|bare))\.ts$/,
  /^scripts\/(run\.mjs|(verify|binary)\/main\.ts)$/,
  /\.test\.tsx?$/,
];

/** Needed without an import: tools, types, other platforms' Node, and what libsignal loads by itself. */
const PACKAGES_WITHOUT_IMPORT =
  /^(@types\/|node-|@biomejs\/biome$|oxlint$|postject$|typescript$|@sparticuz\/chromium$|protobufjs$|ts-proto$)/;

export function unused(): string[] {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const taken = new Map<string, Set<string>>();
  for (const { imports } of sources) {
    for (const { to, names } of imports) {
      const target = to.replace(/\?.*$/, '');
      const all = taken.get(target) ?? new Set();
      for (const name of names) all.add(name);
      taken.set(target, all);
    }
  }

  // A worker or a child process is started by its path, which stands as a string somewhere.
  const named = (path: string): boolean => {
    const base = `/${path.split('/').at(-1)}`;
    return sources.some((source) => source.path !== path && source.text.includes(base) && !(taken.get(path)?.size ?? 0));
  };
  const isEntry = ({ path }: Source): boolean => ENTRIES.some((entry) => entry.test(path)) || named(path);

  const reached = new Set<string>();
  const visit = (source: Source): void => {
    if (reached.has(source.path)) return;
    reached.add(source.path);
    for (const { to } of source.imports) {
      const next = byPath.get(to.replace(/\?.*$/, ''));
      if (next) visit(next);
    }
  };
  const entries = sources.filter(isEntry);
  for (const entry of entries) visit(entry);

  const found: string[] = [];
  for (const source of sources) {
    if (!reached.has(source.path)) found.push(`${source.path} is reached from nowhere`);
    if (!reached.has(source.path) || entries.includes(source)) continue;
    const names = taken.get(source.path);
    if (names?.has('*')) continue;
    for (const { name, line } of source.exports)
      if (!names?.has(name)) found.push(`${source.path}:${line} exports ${name}, which nobody imports`);
  }

  const manifest = JSON.parse(read('package.json')) as Record<string, Record<string, string> | undefined>;
  for (const name of Object.keys({ ...manifest['dependencies'], ...manifest['devDependencies'] })) {
    const imported = sources.some(({ imports }) =>
      imports.some(({ to, isPackage }) => isPackage && (to === name || to.startsWith(`${name}/`))),
    );
    if (!imported && !PACKAGES_WITHOUT_IMPORT.test(name)) found.push(`package.json names ${name}, which nothing imports`);
  }
  return found;
}

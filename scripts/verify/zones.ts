// Who may import whom inside a room. Between rooms the compiler says no; this is the finer half (docs/architecture.md).
import { sources } from './sources.ts';

/** Layers of a room, lowest first: a file may import from its own layer and those below. */
const LAYERS: Record<string, readonly (readonly string[])[]> = {
  crypto: [
    ['errors.ts', 'limits.ts', 'labels.ts', 'bytes.ts', 'webcrypto.d.ts'],
    ['primitives/'],
    ['keys/', 'wire/', 'chain/'],
    ['session/', 'sealing/', 'group/', ''],
    ['index.ts'],
  ],
  server: [
    ['protocol/', 'ports.ts'],
    ['config/'],
    ['store/'],
    ['relay/'],
    ['routes/', 'plugins/', ''],
    ['app.ts', 'admin/'],
    ['main.ts', 'cli/'],
  ],
};

const PAGE = ['client/ui/', 'client/store/', 'client/features/', 'client/app/'];
const BRIDGE = 'client/worker/bridge.ts';
const SHARED = ['client/content/', 'server/protocol/'];

/** What each part of the client may import at run time, besides itself. Types may cross freely, features excepted. */
const CLIENT: Record<string, readonly string[]> = {
  'client/ui/': [],
  'client/store/': [BRIDGE, ...SHARED],
  'client/features/': ['client/ui/', 'client/store/', BRIDGE, ...SHARED],
  'client/app/': ['client/ui/', 'client/store/', 'client/features/', BRIDGE, ...SHARED],
};
const WIRING = 'client/app/wiring.ts';

const startsWithAny = (path: string, prefixes: readonly string[]): boolean => prefixes.some((prefix) => path.startsWith(prefix));

function layerOf(room: string, path: string): number {
  const inside = path.slice(room.length + 1);
  const layers = LAYERS[room] ?? [];
  const exact = layers.findIndex((layer) =>
    layer.some((name) => name !== '' && (name.endsWith('/') ? inside.startsWith(name) : inside === name)),
  );
  return exact === -1 ? layers.findIndex((layer) => layer.includes('')) : exact;
}

const featureOf = (path: string): string | undefined => /^client\/features\/([^/]+)\//.exec(path)?.[1];

/** Why the file `from` may not import the file `to`, if it may not. */
export function refusal(from: string, to: string, typeOnly: boolean): string | undefined {
  const room = from.split('/')[0] ?? '';
  if (room === 'test' || room === 'bench' || room === 'scripts') return undefined;
  if (to.startsWith('crypto/') && room !== 'crypto' && to !== 'crypto/index.ts') return 'goes past crypto/index.ts';
  if (to.endsWith('/index.ts') && from.startsWith(to.slice(0, -'index.ts'.length)) && from !== to)
    return 'imports the index of its own folder';
  if (LAYERS[room] && to.startsWith(`${room}/`) && layerOf(room, to) > layerOf(room, from)) return 'imports from a layer above its own';
  const feature = featureOf(from);
  if (feature && featureOf(to) && featureOf(to) !== feature) return 'is a feature that imports another feature';
  const part = PAGE.find((prefix) => from.startsWith(prefix));
  if (part && !typeOnly && !to.startsWith(part) && !startsWithAny(to, CLIENT[part] ?? []) && !to.endsWith('.css')) {
    if (from === WIRING && startsWithAny(to, ['client/adapters/', 'client/ports/', 'client/worker/'])) return undefined;
    return `is on the page, and ${part} may not import this at run time`;
  }
  return undefined;
}

export function zones(): string[] {
  return sources.flatMap((source) => [
    ...source.imports
      .filter(({ isPackage }) => !isPackage)
      .flatMap(({ to, typeOnly, line }) => {
        const why = refusal(source.path, to.replace(/\?.*$/, ''), typeOnly);
        return why ? [`${source.path}:${line} ${why}: ${to}`] : [];
      }),
    ...(/^(crypto|server|client)\//.test(source.path) ? source.computedImports : []).map(
      (line) => `${source.path}:${line} computes what it imports`,
    ),
  ]);
}

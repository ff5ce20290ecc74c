// Names that would let the clock, chance or markup in by the back door.
import { Visitor } from 'vite';
import { lineAt, sources } from './sources.ts';

interface Ban {
  readonly rooms: RegExp;
  readonly names: readonly string[];
  readonly why: string;
}

const BANS: readonly Ban[] = [
  {
    rooms: /^(crypto|client\/(messenger|content|ports))\//,
    names: ['Date.now', 'Math.random', 'performance.now', 'new Date'],
    why: 'clock and chance are arguments here',
  },
  {
    rooms: /^client\//,
    names: ['innerHTML', 'outerHTML', 'insertAdjacentHTML', 'dangerouslySetInnerHTML', 'document.write', 'eval', 'new Function'],
    why: 'nothing may become markup or code at run time',
  },
  { rooms: /^(crypto|server|client)\//, names: ['createRequire'], why: 'imports are written where they can be checked' },
];

interface NodeLike {
  readonly start: number;
  readonly name?: unknown;
}

const nameOf = (node: unknown): string => {
  const { name } = node as NodeLike;
  return typeof name === 'string' ? name : '';
};

export function forbidden(): string[] {
  const found: string[] = [];
  for (const { path, text, program } of sources) {
    const bans = BANS.filter(({ rooms }) => rooms.test(path));
    const meet = (name: string, offset: number): void => {
      const ban = bans.find(({ names }) => names.includes(name));
      if (ban) found.push(`${path}:${lineAt(text, offset)} ${name}: ${ban.why}`);
    };
    new Visitor({
      MemberExpression: (node) => meet(`${nameOf(node.object)}.${nameOf(node.property)}`, node.start),
      Identifier: (node) => meet(node.name, node.start),
      JSXIdentifier: (node) => meet(node.name, node.start),
      NewExpression: (node) => {
        const name = nameOf(node.callee);
        // A date made from a given time is arithmetic; only the one made from nothing reads the clock.
        if (name === 'Function' || (name === 'Date' && node.arguments.length === 0)) meet(`new ${name}`, node.start);
      },
    }).visit(program);
  }
  return found;
}

import type { Database, Statement } from 'better-sqlite3';
import { type Compilable, DummyDriver, Kysely, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from 'kysely';
import type { Tables } from './tables.ts';

/**
 * Kysely writes the SQL and checks it against the tables; better-sqlite3 runs it, prepared once. Executing through Kysely costs four
 * times as much a row, and its promises would let another request into the middle of a transaction on the one connection.
 */
export const build = new Kysely<Tables>({
  dialect: {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  },
});

type Value = string | number | bigint | Uint8Array | null;
type Arguments = Record<string, Value>;

/** Stands in the query where an argument will go, so that the compiled query tells which argument is its n-th parameter. */
class Placeholder {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

const placeholders = new Proxy({}, { get: (_, name) => new Placeholder(String(name)) });

export type Query<Args extends Arguments, Row> = {
  run(args: Args): { changes: number; lastInsertRowid: number };
  get(args: Args): Row | undefined;
  all(args: Args): Row[];
};

/** `prepare(database)<Args>()((argument) => build.…)`: the builder sees placeholders typed as the arguments. */
export function prepare(database: Database) {
  return <Args extends Arguments>() =>
    <Row>(make: (argument: Args) => Compilable<Row>): Query<Args, Row> => {
      const compiled = make(placeholders as Args).compile();
      const statement: Statement<unknown[], Row> = database.prepare(compiled.sql);
      // Filled anew for each run: statements run to their end before anything else does.
      const bound: unknown[] = [...compiled.parameters];
      const places = bound.flatMap((value, index) => (value instanceof Placeholder ? [[index, value.name] as const] : []));
      function bind(args: Args): unknown[] {
        for (const [index, name] of places) bound[index] = args[name];
        return bound;
      }
      return {
        run(args) {
          const { changes, lastInsertRowid } = statement.run(bind(args));
          return { changes, lastInsertRowid: Number(lastInsertRowid) };
        },
        get: (args) => statement.get(bind(args)),
        all: (args) => statement.all(bind(args)),
      };
    };
}

export type Prepare = ReturnType<typeof prepare>;

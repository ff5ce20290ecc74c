/**
 * `npm run bench` measures the product as it really runs and prints a table; with `--json` the last line is one flat JSON object.
 * `npm run bench -- roundtrip` runs those named only.
 */
import { accepted } from './accepted.ts';
import { engine } from './engine.ts';
import { type Bench, type Figure, json, table } from './report.ts';
import { roundtrip } from './roundtrip.ts';
import { strangers } from './strangers.ts';
import { vault } from './vault.ts';

const BENCHES: Record<string, Bench> = { roundtrip, accepted, engine, vault, strangers };

const asked = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const unknown = asked.find((name) => !(name in BENCHES));
if (unknown !== undefined) {
  console.error(`There is no bench "${unknown}". There are: ${Object.keys(BENCHES).join(', ')}.`);
  process.exit(2);
}

const figures: Figure[] = [];
for (const [name, bench] of Object.entries(BENCHES)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  figures.push(...(await bench((line) => process.stderr.write(`${name}: ${line}\n`))));
}
console.log(table(figures));
if (process.argv.includes('--json')) console.log(json(figures));

/** `npm run file -- test/vectors/generate.ts [family…]`: writes the files of all or these families anew, from their seeds. */
import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { nodePrimitives } from '../../client/adapters/node-primitives.ts';
import { installPrimitives } from '../../crypto/index.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { FAMILIES } from './families/families.ts';
import { fileText, makeFile, schemaText, seedOf } from './make.ts';

const folder = join(import.meta.dirname, 'ours');

installPrimitives(nodePrimitives);
const asked = process.argv.slice(2);
for (const family of FAMILIES) {
  if (asked.length > 0 && !asked.includes(family.name)) continue;
  const file = await makeFile(family, seededRandom(seedOf(family)));
  await writeFile(join(folder, `${family.name}.json`), fileText(file));
  await writeFile(join(folder, '../schemas', `${family.name}.schema.json`), schemaText(family));
  console.log(`${family.name}: ${file.numberOfTests} cases`);
}
const names = (await readdir(folder)).filter((name) => name.endsWith('.json')).sort();
const lines = await Promise.all(
  names.map(
    async (name) =>
      `${createHash('sha256')
        .update(await readFile(join(folder, name)))
        .digest('hex')}  ${name}`,
  ),
);
await writeFile(join(folder, 'SHA256SUMS'), `${lines.join('\n')}\n`);

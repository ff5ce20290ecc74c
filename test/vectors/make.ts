/** Makes a family's file. Each case is run when it is made, so that no file says what the implementation does not do. */
import { check } from './check.ts';
import { type Case, type Family, type Group, given, type JsonObject, type Make, type VectorFile } from './family.ts';
import type { RandomBytes } from './hex.ts';
import { neighbourOf } from './neighbour.ts';
import { schemaOf } from './shape.ts';

const GENERATOR_VERSION = '1.0.0';

export async function makeFile(family: Family, random: RandomBytes): Promise<VectorFile> {
  const groups: Group[] = [];
  let numberOfTests = 0;

  const current = (): Group => {
    const group = groups.at(-1);
    if (!group) throw new Error('no group was begun');
    return group;
  };
  function add(test: Omit<Case, 'tcId'>): Case {
    const unexplained = test.flags.find((flag) => !Object.hasOwn(family.notes, flag));
    if (test.flags.length === 0 || unexplained !== undefined) throw new Error(`"${test.comment}": flag ${unexplained} is not explained`);
    const made = { tcId: ++numberOfTests, ...test };
    current().tests.push(made);
    return made;
  }

  const make: Make = {
    random,
    group: (type) => void groups.push({ type, tests: [] }),
    async valid(comment, flags, input) {
      const handed = given();
      const output: JsonObject = await family.run(current().type, structuredClone(input), handed);
      if (!handed.spent()) throw new Error(`${family.name}, "${comment}": randomness that nothing draws`);
      add({ comment, flags: [...flags], input, result: 'valid', expected: output });
      return output;
    },
    async invalid(comment, flags, input, error) {
      const test = add({ comment, flags: [...flags], input, result: 'invalid', error, stateUnchanged: true });
      const wrong = await check(family, current().type, test);
      if (wrong) throw new Error(`${family.name} ${test.tcId}, "${comment}": ${wrong}`);
    },
  };
  await family.generate(make);
  for (const { type, tests } of groups) {
    const valid = groups.filter((group) => group.type === type).flatMap((group) => group.tests.filter(({ result }) => result === 'valid'));
    for (const test of tests.filter(({ result }) => result === 'invalid')) {
      const differs = neighbourOf(test, valid);
      if (!differs) throw new Error(`${family.name} ${test.tcId}, "${test.comment}": nothing of "${type}" is valid`);
      test.differs = differs;
    }
  }
  return {
    algorithm: family.algorithm,
    schema: `../schemas/${family.name}.schema.json`,
    generatorVersion: GENERATOR_VERSION,
    numberOfTests,
    header: [`Made by test/vectors/generate.ts from the seed "${seedOf(family)}". The format: ../formats/${family.name}.md.`],
    notes: family.notes,
    testGroups: groups,
  };
}

export const seedOf = (family: Family): string => `Sottovoce vectors 1 ${family.name}`;

/** The bytes of the file as it is committed. */
export const fileText = (file: VectorFile): string => `${JSON.stringify(file, null, 1)}\n`;

/** The bytes of its schema as it is committed. */
export const schemaText = (family: Family): string => `${JSON.stringify(schemaOf(family), null, 1)}\n`;

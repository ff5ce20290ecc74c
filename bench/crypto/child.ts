/** A process with one contender in it, asked for slices by the process that started it. */
import type { Contender, Shape } from './contender.ts';
import { slice } from './measure.ts';

const CONTENDERS: Record<string, () => Promise<Contender>> = {
  async ours() {
    // Here and not above: it gives the library our primitives, and the bare one is to run without.
    const { installPrimitives } = await import('../../crypto/index.ts');
    const { nodePrimitives } = await import('../../client/adapters/node-primitives.ts');
    await installPrimitives(nodePrimitives);
    return (await import('./contenders/ours.ts')).ours();
  },
  bare: async () => (await import('./contenders/bare.ts')).bare(),
  // By an address the compiler does not follow: its types are those of a package that only this bench installs.
  official: async () => (await import(new URL('contenders/official.mjs', import.meta.url).href)).official(),
  olm: async () => (await import('./contenders/olm.ts')).olm(),
};

const made = CONTENDERS[process.argv[2] ?? '']?.();
if (!made) throw new Error('no such contender');
const contender = await made;
process.on('message', ({ shape, count }: { shape: Shape; count: number }) => {
  slice(contender, shape, count).then(
    (rate) => process.send?.({ rate }),
    (error: unknown) => process.send?.({ error: String(error) }),
  );
});
process.send?.({ rate: 0 });

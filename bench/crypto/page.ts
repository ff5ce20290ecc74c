/** A page with one contender in it, asked for slices from outside. */
import type { Contender, Shape } from './contender.ts';
import { slice } from './measure.ts';

declare global {
  interface Window {
    slice?: (shape: Shape, count: number) => Promise<number>;
  }
}

export async function offer(make: () => Promise<Contender>): Promise<void> {
  const contender = await make();
  window.slice = (shape, count) => slice(contender, shape, count);
}

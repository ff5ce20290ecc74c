import type { Adapter, Target } from '../adapter.ts';
export function mqtt(_target: Target): Adapter<string> {
  throw new Error('x');
}

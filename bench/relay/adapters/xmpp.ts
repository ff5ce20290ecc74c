import type { Adapter, Target } from '../adapter.ts';
export function xmpp(_target: Target): Adapter<string> {
  throw new Error('x');
}

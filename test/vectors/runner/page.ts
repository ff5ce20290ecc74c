/** What the runner runs in the browser. One page has one set of primitives: what is installed stays. */
import { installWebPrimitives } from '../../../client/adapters/web-primitives.ts';
import { runSuite } from './suite.ts';

const actions = { installWebPrimitives: () => installWebPrimitives(), runSuite };

export type VectorPageActions = typeof actions;
Object.assign(globalThis, { actions });

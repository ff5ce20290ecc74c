import { fuzz } from './suite.ts';
import { outerTargets } from './targets/index.ts';

fuzz(outerTargets, 500_000);

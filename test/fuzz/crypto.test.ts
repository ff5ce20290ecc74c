import { fuzz } from './suite.ts';
import { cryptoTargets } from './targets/index.ts';

fuzz(cryptoTargets, 500_000);

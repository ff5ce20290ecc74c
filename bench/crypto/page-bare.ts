import { bare } from './contenders/bare.ts';
import { offer } from './page.ts';

await offer(bare);

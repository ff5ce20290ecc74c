/** Ours in a page, with what the engine's worker installs. */
import { installWebPrimitives } from '../../client/adapters/web-primitives.ts';
import { ours } from './contenders/ours.ts';
import { offer } from './page.ts';

await offer(async () => {
  await installWebPrimitives();
  return ours();
});

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildApp, portOf } from '../../server/app.ts';
import { type Config, readConfig } from '../../server/config.ts';
import { systemRandom } from '../../server/ports.ts';
import type { Relay } from '../../server/relay/relay.ts';
import { type ManualClock, manualClock } from './manual-clock.ts';
import { type RelayDevice, registerMany } from './relay-device.ts';

export type LocalRelay = {
  origin: string;
  dataDir: string;
  clock: ManualClock;
  relay: Relay;
  firstInvite: string;
  members: { device: RelayDevice; token: string }[];
  /** Acknowledgements are gathered for some milliseconds of the relay's clock, which stands still in tests. */
  settle(): Promise<void>;
  /** Ends this relay and opens another on its folder. */
  reopen(): Promise<LocalRelay>;
  close(): Promise<void>;
};

/** The relay on a real port inside the test's process, its clock in the test's hand. Rates are wide unless the test is about them. */
export async function localRelay(options: { members?: number; config?: Partial<Config>; dataDir?: string } = {}): Promise<LocalRelay> {
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'sottovoce-local-'));
  const clock = manualClock();
  const config = { ...readConfig({}), port: 0, dataDir, rateFactor: 1_000, logLevel: 'silent' as const, ...options.config };
  const { server, relay } = await buildApp(config, { clock, random: systemRandom });
  await server.listen({ host: '127.0.0.1', port: 0 });
  const origin = `http://localhost:${portOf(server)}`;
  const firstInvite = (await relay.firstInvite()) ?? '';
  const members = options.members ? await registerMany(origin, firstInvite, options.members) : [];
  return {
    origin,
    dataDir,
    clock,
    relay,
    firstInvite,
    members,
    settle: () => relay.queue.flushAcknowledgements(),
    async reopen() {
      await server.close();
      const next = await localRelay({ ...options, dataDir, members: 0 });
      const close = async () => {
        await next.close();
        if (options.dataDir === undefined) rmSync(dataDir, { recursive: true, force: true });
      };
      return { ...next, members, close };
    },
    async close() {
      await server.close();
      if (options.dataDir === undefined) rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

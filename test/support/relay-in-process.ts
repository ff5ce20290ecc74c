import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildApp, portOf } from '../../server/app.ts';
import { HTTP_LIMITS, type HttpLimits } from '../../server/config/http-limits.ts';
import { type Config, readConfig } from '../../server/config/config.ts';
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
  reopen(config?: Partial<Config>): Promise<LocalRelay>;
  close(): Promise<void>;
};

type LocalOptions = { members?: number; config?: Partial<Config>; http?: Partial<HttpLimits> };

async function open(dataDir: string, options: LocalOptions): Promise<LocalRelay> {
  const clock = manualClock();
  const config = { ...readConfig({}), port: 0, dataDir, rateFactor: 1_000, logLevel: 'silent' as const, ...options.config };
  const { server, relay } = await buildApp(config, { clock, random: systemRandom }, { ...HTTP_LIMITS, ...options.http });
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
    async reopen(changed = {}) {
      await server.close();
      return { ...(await open(dataDir, { ...options, members: 0, config: { ...options.config, ...changed } })), members };
    },
    async close() {
      await server.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** The relay on a real port inside the test's process, its clock in the test's hand. Rates are wide unless the test is about them. */
export function localRelay(options: LocalOptions = {}): Promise<LocalRelay> {
  return open(mkdtempSync(join(tmpdir(), 'sottovoce-local-')), options);
}

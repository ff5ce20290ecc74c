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
  reopen(changes?: LocalOptions): Promise<LocalRelay>;
  close(): Promise<void>;
};

type LocalOptions = {
  members?: number;
  config?: Partial<Config>;
  http?: Partial<HttpLimits> /** Milliseconds since 1970. */;
  startAt?: number;
};

async function open(dataDir: string, options: LocalOptions, known: LocalRelay['members'] = []): Promise<LocalRelay> {
  const clock = manualClock(options.startAt);
  const config = { ...readConfig({}), port: 0, dataDir, rateFactor: 1_000, logLevel: 'silent' as const, ...options.config };
  const { server, relay } = await buildApp(config, { clock, random: systemRandom }, undefined, { ...HTTP_LIMITS, ...options.http });
  await server.listen({ host: '127.0.0.1', port: 0 });
  const origin = `${config.tlsCert ? 'https' : 'http'}://localhost:${portOf(server)}`;
  const firstInvite = (await relay.firstInvite()) ?? '';
  const members = options.members ? await registerMany(origin, firstInvite, options.members) : known;
  return {
    origin,
    dataDir,
    clock,
    relay,
    firstInvite,
    members,
    settle: () => relay.queue.flushAcknowledgements(),
    async reopen(changes = {}) {
      await server.close();
      return open(dataDir, { ...options, ...changes, members: 0 }, members);
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

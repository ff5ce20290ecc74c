/** What is run, in which order: ours and the others in turn, round by round, so that what slows the machine slows all. */
import { statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { type Fleet, startFleet } from './fleet.ts';
import { startBare } from './servers/bare.ts';
import { startEjabberd } from './servers/ejabberd.ts';
import { NotInstalled } from './servers/installed.ts';
import { startMosquitto } from './servers/mosquitto.ts';
import { startProsody } from './servers/prosody.ts';
import type { Server } from './servers/contender.ts';
import { type Ours, startOurs } from './servers/ours.ts';
import { closedLoop, type Drained, drain, fanOut, idleSocketBytes, type Measured, openLoop } from './shapes.ts';
import { startTime } from './start-time.ts';
import { peakRssBytes } from './usage.ts';

export const LOOPS = {
  pairs50x8: { pairs: 50, outstanding: 8 },
  pairs50x1: { pairs: 50, outstanding: 1 },
  pairs500x4: { pairs: 500, outstanding: 4 },
  pairs2000x1: { pairs: 2_000, outstanding: 1 },
} as const;
export type LoopName = keyof typeof LOOPS;

const DRAIN_PAIRS = 50;
const DRAIN_EACH = 400;
const GROUP_RECIPIENTS = 1_000;
const GROUP_MESSAGES = 100;
const IDLE_SOCKETS = 5_000;
const TMPFS_MAGIC = 0x01021994;

export type Contended = { loops: Partial<Record<LoopName, Measured[]>>; drains: Drained[]; peakRssBytes: number };
export type Results = {
  contended: Map<string, Contended>;
  halfLoad: Measured[];
  group: { deliveriesPerSecond: number; p50Ms: number; p99Ms: number }[];
  idleSocketBytes: number;
  start: { ms: number; source: string };
};

type Options = { rounds: number; peers: boolean; progress: (line: string) => void };
type Player = { server: Server; fleet: Fleet; result: Contended };

async function play(server: Server): Promise<Player> {
  return { server, fleet: await startFleet(server.adapter, server.target), result: { loops: {}, drains: [], peakRssBytes: 0 } };
}

function turn<Item>(items: readonly Item[], round: number): Item[] {
  return round % 2 ? items.toReversed() : [...items];
}

function requireDisk(): void {
  if (statfsSync(tmpdir()).type === TMPFS_MAGIC) {
    throw new Error(`${tmpdir()} is in memory, where nothing is ever synced: set TMPDIR to a folder on a disk.`);
  }
}

/** Those that are installed; of the others a sentence is told. */
async function startPeers(progress: (line: string) => void): Promise<Server[]> {
  const servers: Server[] = [];
  for (const start of [startMosquitto, startEjabberd, startProsody]) {
    try {
      servers.push(await start());
    } catch (error) {
      if (!(error instanceof NotInstalled)) throw error;
      progress(error.message);
    }
  }
  return servers;
}

/** The shapes a contender takes part in, in every round. */
function shapesOf(server: Server): { loops: readonly LoopName[]; drains: boolean } {
  if (server.name === 'ours' || server.name === 'bare') return { loops: Object.keys(LOOPS) as LoopName[], drains: true };
  if (server.name === 'mosquitto') return { loops: ['pairs50x8', 'pairs2000x1'], drains: true };
  return { loops: ['pairs50x8'], drains: false };
}

export async function runAll({ rounds, peers, progress }: Options): Promise<Results> {
  requireDisk();
  progress('start time');
  const start = await startTime();
  const ours: Ours = await startOurs();
  const players: Player[] = [];
  try {
    for (const server of [ours, await startBare(), ...(peers ? await startPeers(progress) : [])]) players.push(await play(server));
    const [us] = players as [Player];
    progress(`signing up ${IDLE_SOCKETS} devices`);
    await ours.signUp(us.fleet, IDLE_SOCKETS);
    const halfLoad: Measured[] = [];
    const group: Results['group'] = [];
    for (let round = 0; round < rounds; round++) {
      for (const name of Object.keys(LOOPS) as LoopName[]) {
        for (const { server, fleet, result } of turn(players, round)) {
          if (!shapesOf(server).loops.includes(name)) continue;
          const measured = await closedLoop(server, fleet, LOOPS[name]);
          progress(`round ${round + 1}: ${name} ${server.name} ${say(measured)}`);
          result.loops[name] = [...(result.loops[name] ?? []), measured];
        }
      }
      for (const { server, fleet, result } of turn(players, round)) {
        if (!shapesOf(server).drains) continue;
        const drained = await drain(server, fleet, DRAIN_PAIRS, DRAIN_EACH);
        progress(`round ${round + 1}: queue and drain ${server.name} ${JSON.stringify(drained)}`);
        result.drains.push(drained);
      }
      const half = (us.result.loops.pairs50x8?.[round]?.perSecond ?? 0) / 2;
      halfLoad.push(await openLoop(ours, us.fleet, 50, half));
      progress(`round ${round + 1}: half load ${say(halfLoad.at(-1) as Measured)}`);
      group.push(await fanOut(ours, us.fleet, GROUP_RECIPIENTS, GROUP_MESSAGES));
      progress(`round ${round + 1}: group ${JSON.stringify(group.at(-1))}`);
    }
    for (const { server, result } of players) result.peakRssBytes = peakRssBytes(server.roots()[0] as number);
    await ours.restart();
    const idle = await idleSocketBytes(ours, us.fleet, IDLE_SOCKETS);
    progress(`idle: ${Math.round(idle)} bytes a socket`);
    return {
      contended: new Map(players.map(({ server, result }) => [server.name, result])),
      halfLoad,
      group,
      idleSocketBytes: idle,
      start,
    };
  } finally {
    for (const { fleet, server } of players) {
      await fleet.end();
      await server.stop();
    }
  }
}

function say({ perSecond, p50Ms, p99Ms, cpuUsPerMessage, driverBusy }: Measured): string {
  const busy = Math.round(driverBusy * 100);
  return `${Math.round(perSecond)}/s p50 ${p50Ms.toFixed(1)} p99 ${p99Ms.toFixed(1)} ms, ${cpuUsPerMessage.toFixed(1)} µs, driver ${busy} %`;
}

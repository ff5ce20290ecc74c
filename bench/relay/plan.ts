/** What is run, in which order: ours and the others in turn, round by round, so that what slows the machine slows all. */
import { statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { type Fleet, startFleet } from './fleet.ts';
import { startBare } from './servers/bare.ts';
import type { Server } from './servers/contender.ts';
import { startEjabberd } from './servers/ejabberd.ts';
import { NotInstalled } from './servers/installed.ts';
import { startMosquitto } from './servers/mosquitto.ts';
import { type Ours, startOurs } from './servers/ours.ts';
import { startProsody } from './servers/prosody.ts';
import { closedLoop, type Drained, drain, type FannedOut, fanOut, idleSocketBytes, type Measured, openLoop } from './shapes.ts';
import { startTime } from './start-time.ts';
import { peakRssBytes } from './usage.ts';

export const LOOPS = {
  pairs50x8: { pairs: 50, outstanding: 8 },
  pairs50x1: { pairs: 50, outstanding: 1 },
  pairs500x4: { pairs: 500, outstanding: 4 },
  pairs2000x1: { pairs: 2_000, outstanding: 1 },
} as const;
export type LoopName = keyof typeof LOOPS;
const LOOP_NAMES = Object.keys(LOOPS) as LoopName[];

const HALF_LOAD_PAIRS = 50;
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
  group: FannedOut[];
  idleSocketBytes: number;
  start: { ms: number; source: string };
};

type Progress = (line: string) => void;
type Player = { server: Server; fleet: Fleet; result: Contended };

/** What XMPP's servers answer to is delivery alone, so there is no moment at which a queue is known to be stored; the shapes of many sockets are ours. */
function shapesOf({ name }: Server): { loops: readonly LoopName[]; drains: boolean } {
  if (name === 'ours' || name === 'bare') return { loops: LOOP_NAMES, drains: true };
  if (name === 'mosquitto') return { loops: ['pairs50x8', 'pairs2000x1'], drains: true };
  return { loops: ['pairs50x8'], drains: false };
}

function requireDisk(): void {
  if (statfsSync(tmpdir()).type !== TMPFS_MAGIC) return;
  throw new Error(`${tmpdir()} is in memory, where nothing is ever synced: set TMPDIR to a folder on a disk.`);
}

async function join(players: Player[], server: Server): Promise<Player> {
  const player: Player = {
    server,
    fleet: await startFleet(server.name, server.adapter, server.target),
    result: { loops: {}, drains: [], peakRssBytes: 0 },
  };
  players.push(player);
  return player;
}

/** Those that are installed; of the others a sentence is told. */
async function joinPeers(players: Player[], progress: Progress): Promise<void> {
  for (const start of [startMosquitto, startEjabberd, startProsody]) {
    try {
      await join(players, await start());
    } catch (error) {
      if (!(error instanceof NotInstalled)) throw error;
      progress(error.message);
    }
  }
}

/** The turn is reversed in every second round. */
async function contend(players: readonly Player[], round: number, progress: Progress): Promise<void> {
  const turn = round % 2 ? players.toReversed() : players;
  for (const name of LOOP_NAMES) {
    for (const { server, fleet, result } of turn) {
      if (!shapesOf(server).loops.includes(name)) continue;
      const measured = await closedLoop(server, fleet, LOOPS[name]);
      result.loops[name] = [...(result.loops[name] ?? []), measured];
      progress(`${name} ${server.name}: ${say(measured)}`);
    }
  }
  for (const { server, fleet, result } of turn) {
    if (!shapesOf(server).drains) continue;
    const drained = await drain(server, fleet, DRAIN_PAIRS, DRAIN_EACH);
    result.drains.push(drained);
    progress(`drain ${server.name}: queued ${Math.round(drained.queuedPerSecond)}/s, drained ${Math.round(drained.drainedPerSecond)}/s`);
  }
}

export async function runAll({ rounds, peers, progress }: { rounds: number; peers: boolean; progress: Progress }): Promise<Results> {
  requireDisk();
  progress('start time');
  const start = await startTime();
  const players: Player[] = [];
  const halfLoad: Measured[] = [];
  const group: FannedOut[] = [];
  try {
    const ours: Ours = await startOurs();
    const us = await join(players, ours);
    await join(players, await startBare());
    if (peers) await joinPeers(players, progress);
    progress(`${IDLE_SOCKETS} devices sign up`);
    await ours.signUp(us.fleet, IDLE_SOCKETS);
    for (let round = 0; round < rounds; round++) {
      progress(`round ${round + 1} of ${rounds}`);
      await contend(players, round, progress);
      const whole = us.result.loops.pairs50x8?.[round]?.perSecond ?? 0;
      const half = await openLoop(ours, us.fleet, HALF_LOAD_PAIRS, whole / 2);
      const fanned = await fanOut(ours, us.fleet, GROUP_RECIPIENTS, GROUP_MESSAGES);
      halfLoad.push(half);
      group.push(fanned);
      progress(`half load: ${say(half)}`);
      progress(`group: ${Math.round(fanned.deliveriesPerSecond)} deliveries/s`);
    }
    for (const { server, result } of players) result.peakRssBytes = peakRssBytes(server.roots()[0] as number);
    await ours.restart();
    const idle = await idleSocketBytes(ours, us.fleet, IDLE_SOCKETS);
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
  return `${Math.round(perSecond)}/s, p50 ${p50Ms.toFixed(1)} p99 ${p99Ms.toFixed(1)} ms, ${cpuUsPerMessage.toFixed(1)} µs, driver ${busy} %`;
}

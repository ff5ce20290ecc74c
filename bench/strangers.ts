/** What a connection costs the relay in memory before anybody has logged in: the growth of its process, each kind on a fresh relay. Linux. */
import { readFileSync } from 'node:fs';
import { openRaw, type RawConnection, requestText } from '../test/support/raw-connection.ts';
import { openRawWebSocket, webSocketFrame } from '../test/support/raw-websocket.ts';
import { startRelay } from '../test/support/relay.ts';
import type { Bench, Figure } from './report.ts';

const COUNT = 2_000;

// What a relay makes once, for the first of them, is not what each costs.
const WARM_UP_COUNT = 200;

// Nearly as much as may be sent before the welcome.
const HALF_SENT_BYTES = 15_000;

const KINDS: Record<string, (origin: string) => Promise<RawConnection>> = {
  silent_connection_kib: openRaw,
  async half_request_kib(origin) {
    const connection = await openRaw(origin);
    connection.write(requestText({ headers: { 'x-long': 'x'.repeat(4_000) } }).slice(0, -2));
    return connection;
  },
  socket_without_hello_kib: openRawWebSocket,
  async socket_with_half_message_kib(origin) {
    const socket = await openRawWebSocket(origin);
    socket.write(webSocketFrame(new Uint8Array(100_000)).subarray(0, HALF_SENT_BYTES));
    return socket;
  },
};

function residentKib(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

async function costOf(open: (origin: string) => Promise<RawConnection>): Promise<number> {
  const wide = { SOTTOVOCE_MAX_SOCKETS: '100000', SOTTOVOCE_MAX_SOCKETS_PER_ADDRESS: '100000' };
  const relay = await startRelay({ env: wide });
  try {
    for (let i = 0; i < WARM_UP_COUNT; i++) (await open(relay.origin)).close();
    const before = residentKib(relay.pid);
    const held: RawConnection[] = [];
    for (let i = 0; i < COUNT; i++) held.push(await open(relay.origin));
    // One answered request: what was written before has been read.
    await fetch(`${relay.origin}/healthz`);
    const each = (residentKib(relay.pid) - before) / COUNT;
    if (held.some((connection) => connection.isClosed())) throw new Error('the relay ended some of them');
    for (const connection of held) connection.close();
    return each;
  } finally {
    await relay.stop();
  }
}

export const strangers: Bench = async (progress) => {
  const figures: Figure[] = [];
  for (const [name, open] of Object.entries(KINDS)) {
    progress(`${COUNT} of ${name}`);
    figures.push({ name, value: await costOf(open), unit: 'KiB', atMost: 40 });
  }
  return figures;
};

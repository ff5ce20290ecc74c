/** What a connection costs the relay in memory before anybody has logged in: `node bench/strangers.ts [connections]`. */
import { readFileSync } from 'node:fs';
import { openRaw, requestText } from '../test/support/raw-connection.ts';
import { openRawWebSocket, webSocketFrame } from '../test/support/raw-websocket.ts';
import { startRelay } from '../test/support/relay.ts';

const COUNT = Number(process.argv[2] ?? 2_000);

// Beyond what a stranger may send before the welcome.
const HALF_SENT_BYTES = 15_000;

const KINDS = {
  'connected and silent': (origin: string) => openRaw(origin),
  async 'half a request'(origin: string) {
    const connection = await openRaw(origin);
    connection.write(requestText({ headers: { 'x-long': 'x'.repeat(4_000) } }).slice(0, -2));
    return connection;
  },
  'a socket without a hello': (origin: string) => openRawWebSocket(origin),
  async 'a socket with 15 kB of a message that does not end'(origin: string) {
    const socket = await openRawWebSocket(origin);
    socket.write(webSocketFrame(new Uint8Array(100_000)).subarray(0, HALF_SENT_BYTES));
    return socket;
  },
};

function residentKib(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

for (const [kind, open] of Object.entries(KINDS)) {
  const relay = await startRelay({ env: { SOTTOVOCE_MAX_SOCKETS: '100000', SOTTOVOCE_MAX_SOCKETS_PER_ADDRESS: '100000' } });
  for (let i = 0; i < 200; i++) (await open(relay.origin)).close();
  const before = residentKib(relay.pid);
  const held = [];
  for (let i = 0; i < COUNT; i++) held.push(await open(relay.origin));
  // One answered request: everything before it has been read.
  await fetch(`${relay.origin}/healthz`);
  const each = (residentKib(relay.pid) - before) / COUNT;
  const stillOpen = held.filter((connection) => !connection.isClosed()).length;
  console.log(`${kind}: ${each.toFixed(1)} KiB each (${stillOpen} of ${COUNT} open)`);
  for (const connection of held) connection.close();
  await relay.stop();
}

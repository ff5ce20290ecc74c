import { connect as connectTcp } from 'node:net';
import { WebSocket } from 'ws';
import { corkedUntilTick, localAddressOf } from '../adapter.ts';

export type BinarySocket = { send(bytes: Buffer): void; close(): Promise<void> };

/** A WebSocket that hands over whole binary messages, for the relay and for the bare harness alike. */
export async function openWebSocket(
  url: string,
  device: number,
  on: { message(bytes: Buffer): void; failed(error: Error): void },
): Promise<BinarySocket> {
  const { hostname, port } = new URL(url);
  const stream = connectTcp({ host: hostname, port: Number(port), localAddress: localAddressOf(device), noDelay: true });
  const socket = new WebSocket(url, { perMessageDeflate: false, createConnection: () => stream });
  const cork = corkedUntilTick(stream);
  let closing = false;
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.on('message', (data) => on.message(data as Buffer));
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  socket.on('error', on.failed);
  socket.on('close', (code) => {
    if (!closing) on.failed(new Error(`the server closed a socket with ${code}`));
  });
  return {
    send(bytes) {
      cork();
      socket.send(bytes);
    },
    close() {
      closing = true;
      socket.close();
      return closed;
    },
  };
}

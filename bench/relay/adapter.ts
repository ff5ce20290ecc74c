import type { Socket } from 'node:net';

/** Where the server listens, on 127.0.0.1. `origin` is what our relay's logins sign. */
export type Target = { port: number; origin?: string };

export type Events = {
  /** It has arrived at this device. */
  delivered(payload: Buffer): void;
  /** The server has taken over what this device sent; protocols without such an answer never call it. */
  accepted(): void;
  /** The connection or the protocol broke: the run is void. */
  failed(error: Error): void;
};

export type Link<Route> = {
  send(to: Route, payload: Buffer): void;
  close(): Promise<void>;
};

/** All a protocol is to the driver. Scheduling, payloads and measurement are the driver's and the same for all. */
export type Adapter<Route = unknown> = {
  /** Makes the account or the persistent session; answers the address others send to. */
  signUp(device: number, invite: string): Promise<string>;
  /** What is done before a connection and is not part of it, such as fetching a token. */
  logIn(device: number): Promise<void>;
  connect(device: number, on: Events): Promise<Link<Route>>;
  /** Addresses as this protocol wants them at every send, made once. */
  route(addresses: readonly string[]): Route;
};

export type AdapterName = 'ours' | 'bare' | 'mqtt' | 'xmpp';

// Fewer than the relay allows one address.
const SOCKETS_PER_ADDRESS = 250;

/** Devices come from several addresses of this machine, as the relay bounds the sockets of one. */
export function localAddressOf(device: number): string {
  return `127.0.0.${2 + (Math.floor(device / SOCKETS_PER_ADDRESS) % 250)}`;
}

/** What is written in one turn of the event loop leaves in one packet. */
export function corkedUntilTick(socket: Socket): () => void {
  let corked = false;
  return () => {
    if (corked) return;
    corked = true;
    socket.cork();
    process.nextTick(() => {
      corked = false;
      socket.uncork();
    });
  };
}

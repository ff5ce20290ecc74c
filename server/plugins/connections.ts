import { BlockList, isIPv6, type Server } from 'node:net';
import type { Config } from '../config/config.ts';
import { addressKey, type RateLimits } from '../relay/rate-limit.ts';

// Beside the sockets: browsers open six connections for a page, and keep them for a while.
const SPARE_CONNECTIONS = 1_000;
const SPARE_CONNECTIONS_OF_ADDRESS = 100;

const NAMED_RANGES: Record<string, readonly string[]> = {
  loopback: ['127.0.0.0/8', '::1/128'],
  linklocal: ['169.254.0.0/16', 'fe80::/10'],
  uniquelocal: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'],
};

const familyOf = (address: string) => (isIPv6(address) ? 'ipv6' : 'ipv4');

function rangesOf(trustedProxies: readonly string[]): BlockList {
  const list = new BlockList();
  for (const entry of trustedProxies.flatMap((name) => NAMED_RANGES[name] ?? [name])) {
    const [address = '', bits] = entry.split('/');
    list.addSubnet(address, bits === undefined ? (isIPv6(address) ? 128 : 32) : Number(bits), familyOf(address));
  }
  return list;
}

/**
 * Counts TCP connections before they have said a word, and drops those that are too many. A trusted proxy's are not counted, as everybody's
 * come through it: that is the proxy's to do.
 */
export function guardConnections(server: Server, { maxSockets, maxSocketsPerAddress, trustedProxies }: Config, limits: RateLimits): void {
  const proxies = rangesOf(trustedProxies);
  const held = new Map<string, number>();
  server.maxConnections = maxSockets + SPARE_CONNECTIONS;
  server.on('connection', (connection) => {
    const { remoteAddress } = connection;
    // Undefined: gone already.
    if (remoteAddress === undefined || proxies.check(remoteAddress, familyOf(remoteAddress))) return;
    const address = addressKey(remoteAddress);
    const before = held.get(address) ?? 0;
    if (before >= maxSocketsPerAddress + SPARE_CONNECTIONS_OF_ADDRESS || limits.waitFor('addressConnection', address) > 0) {
      connection.destroy();
      return;
    }
    held.set(address, before + 1);
    connection.once('close', () => {
      const left = (held.get(address) ?? 1) - 1;
      if (left === 0) held.delete(address);
      else held.set(address, left);
    });
  });
}

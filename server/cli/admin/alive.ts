import { once } from 'node:events';
import { get as getPlain, type IncomingMessage } from 'node:http';
import { get as getOverTls } from 'node:https';
import type { Config } from '../../config/config.ts';
import { ALIVE_PATH } from '../../plugins/health.ts';

// Less than a container's health check waits by itself.
const ANSWER_WITHIN_MS = 3_000;

const NEAR: Record<string, string> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

/** Where this machine reaches the relay of these settings. */
export function aliveAddress({ host, port, tlsCert }: Config): string {
  const near = NEAR[host] ?? host;
  return `${tlsCert === undefined ? 'http' : 'https'}://${near.includes(':') ? `[${near}]` : near}:${port}${ALIVE_PATH}`;
}

export async function isAlive(address: string): Promise<boolean> {
  const signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
  try {
    // Its certificate is for the name that people type, and not for this address.
    const request = address.startsWith('https:')
      ? getOverTls(address, { signal, rejectUnauthorized: false })
      : getPlain(address, { signal });
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    response.resume();
    return response.statusCode === 200;
  } catch {
    return false;
  }
}

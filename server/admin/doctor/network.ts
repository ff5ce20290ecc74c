import { spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { get as getPlain, type IncomingMessage } from 'node:http';
import { get as getOverTls } from 'node:https';
import { createServer, isIP } from 'node:net';
import { text } from 'node:stream/consumers';
import * as v from 'valibot';
import type { Config } from '../../config/config.ts';
import { nameIn, originOf } from '../../config/origin.ts';
import { RELAY_INFO_PATH, relayInfoSchema } from '../../protocol/http.ts';
import { relayKey } from '../../relay/relay-key.ts';
import { type Finding, ok, warning, wrong } from './finding.ts';

const ANSWER_WITHIN_MS = 3_000;

// Beside sockets: the database, its journal, log, page, and a margin.
const OTHER_FILES = 128;

const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));

async function canListen(host: string, port: number): Promise<string | undefined> {
  const server = createServer();
  try {
    server.listen({ host, port, exclusive: true });
    await once(server, 'listening');
    return undefined;
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  } finally {
    server.close();
  }
}

type Silence = 'nobody' | 'somebody else' | 'somebody silent';

/** What is said there, or why nothing is. */
async function answerAt(url: string): Promise<{ said: string } | Silence> {
  const signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
  try {
    // Its certificate is for the name that people type and not for this address; it is looked at by itself.
    const request = url.startsWith('https:') ? getOverTls(url, { signal, rejectUnauthorized: false }) : getPlain(url, { signal });
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    return { said: await text(response) };
  } catch (error) {
    if (signal.aborted) return 'somebody silent';
    return error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED' ? 'nobody' : 'somebody else';
  }
}

async function whoAnswers(address: string): Promise<{ origin: string; keyX: string } | Silence> {
  const answer = await answerAt(`${address}${RELAY_INFO_PATH}`);
  if (typeof answer === 'string') return answer;
  try {
    const { origin, certificateKey } = v.parse(relayInfoSchema, JSON.parse(answer.said));
    return { origin, keyX: certificateKey.x };
  } catch {
    return 'somebody else';
  }
}

/** By which people know the relay of this data; undefined where there is none. */
function keyXOf(dataDir: string): string | 'unread' | undefined {
  try {
    return relayKey(dataDir).publicX;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ENOENT' ? undefined : 'unread';
  }
}

/** Where this machine reaches what listens on `host`. */
function near(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}

export async function portFinding({ host, port, origin, dataDir }: Config, scheme: 'http' | 'https'): Promise<Finding> {
  const about = 'port';
  if (port === 0) return ok(about, 'Any port that is free will be taken.');
  const free = await canListen(host, port);
  if (free === undefined) return ok(about, `Port ${port} of ${host} is free for the relay.`);
  // Ports below 1024 are refused to this user before it is looked whether they are in use.
  if (free !== 'EADDRINUSE' && free !== 'EACCES')
    return wrong(about, `Nothing can listen on ${host} port ${port} (${free}).`, 'SOTTOVOCE_HOST must be an address of this machine.');
  const answering = await whoAnswers(`${scheme}://${near(host)}:${port}`);
  if (answering === 'nobody' && free === 'EACCES')
    return warning(
      about,
      `This user may not listen on port ${port}, unless it is given that right.`,
      'Give it to the service, as docs/deploy/port-443.conf does, or choose a port from 1024 on and let a proxy take the other.',
    );
  if (answering === 'somebody silent')
    return wrong(about, `What listens on port ${port} of ${host} does not answer.`, 'If it is the relay, restart it; stop it otherwise.');
  if (typeof answering === 'string')
    return wrong(about, `Another program uses port ${port} of ${host}.`, 'Stop it, or choose another port with SOTTOVOCE_PORT.');
  const keyX = keyXOf(dataDir);
  if (keyX === 'unread')
    return warning(
      about,
      `A relay answers on port ${port}; whether it is this one is not known, as the key in ${dataDir} cannot be read.`,
      'Run this as the user the relay runs as.',
    );
  if (answering.keyX !== keyX)
    return wrong(
      about,
      `A relay with another key than that in ${dataDir} uses port ${port} of ${host}.`,
      'Stop it, choose another port with SOTTOVOCE_PORT, or correct SOTTOVOCE_DATA.',
    );
  if (origin !== undefined && answering.origin !== origin)
    return warning(
      about,
      `A relay answers on port ${port}, and calls itself ${answering.origin}, not ${origin}.`,
      'Restart it, so that it reads these settings.',
    );
  return ok(about, `A relay answers on port ${port}.`);
}

/** Nothing when none are wanted. */
export async function metricsFinding({ metricsHost: host, metricsPort: port }: Config): Promise<Finding[]> {
  const about = 'metrics';
  if (!port) return [];
  const free = await canListen(host, port);
  if (free === undefined) return [ok(about, `Port ${port} of ${host} is free for them.`)];
  if (free !== 'EADDRINUSE')
    return [
      wrong(about, `Nothing can listen on ${host} port ${port} (${free}).`, 'Correct SOTTOVOCE_METRICS_HOST or SOTTOVOCE_METRICS_PORT.'),
    ];
  const answer = await answerAt(`http://${near(host)}:${port}/metrics`);
  return typeof answer !== 'string' && answer.said.includes('sottovoce_info')
    ? [ok(about, `They are served on port ${port} of ${host}.`)]
    : [wrong(about, `Another program uses port ${port} of ${host}.`, 'Stop it, or choose another port with SOTTOVOCE_METRICS_PORT.')];
}

function hasName(certFile: string): boolean {
  try {
    return nameIn(new X509Certificate(readFileSync(certFile))) !== undefined;
  } catch {
    return false;
  }
}

export function originFinding(config: Config): Finding {
  const about = 'origin';
  const { origin, host } = config;
  if (origin === undefined) {
    if (config.tlsCert !== undefined)
      return hasName(config.tlsCert)
        ? ok(about, `People type ${originOf(config)}, by the name in the certificate.`)
        : warning(about, 'The certificate tells no name that people could type.', 'Set SOTTOVOCE_ORIGIN to what people type.');
    if (isLoopback(host)) return ok(about, `Only this machine reaches the relay, at ${originOf(config)}, as SOTTOVOCE_ORIGIN is not set.`);
    return warning(
      about,
      `It listens on ${host}, and SOTTOVOCE_ORIGIN is not set: others cannot log in.`,
      'Set SOTTOVOCE_ORIGIN to what people type.',
    );
  }
  const url = new URL(origin);
  if (url.protocol === 'https:' || isLoopback(url.hostname)) return ok(about, `People type ${origin}.`);
  return warning(
    about,
    `${origin} is not https, and browsers run the page's cryptography nowhere else but on localhost.`,
    'Put a proxy that speaks https in front, and set SOTTOVOCE_ORIGIN to its address.',
  );
}

export function openFilesFinding({ maxSockets }: Config): Finding {
  const about = 'open files';
  const asked = process.platform === 'win32' ? undefined : spawnSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }).stdout?.trim();
  const limit = Number(asked);
  if (asked === undefined || asked === 'unlimited' || !Number.isInteger(limit) || limit === 0)
    return ok(about, 'The system sets no limit of its own.');
  const needed = maxSockets + OTHER_FILES;
  if (limit >= needed) return ok(about, `${limit} files may be open, and ${needed} are needed at most.`);
  return warning(
    about,
    `${limit} files may be open here, and ${maxSockets} sockets need ${needed}.`,
    `Raise it (ulimit -n, or LimitNOFILE of the service), or set SOTTOVOCE_MAX_SOCKETS to ${Math.max(1, limit - OTHER_FILES)}.`,
  );
}

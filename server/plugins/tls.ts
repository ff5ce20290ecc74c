import { X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import type { Server } from 'node:net';
import { createSecureContext, Server as TlsServer } from 'node:tls';
import type { Config } from '../config/config.ts';
import { nameIn } from '../config/origin.ts';
import { ConfigMistake } from '../config/setting.ts';
import type { Clock } from '../ports.ts';

const LOOK_EVERY_MS = 5_000;

// A peer that dawdles before its first request holds a connection too.
const HANDSHAKE_TIMEOUT_MS = 10_000;

const PROTOCOL = { minVersion: 'TLSv1.2', ALPNProtocols: ['http/1.1'] } as const;

type Pair = { cert: Buffer; key: Buffer };

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
}

/** The pair, if it is one. Throws a sentence that quotes nothing of either file. */
function readPair(certPath: string, keyPath: string): Pair {
  const read = (path: string, what: string, name: string): Buffer => {
    try {
      return readFileSync(path);
    } catch (error) {
      throw new ConfigMistake(
        `The ${what} at ${path} cannot be read (${codeOf(error)}). Correct ${name}, and let the relay's user read the file.`,
      );
    }
  };
  const pair = { cert: read(certPath, 'TLS certificate', 'SOTTOVOCE_TLS_CERT'), key: read(keyPath, 'TLS key', 'SOTTOVOCE_TLS_KEY') };
  try {
    createSecureContext(pair);
    new X509Certificate(pair.cert);
  } catch (error) {
    throw new ConfigMistake(`SOTTOVOCE_TLS_CERT and SOTTOVOCE_TLS_KEY are no pair of PEM files that belong together (${codeOf(error)}).`);
  }
  return pair;
}

/** When they were last written, through links, which is how renewals put new ones in place. */
function versionOf(paths: readonly string[]): string {
  return paths
    .map((path) => statSync(path, { throwIfNoEntry: false }))
    .map((file) => file && `${file.ino} ${file.size} ${file.mtimeMs}`)
    .join();
}

export type TlsLog = { loaded(): void; kept(why: string): void };

/** Undefined when the relay speaks plain http, as it does behind a proxy. Throws a sentence for a pair that does not serve. */
export function openTls({ tlsCert, tlsKey }: Config, clock: Clock, log: TlsLog) {
  if (tlsCert === undefined || tlsKey === undefined) return undefined;
  const paths = [tlsCert, tlsKey] as const;
  let loaded = versionOf(paths);
  let pair = readPair(...paths);
  let seen = loaded;
  let server: TlsServer | undefined;
  let cancel = (): void => undefined;

  /** For connections to come; those that are open keep theirs. */
  function reload(): void {
    loaded = versionOf(paths);
    try {
      pair = readPair(...paths);
      server?.setSecureContext({ ...pair, ...PROTOCOL });
      log.loaded();
    } catch (error) {
      log.kept(error instanceof Error ? error.message : '');
    }
  }

  function look(): void {
    const now = versionOf(paths);
    // Two files are not replaced in one moment: only what stood still from one look to the next is read.
    if (now !== loaded && now === seen) reload();
    seen = now;
    cancel = clock.setTimer(LOOK_EVERY_MS, look);
  }

  return {
    options: { ...pair, ...PROTOCOL, handshakeTimeout: HANDSHAKE_TIMEOUT_MS },
    name: nameIn(new X509Certificate(pair.cert)),
    /** When the certificate that is served now ends, milliseconds since 1970. */
    expiresAt: () => new X509Certificate(pair.cert).validToDate.getTime(),
    reload,
    watch(listener: Server): void {
      if (listener instanceof TlsServer) server = listener;
      cancel = clock.setTimer(LOOK_EVERY_MS, look);
    },
    stop: () => cancel(),
  };
}

export type Tls = NonNullable<ReturnType<typeof openTls>>;

import { statSync } from 'node:fs';
import type { Server } from 'node:net';
import { Server as TlsServer } from 'node:tls';
import type { Config } from '../config/config.ts';
import { derivedOrigin, nameIn } from '../config/origin.ts';
import type { Clock } from '../ports.ts';
import { readPair, whyWarnedOf } from './tls-pair.ts';

const LOOK_EVERY_MS = 5_000;

// A peer that dawdles before its first request holds a connection too.
const HANDSHAKE_TIMEOUT_MS = 10_000;

const PROTOCOL = { minVersion: 'TLSv1.2', ALPNProtocols: ['http/1.1'] } as const;

/** When they were last written, through links, which is how renewals put new ones in place. What may not be looked at has no version. */
function versionOf(paths: readonly string[]): string {
  return paths
    .map((path) => {
      try {
        const file = statSync(path);
        return `${file.ino} ${file.size} ${file.mtimeMs}`;
      } catch {
        return '';
      }
    })
    .join();
}

export type TlsLog = { loaded(): void; kept(why: string): void /** It serves, and browsers will warn. */; doubtful(why: string): void };

/** Undefined when the relay speaks plain http, as it does behind a proxy. Throws a sentence for a pair that does not serve. */
export function openTls({ tlsCert, tlsKey, origin, port }: Config, clock: Clock, log: TlsLog) {
  if (tlsCert === undefined || tlsKey === undefined) return undefined;
  const paths = [tlsCert, tlsKey] as const;
  let loaded = versionOf(paths);
  let { certificate, ...pair } = readPair(...paths);
  let seen = loaded;
  let server: TlsServer | undefined;
  let cancel = (): void => undefined;
  const name = nameIn(certificate);

  function doubt(): void {
    const why = whyWarnedOf(certificate, origin ?? derivedOrigin('https', name, port), clock.now());
    if (why !== undefined) log.doubtful(why);
  }

  /** For connections to come; those that are open keep theirs. */
  function reload(): void {
    loaded = versionOf(paths);
    try {
      ({ certificate, ...pair } = readPair(...paths));
      server?.setSecureContext({ ...pair, ...PROTOCOL });
      log.loaded();
      doubt();
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
    name,
    /** When the certificate that is served now ends, milliseconds since 1970. */
    expiresAt: () => certificate.validToDate.getTime(),
    reload,
    watch(listener: Server): void {
      doubt();
      if (listener instanceof TlsServer) server = listener;
      cancel = clock.setTimer(LOOK_EVERY_MS, look);
    },
    stop: () => cancel(),
  };
}

export type Tls = NonNullable<ReturnType<typeof openTls>>;

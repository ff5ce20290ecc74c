import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Config } from './config.ts';

/** What a person would type: the first name that is no pattern. */
export function nameIn(certificate: X509Certificate): string | undefined {
  return /(?:^|, )DNS:([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)(?=,|$)/i.exec(certificate.subjectAltName ?? '')?.[1]?.toLowerCase();
}

/** Where people reach a relay that was not told. As browsers write it: without the port that goes without saying. */
export function derivedOrigin(scheme: 'http' | 'https', name: string | undefined, port: number): string {
  return new URL(`${scheme}://${name ?? 'localhost'}:${port}`).origin;
}

/** The same for a relay that does not run now, as it would be with its certificate as it is. */
export function originOf({ origin, port, tlsCert }: Config): string {
  if (origin !== undefined) return origin;
  if (tlsCert === undefined) return derivedOrigin('http', undefined, port);
  try {
    return derivedOrigin('https', nameIn(new X509Certificate(readFileSync(tlsCert))), port);
  } catch {
    return derivedOrigin('https', undefined, port);
  }
}

import { readPair, whyWarnedOf } from '../../plugins/tls-pair.ts';
import { type Finding, ok, warning, wrong } from './finding.ts';

const ABOUT = 'certificate';
const SOON_MS = 14 * 24 * 3_600_000;
const RENEW = 'Renew it; the relay reads it anew by itself.';

/** `origin`: what people type. */
export function tlsFindings(certFile: string, keyFile: string, origin: string, now: number): Finding[] {
  try {
    const { certificate } = readPair(certFile, keyFile);
    const ends = certificate.validToDate.getTime();
    if (ends < now) return [wrong(ABOUT, `It ended on ${certificate.validTo}.`, RENEW)];
    const why = whyWarnedOf(certificate, origin, now);
    if (why !== undefined) return [warning(ABOUT, `Browsers that come to ${origin} will warn: ${why}.`, 'Have one made for that name.')];
    return [
      ends - now < SOON_MS
        ? warning(ABOUT, `It ends on ${certificate.validTo}.`, RENEW)
        : ok(ABOUT, `It is good until ${certificate.validTo}.`),
    ];
  } catch (error) {
    const told = error instanceof Error ? error.message : String(error);
    return [wrong(ABOUT, told, 'The relay does not start with it, and one that runs keeps the one before.')];
  }
}

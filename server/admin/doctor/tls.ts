import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type Finding, ok, warning, wrong } from './finding.ts';

const ABOUT = 'certificate';
const SOON_MS = 14 * 24 * 3_600_000;

export function tlsFindings(certFile: string, keyFile: string, origin: string | undefined, now: number): Finding[] {
  try {
    const certificate = new X509Certificate(readFileSync(certFile));
    const until = Date.parse(certificate.validTo);
    const renew = 'Renew it, and restart the relay if it does not read it anew by itself.';
    if (!certificate.checkPrivateKey(createPrivateKey(readFileSync(keyFile))))
      return [wrong(ABOUT, `${keyFile} is not the key of ${certFile}.`, 'Name the two files that belong together.')];
    if (until < now) return [wrong(ABOUT, `It ended on ${certificate.validTo}.`, renew)];
    const name = origin === undefined ? 'localhost' : new URL(origin).hostname;
    if (certificate.checkHost(name) === undefined)
      return [warning(ABOUT, `It is not for ${name}.`, 'Browsers will warn; have one made for the name in SOTTOVOCE_ORIGIN.')];
    return [
      until - now < SOON_MS
        ? warning(ABOUT, `It ends on ${certificate.validTo}.`, renew)
        : ok(ABOUT, `It is good until ${certificate.validTo}.`),
    ];
  } catch (error) {
    return [
      wrong(
        ABOUT,
        `It cannot be read: ${error instanceof Error ? error.message : String(error)}.`,
        'Both files must be PEM and readable by the relay.',
      ),
    ];
  }
}

/** A certificate and its key: the one place that reads them, for the start, for renewals and for whoever asks what is wrong. */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { createSecureContext } from 'node:tls';
import { ConfigMistake } from '../config/setting.ts';

export type Pair = { cert: Buffer; key: Buffer };

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

// The two ways in which PEM says so; the error for it is the same as for others.
const PASSPHRASE = /^(-----BEGIN ENCRYPTED|Proc-Type: .*ENCRYPTED)/m;

const WHY_NOT_READ: Record<string, string> = {
  ENOENT: 'is not there',
  ENOTDIR: 'is not there',
  EISDIR: 'is a folder',
  EACCES: 'may not be read by this user',
  EPERM: 'may not be read by this user',
};

function read(path: string, what: string, name: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    const why = WHY_NOT_READ[codeOf(error)] ?? 'cannot be read';
    throw new ConfigMistake(`The ${what} at ${path} ${why}. Correct ${name}, and let the relay's user read the file.`);
  }
}

function certificateOf(cert: Buffer, path: string): X509Certificate {
  try {
    return new X509Certificate(cert);
  } catch {
    throw new ConfigMistake(`There is no certificate in ${path}. SOTTOVOCE_TLS_CERT must name a PEM file with one and its chain.`);
  }
}

function keyOf(key: Buffer, path: string): KeyObject {
  try {
    return createPrivateKey(key);
  } catch {
    if (PASSPHRASE.test(key.toString('latin1')))
      throw new ConfigMistake(
        `The TLS key in ${path} has a passphrase, and nobody is there to type it. Have it written without: openssl pkey -in ${path} -out NEW.`,
      );
    throw new ConfigMistake(`There is no private key in ${path}. SOTTOVOCE_TLS_KEY must name a PEM file with one.`);
  }
}

/** The pair, if it is one. Throws a sentence that quotes nothing of either file. */
export function readPair(certPath: string, keyPath: string): Pair & { certificate: X509Certificate } {
  const cert = read(certPath, 'TLS certificate', 'SOTTOVOCE_TLS_CERT');
  const key = read(keyPath, 'TLS key', 'SOTTOVOCE_TLS_KEY');
  const certificate = certificateOf(cert, certPath);
  // A TLS context takes a certificate and a key of different kinds, and then no handshake succeeds.
  if (!certificate.checkPrivateKey(keyOf(key, keyPath)))
    throw new ConfigMistake('SOTTOVOCE_TLS_CERT and SOTTOVOCE_TLS_KEY are no pair: the key belongs to another certificate.');
  try {
    createSecureContext({ cert, key });
  } catch {
    throw new ConfigMistake(
      'SOTTOVOCE_TLS_CERT and SOTTOVOCE_TLS_KEY cannot serve: the chain is broken, or the key too weak. Have them made anew.',
    );
  }
  return { cert, key, certificate };
}

const covers = (certificate: X509Certificate, host: string): boolean =>
  (isIP(host) ? certificate.checkIP(host) : certificate.checkHost(host)) !== undefined;

/** Why browsers that come to `origin` would warn of it, in words that name nobody; undefined when they would not. */
export function whyWarnedOf(certificate: X509Certificate, origin: string, now: number): string | undefined {
  if (certificate.validToDate.getTime() < now) return 'it has ended';
  if (certificate.validFromDate.getTime() > now) return 'it is not good yet';
  const host = new URL(origin).hostname.replace(/^\[|\]$/g, '');
  return covers(certificate, host) ? undefined : 'it is not for the name that people type, which is SOTTOVOCE_ORIGIN';
}

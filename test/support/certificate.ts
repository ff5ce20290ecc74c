/** A self-signed X.509 certificate (RFC 5280) in the little DER that it needs, so that tests ask for no tool and no network. */
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';

const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
const OBJECT_ID = 0x06;
const UTF8_STRING = 0x0c;
const GENERALIZED_TIME = 0x18;
const SEQUENCE = 0x30;
const SET = 0x31;
const explicit = (number: number): number => 0xa0 + number;

function der(tag: number, ...contents: Uint8Array[]): Buffer {
  const body = Buffer.concat(contents);
  const { length } = body;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), body]);
}

const text = (tag: number, value: string): Buffer => der(tag, Buffer.from(value));
const bitString = (bytes: Uint8Array): Buffer => der(BIT_STRING, Buffer.of(0), bytes);
const trueValue = Buffer.of(0x01, 1, 0xff);

const ECDSA_WITH_SHA256 = der(SEQUENCE, der(OBJECT_ID, Buffer.from('2a8648ce3d040302', 'hex')));
const COMMON_NAME = der(OBJECT_ID, Buffer.from('550403', 'hex'));
const SUBJECT_ALT_NAME = der(OBJECT_ID, Buffer.from('551d11', 'hex'));
const BASIC_CONSTRAINTS = der(OBJECT_ID, Buffer.from('551d13', 'hex'));

function time(at: number): Buffer {
  return text(GENERALIZED_TIME, `${new Date(at).toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`);
}

function pem(label: string, bytes: Uint8Array): string {
  const lines =
    Buffer.from(bytes)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

export type TestCertificate = { cert: string; key: string };

/** For these DNS names, good from yesterday for `days`; it vouches for itself, so a client may be told to trust it. */
export function selfSigned(names: readonly string[], days = 30): TestCertificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const now = Math.floor(Date.now() / 1_000) * 1_000;
  // A name of its own, as whoever trusts several looks for the issuer by name.
  const name = der(SEQUENCE, der(SET, der(SEQUENCE, COMMON_NAME, text(UTF8_STRING, randomBytes(8).toString('hex')))));
  // [2] in a GeneralName is a dNSName, an IA5String under an implicit tag.
  const alternatives = der(SEQUENCE, ...names.map((one) => text(0x82, one)));
  const toSign = der(
    SEQUENCE,
    der(explicit(0), der(INTEGER, Buffer.of(2))),
    // A serial number is positive and not padded.
    der(INTEGER, Buffer.concat([Buffer.of(0x01), randomBytes(15)])),
    ECDSA_WITH_SHA256,
    name,
    der(SEQUENCE, time(now - 86_400_000), time(now + days * 86_400_000)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(
      explicit(3),
      der(
        SEQUENCE,
        der(SEQUENCE, BASIC_CONSTRAINTS, trueValue, der(OCTET_STRING, der(SEQUENCE, trueValue))),
        der(SEQUENCE, SUBJECT_ALT_NAME, der(OCTET_STRING, alternatives)),
      ),
    ),
  );
  const signature = sign('sha256', toSign, privateKey);
  return {
    cert: pem('CERTIFICATE', der(SEQUENCE, toSign, ECDSA_WITH_SHA256, bitString(signature))),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  };
}

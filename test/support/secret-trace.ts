/** Looking for secret bytes in what a program says: hex, base64, base64url or decimal numbers, whole or in part. */
import { inspect } from 'node:util';

// Eight bytes do not stand anywhere by chance.
const PART_BYTES = 8;
// Twelve characters of base64 are nine bytes.
const PART_CHARACTERS = 12;

function parts(secret: Uint8Array): string[] {
  const found: string[] = [];
  for (let at = 0; at + PART_BYTES <= secret.length; at++) {
    const part = secret.subarray(at, at + PART_BYTES);
    found.push(Buffer.from(part).toString('hex'), part.join());
  }
  // The three ways in which bytes can stand to base64's groups.
  for (let shift = 0; shift < 3; shift++) {
    for (const alphabet of ['base64', 'base64url'] as const) {
      const text = Buffer.from(secret.subarray(shift)).toString(alphabet).replaceAll('=', '');
      for (let at = 0; at + PART_CHARACTERS <= text.length; at += 4) found.push(text.slice(at, at + PART_CHARACTERS));
    }
  }
  return found;
}

/** The secrets of which something stands in the text, by name. */
export function shownIn(text: string, secrets: Readonly<Record<string, Uint8Array>>): string[] {
  const bare = text.replaceAll(/[\s"'\\]+/g, '');
  const texts = [bare, bare.toLowerCase()];
  return Object.entries(secrets).flatMap(([name, secret]) =>
    parts(secret).some((part) => texts.some((one) => one.includes(part))) ? [name] : [],
  );
}

/** Everything a log, a console or a crash report would make of a value. */
export function everythingSaid(value: unknown): string {
  const said = [
    String(value),
    inspect(value, { depth: Number.POSITIVE_INFINITY, showHidden: true, maxArrayLength: null, maxStringLength: null }),
  ];
  if (typeof value === 'object') said.push(JSON.stringify(value));
  if (value instanceof Error)
    said.push(value.stack ?? '', value.message, JSON.stringify(Object.getOwnPropertyDescriptors(value)), inspect(value.cause));
  return said.join('\n');
}

/** S6: the safety number: Signal's numeric fingerprint, version 2 for scanning. */
import { compareScannable, primitives, type SafetyParty, safetyNumber, toBase64url } from '../../../crypto/index.ts';
import type { Family, JsonObject } from '../family.ts';
import { type Bytes, toHex } from '../hex.ts';
import { agreed, sha512Of } from '../independent.ts';
import { hex, oneOf, text } from '../shape.ts';
import { cut, LOW_ORDER_U, NOT_CANONICAL_U, replaced, turned } from '../spoil.ts';

function fingerprintOf({ accountId, accountKey }: SafetyParty): Uint8Array {
  const key = Uint8Array.of(5, ...accountKey);
  let hash: Uint8Array = Uint8Array.of(0, 0, ...key, ...new TextEncoder().encode(accountId));
  for (let round = 0; round < 5_200; round++) hash = sha512Of(Uint8Array.of(...hash, ...key));
  return hash;
}

function digitsOf(fingerprint: Uint8Array): string {
  const groups = [0, 5, 10, 15, 20, 25].map((at) => fingerprint.subarray(at, at + 5).reduce((sum, byte) => sum * 256 + byte, 0) % 100_000);
  return groups.map((group) => String(group).padStart(5, '0')).join('');
}

const party = (id: Bytes, accountKey: Bytes): SafetyParty => ({ accountId: toBase64url(id), accountKey });

export const safetyNumberFamily: Family = {
  name: 'safety-number',
  algorithm: 'Safety number (S6)',
  notes: {
    Basic: { bugType: 'BASIC', description: 'Digits and scannable code of two accounts, the same digits from both sides.' },
    Mismatch: {
      bugType: 'AUTH_BYPASS',
      description: 'Codes that do not belong together.',
      effect: 'Somebody in between is taken for the other.',
    },
    BadKey: { bugType: 'EDGE_CASE', description: 'An account key of low order or not canonical.' },
    Malformed: { bugType: 'MALFORMED', description: 'A scanned code that is none.' },
    Version: { bugType: 'CONFUSION', description: 'A scanned code of another version: version 1 holds names, not accounts.' },
  },
  shapes: {
    number: {
      input: { ourId: hex(32), ourKey: hex(32), theirId: hex(32), theirKey: hex(32) },
      expected: {
        ourIdText: text,
        theirIdText: text,
        ourFingerprint: hex(64),
        theirFingerprint: hex(64),
        digits: { type: 'string', pattern: '^[0-9]{60}$' },
        scannable: hex(74),
      },
    },
    scan: { input: { ours: hex(74), scanned: hex() }, expected: { result: oneOf('match', 'mismatch') } },
  },
  async run(type, input, { bytes }): Promise<JsonObject> {
    if (type === 'scan') return { result: compareScannable(bytes(input['ours']), bytes(input['scanned'])) };
    const ours = party(bytes(input['ourId']), bytes(input['ourKey']));
    const theirs = party(bytes(input['theirId']), bytes(input['theirKey']));
    const { digits, scannable } = await safetyNumber(ours, theirs);
    const [mine, other] = [fingerprintOf(ours), fingerprintOf(theirs)];
    const head = Uint8Array.of(8, 2, 0x12, 0x22, 0x0a, 0x20, ...mine.subarray(0, 32), 0x1a, 0x22, 0x0a, 0x20, ...other.subarray(0, 32));
    if (digits !== [digitsOf(mine), digitsOf(other)].sort().join('')) throw new Error('other digits');
    return {
      ourIdText: ours.accountId,
      theirIdText: theirs.accountId,
      ourFingerprint: toHex(mine),
      theirFingerprint: toHex(other),
      digits,
      scannable: agreed('scannable', scannable, head),
    };
  },
  async generate({ random, group, valid, invalid }) {
    const side = async (): Promise<[string, string]> => [toHex(random(32)), toHex(await primitives.x25519PublicKey(random(32)))];
    const codes: string[] = [];
    let last: JsonObject = {};
    group('number');
    for (let pair = 0; pair < 3; pair++) {
      const [[ourId, ourKey], [theirId, theirKey]] = [await side(), await side()];
      last = { ourId, ourKey, theirId, theirKey };
      codes.push((await valid('one side', ['Basic'], last))['scannable'] as string);
      codes.push(
        (await valid('the other side', ['Basic'], { ourId: theirId, ourKey: theirKey, theirId: ourId, theirKey: ourKey }))[
          'scannable'
        ] as string,
      );
    }
    await valid('with oneself', ['Basic'], { ...last, theirId: last['ourId'] as string, theirKey: last['ourKey'] as string });
    for (const [what, key] of [...LOW_ORDER_U, ...NOT_CANONICAL_U]) {
      await invalid(`their key ${what}`, ['BadKey'], { ...last, theirKey: key }, 'bad-key');
    }
    await invalid('our key zero', ['BadKey'], { ...last, ourKey: '00'.repeat(32) }, 'bad-key');
    group('scan');
    const [ours, theirs, foreign] = codes as [string, string, string];
    await valid('theirs', ['Basic'], { ours, scanned: theirs });
    for (const [what, scanned] of [
      ['our own', ours],
      ['of another pair', foreign],
      ['one bit of their half', turned(theirs, 6)],
      ['one bit of our half', turned(theirs, 73)],
      ['zeros', `${theirs.slice(0, 12)}${'00'.repeat(32)}${theirs.slice(76, 84)}${'00'.repeat(32)}`],
    ] as const) {
      await valid(`a code ${what}`, ['Mismatch'], { ours, scanned });
    }
    for (const bytes of [0, 1, 2, 6, 37, 38, 42, 73])
      await invalid(`${bytes} bytes`, ['Malformed'], { ours, scanned: cut(theirs, bytes) }, 'malformed');
    await invalid('75 bytes', ['Malformed'], { ours, scanned: `${theirs}00` }, 'malformed');
    await invalid('another first field', ['Malformed'], { ours, scanned: replaced(theirs, 0, '10') }, 'malformed');
    for (const at of [2, 3, 4, 5, 38, 39, 40, 41])
      await invalid(`byte ${at} of the frame`, ['Malformed'], { ours, scanned: turned(theirs, at) }, 'malformed');
    for (const version of ['00', '01', '03'])
      await invalid(`version ${version}`, ['Version'], { ours, scanned: replaced(theirs, 1, version) }, 'unsupported-version');
  },
};

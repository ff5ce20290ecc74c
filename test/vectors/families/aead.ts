/** C6: the one AEAD. */
import { type Kind, type Label, LABEL, openRecord, sealRecord } from '../../../crypto/index.ts';
import type { Family, JsonObject } from '../family.ts';
import { toHex } from '../hex.ts';

export const aead: Family = {
  name: 'aead',
  algorithm: 'Sottovoce v1 AEAD (C6)',
  notes: {
    Basic: { bugType: 'BASIC', description: 'Plaintexts and associated data of usual and unusual lengths.' },
    WrongKey: { bugType: 'CONFUSION', description: 'Another secret, label, kind or associated data than it was sealed under.' },
    BitFlip: { bugType: 'AUTH_BYPASS', description: 'One bit of the record is changed.' },
    Truncated: { bugType: 'MALFORMED', description: 'The record ends early.' },
  },
  async run(type, input, { bytes, random }): Promise<JsonObject> {
    const label = input['label'] as Label;
    const kind = input['kind'] as Kind;
    if (type === 'seal') {
      const record = await sealRecord(
        bytes(input['secret']),
        label,
        kind,
        bytes(input['aad']),
        bytes(input['plaintext']),
        random(input['random']),
      );
      return { record: toHex(record) };
    }
    const plaintext = await openRecord(bytes(input['secret']), label, kind, bytes(input['aad']), bytes(input['record']));
    return { plaintext: toHex(plaintext) };
  },
  async generate({ random, group, valid, invalid }) {
    const secret = toHex(random(32));
    const base = { secret, label: LABEL.pairwiseSeal, kind: 1, aad: '0102' };
    group('seal');
    const sealed: JsonObject[] = [];
    for (const length of [0, 1, 15, 16, 17, 255, 256]) {
      const input = { ...base, plaintext: toHex(random(length)), random: toHex(random(32)) };
      const { record } = await valid(`${length} bytes of plaintext`, ['Basic'], input);
      sealed.push({ ...base, record: record as string });
    }
    group('open');
    for (const input of sealed) {
      await valid('opens what was sealed', ['Basic'], input);
      const record = input['record'] as string;
      await invalid('another secret', ['WrongKey'], { ...input, secret: toHex(random(32)) }, 'bad-mac');
      await invalid(
        'cut by one byte',
        ['Truncated'],
        { ...input, record: record.slice(0, -2) },
        record.length === 96 ? 'malformed' : 'bad-mac',
      );
    }
  },
};

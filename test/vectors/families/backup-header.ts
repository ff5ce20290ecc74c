/** C22: backups, their header first. */
import { accountIdFromBytes, openBackup, parseBackupHeader, primitives, sealBackup } from '../../../crypto/index.ts';
import type { Family, JsonObject } from '../family.ts';
import { type CryptoErrorCode, fromHex, toHex } from '../hex.ts';
import { aesGcmSeal, agreed, hkdfSha256, hmacSha256, joined, sha256Of, u32, utf8Of } from '../independent.ts';
import { hex, int, nullable, object } from '../shape.ts';
import { cut, replaced, turned } from '../spoil.ts';

const INFO = joined(utf8Of('Sottovoce v1 backup'), Uint8Array.of(5));

function backupOf(
  key: Uint8Array,
  account: Uint8Array,
  sequence: number,
  salt: Uint8Array,
  plaintext: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const commitment = hmacSha256(key, utf8Of('Sottovoce v1 backup key commitment'));
  const header = joined(Uint8Array.of(1), account, u32(sequence), commitment);
  const sealed = aesGcmSeal(hkdfSha256(key, salt, INFO, 32), new Uint8Array(12), joined(Uint8Array.of(5), header), plaintext);
  return joined(header, salt, sealed);
}

export const backupHeader: Family = {
  name: 'backup-header',
  algorithm: 'Backups (C22)',
  notes: {
    Basic: { bugType: 'BASIC', description: 'Backups of several sizes.' },
    WrongAccount: {
      bugType: 'CONFUSION',
      description: 'Another account’s backup.',
      effect: 'The relay restores somebody else’s contacts.',
    },
    WrongKey: { bugType: 'AUTH_BYPASS', description: 'Another recovery key’s backup.' },
    Stale: { bugType: 'REPLAY', description: 'Not the backup that the device list marks.', effect: 'An old state comes back unseen.' },
    BitFlip: { bugType: 'AUTH_BYPASS', description: 'A changed byte: header and all are authenticated.' },
    Padding: { bugType: 'MALFORMED', description: 'Well sealed, but the filling is not zeros or the size not the least.' },
    Malformed: { bugType: 'MALFORMED', description: 'A length that is no backup’s.' },
    Version: { bugType: 'CONFUSION', description: 'Another version byte.' },
    Key: { bugType: 'EDGE_CASE', description: 'A key that is not 32 bytes.' },
  },
  shapes: {
    seal: {
      input: { key: hex(), accountId: hex(32), sequence: int, content: hex(), random: hex(32) },
      expected: { commitment: hex(32), recordKey: hex(32), backupBytes: int, digest: hex(32), backup: hex() },
    },
    header: { input: { backup: hex() }, expected: { accountId: hex(32), sequence: int, commitment: hex(32), digest: hex(32) } },
    open: {
      input: { key: hex(32), accountId: hex(32), mark: nullable(object({ sequence: int, digest: hex(32) })), backup: hex() },
      expected: { sequence: int, content: hex() },
    },
  },
  async run(type, input, { bytes, random }) {
    if (type === 'header') {
      const backup = bytes(input['backup']);
      const { sequence, commitment } = parseBackupHeader(backup);
      return { accountId: toHex(backup.slice(1, 33)), sequence, commitment: toHex(commitment), digest: toHex(primitives.sha256(backup)) };
    }
    const key = bytes(input['key']);
    const account = bytes(input['accountId']);
    const accountId = accountIdFromBytes(account);
    if (type === 'open') {
      const mark = input['mark'] as JsonObject | null;
      const known = mark ? { sequence: Number(mark['sequence']), digest: bytes(mark['digest']) } : undefined;
      const { sequence, content } = await openBackup(key, accountId, bytes(input['backup']), known);
      return { sequence, content: toHex(content) };
    }
    const sequence = Number(input['sequence']);
    const content = bytes(input['content']);
    const { backup, mark } = await sealBackup(key, { accountId, sequence }, content, random(input['random']));
    const salt = fromHex(input['random'] as string);
    const plaintext = new Uint8Array(backup.length - 117);
    plaintext.set(joined(u32(content.length), content));
    const own = backupOf(key, account, sequence, salt, plaintext);
    return {
      commitment: toHex(own.slice(37, 69)),
      recordKey: toHex(hkdfSha256(key, salt, INFO, 32)),
      backupBytes: backup.length,
      digest: agreed('digest', mark.digest, sha256Of(own)),
      backup: agreed('backup', backup, own),
    };
  },
  async generate({ random, group, valid, invalid }) {
    const base = { key: toHex(random(32)), accountId: toHex(random(32)) };
    group('seal');
    const made: JsonObject[] = [];
    for (const [length, sequence] of [
      [0, 1],
      [100, 2],
      [3_975, 3],
      [3_976, 4],
    ] as const) {
      made.push(
        await valid(`${length} bytes`, ['Basic'], { ...base, sequence, content: toHex(random(length)), random: toHex(random(32)) }),
      );
    }
    for (const length of [0, 31, 33])
      await invalid(
        `a key of ${length} bytes`,
        ['Key'],
        { ...base, key: toHex(random(length)), sequence: 1, content: '', random: toHex(random(32)) },
        'bad-key',
      );
    const backup = made[1]?.['backup'] as string;
    const older = made[0]?.['backup'] as string;
    const mark = { sequence: 2, digest: made[1]?.['digest'] as string };
    const good = { ...base, mark: mark as JsonObject | null, backup };
    group('header');
    await valid('as it stands', ['Basic'], { backup });
    await valid('nothing of it is believed', ['Basic'], { backup: turned(backup, 36) });
    for (const version of ['00', '02'])
      await invalid(`version ${version}`, ['Version'], { backup: replaced(backup, 0, version) }, 'unsupported-version');
    for (const length of [0, 69, 1_024, 2_048, 4_095])
      await invalid(`${length} bytes`, ['Malformed'], { backup: cut(backup, length) }, 'malformed');
    await invalid('4,097 bytes', ['Malformed'], { backup: `${backup}00` }, 'malformed');
    group('open');
    await valid('the marked one', ['Basic'], good);
    await valid('without a mark', ['Basic'], { ...good, mark: null });
    await valid('a later one than marked', ['Basic'], { ...good, mark: { sequence: 1, digest: made[0]?.['digest'] as string } });
    await valid('the larger', ['Basic'], { ...base, mark: null, backup: made[3]?.['backup'] as string });
    const refuse = (comment: string, flag: string, changes: JsonObject, error: CryptoErrorCode) =>
      invalid(comment, [flag], { ...good, ...changes }, error);
    await refuse('for another account', 'WrongAccount', { accountId: toHex(random(32)) }, 'wrong-context');
    await refuse('under another key', 'WrongKey', { key: toHex(random(32)) }, 'bad-mac');
    await refuse('an older one than marked', 'Stale', { backup: older }, 'stale');
    await refuse('another of the marked sequence', 'Stale', { mark: { sequence: 2, digest: toHex(random(32)) } }, 'broken-link');
    await refuse('an older one, its number raised', 'Stale', { backup: replaced(older, 33, '00000009') }, 'bad-mac');
    await refuse(
      'its account changed to the one asked for',
      'BitFlip',
      { accountId: `${base.accountId.slice(0, -2)}00`, backup: replaced(backup, 32, '00'), mark: null },
      'bad-mac',
    );
    for (const [what, at] of [
      ['commitment', 40],
      ['salt', 69],
      ['ciphertext', 101],
      ['tag', -1],
    ] as const)
      await refuse(`one bit of the ${what}`, 'BitFlip', { backup: turned(backup, at), mark: null }, 'bad-mac');
    const byHand = (plaintext: Uint8Array): string => toHex(backupOf(fromHex(base.key), fromHex(base.accountId), 2, random(32), plaintext));
    const filled = (bytes: number, change: (plaintext: Uint8Array) => void): string => {
      const plaintext = new Uint8Array(bytes - 117);
      plaintext.set(u32(10));
      change(plaintext);
      return byHand(plaintext);
    };
    await valid('sealed by hand, as it should be', ['Basic'], { ...good, mark: null, backup: filled(4_096, () => undefined) });
    await refuse(
      'a one at the end of the filling',
      'Padding',
      { mark: null, backup: filled(4_096, (bytes) => bytes.fill(1, -1)) },
      'malformed',
    );
    await refuse('twice as large as needed', 'Padding', { mark: null, backup: filled(8_192, () => undefined) }, 'malformed');
    await refuse(
      'content longer than the backup',
      'Padding',
      { mark: null, backup: filled(4_096, (bytes) => bytes.fill(0xff, 2, 4)) },
      'malformed',
    );
    await refuse(
      'content said to be 4 GiB',
      'Padding',
      { mark: null, backup: filled(4_096, (bytes) => bytes.fill(0xff, 0, 4)) },
      'too-large',
    );
    await refuse('version 2', 'Version', { backup: replaced(backup, 0, '02') }, 'unsupported-version');
    await refuse('cut to half', 'Malformed', { backup: cut(backup, 2_048) }, 'malformed');
  },
};

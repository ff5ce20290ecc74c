import { expect, test } from 'vitest';
import { accountIdFromBytes, MAX_BACKUP_BYTES, openBackup, parseBackupHeader, sealBackup } from '../../crypto/index.ts';
import { refusal } from '../support/refusal.ts';
import { seededRandom } from '../support/seeded-random.ts';

const random = seededRandom('backup');
const key = random(32);
const accountId = accountIdFromBytes(random(32));

test('C22: what was sealed opens, in a size that tells little', async () => {
  for (const [bytes, size] of [
    [0, 4_096],
    [1, 4_096],
    [3_975, 4_096],
    [3_976, 8_192],
    [100_000, 131_072],
  ] as const) {
    const content = random(bytes);
    const { backup, mark } = await sealBackup(key, { accountId, sequence: 7 }, content, random);
    expect(backup.length).toBe(size);
    expect(parseBackupHeader(backup)).toMatchObject({ accountId, sequence: 7 });
    expect(await openBackup(key, accountId, backup, mark)).toEqual({ sequence: 7, content });
  }
  expect(await refusal(() => sealBackup(key, { accountId, sequence: 1 }, new Uint8Array(MAX_BACKUP_BYTES), random))).toBe('too-large');
});

test('C22 backup-swap: another account’s, another key’s, an older or a changed backup is refused', async () => {
  const older = await sealBackup(key, { accountId, sequence: 7 }, random(10), random);
  const { backup, mark } = await sealBackup(key, { accountId, sequence: 8 }, random(10), random);
  const sibling = await sealBackup(key, { accountId, sequence: 8 }, random(10), random);
  const code = (bytes: typeof backup, under = key, of = accountId) => refusal(() => openBackup(under, of, bytes, mark));
  expect(await code(backup, key, accountIdFromBytes(random(32)))).toBe('wrong-context');
  expect(await code(backup, random(32))).toBe('bad-mac');
  expect(await code(older.backup)).toBe('stale');
  expect(await code(sibling.backup)).toBe('broken-link');
  // Raised by hand, it does not open.
  expect(await code(older.backup.with(36, 9))).toBe('bad-mac');
  for (const at of [0, 1, 36, 37, 69, 200, backup.length - 1]) expect(await code(backup.with(at, (backup[at] ?? 0) ^ 1))).not.toBeNull();
  expect(await code(backup.subarray(0, -1) as typeof backup)).toBe('malformed');
});

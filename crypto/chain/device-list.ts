/**
 * The device list: which devices speak for an account (D6). A chain (entry.ts) whose id is the account id; each entry holds the whole
 * list and is signed by the identity key of its time (XEdDSA).
 *   body = count 1 ‖ count × (device id u32 ‖ added at 6), ids ascending ‖ backup flag 1 ‖ [sequence u32 ‖ digest 32]
 *   version = sequence + 1
 * Version and hash travel in every message, so that a relay that serves two lists is found out (ATTACKS 2, 29). After an identity
 * rotation an entry under the new key must follow: a list whose last entry is under an older key is refused, and keys never go back.
 *
 * Not promised: deniability. A device list is transferable proof that its account signed it.
 */
import { type Bytes, equalBytes, type RandomBytes } from '../bytes.ts';
import { CryptoError, require } from '../errors.ts';
import { type AccountId, accountIdToBytes, requireDeviceId } from '../keys/account-id.ts';
import { identitySigner } from '../keys/signature.ts';
import { MAX_DEVICE_LIST_ENTRIES, MAX_DEVICES } from '../limits.ts';
import { reader } from '../wire/reader.ts';
import { writer } from '../wire/writer.ts';
import { CHAIN, type ChainEntry, HASH_BYTES, NO_PREVIOUS, parseEntry, requireLink, signEntry, verifyEntry } from './entry.ts';

const OPERATION_SET = 1;
const MAX_BODY_BYTES = 1 + MAX_DEVICES * 10 + 37;

export type ListedDevice = { deviceId: number; addedAt: number };
export type BackupMark = { sequence: number; digest: Bytes };
export type DeviceList = { version: number; hash: Bytes; devices: ListedDevice[]; backup?: BackupMark };
type ListBody = { devices: ListedDevice[]; backup?: BackupMark };

export type DeviceListExpectation = {
  accountId: AccountId;
  /** Oldest first, the current one last (`verifyRotationChain`). */
  identityKeys: readonly Bytes[];
  known?: DeviceList;
};

function encodeBody(devices: readonly ListedDevice[], backup: BackupMark | undefined): Bytes {
  require(devices.length <= MAX_DEVICES, 'too-large');
  const out = writer().u8(devices.length);
  for (const device of devices) out.u32(requireDeviceId(device.deviceId)).time(device.addedAt);
  out.flag(backup !== undefined);
  if (backup) out.u32(backup.sequence).fixed(backup.digest, HASH_BYTES);
  return out.done();
}

function parseBody(bytes: Bytes): ListBody {
  const from = reader(bytes, MAX_BODY_BYTES);
  const count = from.u8();
  require(count >= 1, 'malformed');
  require(count <= MAX_DEVICES, 'too-large');
  const devices: ListedDevice[] = [];
  for (let i = 0; i < count; i++) {
    const deviceId = requireDeviceId(from.u32());
    // Ascending, so that one set of devices has one encoding and none stands twice.
    require(deviceId > (devices.at(-1)?.deviceId ?? 0), 'malformed');
    devices.push({ deviceId, addedAt: from.time() });
  }
  const backup = from.flag() ? { sequence: from.u32(), digest: from.bytes(HASH_BYTES) } : undefined;
  from.end();
  return backup ? { devices, backup } : { devices };
}

/** The next entry after `previous`. Its backup mark is kept unless a new one is given. */
export async function signDeviceList(
  identityPrivateKey: Bytes,
  accountId: AccountId,
  previous: DeviceList | null,
  devices: readonly ListedDevice[],
  random: RandomBytes,
  backup: BackupMark | undefined = previous?.backup,
): Promise<Bytes> {
  const sorted = [...devices].sort((a, b) => a.deviceId - b.deviceId);
  const body = encodeBody(sorted, backup);
  parseBody(body);
  return signEntry(identitySigner(identityPrivateKey, random), {
    chain: CHAIN.deviceList,
    chainId: accountIdToBytes(accountId),
    sequence: previous?.version ?? 0,
    previousHash: previous?.hash ?? NO_PREVIOUS,
    operation: OPERATION_SET,
    author: accountId,
    body,
  });
}

/** Which of the keys from `from` on signed the entry. Throws `bad-signature` when none did. */
async function signerOf(entry: ChainEntry, identityKeys: readonly Bytes[], from: number): Promise<number> {
  for (const [index, key] of identityKeys.entries()) {
    if (index < from) continue;
    try {
      await verifyEntry(entry, key);
      return index;
    } catch (error) {
      if (!(error instanceof CryptoError)) throw error;
    }
  }
  throw new CryptoError('bad-signature');
}

/**
 * Where a chain may begin. The signature of the last entry speaks for all before it, so who knows nothing may begin anywhere; who
 * knows a version must be shown how the rest follows from it.
 */
function requireStart(first: ChainEntry, known: DeviceList | undefined): void {
  if (first.sequence === 0) requireLink(first, 0, NO_PREVIOUS);
  if (!known) return;
  require(first.sequence <= known.version, 'broken-link');
  if (first.sequence === known.version) requireLink(first, known.version, known.hash);
}

/**
 * `entries` is the history, or an unbroken end of it that reaches back to `known`. Throws `stale` when it ends before `known`,
 * `broken-link` when it does not contain `known`, `bad-signature` when an entry is under no key of its time or the last is not under
 * the current key.
 */
export async function verifyDeviceList(entries: readonly Uint8Array[], expected: DeviceListExpectation): Promise<DeviceList> {
  const { accountId, identityKeys, known } = expected;
  require(entries.length <= MAX_DEVICE_LIST_ENTRIES, 'too-large');
  const chainId = accountIdToBytes(accountId);
  const parsed = entries.map((bytes) => parseEntry(bytes, CHAIN.deviceList, chainId));
  const [first] = parsed;
  require(first !== undefined, 'malformed');
  requireStart(first, known);
  let version = first.sequence;
  let hash = first.previousHash;
  let key = 0;
  let latest: ListBody | undefined = version === known?.version ? known : undefined;
  for (const entry of parsed) {
    requireLink(entry, version, hash);
    require(entry.operation === OPERATION_SET && entry.author === accountId, 'not-allowed');
    key = await signerOf(entry, identityKeys, key);
    const body = parseBody(entry.body);
    // A backup's sequence never goes down: an old backup must show (D10).
    require((body.backup?.sequence ?? 0) >= (latest?.backup?.sequence ?? 0), 'stale');
    latest = body;
    version = entry.sequence + 1;
    hash = entry.hash;
    // A relay that rewrote history is caught here.
    if (version === known?.version) require(equalBytes(hash, known.hash), 'broken-link');
  }
  require(latest !== undefined, 'malformed');
  require(key === identityKeys.length - 1, 'bad-signature');
  if (known) require(version >= known.version, 'stale');
  return { ...latest, version, hash };
}

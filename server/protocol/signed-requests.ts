import { ascii, type Bytes, concat, fromBase64url, uint16, uint32, uint64 } from './bytes.ts';

/**
 * The bytes under every signature the relay verifies, built alike on both sides: `Sottovoce v1 <purpose>` ‖ 0x00 ‖ body.
 * Every variable-length part but the last ends with a zero byte, which an origin cannot hold. Digests are SHA-256, made by the caller.
 */
const ZERO = new Uint8Array(1);
const NO_KEY = new Uint8Array(32);

function purpose(name: string): Bytes {
  return concat(ascii(`Sottovoce v1 ${name}`), ZERO);
}

/** Signed by the login key of the first device. `digest` = SHA-256(genesis ‖ device record). */
export function registrationBytes(fields: { origin: string; digest: Uint8Array }): Bytes {
  return concat(purpose('registration'), ascii(fields.origin), ZERO, fields.digest);
}

/** Signed by the device's login key. */
export function loginBytes(fields: { protocol: number; origin: string; accountId: string; deviceId: number; nonce: string }): Bytes {
  return concat(
    purpose('login'),
    uint16(fields.protocol),
    ascii(fields.origin),
    ZERO,
    fromBase64url(fields.accountId),
    uint32(fields.deviceId),
    fromBase64url(fields.nonce),
  );
}

function groupRequest(verb: 'create' | 'append' | 'read', origin: string, groupId: string): Bytes {
  return concat(purpose('group request'), ascii(verb), ZERO, ascii(origin), ZERO, fromBase64url(groupId));
}

/** Signed by the access key it introduces. */
export function groupCreateBytes(fields: { origin: string; groupId: string; accessKey: string; entryDigest: Uint8Array }): Bytes {
  return concat(groupRequest('create', fields.origin, fields.groupId), fromBase64url(fields.accessKey), fields.entryDigest);
}

/** Signed by the current access key, also when it installs a new one. */
export function groupAppendBytes(fields: {
  origin: string;
  groupId: string;
  version: number;
  entryDigest: Uint8Array;
  accessKey?: string | undefined;
}): Bytes {
  const newKey = fields.accessKey === undefined ? NO_KEY : fromBase64url(fields.accessKey);
  return concat(groupRequest('append', fields.origin, fields.groupId), uint32(fields.version), fields.entryDigest, newKey);
}

export function groupReadBytes(fields: { origin: string; groupId: string; from: number; time: number; nonce: string }): Bytes {
  return concat(groupRequest('read', fields.origin, fields.groupId), uint32(fields.from), uint64(fields.time), fromBase64url(fields.nonce));
}

/** Signed by the old access key: hands the log over to the next epoch's key. */
export function groupAccessChangeBytes(fields: { groupId: string; accessKey: string }): Bytes {
  return concat(purpose('group access change'), fromBase64url(fields.groupId), fromBase64url(fields.accessKey));
}

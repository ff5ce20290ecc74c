/**
 * Every way the relay says no. `status` answers a request, `close` ends a socket, `byte` stands in a `refused` frame,
 * `retry` tells the client what sense there is in trying again.
 */
type Retry = 'never' | 'later' | 'after_repair';
type ErrorRow = { readonly status: number; readonly close?: number; readonly byte: number; readonly retry: Retry };

export const ERRORS = {
  bad_request: { status: 400, byte: 1, retry: 'never' },
  unauthorized: { status: 401, close: 4401, byte: 2, retry: 'after_repair' },
  forbidden: { status: 403, byte: 3, retry: 'never' },
  not_found: { status: 404, byte: 4, retry: 'never' },
  conflict: { status: 409, byte: 5, retry: 'never' },
  mismatched_devices: { status: 409, byte: 6, retry: 'after_repair' },
  version_mismatch: { status: 409, byte: 7, retry: 'after_repair' },
  username_taken: { status: 409, byte: 8, retry: 'never' },
  invite_invalid: { status: 403, byte: 9, retry: 'never' },
  gone: { status: 410, byte: 10, retry: 'never' },
  too_large: { status: 413, close: 4413, byte: 11, retry: 'never' },
  rate_limited: { status: 429, close: 4429, byte: 12, retry: 'later' },
  mailbox_full: { status: 507, byte: 13, retry: 'later' },
  unsupported_version: { status: 426, close: 4426, byte: 14, retry: 'never' },
  internal: { status: 500, byte: 15, retry: 'later' },
  unavailable: { status: 503, close: 1012, byte: 16, retry: 'later' },
  bad_frame: { status: 400, close: 4400, byte: 17, retry: 'never' },
  hello_timeout: { status: 408, close: 4408, byte: 18, retry: 'later' },
  replaced: { status: 409, close: 4409, byte: 19, retry: 'never' },
  revoked: { status: 403, close: 4403, byte: 20, retry: 'never' },
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof ERRORS;
export const ERROR_CODES = Object.keys(ERRORS) as ErrorCode[];

export class ProtocolError extends Error {
  readonly code: ErrorCode;
  readonly retryAfterMs: number;
  readonly accounts: readonly string[];

  constructor(code: ErrorCode, details: { retryAfterMs?: number; accounts?: readonly string[] } = {}) {
    super(code);
    this.name = 'ProtocolError';
    this.code = code;
    this.retryAfterMs = details.retryAfterMs ?? 0;
    this.accounts = details.accounts ?? [];
  }
}

export function errorCodeOfByte(byte: number): ErrorCode | undefined {
  return ERROR_CODES.find((code) => ERRORS[code].byte === byte);
}

export function closeCodeOf(code: ErrorCode): number | undefined {
  const row: ErrorRow = ERRORS[code];
  return row.close;
}

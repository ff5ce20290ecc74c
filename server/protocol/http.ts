/**
 * The requests: `POST /v1/<route>` with a JSON body, so that no name or id ever stands in a path or query.
 * Both sides parse both directions by these schemas; an unknown field is refused. `auth` routes carry `Authorization: Bearer <token>`.
 */
import * as v from 'valibot';
import { ERROR_CODES, type ErrorCode } from './errors.ts';
import {
  accountIdSchema,
  base64urlBytes,
  DELIVERY_VERIFIER_BYTES,
  deviceIdSchema,
  groupIdSchema,
  inviteSchema,
  NONCE_BYTES,
  prekeyIdSchema,
  publicKeySchema,
  READ_NONCE_BYTES,
  signatureSchema,
  timeSchema,
  uint32Schema,
  usernameSchema,
} from './ids.ts';
import {
  DEFAULT_INVITE_DAYS,
  GROUP_PAGE_ENTRIES,
  MAX_CERTIFICATE_CHARACTERS,
  MAX_DEVICE_LIST_ENTRIES,
  MAX_DEVICE_LIST_ENTRY_BYTES,
  MAX_DEVICE_RECORD_BYTES,
  MAX_DEVICES,
  MAX_GENESIS_BYTES,
  MAX_GROUP_ENTRIES,
  MAX_GROUP_ENTRY_BYTES,
  MAX_INVITE_DAYS,
  MAX_INVITE_USES,
  MAX_ONE_TIME_PREKEYS_PER_REQUEST,
  MAX_ROTATION_ENTRY_BYTES,
  MAX_ROTATIONS,
  MAX_TOKEN_BYTES,
} from './limits.ts';

/** An object with these fields and no others, all of which may be missing. A list without elements has no unknown field either, and is no request. */
function fields<Entries extends v.ObjectEntries>(entries: Entries) {
  const object = v.strictObject(entries);
  const noList = v.custom<v.InferInput<typeof object>>((body) => !Array.isArray(body));
  return v.pipe(noList, object);
}

export const nothing = fields({});
const roleSchema = v.picklist(['admin', 'member']);
const genesisSchema = base64urlBytes(1, MAX_GENESIS_BYTES);
const deviceRecordSchema = base64urlBytes(1, MAX_DEVICE_RECORD_BYTES);
const deviceListEntrySchema = base64urlBytes(1, MAX_DEVICE_LIST_ENTRY_BYTES);
const groupEntrySchema = base64urlBytes(1, MAX_GROUP_ENTRY_BYTES);
const certificateSchema = v.pipe(v.string(), v.maxLength(MAX_CERTIFICATE_CHARACTERS));
const tokenSchema = v.pipe(v.string(), v.maxLength(MAX_TOKEN_BYTES));
const countSchema = uint32Schema;
const groupVersionSchema = v.pipe(uint32Schema, v.maxValue(MAX_GROUP_ENTRIES));

const oneTimePrekeySchema = v.strictObject({ id: prekeyIdSchema, publicKey: publicKeySchema });
const oneTimePrekeysSchema = v.pipe(v.array(oneTimePrekeySchema), v.maxLength(MAX_ONE_TIME_PREKEYS_PER_REQUEST));

const publicAccountSchema = v.strictObject({
  accountId: accountIdSchema,
  username: usernameSchema,
  genesis: genesisSchema,
  rotations: v.pipe(v.array(base64urlBytes(1, MAX_ROTATION_ENTRY_BYTES)), v.maxLength(MAX_ROTATIONS)),
  /** Chain entries, oldest first: all, or what follows `knownListVersion`. */
  deviceList: v.pipe(v.array(deviceListEntrySchema), v.maxLength(MAX_DEVICE_LIST_ENTRIES)),
  /** JWS by the relay's certificate key: {sub: account id, name: username, iss: origin, exp}. */
  certificate: certificateSchema,
});
export type PublicAccount = v.InferOutput<typeof publicAccountSchema>;

const bundleSchema = v.strictObject({
  deviceId: deviceIdSchema,
  deviceRecord: deviceRecordSchema,
  oneTimePrekey: v.nullable(oneTimePrekeySchema),
});
export type DeviceBundle = v.InferOutput<typeof bundleSchema>;

/** GET /v1/relay */
export const relayInfoSchema = v.strictObject({
  name: v.literal('sottovoce'),
  version: v.pipe(v.string(), v.maxLength(32)),
  protocol: v.strictObject({ min: uint32Schema, max: uint32Schema }),
  origin: v.pipe(v.string(), v.maxLength(256)),
  registration: v.literal('invite'),
  invitesBy: v.picklist(['members', 'admins']),
  certificateKey: v.strictObject({ kty: v.literal('OKP'), crv: v.literal('Ed25519'), x: publicKeySchema }),
});
export type RelayInfo = v.InferOutput<typeof relayInfoSchema>;

export const errorBodySchema = v.strictObject({
  error: v.strictObject({ code: v.picklist(ERROR_CODES as [ErrorCode, ...ErrorCode[]]), retryAfterMs: v.optional(countSchema) }),
});

const inviteIdSchema = base64urlBytes(9);

export const ROUTES = {
  'registration/check': { auth: false, body: v.strictObject({ invite: inviteSchema }), answer: v.strictObject({ valid: v.boolean() }) },
  'registration/username': {
    auth: false,
    body: v.strictObject({ invite: inviteSchema, username: usernameSchema }),
    answer: v.strictObject({ available: v.boolean() }),
  },
  'registration/create': {
    auth: false,
    body: v.strictObject({
      invite: inviteSchema,
      username: usernameSchema,
      genesis: genesisSchema,
      deviceList: deviceListEntrySchema,
      deviceRecord: deviceRecordSchema,
      oneTimePrekeys: oneTimePrekeysSchema,
      signature: signatureSchema,
    }),
    answer: v.strictObject({ accountId: accountIdSchema, role: roleSchema }),
  },
  'login/challenge': {
    auth: false,
    body: v.strictObject({ accountId: accountIdSchema, deviceId: deviceIdSchema }),
    answer: v.strictObject({ nonce: base64urlBytes(NONCE_BYTES) }),
  },
  login: {
    auth: false,
    body: v.strictObject({
      accountId: accountIdSchema,
      deviceId: deviceIdSchema,
      nonce: base64urlBytes(NONCE_BYTES),
      signature: signatureSchema,
    }),
    answer: v.strictObject({ token: tokenSchema, expiresAt: timeSchema }),
  },
  'accounts/find': {
    auth: true,
    body: v.strictObject({ username: usernameSchema }),
    answer: v.strictObject({ account: v.nullable(publicAccountSchema) }),
  },
  'accounts/fetch': {
    auth: true,
    body: v.strictObject({ accountId: accountIdSchema, knownListVersion: v.optional(uint32Schema) }),
    answer: v.strictObject({ account: v.nullable(publicAccountSchema) }),
  },
  'prekeys/claim': {
    auth: true,
    body: v.strictObject({
      accountId: accountIdSchema,
      deviceIds: v.pipe(v.array(deviceIdSchema), v.minLength(1), v.maxLength(MAX_DEVICES)),
      /** No one-time prekeys: there are sessions, and only the device records are wanted anew. */
      recordsOnly: v.optional(v.boolean()),
    }),
    answer: v.strictObject({ bundles: v.pipe(v.array(bundleSchema), v.maxLength(MAX_DEVICES)) }),
  },
  'prekeys/add': {
    auth: true,
    body: v.strictObject({ oneTimePrekeys: oneTimePrekeysSchema }),
    answer: v.strictObject({ count: countSchema }),
  },
  'prekeys/count': { auth: true, body: nothing, answer: v.strictObject({ count: countSchema }) },
  'devices/publish': { auth: true, body: v.strictObject({ deviceRecord: deviceRecordSchema }), answer: nothing },
  'devices/list': { auth: true, body: v.strictObject({ entry: deviceListEntrySchema }), answer: nothing },
  'account/delivery': {
    auth: true,
    /** SHA-256 of the token that this account gives to its contacts; a new one ends the old. */
    body: v.strictObject({ verifier: base64urlBytes(DELIVERY_VERIFIER_BYTES) }),
    answer: nothing,
  },
  certificate: { auth: true, body: nothing, answer: v.strictObject({ certificate: certificateSchema }) },
  'groups/create': {
    auth: false,
    body: v.strictObject({ groupId: groupIdSchema, accessKey: publicKeySchema, entry: groupEntrySchema, signature: signatureSchema }),
    answer: nothing,
  },
  'groups/append': {
    auth: false,
    body: v.strictObject({
      groupId: groupIdSchema,
      /** How many entries the author has seen: the append is refused with version_mismatch when the log holds another number. */
      version: groupVersionSchema,
      entry: groupEntrySchema,
      accessKey: v.optional(publicKeySchema),
      accessKeySignature: v.optional(signatureSchema),
      signature: signatureSchema,
    }),
    answer: v.strictObject({ version: groupVersionSchema }),
  },
  'groups/read': {
    auth: false,
    body: v.strictObject({
      groupId: groupIdSchema,
      from: groupVersionSchema,
      time: timeSchema,
      nonce: base64urlBytes(READ_NONCE_BYTES),
      signature: signatureSchema,
    }),
    answer: v.strictObject({ version: groupVersionSchema, entries: v.pipe(v.array(groupEntrySchema), v.maxLength(GROUP_PAGE_ENTRIES)) }),
  },
  'invites/create': {
    auth: true,
    body: fields({
      uses: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MAX_INVITE_USES)), 1),
      days: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MAX_INVITE_DAYS)), DEFAULT_INVITE_DAYS),
    }),
    answer: v.strictObject({ invite: inviteSchema, expiresAt: timeSchema }),
  },
  'invites/list': {
    auth: true,
    body: nothing,
    answer: v.strictObject({ invites: v.array(v.strictObject({ id: inviteIdSchema, usesLeft: countSchema, expiresAt: timeSchema })) }),
  },
  'invites/revoke': { auth: true, body: v.strictObject({ id: inviteIdSchema }), answer: nothing },
  'account/me': {
    auth: true,
    body: nothing,
    answer: v.strictObject({ accountId: accountIdSchema, username: usernameSchema, role: roleSchema, devices: countSchema }),
  },
} as const satisfies Record<string, { auth: boolean; body: v.GenericSchema; answer: v.GenericSchema }>;

export type Route = keyof typeof ROUTES;
export type RouteBody<R extends Route> = v.InferInput<(typeof ROUTES)[R]['body']>;
export type RouteRequest<R extends Route> = v.InferOutput<(typeof ROUTES)[R]['body']>;
export type RouteAnswer<R extends Route> = v.InferOutput<(typeof ROUTES)[R]['answer']>;

export const SOCKET_PATH = '/v1/socket';
export const RELAY_INFO_PATH = '/v1/relay';

export function pathOf(route: Route): string {
  return `/v1/${route}`;
}

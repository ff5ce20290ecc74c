/** Every act of whoever runs the relay: one list, whether a running relay performs it or the command itself. Both directions are checked. */
import * as v from 'valibot';
import { nothing } from '../protocol/http.ts';
import { accountIdSchema, base64urlBytes, deviceIdSchema, timeSchema, usernameSchema } from '../protocol/ids.ts';
import { MAX_INVITE_DAYS, MAX_INVITE_USES } from '../protocol/limits.ts';
import { INVITE_ID_BYTES } from '../relay/invite-id.ts';

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const inviteId = base64urlBytes(INVITE_ID_BYTES);
/** A username or an account id; the one is never as long as the other. */
export const accountNameSchema = v.union([usernameSchema, accountIdSchema]);
const ofAccount = v.strictObject({ account: accountNameSchema });
/** Admins whom no command has disabled. */
const adminsLeft = count;
const changed = v.strictObject({ accountId: accountIdSchema, username: usernameSchema, changed: v.boolean(), adminsLeft });
const role = v.picklist(['admin', 'member']);
const text = v.pipe(v.string(), v.maxLength(512));

export const ACTS = {
  'invite/create': {
    body: v.strictObject({
      uses: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MAX_INVITE_USES)),
      days: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MAX_INVITE_DAYS)),
      admin: v.boolean(),
    }),
    answer: v.strictObject({ id: inviteId, link: text, uses: count, expiresAt: timeSchema, admin: v.boolean() }),
  },
  'invite/list': {
    body: nothing,
    answer: v.strictObject({
      invites: v.array(
        v.strictObject({
          id: inviteId,
          usesLeft: count,
          expiresAt: v.nullable(timeSchema),
          makesAdmin: v.boolean(),
          first: v.boolean(),
        }),
      ),
    }),
  },
  'invite/revoke': { body: v.strictObject({ id: inviteId }), answer: v.strictObject({ id: inviteId }) },
  'account/list': {
    body: nothing,
    answer: v.strictObject({
      accounts: v.array(
        v.strictObject({
          accountId: accountIdSchema,
          username: usernameSchema,
          role,
          disabled: v.boolean(),
          /** Those that may log in. */
          devices: count,
          envelopes: count,
          bytes: count,
        }),
      ),
    }),
  },
  'account/disable': { body: ofAccount, answer: changed },
  'account/enable': { body: ofAccount, answer: changed },
  'account/promote': { body: ofAccount, answer: changed },
  'account/demote': { body: ofAccount, answer: changed },
  'account/delete': {
    body: ofAccount,
    answer: v.strictObject({ accountId: accountIdSchema, username: usernameSchema, devices: count, adminsLeft }),
  },
  'device/list': {
    body: ofAccount,
    answer: v.strictObject({
      accountId: accountIdSchema,
      username: usernameSchema,
      devices: v.array(
        v.strictObject({ deviceId: deviceIdSchema, revoked: v.boolean(), oneTimePrekeys: count, envelopes: count, bytes: count }),
      ),
    }),
  },
  'device/revoke': {
    body: v.strictObject({ account: accountNameSchema, deviceId: deviceIdSchema }),
    answer: v.strictObject({
      accountId: accountIdSchema,
      username: usernameSchema,
      deviceId: deviceIdSchema,
      changed: v.boolean(),
      /** Devices of the account that may still log in. */
      left: count,
    }),
  },
  stats: {
    body: nothing,
    answer: v.strictObject({
      accounts: count,
      disabled: count,
      devices: count,
      /** Devices connected now; null when no relay runs. */
      sockets: v.nullable(count),
      invites: count,
      envelopes: count,
      bodies: count,
      bytes: count,
      oldestAt: v.nullable(timeSchema),
      groupLogs: count,
      groupBytes: count,
      diskBytes: count,
      freeBytes: count,
    }),
  },
  log: {
    body: nothing,
    answer: v.strictObject({
      acts: v.array(v.strictObject({ at: timeSchema, act: text, target: v.nullable(text), by: text })),
    }),
  },
} as const satisfies Record<string, { body: v.GenericSchema; answer: v.GenericSchema }>;

export type Act = keyof typeof ACTS;
export type ActBody<A extends Act> = v.InferOutput<(typeof ACTS)[A]['body']>;
export type ActAnswer<A extends Act> = v.InferOutput<(typeof ACTS)[A]['answer']>;

const REFUSALS = ['no_such_account', 'no_such_device', 'no_such_invite', 'first_invite'] as const;
export type Refusal = (typeof REFUSALS)[number];
export const refusalSchema = v.strictObject({ refusal: v.picklist(REFUSALS) });

/** Of an answer to a write that the disk did not take. */
export const NO_ROOM_STATUS = 507;

export class ActRefused extends Error {
  readonly refusal: Refusal;
  constructor(refusal: Refusal) {
    super(refusal);
    this.refusal = refusal;
  }
}

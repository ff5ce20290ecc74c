import type { FastifyInstance } from 'fastify';
import { fromBase64url, toBase64url } from '../protocol/bytes.ts';
import { ProtocolError } from '../protocol/errors.ts';
import { INVITE_CODE_BYTES } from '../protocol/ids.ts';
import { MAX_OPEN_INVITES } from '../protocol/limits.ts';
import { sha256 } from '../relay/ed25519.ts';
import { newInviteId } from '../relay/invite-id.ts';
import type { Relay } from '../relay/relay.ts';
import { HOUR_MS, hourAtOrAfter } from '../store/hours.ts';
import { deviceRoute } from './route.ts';

const DAY_MS = 24 * 3_600_000;

// An admin opens a relay to many; a number all the same.
const MAX_OPEN_INVITES_OF_ADMIN = 200;

export function inviteRoutes(app: FastifyInstance, relay: Relay): void {
  const { calendar, config, random, store } = relay;

  deviceRoute(app, relay, 'invites/create', async ({ uses, days }, { accountId, role }) => {
    const isAdmin = role === 'admin';
    if (!isAdmin && (config.invitesBy === 'admins' || uses > 1)) throw new ProtocolError('forbidden');
    const code = random(INVITE_CODE_BYTES);
    const expiresAt = hourAtOrAfter(calendar.latest() + days * DAY_MS) * HOUR_MS;
    const invite = { id: newInviteId(random), hash: sha256(code), uses, expiresAt, createdBy: accountId };
    const created = await store.createInvite(invite, isAdmin ? MAX_OPEN_INVITES_OF_ADMIN : MAX_OPEN_INVITES, calendar.earliest());
    if (!created) throw new ProtocolError('forbidden');
    return { invite: toBase64url(code), expiresAt };
  });

  deviceRoute(app, relay, 'invites/list', async (_body, { accountId }) => {
    const invites = await store.invites(accountId, calendar.earliest());
    return { invites: invites.map(({ id, usesLeft, expiresAt }) => ({ id: toBase64url(id), usesLeft, expiresAt })) };
  });

  deviceRoute(app, relay, 'invites/revoke', async ({ id }, { accountId }) => {
    if (!(await store.revokeInvite(accountId, fromBase64url(id), calendar.earliest()))) throw new ProtocolError('not_found');
    return {};
  });
}

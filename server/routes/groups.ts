import type { FastifyInstance } from 'fastify';
import { type Bytes, fromBase64url, toBase64url } from '../protocol/bytes.ts';
import { ProtocolError } from '../protocol/errors.ts';
import type { RouteRequest } from '../protocol/http.ts';
import { GROUP_PAGE_BYTES, GROUP_PAGE_ENTRIES, GROUP_READ_SKEW_MS } from '../protocol/limits.ts';
import { groupAccessChangeBytes, groupAppendBytes, groupCreateBytes, groupReadBytes } from '../protocol/signed-requests.ts';
import { NOBODY, sha256, verifyEd25519 } from '../relay/ed25519.ts';
import type { Relay } from '../relay/relay.ts';
import type { GroupLogHead } from '../store/store.ts';
import { openRoute } from './route.ts';

/** Both or neither, and the old key agrees. */
function newAccessKeyOf(body: RouteRequest<'groups/append'>, head: GroupLogHead): Bytes | null {
  const { groupId, accessKey, accessKeySignature } = body;
  if ((accessKey === undefined) !== (accessKeySignature === undefined)) throw new ProtocolError('bad_request');
  if (accessKey === undefined || accessKeySignature === undefined) return null;
  const agreed = verifyEd25519(head.accessKey, groupAccessChangeBytes({ groupId, accessKey }), fromBase64url(accessKeySignature));
  if (!agreed) throw new ProtocolError('not_found');
  return fromBase64url(accessKey);
}

/**
 * Opaque logs under random names: the relay orders entries and knows no member. A request carries a signature by the log's access key
 * and no token, so that it says nothing of who sent it. An unknown group and a wrong signature are answered alike.
 */
export function groupRoutes(app: FastifyInstance, relay: Relay): void {
  const { calendar, groupReadNonces, limits, store } = relay;

  async function headOf(groupId: string, signedBytes: Bytes, signature: string): Promise<GroupLogHead> {
    const head = await store.groupLogHead(groupId);
    const proven = verifyEd25519(head?.accessKey ?? NOBODY, signedBytes, fromBase64url(signature));
    if (!head || !proven) throw new ProtocolError('not_found');
    return head;
  }

  openRoute(app, relay, 'groups/create', async ({ groupId, accessKey, entry, signature }) => {
    relay.disk.requireRoom();
    const entryBytes = fromBase64url(entry);
    const key = fromBase64url(accessKey);
    const signed = groupCreateBytes({ origin: relay.origin(), groupId, accessKey, entryDigest: sha256(entryBytes) });
    if (!verifyEd25519(key, signed, fromBase64url(signature))) throw new ProtocolError('not_found');
    if (await store.createGroupLog(groupId, key, entryBytes)) return {};
    // The same request again, its answer lost, is no conflict.
    const head = await store.groupLogHead(groupId);
    const [first] = await store.groupEntries(groupId, 0, 1, GROUP_PAGE_BYTES);
    const same = head?.version === 1 && toBase64url(head.accessKey) === accessKey && first && toBase64url(first) === entry;
    if (!same) throw new ProtocolError('conflict');
    return {};
  });

  openRoute(app, relay, 'groups/append', async (body) => {
    relay.disk.requireRoom();
    const { groupId, version, accessKey } = body;
    const entry = fromBase64url(body.entry);
    const signed = groupAppendBytes({ origin: relay.origin(), groupId, version, entryDigest: sha256(entry), accessKey });
    const head = await headOf(groupId, signed, body.signature);
    limits.require('groupAppend', groupId);
    const newAccessKey = newAccessKeyOf(body, head);
    const expected = { version, accessKey: head.accessKey };
    if (!(await store.appendGroupEntry(groupId, expected, entry, newAccessKey))) throw new ProtocolError('version_mismatch');
    return { version: version + 1 };
  });

  openRoute(app, relay, 'groups/read', async ({ groupId, from, time, nonce, signature }) => {
    const head = await headOf(groupId, groupReadBytes({ origin: relay.origin(), groupId, from, time, nonce }), signature);
    // Either clock: a machine whose clock was set wrong in the middle of service goes on serving those whose clock is right.
    const skew = Math.min(Math.abs(time - calendar.earliest()), Math.abs(time - calendar.latest()));
    if (skew > GROUP_READ_SKEW_MS) throw new ProtocolError('gone');
    limits.require('groupRead', groupId);
    if (!groupReadNonces.use(fromBase64url(nonce))) throw new ProtocolError('gone');
    const entries = await store.groupEntries(groupId, from, GROUP_PAGE_ENTRIES, GROUP_PAGE_BYTES);
    return { version: head.version, entries: entries.map(toBase64url) };
  });
}

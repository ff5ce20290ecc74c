import type { FastifyInstance } from 'fastify';
import { fromBase64url } from '../protocol/bytes.ts';
import { viewDeviceListEntry, viewDeviceRecord } from '../protocol/device-record-view.ts';
import { ProtocolError } from '../protocol/errors.ts';
import type { Relay } from '../relay/relay.ts';
import { deviceRoute } from './route.ts';

export function deviceRoutes(app: FastifyInstance, relay: Relay): void {
  const { sockets, store } = relay;

  deviceRoute(app, relay, 'devices/publish', async ({ deviceRecord }, device) => {
    const record = fromBase64url(deviceRecord);
    const { accountId, deviceId, loginKey, sequence } = viewDeviceRecord(record);
    if (accountId !== device.accountId) throw new ProtocolError('forbidden');
    await store.publishDeviceRecord(device, { deviceId, loginKey, record, sequence });
    return {};
  });

  deviceRoute(app, relay, 'devices/list', async ({ entry }, device) => {
    const bytes = fromBase64url(entry);
    const { accountId, version, deviceIds } = viewDeviceListEntry(bytes);
    if (accountId !== device.accountId) throw new ProtocolError('forbidden');
    const { removed } = await store.appendDeviceList(accountId, { version, entry: bytes, deviceIds });
    sockets.revoke(removed);
    return {};
  });
}

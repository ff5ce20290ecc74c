/** An account as the engine deals with it, be it a contact's or one's own: whose keys, which devices. */
import type { Bytes, DeviceList } from '../../crypto/index.ts';
import type { AccountId } from './api.ts';
import { accountIn } from './core.ts';
import type { View } from './step.ts';

export type Person = { accountId: AccountId; genesis: Bytes; rotations: Bytes[]; identityKey: Bytes; deviceList: DeviceList };

export function personOf(view: View, accountId: AccountId): Person | undefined {
  const own = accountIn(view);
  if (own.accountId === accountId) {
    const { genesis, rotations, deviceList } = own;
    return { accountId, genesis, rotations, deviceList, identityKey: own.identity.publicKey };
  }
  const contact = view.get('contacts', accountId);
  const identityKey = contact?.identityKeys.at(-1);
  return (
    contact &&
    identityKey && { accountId, genesis: contact.genesis, rotations: contact.rotations, deviceList: contact.deviceList, identityKey }
  );
}

/** The devices an envelope for this account goes to: all that are listed, but never the one that sends. */
export function recipientDevices(view: View, person: Person): number[] {
  const own = accountIn(view);
  const ids = person.deviceList.devices.map((device) => device.deviceId);
  return person.accountId === own.accountId ? ids.filter((id) => id !== own.deviceId) : ids;
}

export function isListed(person: Person, deviceId: number): boolean {
  return person.deviceList.devices.some((device) => device.deviceId === deviceId);
}

import type { Bytes } from '../protocol/bytes.ts';
import { type ErrorCode, ProtocolError } from '../protocol/errors.ts';
import type { MailboxState, Store, StoredDevice, WaitingEnvelope } from '../store/store.ts';
import type { MailboxQueue } from './mailbox.ts';
import { type Reader, reader } from './reader.ts';
import type { Wire } from './wire.ts';

type Parts = { store: Store; failed: (error: unknown) => void };

/** Who is connected now: one live socket a device. */
export function delivery({ store, failed }: Parts) {
  const readers = new Map<number, Reader>();

  function end(deviceRow: number, code: ErrorCode): void {
    const connected = readers.get(deviceRow);
    if (!connected) return;
    readers.delete(deviceRow);
    connected.end();
    connected.wire.close(code);
  }

  return {
    /** The caller sends `welcome` with the state and then starts the reader. */
    async attach(device: StoredDevice, wire: Wire, queue: MailboxQueue): Promise<{ reader: Reader; state: MailboxState }> {
      end(device.row, 'replaced');
      const connected = reader({ deviceRow: device.row, wire, store, queue, failed });
      readers.set(device.row, connected);
      await queue.flushAcknowledgements();
      // Asked again now that a removal would find the socket: between the token's check and here the device may have gone.
      const still = await store.device(device.accountId, device.deviceId);
      if (still?.row !== device.row) {
        this.detach(device.row, connected);
        throw new ProtocolError('revoked');
      }
      return { reader: connected, state: await store.mailbox(device.row) };
    },

    detach(deviceRow: number, connected: Reader): void {
      connected.end();
      if (readers.get(deviceRow) === connected) readers.delete(deviceRow);
    },

    placed(deviceRow: number, envelope: WaitingEnvelope): void {
      readers.get(deviceRow)?.offer(envelope);
    },

    signal(deviceRows: readonly number[], body: Bytes): void {
      for (const row of deviceRows) readers.get(row)?.signal(body);
    },

    revoke(deviceRows: readonly number[]): void {
      for (const row of deviceRows) end(row, 'revoked');
    },
  };
}

export type Delivery = ReturnType<typeof delivery>;

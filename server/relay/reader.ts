import type { Bytes } from '../protocol/bytes.ts';
import { ProtocolError } from '../protocol/errors.ts';
import { DELIVERY_WINDOW_BYTES, DELIVERY_WINDOW_ENVELOPES, MAX_ENVELOPE_BYTES } from '../protocol/limits.ts';
import type { MailboxState, Store, WaitingEnvelope } from '../store/store.ts';
import type { MailboxQueue } from './mailbox.ts';
import type { Wire } from './wire.ts';

type InFlight = { sequence: number; size: number };
type Parts = {
  deviceRow: number;
  wire: Wire;
  store: Store;
  queue: MailboxQueue;
  failed: (error: unknown) => void;
};

/**
 * Delivers one mailbox to one socket, in order, never more than the window ahead of its acknowledgements. While the socket keeps up,
 * envelopes go straight from the submission to it; when it falls behind they stay on disk and are read from there, so that a slow
 * reader costs no memory beyond its window.
 */
export function reader({ deviceRow, wire, store, queue, failed }: Parts) {
  const inFlight: InFlight[] = [];
  let inFlightBytes = 0;
  let sentUpTo = 0;
  let acknowledgedUpTo = 0;
  let newest = 0;
  let started = false;
  let caughtUp = false;
  let reading = false;
  let ended = false;

  function hasRoom(): boolean {
    return inFlight.length < DELIVERY_WINDOW_ENVELOPES && inFlightBytes + MAX_ENVELOPE_BYTES <= DELIVERY_WINDOW_BYTES;
  }

  function deliver({ sequence, envelopeId, storedAt, body }: WaitingEnvelope): void {
    inFlight.push({ sequence, size: body.length });
    inFlightBytes += body.length;
    sentUpTo = sequence;
    wire.send({ type: 'deliver', sequence, envelopeId, storedAt, body });
  }

  async function readOn(): Promise<void> {
    while (!ended && !caughtUp && hasRoom()) {
      const newestBefore = newest;
      const room = DELIVERY_WINDOW_ENVELOPES - inFlight.length;
      const page = await store.waiting(deviceRow, sentUpTo, room, DELIVERY_WINDOW_BYTES - inFlightBytes);
      if (ended) return;
      page.forEach(deliver);
      // An empty page with nothing new since: what was counted has expired meanwhile.
      caughtUp = sentUpTo >= newest || (page.length === 0 && newest === newestBefore);
      if (caughtUp) wire.send({ type: 'drained', sequence: sentUpTo });
    }
  }

  function catchUp(): void {
    if (reading || !started || caughtUp) return;
    reading = true;
    readOn()
      .catch((error: unknown) => {
        failed(error);
        wire.close('internal');
      })
      .finally(() => {
        reading = false;
      });
  }

  return {
    start(state: MailboxState): void {
      sentUpTo = state.acknowledged;
      acknowledgedUpTo = state.acknowledged;
      newest = Math.max(newest, state.lastSequence);
      started = true;
      catchUp();
    },

    /** A new envelope, on disk already. */
    offer(envelope: WaitingEnvelope): void {
      newest = envelope.sequence;
      if (caughtUp && hasRoom()) deliver(envelope);
      else caughtUp = false;
    },

    /** Throws `bad_frame` for what was never delivered. */
    acknowledge(sequence: number): void {
      if (sequence > sentUpTo) throw new ProtocolError('bad_frame');
      if (ended || sequence <= acknowledgedUpTo) return;
      acknowledgedUpTo = sequence;
      const left = inFlight.findIndex((envelope) => envelope.sequence > sequence);
      const done = inFlight.splice(0, left === -1 ? inFlight.length : left);
      for (const { size } of done) inFlightBytes -= size;
      queue.acknowledge(deviceRow, sequence, done.length);
      catchUp();
    },

    signal(body: Bytes): void {
      // Worth nothing late: dropped for whoever does not keep up.
      if (started && wire.backlogBytes() < MAX_ENVELOPE_BYTES) wire.send({ type: 'signal', body });
    },

    end(): void {
      ended = true;
    },
    wire,
  };
}

export type Reader = ReturnType<typeof reader>;

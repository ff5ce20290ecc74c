import { strict as assert } from 'node:assert';
import type { Bytes } from '../../server/protocol/bytes.ts';
import type { DeliverFrame } from '../../server/protocol/frames.ts';
import { type Chance, chanceOf } from '../fuzz/chance.ts';

const ENVELOPE_BYTES = 2_048;

/** An envelope as its sender knows it. Senders and recipients are numbers of devices; `order` counts a sender's envelopes. */
export type Envelope = { id: string; sender: number; order: number; recipients: number[]; accepted: boolean };

const hex = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');

/** The body follows from the id, so that none has to be kept. */
export function bodyOf(id: string, length = ENVELOPE_BYTES): Bytes {
  return chanceOf(id).bytes(length);
}

export function idBytes(id: string): Bytes {
  return new Uint8Array(Buffer.from(id, 'hex'));
}

/** One mailbox, seen from its device. */
function inbox(device: number, envelopes: ReadonlyMap<string, Envelope>) {
  const bySequence = new Map<number, string>();
  const seen = new Set<string>();
  const lastOrder = new Map<number, number>();
  let newestSequence = 0;
  let onThisSocket = 0;
  let acknowledged = 0;

  return {
    seen,
    newestSequence: () => newestSequence,
    /** Deliveries that an engine would have dropped as known. */
    repeats: () => bySequence.size - seen.size,

    /** The relay's cursor: never ahead of what was acknowledged. */
    welcomed(cursor: number): void {
      assert.ok(cursor <= acknowledged, `device ${device}: the relay's cursor is ${cursor}, acknowledged was ${acknowledged}`);
      onThisSocket = cursor;
    },

    acknowledge(sequence: number): void {
      acknowledged = Math.max(acknowledged, sequence);
    },

    delivered({ sequence, envelopeId, body }: DeliverFrame): void {
      const id = hex(envelopeId);
      const where = `device ${device}, sequence ${sequence}`;
      assert.ok(sequence > onThisSocket, `${where}: came after ${onThisSocket} on one socket`);
      onThisSocket = sequence;
      const envelope = envelopes.get(id);
      assert.ok(envelope, `${where}: nobody sent ${id}`);
      assert.ok(envelope.recipients.includes(device), `${where}: nobody sent ${id} here`);
      assert.equal(Buffer.compare(bodyOf(id, body.length), body), 0, `${where}: ${id} has other bytes than were submitted`);
      const before = bySequence.get(sequence);
      assert.ok(before === undefined || before === id, `${where}: was ${before} and is now ${id}`);
      bySequence.set(sequence, id);
      if (before !== undefined) return;
      assert.ok(sequence > newestSequence, `${where}: comes first after ${newestSequence} had come`);
      newestSequence = sequence;
      if (seen.has(id)) return;
      seen.add(id);
      const last = lastOrder.get(envelope.sender) ?? -1;
      assert.ok(envelope.order > last, `${where}: envelope ${envelope.order} of device ${envelope.sender} came after its ${last}`);
      lastOrder.set(envelope.sender, envelope.order);
    },
  };
}

/** Everything that was submitted, accepted and delivered, and what must be true of it at every moment. */
export function mailboxModel(devices: number) {
  const envelopes = new Map<string, Envelope>();
  const inboxes = Array.from({ length: devices }, (_, device) => inbox(device, envelopes));
  const made = new Array<number>(devices).fill(0);

  return {
    inboxes,
    envelopes,

    /** A new one to somebody else, or, one time in four, to several. */
    make(chance: Chance, sender: number): Envelope {
      const others = inboxes.map((_, device) => device).filter((device) => device !== sender);
      const some = chance.one(4) ? others.filter(() => chance.one(2)) : [];
      const recipients = some.length > 0 ? some : [chance.pick(others)];
      const order = made[sender] ?? 0;
      made[sender] = order + 1;
      const envelope = { id: hex(chance.bytes(16)), sender, order, recipients, accepted: false };
      envelopes.set(envelope.id, envelope);
      return envelope;
    },

    /** What was accepted and did not come to a recipient. */
    missing(): string[] {
      const accepted = [...envelopes.values()].filter((envelope) => envelope.accepted);
      return accepted.flatMap(({ id, recipients }) =>
        recipients.filter((device) => !inboxes[device]?.seen.has(id)).map((device) => `${id} to device ${device}`),
      );
    },

    accepted: () => [...envelopes.values()].filter((envelope) => envelope.accepted).length,
    repeats: () => inboxes.reduce((sum, one) => sum + one.repeats(), 0),
  };
}

export type MailboxModel = ReturnType<typeof mailboxModel>;

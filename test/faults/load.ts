import { strict as assert } from 'node:assert';
import type { RelayFrame } from '../../server/protocol/frames.ts';
import type { Chance } from '../fuzz/chance.ts';
import { addressOf, login, type RelayDevice } from '../support/relay-device.ts';
import { connect, type RelaySocket } from '../support/relay-socket.ts';
import { bodyOf, type Envelope, idBytes, type MailboxModel } from './model.ts';

const OUTSTANDING = 16;

// Below the window of 64: an acknowledgement that waits for more would wait for ever.
const UNACKNOWLEDGED_AT_MOST = 32;

// One submit in so many is an old one again, as if its answer had been lost.
const REPEAT_ONE_IN = 12;
const REPEATABLE = 64;

type Load = { chance: Chance; origin: string; devices: readonly RelayDevice[]; model: MailboxModel };

/**
 * One device of the load: sends to the others, several envelopes outstanding, and reads what comes. It outlives its sockets, and offers
 * again in order what got no answer. `wanted` says whether it still makes new envelopes; `answered` hears of every answer.
 */
export function sender({ chance, origin, devices, model }: Load, device: number, wanted: () => boolean, answered: () => void) {
  const unanswered = new Set<Envelope>();
  const repeatable: Envelope[] = [];
  const inbox = model.inboxes[device];
  const self = devices[device];
  assert.ok(inbox && self);
  let socket: RelaySocket | undefined;
  let requests = new Map<number, Envelope>();
  let lastRequest = 0;
  let unacknowledged = 0;

  function submit(envelope: Envelope): void {
    lastRequest += 1;
    requests.set(lastRequest, envelope);
    const recipients = envelope.recipients.map((to) => addressOf(devices[to] as RelayDevice));
    socket?.send({ type: 'submit', requestId: lastRequest, envelopeId: idBytes(envelope.id), recipients, body: bodyOf(envelope.id) });
  }

  function fill(): void {
    while (wanted() && requests.size < OUTSTANDING) {
      if (repeatable.length > 0 && chance.one(REPEAT_ONE_IN)) {
        submit(chance.pick(repeatable));
        continue;
      }
      const envelope = model.make(chance, device);
      unanswered.add(envelope);
      submit(envelope);
    }
  }

  function acknowledge(sequence: number): void {
    unacknowledged = 0;
    inbox?.acknowledge(sequence);
    socket?.send({ type: 'ack', sequence });
  }

  function hear(frame: RelayFrame): void {
    if (frame.type === 'deliver') {
      inbox?.delivered(frame);
      unacknowledged += 1;
      if (unacknowledged >= UNACKNOWLEDGED_AT_MOST || chance.one(4)) acknowledge(frame.sequence);
    }
    if (frame.type === 'refused') throw new Error(`device ${device}: a submit was refused with ${frame.code}`);
    if (frame.type !== 'accepted') return;
    const envelope = requests.get(frame.requestId);
    assert.ok(envelope, `device ${device}: an answer to request ${frame.requestId}, which has none outstanding`);
    requests.delete(frame.requestId);
    unanswered.delete(envelope);
    envelope.accepted = true;
    repeatable.push(envelope);
    if (repeatable.length > REPEATABLE) repeatable.shift();
    answered();
    fill();
  }

  return {
    idle: () => unanswered.size === 0 && requests.size === 0,
    /** Everything that was read. */
    acknowledgeAll: () => acknowledge(inbox.newestSequence()),
    /** From login to the end of the socket. Rejects when a login or socket cannot be had, or something untrue was heard. */
    async live(): Promise<void> {
      const opened = await connect(origin, await login(origin, self));
      const broken = Promise.withResolvers<never>();
      socket = opened;
      requests = new Map();
      unacknowledged = 0;
      inbox.welcomed(opened.welcome.acknowledged);
      opened.listen((frame) => {
        try {
          hear(frame);
        } catch (error) {
          broken.reject(error);
        }
      });
      for (const envelope of unanswered) submit(envelope);
      fill();
      await Promise.race([opened.closed, broken.promise]);
    },
    close: () => socket?.close(),
  };
}

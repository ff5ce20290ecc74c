import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { dumpDatabase } from '../support/dump-database.ts';
import { addressOf, login, registerMany } from '../support/relay-device.ts';
import { connect } from '../support/relay-socket.ts';
import { startRelay } from '../support/relay.ts';

const SENDERS = 4;
const OUTSTANDING = 16;
const KILL_AFTER_ACCEPTED = 400;

describe('durability', () => {
  it('R4, R6, R8: SIGKILL in the middle of submits: what was accepted is there once, in order, and the rest can be submitted again', async () => {
    const relay = await startRelay({ env: { SOTTOVOCE_RATE_FACTOR: '100000' } });
    try {
      const members = await registerMany(relay.origin, relay.firstInvite ?? '', SENDERS + 1);
      const [reader, ...senders] = members;
      if (!reader) throw new Error('members');
      const recipients = [addressOf(reader.device)];
      const submitted = new Map<string, { body: Uint8Array; sender: number; order: number }>();
      const accepted: string[] = [];
      let reached: () => void = () => undefined;
      const enough = new Promise<void>((resolve) => {
        reached = resolve;
      });

      const sockets = await Promise.all(senders.map(({ token }) => connect(relay.origin, token)));
      sockets.forEach((socket, sender) => {
        const ids: string[] = [];
        function submit(): void {
          const envelopeId = new Uint8Array(randomBytes(16));
          const body = new Uint8Array(randomBytes(2_048));
          const id = Buffer.from(envelopeId).toString('hex');
          submitted.set(id, { body, sender, order: ids.length });
          ids.push(id);
          socket.send({ type: 'submit', requestId: ids.length - 1, envelopeId, recipients, body });
        }
        socket.listen((frame) => {
          if (frame.type !== 'accepted') return;
          accepted.push(ids[frame.requestId] ?? '');
          if (accepted.length === KILL_AFTER_ACCEPTED) reached();
          submit();
        });
        for (let i = 0; i < OUTSTANDING; i++) submit();
      });
      await enough;
      await relay.kill('SIGKILL');
      await Promise.all(sockets.map((socket) => socket.closed));
      await relay.restart();

      // Every sender offers again what it heard nothing about, as an engine's outbox does.
      const unknown = [...submitted].filter(([id]) => !accepted.includes(id));
      expect(unknown.length).toBeGreaterThan(0);
      for (const [index, member] of senders.entries()) {
        const socket = await connect(relay.origin, await login(relay.origin, member.device));
        const mine = unknown.filter(([, { sender }]) => sender === index);
        for (const [id, { body }] of mine) {
          socket.send({ type: 'submit', requestId: 0, envelopeId: new Uint8Array(Buffer.from(id, 'hex')), recipients, body });
        }
        for (let answers = 0; answers < mine.length; ) if ((await socket.next()).type === 'accepted') answers += 1;
        await socket.close();
      }

      const inbox = await connect(relay.origin, await login(relay.origin, reader.device));
      const received: string[] = [];
      let last = 0;
      for (let frame = await inbox.next(); frame.type !== 'drained'; frame = await inbox.next()) {
        if (frame.type !== 'deliver') continue;
        const id = Buffer.from(frame.envelopeId).toString('hex');
        expect(frame.sequence).toBeGreaterThan(last);
        expect(Buffer.compare(submitted.get(id)?.body ?? new Uint8Array(), frame.body)).toBe(0);
        received.push(id);
        last = frame.sequence;
        inbox.send({ type: 'ack', sequence: frame.sequence });
      }
      expect(new Set(received)).toEqual(new Set(submitted.keys()));
      expect(received).toHaveLength(submitted.size);
      for (const sender of senders.keys()) {
        const order = received.map((id) => submitted.get(id)).filter((one) => one?.sender === sender);
        const accepts = order.filter((one) => one && accepted.includes([...submitted].find(([, other]) => other === one)?.[0] ?? ''));
        expect(accepts.map((one) => one?.order)).toEqual(accepts.map((one) => one?.order).sort((a = 0, b = 0) => a - b));
      }
      await inbox.close();
      await relay.kill('SIGTERM');
      expect(dumpDatabase(relay.dataDir).find(({ name }) => name === 'waiting')?.rows).toEqual([]);
    } finally {
      await relay.stop();
    }
  }, 60_000);
});

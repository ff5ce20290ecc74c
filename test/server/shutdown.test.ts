import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { addressOf, login, registerMany } from '../support/relay-device.ts';
import { connect } from '../support/relay-socket.ts';
import { startRelay } from '../support/relay.ts';

const SENDERS = 4;
const OUTSTANDING = 64;
const STOP_AFTER_ACCEPTED = 800;

describe('a relay that is told to stop', () => {
  it('R37: under load: what it took in is on disk and answered, what it did not answer is not stored, and it exits with 0', async () => {
    const relay = await startRelay({ env: { SOTTOVOCE_RATE_FACTOR: '100000' } });
    try {
      const [reader, ...senders] = await registerMany(relay.origin, relay.firstInvite ?? '', SENDERS + 1);
      if (!reader) throw new Error('members');
      const recipients = [addressOf(reader.device)];
      const accepted = new Set<string>();
      let submitted = 0;
      const { promise: enough, resolve: reached } = Promise.withResolvers<void>();

      const sockets = await Promise.all(senders.map(({ token }) => connect(relay.origin, token)));
      for (const socket of sockets) {
        const ids: string[] = [];
        function submit(): void {
          const envelopeId = new Uint8Array(randomBytes(16));
          ids.push(Buffer.from(envelopeId).toString('hex'));
          submitted += 1;
          socket.send({ type: 'submit', requestId: ids.length - 1, envelopeId, recipients, body: new Uint8Array(2_048) });
        }
        socket.listen((frame) => {
          if (frame.type !== 'accepted') return;
          accepted.add(ids[frame.requestId] ?? '');
          if (accepted.size === STOP_AFTER_ACCEPTED) reached();
          submit();
        });
        for (let i = 0; i < OUTSTANDING; i++) submit();
      }
      await enough;
      expect(await relay.kill('SIGTERM')).toBe(0);
      expect(await Promise.all(sockets.map((socket) => socket.closed))).toEqual(sockets.map(() => 1012));
      expect(submitted).toBeGreaterThan(accepted.size);

      await relay.restart();
      const inbox = await connect(relay.origin, await login(relay.origin, reader.device));
      const stored = new Set<string>();
      for (let frame = await inbox.next(); frame.type !== 'drained'; frame = await inbox.next()) {
        if (frame.type !== 'deliver') continue;
        stored.add(Buffer.from(frame.envelopeId).toString('hex'));
        inbox.send({ type: 'ack', sequence: frame.sequence });
      }
      expect(stored).toEqual(accepted);
    } finally {
      await relay.stop();
    }
  });

  it('R37: acknowledgements it has heard are on disk', async () => {
    const relay = await startRelay();
    try {
      const [alice, bob] = await registerMany(relay.origin, relay.firstInvite ?? '', 2);
      if (!alice || !bob) throw new Error('members');
      const sender = await connect(relay.origin, alice.token);
      const envelopeId = new Uint8Array(randomBytes(16));
      sender.send({ type: 'submit', requestId: 1, envelopeId, recipients: [addressOf(bob.device)], body: new Uint8Array(2_048) });
      await sender.expect('drained');
      await sender.expect('accepted');
      const reader = await connect(relay.origin, bob.token);
      reader.send({ type: 'ack', sequence: (await reader.expect('deliver')).sequence });
      reader.send({ type: 'ping', value: 1 });
      for (let frame = await reader.next(); frame.type !== 'pong'; ) frame = await reader.next();
      await relay.restart();
      expect((await connect(relay.origin, await login(relay.origin, bob.device))).welcome).toMatchObject({ waiting: 0, acknowledged: 1 });
    } finally {
      await relay.stop();
    }
  });

  it('R37: a second signal ends it at once, with 1; a peer that does not answer keeps it less than a second', async () => {
    const relay = await startRelay({ env: { SOTTOVOCE_LOG: 'info' } });
    try {
      const [alice] = await registerMany(relay.origin, relay.firstInvite ?? '', 1);
      let rounds = 0;
      for (const [second, code] of [
        ['SIGINT', 1],
        ['SIGTERM', 1],
        [undefined, 0],
      ] as const) {
        const socket = await connect(relay.origin, alice ? await login(relay.origin, alice.device) : '');
        socket.raw.pause();
        const ended = relay.kill('SIGTERM');
        rounds += 1;
        if (second) {
          await relay.until(new RegExp(`(?:"msg":"stopping"[^]*){${rounds}}`));
          process.kill(relay.pid, second);
        }
        expect(await ended).toBe(code);
        await relay.restart();
      }
    } finally {
      await relay.stop();
    }
  });
});

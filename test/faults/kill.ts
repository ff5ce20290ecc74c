import { strict as assert } from 'node:assert';
import { setTimeout as pause } from 'node:timers/promises';
import { dumpDatabase } from '../support/dump-database.ts';
import { registerMany } from '../support/relay-device.ts';
import { startRelay } from '../support/relay.ts';
import { sender } from './load.ts';
import { mailboxModel } from './model.ts';
import { type Part, type Tools, until, WIDE_RATES } from './part.ts';

const KILLS = 60;
const DEVICES = 6;

// A life ends after so many accepted envelopes at most; with none, while devices log in.
const MAX_ACCEPTED_IN_A_LIFE = 500;

// Answers come in bursts, one a transaction: a moment more, so that the end also falls between two of them.
const MAX_MOMENT_MS = 12;

/** SIGKILL under load, again and again: what was accepted comes to each of its recipients once, in order, and nothing else does. */
async function run({ chance, progress, fault }: Tools): Promise<void> {
  const relay = await startRelay({ env: WIDE_RATES });
  try {
    const devices = (await registerMany(relay.origin, relay.firstInvite ?? '', DEVICES)).map(({ device }) => device);
    const model = mailboxModel(DEVICES);
    let accepted = 0;
    let wanted = true;
    const load = { chance, origin: relay.origin, devices, model };
    const parties = devices.map((_, device) =>
      sender(
        load,
        device,
        () => wanted,
        () => (accepted += 1),
      ),
    );

    for (let kills = 0; kills < KILLS; kills++) {
      const end = accepted + chance.below(MAX_ACCEPTED_IN_A_LIFE);
      let killed = false;
      const lives = parties.map((party) =>
        party.live().catch((error: unknown) => {
          // A login cut short, or a socket: only before the kill is it a fault of the relay's. What the model found always is.
          if (!killed || error instanceof assert.AssertionError) throw error;
        }),
      );
      const over = Promise.all(lives);
      await Promise.race([until('envelopes are accepted', () => accepted >= end), over]);
      await pause(chance.below(MAX_MOMENT_MS));
      killed = true;
      await relay.kill('SIGKILL');
      fault();
      await over;
      await relay.restart();
      if (kills % 10 === 9)
        progress(`${kills + 1} kills, ${accepted} accepted, ${model.repeats()} delivered again after their mark was lost`);
    }

    wanted = false;
    const lives = Promise.all(parties.map((party) => party.live()));
    const done = until(
      'everything is accepted and delivered',
      () => parties.every((party) => party.idle()) && model.missing().length === 0,
    );
    await Promise.race([done, lives]);
    assert.deepEqual(model.missing(), []);
    assert.equal(model.accepted(), model.envelopes.size);
    for (const party of parties) party.acknowledgeAll();
    await Promise.all(parties.map((party) => party.close()));
    await lives;
    await relay.kill('SIGTERM');
    const left = dumpDatabase(relay.dataDir).filter(({ name, rows }) => ['waiting', 'bodies'].includes(name) && rows.length > 0);
    assert.deepEqual(left, [], 'the mailboxes are not empty');
    progress(`${model.envelopes.size} envelopes accepted and delivered, nothing left in the mailboxes`);
  } finally {
    await relay.stop();
  }
}

export const kill: Part = { name: 'kill', run };

import { expect, it } from 'vitest';
import { busyRelay } from '../support/busy-relay.ts';
import { PASSPHRASE } from '../support/engine-person.ts';

/** The invite for the first account is printed for the person who starts the relay, and nowhere else. */
const INVITE_LINE = /^invite for the first account, who becomes admin: .*$/gm;

type Line = { level: number; msg: string } & Record<string, unknown>;

it('R36: nothing that people and relay said to each other, and no address, is on standard error or standard output', async () => {
  const busy = await busyRelay({});
  const { relay, people, told, addresses } = busy;
  try {
    for (const person of people) {
      await person.messenger.lock();
      await expect(person.messenger.unlock(`not ${PASSPHRASE}`)).rejects.toThrow();
      await person.messenger.unlock(PASSPHRASE);
      await person.until('online', person.isOnline);
    }
    await relay.restart();
    await relay.kill('SIGKILL');
    await relay.restart();
    for (const person of people) await person.until('online again', person.isOnline);
    expect(await relay.kill('SIGTERM')).toBe(0);

    const said = relay.said().replaceAll(INVITE_LINE, '');
    expect(relay.said().match(INVITE_LINE)).toHaveLength(1);
    expect(told.shownIn(said)).toEqual([]);
    expect(addresses.filter((address) => said.includes(address))).toEqual([]);

    const lines = said
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Line);
    const sentences = lines.map(({ msg }) => msg);
    for (const sentence of ['started', 'stopping', 'stopped', 'a rate limit refused requests within the last minute'])
      expect(sentences).toContain(sentence);
    expect(lines.find(({ msg }) => msg === 'started')).toMatchObject({
      version: expect.stringMatching(/^\d/) as string,
      schema: expect.any(Number) as number,
      address: relay.origin,
      settings: ['SOTTOVOCE_PORT', 'SOTTOVOCE_DATA', 'SOTTOVOCE_RATE_FACTOR', 'SOTTOVOCE_LOG'],
    });
    expect(lines.filter(({ level }) => level >= 50)).toEqual([]);
  } finally {
    await busy.close();
  }
}, 60_000);

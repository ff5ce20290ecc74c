import Fastify from 'fastify';
import { beforeEach, describe, expect, it } from 'vitest';
import { logOptions, type OperatorLog, operatorLog } from '../../server/plugins/log.ts';
import { type ManualClock, manualClock } from '../support/manual-clock.ts';

const MINUTE_MS = 60_000;
const [INFO, WARN] = [30, 40];

let clock: ManualClock;
let written: string[];
let logger: ReturnType<typeof Fastify>['log'];
let log: OperatorLog;

beforeEach(() => {
  clock = manualClock();
  written = [];
  const options = logOptions('info');
  logger = Fastify({ logger: { ...(options as object), stream: { write: (line: string) => void written.push(line) } } }).log;
  log = operatorLog(logger, clock);
});

const lines = () => written.map((line) => JSON.parse(line) as Record<string, unknown>);

describe('what an operator is told', () => {
  it('R36: refusals by a rate limit are one line a minute and name, louder when they are a flood', () => {
    for (let i = 0; i < 250; i++) log.limited('deviceSubmit');
    for (let i = 0; i < 3; i++) log.limited('accountFind');
    expect(lines()).toEqual([]);
    clock.advance(MINUTE_MS);
    expect(lines()).toMatchObject([
      { level: WARN, rate: 'deviceSubmit', refused: 250 },
      { level: INFO, rate: 'accountFind', refused: 3 },
    ]);
    clock.advance(10 * MINUTE_MS);
    expect(lines()).toHaveLength(2);
    log.limited('accountFind');
    log.flush();
    clock.advance(MINUTE_MS);
    expect(lines()[2]).toMatchObject({ rate: 'accountFind', refused: 1 });
    expect(lines()).toHaveLength(3);
  });

  it('R36: slow commits are one line a minute, and quick ones none', () => {
    for (const tookMs of [100, 250]) log.committed(tookMs);
    clock.advance(MINUTE_MS);
    expect(lines()).toEqual([]);
    for (const tookMs of [251, 900.4, 300]) log.committed(tookMs);
    clock.advance(MINUTE_MS);
    expect(lines()).toMatchObject([{ level: WARN, commits: 3, slowestMs: 900 }]);
    expect(lines()).toHaveLength(1);
  });

  it('R36: what a library says keeps its place in the code and loses its words', () => {
    const error = Object.assign(new TypeError('anna said Buongiorno'), { code: 'ERR_ANNA' });
    log.failed(error);
    logger.error(error);
    logger.warn({ err: error, path: '/v1/anna', req: { url: '/anna' } }, 'a library complains');
    logger.info({ anna: 1 });
    expect(written.join('')).not.toMatch(/Buongiorno|\/v1\/anna|"anna"|"err"|"req"/);
    for (const line of lines().slice(0, 3))
      expect(line).toMatchObject({ error: 'TypeError ERR_ANNA', at: expect.stringMatching(/^at /) as string });
  });

  it('R36: the disk and the clock are one line each way', () => {
    log.disk.full(12, 'reserve');
    log.disk.hasRoomAgain(80);
    log.calendar.leapt(31 * 24 * 60 * MINUTE_MS);
    log.calendar.settled(false);
    log.expired(7);
    expect(lines()).toMatchObject([
      { freeMib: 12, why: 'reserve' },
      { freeMib: 80 },
      { hours: 744 },
      { believed: false },
      { envelopes: 7 },
    ]);
  });
});

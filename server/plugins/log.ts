import type { FastifyBaseLogger, FastifyServerOptions } from 'fastify';
import type { Config } from '../config/config.ts';
import type { Clock } from '../ports.ts';
import type { RelayLog } from '../relay/relay.ts';
import { traceOf } from './errors.ts';
import { minuteSummary } from './log-summary.ts';

/** All that a line may hold beside its time, level, sentence and the running number of a request. What a library adds under another name is dropped, as it may be anything. */
const FIELDS = new Set([
  ...['version', 'schema', 'address', 'settings', 'signal', 'error', 'at', 'route', 'envelopes'],
  ...['rate', 'refused', 'commits', 'slowestMs', 'freeMib', 'why', 'hours', 'believed'],
]);

// Above it a submit waits long enough to be felt, and so does everybody who has nothing to do with it.
const SLOW_COMMIT_MS = 250;

// A person who tries too often is no news; a flood is.
const FLOOD = 100;

const HOUR_MS = 3_600_000;

type LoggerOptions = Exclude<FastifyServerOptions['logger'], boolean | undefined>;

function withoutErrors(fields: object): object {
  const { err, ...rest } = fields as { err?: unknown };
  return err === undefined ? rest : { ...rest, ...traceOf(err) };
}

/** JSON lines that name nobody: fields by the list above, and of an error where it came from and no word of what it says. */
export function logOptions(level: Config['logLevel']): LoggerOptions {
  return {
    level,
    // Standard output is for the answer of a command, and `serve` answers too.
    stream: process.stderr,
    base: null,
    formatters: { log: (fields) => Object.fromEntries(Object.entries(fields).filter(([name]) => FIELDS.has(name))) },
    hooks: {
      logMethod(args, method) {
        const [first, sentence] = args as unknown[];
        if (typeof first === 'string') return method.apply(this, [first]);
        const fields = first instanceof Error ? traceOf(first) : withoutErrors(Object(first) as object);
        return method.apply(this, [fields, typeof sentence === 'string' ? sentence : 'something failed']);
      },
    },
  };
}

export type OperatorLog = RelayLog & { flush(): void };

/** What the relay has to say to whoever runs it. What may come thick and fast is said once a minute, as a sum. */
export function operatorLog(log: FastifyBaseLogger, clock: Clock, ended: () => void = () => undefined): OperatorLog {
  const floods = minuteSummary(clock, (rate, { times }) => {
    log[times < FLOOD ? 'info' : 'warn']({ rate, refused: times }, 'a rate limit refused requests within the last minute');
  });
  const slow = minuteSummary(clock, (_, { times, largest }) => {
    log.warn({ commits: times, slowestMs: Math.round(largest) }, 'commits were slow within the last minute');
  });
  return {
    failed: (error) => log.error(traceOf(error), 'work behind the routes failed'),
    lost(error) {
      log.fatal(traceOf(error), 'the store has ended by itself');
      ended();
    },
    expired: (envelopes) => log.info({ envelopes }, 'envelopes expired'),
    committed(tookMs) {
      if (tookMs > SLOW_COMMIT_MS) slow.note('commit', tookMs);
    },
    limited: (rate) => floods.note(rate, 1),
    disk: {
      full: (freeMib, why) => log.warn({ freeMib, why }, 'the disk has no room: submits are refused, what waits can be fetched'),
      hasRoomAgain: (freeMib) => log.warn({ freeMib }, 'the disk has room again'),
    },
    calendar: {
      leapt: (byMs) =>
        log.warn({ hours: Math.round(byMs / HOUR_MS) }, 'the clock leapt: envelopes are kept longer until it has stood a day'),
      settled: (believed) => log.warn({ believed }, believed ? 'the clock has stood a day and is believed' : 'the clock is back'),
    },
    flush() {
      floods.flush();
      slow.flush();
    },
  };
}

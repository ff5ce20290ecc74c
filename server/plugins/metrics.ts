import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { RATES } from '../config/rates.ts';
import { ERROR_CODES } from '../protocol/errors.ts';
import type { Counts } from '../relay/counts.ts';
import { RELAY_VERSION } from '../version.ts';

/** Looked up when somebody asks, not counted. */
export type Readings = {
  sockets(): number;
  waiting(): Promise<{ envelopes: number; bytes: number }>;
  diskFreeBytes(): number;
  ready(): Promise<boolean>;
  /** Milliseconds since 1970; undefined without TLS of its own. */
  certificateExpiresAt(): number | undefined;
};

/** Labels hold words of closed sets alone: a type, a code, a route's template. Nothing here can tell a person, an address or an id. */
export function openMetrics() {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });

  function counter(name: string, help: string): Counter {
    return new Counter({ name: `sottovoce_${name}`, help, registers });
  }
  function counterBy<Word extends string>(name: string, label: string, help: string, words: readonly Word[]): (word: Word) => void {
    const all = new Counter({ name: `sottovoce_${name}`, help, labelNames: [label], registers });
    // There from the start at 0, so that a first event is seen as a rise.
    const each = new Map(words.map((word) => [word, all.labels(word)]));
    for (const one of each.values()) one.inc(0);
    return (word) => each.get(word)?.inc();
  }
  function reading(name: string, help: string, read: () => number | undefined | Promise<number>): void {
    new Gauge({
      name: `sottovoce_${name}`,
      help,
      registers,
      async collect() {
        const value = await read();
        if (value !== undefined) this.set(value);
      },
    });
  }

  new Gauge({ name: 'sottovoce_info', help: 'Which version runs.', labelNames: ['version'], registers }).labels(RELAY_VERSION).set(1);
  const received = counterBy('frames_received_total', 'type', 'Frames from devices.', ['hello', 'submit', 'ack', 'signal', 'ping']);
  const submits = counterBy('submits_total', 'outcome', 'Submits by answer.', ['accepted', ...ERROR_CODES]);
  const limited = counterBy('rate_limited_total', 'rate', 'Refusals by rate limit.', Object.keys(RATES));
  const certificates = counterBy('tls_loads_total', 'outcome', 'Certificates put in place or not.', ['loaded', 'kept']);
  const delivered = counter('envelopes_delivered_total', 'Envelopes sent to a device, repeats included.');
  const acknowledged = counter('envelopes_acknowledged_total', 'Delivered envelopes that a device acknowledged.');
  const expired = counter('envelopes_expired_total', 'Envelopes dropped after thirty days.');
  const requests = new Counter({
    name: 'sottovoce_requests_total',
    help: 'Requests by template of their route and status.',
    labelNames: ['route', 'status'],
    registers,
  });
  const commitSubmits = new Histogram({
    name: 'sottovoce_commit_submits',
    help: 'Submits in one transaction.',
    buckets: [1, 3, 10, 30, 100, 300, 1_000],
    registers,
  });
  const commitSeconds = new Histogram({
    name: 'sottovoce_commit_seconds',
    help: 'How long a transaction of submits took.',
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
    registers,
  });

  const counts: Counts = {
    frameReceived: received,
    frameSent(frame) {
      if (frame.type === 'deliver') delivered.inc();
      else if (frame.type === 'accepted') submits('accepted');
      else if (frame.type === 'refused') submits(frame.code);
    },
    acknowledged: (envelopes) => acknowledged.inc(envelopes),
    committed(count, tookMs) {
      commitSubmits.observe(count);
      commitSeconds.observe(tookMs / 1_000);
    },
    limited,
    expired: (envelopes) => expired.inc(envelopes),
  };

  return {
    counts,
    certificate: certificates,
    /** `route` is a template such as /v1/login, never a path that somebody typed. */
    request: (route: string, status: number) => requests.labels(route, String(status)).inc(),
    watch(readings: Readings): void {
      reading('sockets', 'Devices connected now.', readings.sockets);
      reading(
        'waiting_envelopes',
        'Envelopes in mailboxes, counted at most once a minute.',
        async () => (await readings.waiting()).envelopes,
      );
      reading('waiting_bytes', 'Their size, counted at most once a minute.', async () => (await readings.waiting()).bytes);
      reading('disk_free_bytes', 'Free on the disk of the data folder.', readings.diskFreeBytes);
      reading('ready', '1 when /readyz says yes.', async () => Number(await readings.ready()));
      reading('tls_certificate_expires_seconds', 'When the served certificate ends, since 1970.', () => {
        const at = readings.certificateExpiresAt();
        return at === undefined ? undefined : at / 1_000;
      });
    },
    contentType: registry.contentType,
    text: () => registry.metrics(),
  };
}

export type Metrics = ReturnType<typeof openMetrics>;

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ERROR_CODES } from '../../server/protocol/errors.ts';
import { pathOf, RELAY_INFO_PATH, ROUTES, type Route, SOCKET_PATH } from '../../server/protocol/http.ts';
import { RATES } from '../../server/config/rates.ts';
import { type BusyRelay, busyRelay } from '../support/busy-relay.ts';
import { startRelay } from '../support/relay.ts';

const OPERATE = join(import.meta.dirname, '..', '..', 'docs', 'operate');
const SAMPLE = /^(\w+)(?:\{(.*)\})? (\S+)$/;

type Sample = { name: string; labels: Record<string, string>; value: number };

let busy: BusyRelay;
let port: number;
let text: string;
let samples: Sample[];

function parse(scraped: string): Sample[] {
  return scraped
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, name = '', labels = '', value = ''] = SAMPLE.exec(line) ?? [];
      const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, label, word]) => [label ?? '', word ?? ''] as const);
      return { name, labels: Object.fromEntries(pairs), value: Number(value) };
    });
}

function sampleOf(name: string, labels: Record<string, string> = {}): number | undefined {
  return samples.find((one) => one.name === name && Object.entries(labels).every(([label, word]) => one.labels[label] === word))?.value;
}

const scrape = (): Promise<Response> => fetch(`http://127.0.0.1:${port}/metrics`);

beforeAll(async () => {
  const holder = createServer().listen(0, '127.0.0.1');
  await once(holder, 'listening');
  ({ port } = holder.address() as AddressInfo);
  holder.close();
  await once(holder, 'close');
  busy = await busyRelay({ SOTTOVOCE_METRICS_PORT: String(port) });
  const response = await scrape();
  expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  text = await response.text();
  samples = parse(text);
}, 60_000);
afterAll(() => busy.close());

describe('metrics', () => {
  it('R35: count what happened', () => {
    expect(sampleOf('sottovoce_submits_total', { outcome: 'accepted' })).toBeGreaterThan(4);
    expect(sampleOf('sottovoce_envelopes_delivered_total')).toBeGreaterThan(4);
    expect(sampleOf('sottovoce_envelopes_acknowledged_total')).toBeGreaterThan(4);
    expect(sampleOf('sottovoce_commit_seconds_count')).toBeGreaterThan(4);
    expect(sampleOf('sottovoce_commit_submits_sum')).toBe(
      samples.filter(({ name }) => name === 'sottovoce_submits_total').reduce((sum, { value }) => sum + value, 0),
    );
    expect(sampleOf('sottovoce_rate_limited_total', { rate: 'addressRegistration' })).toBe(10);
    expect(sampleOf('sottovoce_requests_total', { route: '/v1/registration/create', status: '200' })).toBe(2);
    expect(sampleOf('sottovoce_requests_total', { route: '/v1/account/me', status: '401' })).toBe(1);
    expect(sampleOf('sottovoce_requests_total', { route: '/v1/login', status: '200' })).toBeGreaterThanOrEqual(2);
    // One more where the relay has not noticed yet that the stranger's is gone.
    expect([2, 3]).toContain(sampleOf('sottovoce_sockets'));
    expect(sampleOf('sottovoce_ready')).toBe(1);
    for (const name of ['sottovoce_disk_free_bytes', 'process_resident_memory_bytes', 'nodejs_eventloop_lag_p99_seconds'])
      expect(sampleOf(name), name).toBeGreaterThan(0);
    expect(sampleOf('sottovoce_waiting_envelopes')).toBeGreaterThanOrEqual(0);
  });

  it('R35: no label tells a person, an address or an id: all of their words are known beforehand', () => {
    const routes = [
      ...(Object.keys(ROUTES) as Route[]).map(pathOf),
      RELAY_INFO_PATH,
      SOCKET_PATH,
      '/healthz',
      '/readyz',
      '/*',
      '/',
      'none',
    ];
    const known: Record<string, readonly string[] | RegExp> = {
      outcome: ['accepted', ...ERROR_CODES, 'loaded', 'kept'],
      type: ['hello', 'submit', 'ack', 'signal', 'ping'],
      rate: Object.keys(RATES),
      route: routes,
      status: /^[1-5]\d\d$/,
      le: /^(?:[\d.]+|\+Inf)$/,
      version: /^v?\d+\.\d+\.\d+$/,
      ...{ major: /^\d+$/, minor: /^\d+$/, patch: /^\d+$/, kind: /^[a-z]+$/, space: /^[a-z_]+$/ },
    };
    for (const { name, labels } of samples) {
      for (const [label, word] of Object.entries(labels)) {
        if (label === 'type' && name.startsWith('nodejs_active_')) {
          expect(word).toMatch(/^[A-Za-z]+$/);
          continue;
        }
        const words = known[label];
        expect(words instanceof RegExp ? words.test(word) : words?.includes(word), `${name} ${label}="${word}"`).toBe(true);
      }
    }
    expect(busy.told.shownIn(text)).toEqual([]);
    expect(busy.addresses.filter((address) => text.includes(address))).toEqual([]);
  });

  it('R35: are on their own port alone, and nothing else is there', async () => {
    expect((await fetch(`${busy.relay.origin}/metrics`)).status).toBe(404);
    for (const path of ['/', '/healthz', '/metrics/more', '/v1/relay'])
      expect((await fetch(`http://127.0.0.1:${port}${path}`)).status).toBe(404);
    expect((await fetch(`http://127.0.0.1:${port}/metrics`, { method: 'POST' })).status).toBe(404);
    await expect(startRelay({ env: { SOTTOVOCE_METRICS_PORT: String(port) } })).rejects.toThrow(
      /ended with 1: The port is taken[^\n]*SOTTOVOCE_METRICS_PORT\.\n$/,
    );
  });

  it('R35: every query of the dashboard and every alert names metrics that exist', () => {
    const names = new Set(samples.map(({ name }) => name));
    const dashboard = JSON.parse(readFileSync(join(OPERATE, 'grafana.json'), 'utf8')) as { panels: { targets?: { expr: string }[] }[] };
    const queries = dashboard.panels.flatMap(({ targets }) => (targets ?? []).map(({ expr }) => expr));
    const alerts = [...readFileSync(join(OPERATE, 'alerts.yml'), 'utf8').matchAll(/^ +expr: (.+)$/gm)].map(([, expr]) => expr ?? '');
    expect(queries.length).toBeGreaterThan(10);
    expect(alerts.length).toBeGreaterThan(3);
    for (const query of [...queries, ...alerts]) {
      const used = query.match(/\b(?:sottovoce|nodejs|process)_\w+/g) ?? [];
      expect(used.length, query).toBeGreaterThan(0);
      // Without TLS of its own there is no certificate to tell of.
      for (const name of used)
        expect(names.has(name) || name === 'sottovoce_tls_certificate_expires_seconds', `${name} in ${query}`).toBe(true);
    }
  });
});

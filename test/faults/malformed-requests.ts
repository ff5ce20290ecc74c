import { strict as assert } from 'node:assert';
import { connect, type Socket } from 'node:net';
import { ERROR_CODES } from '../../server/protocol/errors.ts';
import { pathOf, ROUTES, type Route, SOCKET_PATH } from '../../server/protocol/http.ts';
import type { Chance } from '../fuzz/chance.ts';
import { MAX_REQUEST_BYTES } from '../../server/protocol/limits.ts';
import { nextInput } from '../fuzz/mutate.ts';
import { nextJson } from '../fuzz/mutate-json.ts';
import { login, type RelayDevice } from '../support/relay-device.ts';
import { REQUEST_BODIES } from '../support/request-bodies.ts';

const REQUESTS_OF_ONE_CONNECTION = 32;
const CONNECTIONS_OF_ONE_TOKEN = 200;
const PATIENCE_MS = 30_000;

const ROUTE_NAMES = Object.keys(ROUTES) as Route[];

function requestBytes(route: Route, token: string, body: Uint8Array): Uint8Array {
  const head = `POST ${pathOf(route)} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${token}\r\ncontent-type: application/json\r\n`;
  return Buffer.concat([Buffer.from(`${head}content-length: ${body.length}\r\n\r\n`), body]);
}

/** Everything that comes until the relay closes, or until `enough` of it says so. */
function conversation(port: number, source: string, talk: (socket: Socket) => void, enough: (answer: string) => boolean): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, localAddress: source });
    const chunks: Buffer[] = [];
    socket.setTimeout(PATIENCE_MS, () =>
      socket.destroy(
        new Error(`no end within ${PATIENCE_MS / 1_000} s, so far ${JSON.stringify(Buffer.concat(chunks).toString('latin1').slice(-400))}`),
      ),
    );
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      if (enough(Buffer.concat(chunks).toString('latin1'))) socket.destroy();
    });
    // What is sent after the relay has turned away breaks the pipe: that is its answer.
    socket.on('error', (error: NodeJS.ErrnoException) => (error.code === undefined ? reject(error) : undefined));
    socket.on('close', () => resolve(Buffer.concat(chunks).toString('latin1')));
    talk(socket);
  });
}

const statusesOf = (answer: string): number[] => [...answer.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));

/** Every answer is a grant or a refusal with a code of the table; none is a fault of the relay's own. (503: a page that was not built.) */
function check(answer: string, what: string): void {
  for (const status of statusesOf(answer)) assert.ok(status < 500 || status === 503, `${status} to ${what}`);
  for (const [, code] of answer.matchAll(/"error":\{"code":"(\w+)"/g))
    assert.ok(ERROR_CODES.some((known) => known === code) && code !== 'internal', what);
}

type Attack = { chance: Chance; origin: string; port: number; source: string; device: RelayDevice };

/** What is no JSON, or JSON that means mischief, or too long, the relay answers and then ends the connection: nothing is sent behind it. */
function endsConnection(body: Uint8Array): boolean {
  const text = Buffer.from(body).toString('utf8');
  if (body.length > MAX_REQUEST_BYTES || /__proto__|constructor/.test(text)) return true;
  try {
    JSON.parse(text);
    return false;
  } catch {
    return true;
  }
}

/** Bodies that are spoilt, in requests that are not: many on one connection, each when the one before is answered. Only those count that were answered. */
export async function spoiltBodies({ chance, origin, port, source, device }: Attack, take: (count?: number) => boolean): Promise<void> {
  let token = '';
  let left = true;
  for (let connections = 0; left; connections++) {
    if (connections % CONNECTIONS_OF_ONE_TOKEN === 0) token = await login(origin, device);
    const batch: Uint8Array[] = [];
    for (let last = false; !last && batch.length < REQUESTS_OF_ONE_CONNECTION; ) {
      const route = chance.pick(ROUTE_NAMES);
      const body = nextJson(chance, [REQUEST_BODIES[route]]);
      batch.push(requestBytes(route, token, body));
      last = endsConnection(body);
    }
    let sent = 0;
    let sendNext = (): void => undefined;
    const answer = await conversation(
      port,
      source,
      (socket) => {
        sendNext = () => void socket.write(batch[sent++] ?? '');
        sendNext();
      },
      (soFar) => {
        const answered = statusesOf(soFar).length;
        if (answered === sent && sent < batch.length) sendNext();
        return answered === batch.length;
      },
    );
    const last = Buffer.from(batch[sent - 1] ?? [])
      .toString('latin1')
      .slice(-2_000);
    check(answer, last);
    const answered = statusesOf(answer).length;
    assert.ok(answered > 0, `no answer to ${last}`);
    left = take(answered);
  }
}

function maskedFrame(chance: Chance, payload: Uint8Array): Buffer {
  const mask = chance.bytes(4);
  const head = Buffer.from([0x82, 0x80 | payload.length, ...mask]);
  return Buffer.concat([head, payload.map((byte, i) => byte ^ (mask[i % 4] as number))]);
}

function rawSamples(chance: Chance, token: string): Uint8Array<ArrayBuffer>[] {
  const key = Buffer.from(chance.bytes(16)).toString('base64');
  const upgrade = `GET ${SOCKET_PATH} HTTP/1.1\r\nhost: localhost\r\nconnection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: ${key}\r\n\r\n`;
  const chunked = `POST /v1/registration/check HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n10\r\n{"invite":"AAAAA\r\n3\r\n"} \r\n0\r\n\r\n`;
  const frames = Buffer.concat([
    maskedFrame(chance, Uint8Array.of(1, 5, 0, 0, 0, 7)),
    Buffer.from([0x89, 0x80, 1, 2, 3, 4, 0x88, 0x80, 1, 2, 3, 4]),
  ]);
  const samples = [
    Buffer.from(upgrade),
    Buffer.concat([Buffer.from(upgrade), frames]),
    Buffer.concat([Buffer.from(upgrade), maskedFrame(chance, chance.bytes(100)), frames]),
    Buffer.from(chunked),
    Buffer.from(chunked.repeat(3)),
    requestBytes('account/me', token, Buffer.from('{}')),
    Buffer.from('GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: keep-alive\r\nexpect: 100-continue\r\n\r\n'),
    Buffer.from('GET / HTTP/1.1\r\nhost: localhost\r\naccept-encoding: br, gzip\r\nrange: bytes=0-10\r\nif-none-match: "x"\r\n\r\n'),
  ];
  return samples.map((sample) => new Uint8Array(sample));
}

/** Bytes that were a request, an upgrade or frames of WebSocket before they were spoilt: one connection each, closed by the relay or answered. */
export async function spoiltBytes({ chance, origin, port, source, device }: Attack, take: () => boolean): Promise<void> {
  let samples: Uint8Array<ArrayBuffer>[] = [];
  for (let connections = 0; take(); connections++) {
    if (connections % (CONNECTIONS_OF_ONE_TOKEN * 10) === 0) samples = rawSamples(chance, await login(origin, device));
    const bytes = nextInput(chance, samples);
    const answer = await conversation(
      port,
      source,
      // Our half ends with the bytes, so that a length which promises more does not hold the connection.
      (socket) => socket.end(bytes),
      () => false,
    ).catch((error: Error) => {
      throw new Error(`${error.message} to ${JSON.stringify(Buffer.from(bytes).toString('latin1'))}`);
    });
    check(answer, Buffer.from(bytes).toString('latin1'));
  }
}

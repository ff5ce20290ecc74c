import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { selfSigned } from '../support/certificate.ts';
import { openRaw, requestText, UPGRADE } from '../support/raw-connection.ts';
import { addressOf } from '../support/relay-device.ts';
import { type LocalRelay, localRelay } from '../support/relay-in-process.ts';
import { connect } from '../support/relay-socket.ts';

let local: LocalRelay;
const folder = mkdtempSync(join(tmpdir(), 'sottovoce-pipelining-'));
afterEach(() => local.close());
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Everything it heard until it was ended; what it says next leaves as soon as it has said the last. */
function heardUntilEnd(socket: Socket, say: (socket: Socket) => void): Promise<string> {
  return new Promise((resolve) => {
    let heard = '';
    socket.setEncoding('latin1').on('data', (text: string) => {
      heard += text;
    });
    socket.on('error', () => undefined);
    socket.once('close', () => resolve(heard));
    say(socket);
  });
}

const answersIn = (heard: string): number => heard.split('HTTP/1.1 ').length - 1;

describe('a body in crumbs', () => {
  const head = 'POST /v1/groups/append HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n';

  it('R55: is not read, whatever the path', async () => {
    local = await localRelay();
    const crumbs = '1\r\na\r\n'.repeat(5_000);
    for (const start of [head, head.replace('/v1/groups/append', '/x')]) {
      const connection = await openRaw(local.origin);
      connection.write(`${start}transfer-encoding: chunked\r\n\r\n${crumbs}`);
      await connection.closed;
      expect(answersIn(connection.rest().toString('latin1'))).toBe(0);
    }
  });

  it('R55: a body whose length nobody said is refused, and its connection ended', async () => {
    local = await localRelay();
    const connection = await openRaw(local.origin);
    connection.write(`${head}transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n`);
    expect(await connection.answer()).toMatchObject({ status: 400 });
    await connection.closed;
  });

  it('R55: a body in packets is taken, and counts for nothing in the next turn', async () => {
    local = await localRelay();
    const connection = await openRaw(local.origin);
    for (let count = 0; count < 20; count++) {
      connection.write(requestText({ headers: Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`x-${index}`, 'y'])) }));
      expect((await connection.answer()).status).toBe(200);
    }
    connection.close();
  });
});

describe('a connection that does not wait for answers', () => {
  it('R55: is ended, and a thousand requests in one go are not answered', async () => {
    local = await localRelay();
    for (const path of ['/healthz', '/v1/relay', '/x']) {
      const connection = await openRaw(local.origin);
      connection.write(requestText({ path }).repeat(1_000));
      await connection.closed;
      expect(answersIn(connection.rest().toString('latin1'))).toBeLessThanOrEqual(2);
    }
    const next = await openRaw(local.origin);
    next.write(requestText({}));
    expect((await next.answer()).status).toBe(200);
    next.close();
  });

  it.each([
    ['a record of its own', /[\s\S]+/g],
    ['its end in two records', /[\s\S]+\r\n\r|\n/g],
  ])('R55: over TLS the same, also when every request has %s', async (_what, records) => {
    const paths = { tlsCert: join(folder, 'cert.pem'), tlsKey: join(folder, 'key.pem') };
    const { cert, key } = selfSigned(['localhost']);
    writeFileSync(paths.tlsCert, cert);
    writeFileSync(paths.tlsKey, key);
    local = await localRelay({ config: paths });
    const port = Number(new URL(local.origin).port);
    const heard = await heardUntilEnd(connectTls({ port, host: '127.0.0.1', servername: 'localhost', ca: cert }), (socket) => {
      socket.once('secureConnect', () => {
        socket.cork();
        for (let count = 0; count < 1_000; count++) for (const record of requestText({}).match(records) ?? []) socket.write(record);
        socket.uncork();
      });
    });
    expect(answersIn(heard)).toBeLessThan(20);
  });

  it('R55: who asks again when he has an answer goes on, in as many pieces as he likes', async () => {
    local = await localRelay();
    const connection = await openRaw(local.origin);
    for (let count = 0; count < 50; count++) {
      for (const piece of requestText({}).match(/[\s\S]{1,20}/g) ?? []) connection.write(piece);
      expect((await connection.answer()).status).toBe(200);
    }
    connection.close();
  });

  it('R55: two at once are answered both', async () => {
    local = await localRelay();
    const connection = await openRaw(local.origin);
    connection.write(requestText({}).repeat(2));
    for (let count = 0; count < 2; count++) expect((await connection.answer()).status).toBe(200);
    connection.close();
  });
});

it('R55: a frame may hold any bytes', async () => {
  local = await localRelay({ members: 2 });
  const [from, to] = local.members;
  if (!from || !to) throw new Error('two members');
  const sender = await connect(local.origin, from.token);
  await sender.expect('drained');
  const body = new Uint8Array(Buffer.from('\r\n\r\n'.repeat(512)));
  sender.send({ type: 'submit', requestId: 1, envelopeId: new Uint8Array(16), recipients: [addressOf(to.device)], body });
  await sender.expect('accepted');
  const reader = await connect(local.origin, to.token);
  expect((await reader.expect('deliver')).body).toEqual(body);
});

it('R55: heads in what follows a refused upgrade are counted', async () => {
  local = await localRelay();
  const socket = connectTcp(Number(new URL(local.origin).port), '127.0.0.1');
  const heard = await heardUntilEnd(socket, () =>
    socket.write(requestText({ path: '/v1/else', headers: UPGRADE }) + requestText({}).repeat(1_000)),
  );
  expect(answersIn(heard)).toBeLessThanOrEqual(2);
});

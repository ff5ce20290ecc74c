import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RATES } from '../../server/config/rates.ts';
import { localRelay, type LocalRelay } from '../support/relay-in-process.ts';

let local: LocalRelay;
beforeAll(async () => {
  local = await localRelay({ config: { rateFactor: 1 } });
});
afterAll(() => local.close());

/** What comes until the relay closes the connection, which it must do by itself. */
async function answerTo(line: string): Promise<string> {
  const socket = connect(Number(new URL(local.origin).port), '127.0.0.1');
  let answer = '';
  socket.on('data', (chunk) => {
    answer += String(chunk);
    // A connection that stays HTTP stays open for the next request; one that left HTTP must be closed.
    if (answer.includes('connection: keep-alive') || answer.includes('Connection: keep-alive')) socket.end();
  });
  const upgrade = 'connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: zoL20NapcxSvwZKInr7J7Q==';
  socket.write(`${line} HTTP/1.1\r\nhost: localhost\r\n${upgrade}\r\n\r\n`);
  await once(socket, 'close');
  return answer;
}

describe('requests that ask for an upgrade', () => {
  it.each([
    ['GET /healthz', 400, '{"error":{"code":"bad_request"}}'],
    ['GET /nothing', 400, '{"error":{"code":"bad_request"}}'],
    ['GET /v1/%zz', 400, '{"error":{"code":"bad_request"}}'],
    ['POST /v1/socket', 404, '{"error":{"code":"not_found"}}'],
  ])('R54: %s is refused, and leaves no connection behind', async (line, status, body) => {
    const answer = await answerTo(line);
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(answer.endsWith(body)).toBe(true);
  });

  it('R28: one that is refused for its rate leaves no connection behind', async () => {
    const { burst } = RATES.addressRequest;
    const limited = async (): Promise<boolean> => (await fetch(`${local.origin}/v1/relay`)).status === 429;
    for (let i = 0; i < 2 * burst && !(await limited()); i++);
    expect(await answerTo('GET /v1/socket')).toMatch(/^HTTP\/1\.1 429 /);
  });
});

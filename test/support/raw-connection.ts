import { connect } from 'node:net';

export type RawAnswer = { status: number; headers: Map<string, string>; body: string };

/** A TCP connection that says exactly what it is told, for peers that are no browser and no client of ours. */
export type RawConnection = {
  write(data: string | Uint8Array): void;
  /** The next answer in HTTP; rejects when the connection ends first. */
  answer(): Promise<RawAnswer>;
  /** Everything heard after the answers read so far. */
  rest(): Buffer;
  /** Resolves when so many bytes are in `rest`, or the connection has ended. */
  heard(bytes: number): Promise<Buffer>;
  /** Stops and goes on reading. */
  pause(): void;
  resume(): void;
  closed: Promise<void>;
  isClosed(): boolean;
  close(): void;
};

export async function openRaw(origin: string): Promise<RawConnection> {
  const stream = connect(Number(new URL(origin).port), '127.0.0.1');
  let rest = Buffer.alloc(0);
  let ended = false;
  let listeners: (() => void)[] = [];
  const changed = (): void => {
    const now = listeners;
    listeners = [];
    for (const listener of now) listener();
  };
  stream.on('data', (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    changed();
  });
  // How a connection ends (a reset, a close) is of no interest, only that it does.
  stream.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => {
    stream.once('close', () => {
      ended = true;
      resolve();
      changed();
    });
  });
  await new Promise<void>((resolve) => {
    stream.once('connect', resolve);
    stream.once('close', resolve);
  });

  async function until<T>(look: () => T | undefined): Promise<T> {
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      if (ended) throw new Error(`the connection ended after ${JSON.stringify(rest.toString('latin1').slice(0, 200))}`);
      await new Promise<void>((resolve) => listeners.push(resolve));
    }
  }

  function wholeAnswer(): RawAnswer | undefined {
    const end = rest.indexOf('\r\n\r\n');
    if (end < 0) return undefined;
    const [first = '', ...lines] = rest.subarray(0, end).toString('latin1').split('\r\n');
    const headers = new Map(
      lines.map((line) => {
        const colon = line.indexOf(':');
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
      }),
    );
    const from = end + 4;
    const to = from + Number(headers.get('content-length') ?? 0);
    if (rest.length < to) return undefined;
    const body = rest.subarray(from, to).toString('utf8');
    rest = rest.subarray(to);
    return { status: Number(first.split(' ')[1]), headers, body };
  }

  return {
    write: (data) => void stream.write(data),
    answer: () => until(wholeAnswer),
    rest: () => rest,
    async heard(bytes) {
      await until(() => (rest.length >= bytes || ended ? true : undefined));
      return rest;
    },
    pause: () => void stream.pause(),
    resume: () => void stream.resume(),
    closed,
    isClosed: () => ended,
    close: () => void stream.destroy(),
  };
}

type Head = { method?: string; path?: string; headers?: Record<string, string>; body?: string };

/** A request as bytes; a Host stands in it unless it is given as another. */
export function requestText({ method = 'GET', path = '/healthz', headers = {}, body = '' }: Head): string {
  const all: Record<string, string> = { host: 'localhost', ...headers };
  if (body !== '') all['content-length'] ??= String(Buffer.byteLength(body));
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`;
}

export const UPGRADE = {
  connection: 'upgrade',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
};

/** One request on a connection of its own. */
export async function ask(origin: string, head: Head): Promise<RawAnswer> {
  const connection = await openRaw(origin);
  connection.write(requestText(head));
  const answer = await connection.answer();
  connection.close();
  return answer;
}

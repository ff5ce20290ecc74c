import { WebSocket } from 'ws';
import { type ClientFrame, encodeFrame, parseRelayFrame, type RelayFrame } from '../../server/protocol/frames.ts';
import { SOCKET_PATH } from '../../server/protocol/http.ts';
import { PROTOCOL_MAX, PROTOCOL_MIN } from '../../server/protocol/version.ts';

type FrameOf<Type extends RelayFrame['type']> = Extract<RelayFrame, { type: Type }>;

export type RelaySocket = {
  raw: WebSocket;
  send(frame: ClientFrame): void;
  /** The next frame, whatever it is. Rejects when the socket closes first. */
  next(): Promise<RelayFrame>;
  /** The next frame, which must be of that type. */
  expect<Type extends RelayFrame['type']>(type: Type): Promise<FrameOf<Type>>;
  /** Every frame from now on goes to this function instead. */
  listen(handle: (frame: RelayFrame) => void): void;
  /** Frames that arrived and were not asked for yet. */
  pending(): readonly RelayFrame[];
  closed: Promise<number>;
  close(): Promise<void>;
};

/** A socket that has said nothing yet. `localAddress`: where it comes from, as a relay bounds the sockets of one address. */
export async function openSocket(origin: string, localAddress?: string): Promise<RelaySocket> {
  const from = localAddress === undefined ? {} : { localAddress };
  const raw = new WebSocket(`${origin.replace(/^http/, 'ws')}${SOCKET_PATH}`, { perMessageDeflate: false, ...from });
  raw.binaryType = 'arraybuffer';
  const arrived: RelayFrame[] = [];
  const waiters: { resolve(frame: RelayFrame): void; reject(error: Error): void }[] = [];
  let handler: ((frame: RelayFrame) => void) | undefined;
  raw.on('message', (data) => {
    const frame = parseRelayFrame(new Uint8Array(data as ArrayBuffer));
    if (handler) return handler(frame);
    const waiter = waiters.shift();
    if (waiter) waiter.resolve(frame);
    else arrived.push(frame);
  });
  const closed = new Promise<number>((resolve) => {
    raw.on('close', (code) => {
      for (const waiter of waiters.splice(0)) waiter.reject(new Error(`closed with ${code}`));
      resolve(code);
    });
  });
  await new Promise<void>((resolve, reject) => {
    raw.once('open', resolve);
    raw.once('error', reject);
  });
  raw.on('error', () => undefined);

  function next(): Promise<RelayFrame> {
    const frame = arrived.shift();
    if (frame) return Promise.resolve(frame);
    if (raw.readyState === WebSocket.CLOSED) return Promise.reject(new Error('closed'));
    return new Promise((resolve, reject) => waiters.push({ resolve, reject }));
  }

  return {
    raw,
    send: (frame) => raw.send(encodeFrame(frame)),
    next,
    async expect(type) {
      const frame = await next();
      if (frame.type !== type) throw new Error(`expected ${type}, got ${JSON.stringify({ ...frame, body: undefined })}`);
      return frame as FrameOf<typeof type>;
    },
    listen(handle) {
      handler = handle;
      for (const frame of arrived.splice(0)) handle(frame);
    },
    pending: () => arrived,
    closed,
    async close() {
      raw.close();
      await closed;
    },
  };
}

/** A socket that was welcomed. What waits for the device has not been read from it yet. */
export async function connect(
  origin: string,
  token: string,
  localAddress?: string,
): Promise<RelaySocket & { welcome: FrameOf<'welcome'> }> {
  const socket = await openSocket(origin, localAddress);
  socket.send({ type: 'hello', protocolMin: PROTOCOL_MIN, protocolMax: PROTOCOL_MAX, token });
  return { ...socket, welcome: await socket.expect('welcome') };
}

import { openRaw, type RawConnection, requestText, UPGRADE } from './raw-connection.ts';

export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

type Shape = { opcode?: number; fin?: boolean; reserved?: number; masked?: boolean };

/** A frame of RFC 6455 §5.2 as it would never be made by a library. */
export function webSocketFrame(
  payload: Uint8Array,
  { opcode = OPCODE.binary, fin = true, reserved = 0, masked = true }: Shape = {},
): Buffer {
  const { length } = payload;
  const first = (fin ? 0x80 : 0) | (reserved << 4) | opcode;
  const mask = masked ? 0x80 : 0;
  const size = length < 126 ? [mask | length] : length < 65_536 ? [mask | 126, length >> 8, length & 255] : [mask | 127, ...size64(length)];
  // A mask of zeros leaves the payload as it is.
  return Buffer.concat([Buffer.from([first, ...size, ...(masked ? [0, 0, 0, 0] : [])]), payload]);
}

function size64(length: number): number[] {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(length));
  return [...bytes];
}

export type RawWebSocket = RawConnection & {
  /** The code of the relay's close frame; 1006 when the connection ended without one. Other frames before it are passed over. */
  closeCode(): Promise<number>;
  extensions: string | undefined;
};

export async function openRawWebSocket(origin: string, headers: Record<string, string> = {}): Promise<RawWebSocket> {
  const connection = await openRaw(origin);
  connection.write(requestText({ path: '/v1/socket', headers: { ...UPGRADE, ...headers } }));
  const { status, headers: answered } = await connection.answer();
  if (status !== 101) throw new Error(`no socket: ${status}`);

  function closeCodeIn(heard: Buffer): number | undefined {
    for (let at = 0; at + 2 <= heard.length; ) {
      const short = (heard[at + 1] ?? 0) & 127;
      const front = short === 126 ? 4 : short === 127 ? 10 : 2;
      const length = short === 126 ? heard.readUInt16BE(at + 2) : short === 127 ? Number(heard.readBigUInt64BE(at + 2)) : short;
      if (((heard[at] ?? 0) & 15) === OPCODE.close && heard.length >= at + front + 2) return heard.readUInt16BE(at + front);
      at += front + length;
    }
    return undefined;
  }

  return {
    ...connection,
    extensions: answered.get('sec-websocket-extensions'),
    async closeCode() {
      for (let length = 1; ; length = connection.rest().length + 1) {
        const code = closeCodeIn(await connection.heard(length));
        if (code !== undefined) return code;
        if (connection.isClosed()) return closeCodeIn(connection.rest()) ?? 1006;
      }
    },
  };
}

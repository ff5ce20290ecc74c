/** As much of MQTT 3.1.1 (OASIS, 2014) as a client with QoS 1 and a persistent session needs. Integers big-endian; numbers in brackets are sections. */

export const MQTT = { connect: 1, connack: 2, publish: 3, puback: 4, subscribe: 8, suback: 9, disconnect: 14 } as const;

export type Packet = { type: number; flags: number; body: Buffer };
export type Publish = { topic: string; packetId: number; payload: Buffer };

const MAX_REMAINING_LENGTH_BYTES = 4;

// No ping is sent, so the server is told not to wait for one (3.1.2.10).
const KEEP_ALIVE_OFF = 0;

/** Seven bits a byte, the lowest first (2.2.3). */
function remainingLength(length: number): number[] {
  const bytes: number[] = [];
  let left = length;
  do {
    const more = left >= 128;
    bytes.push((left % 128) + (more ? 128 : 0));
    left = Math.floor(left / 128);
  } while (left > 0);
  return bytes;
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'utf8');
  return Buffer.concat([uint16(bytes.length), bytes]);
}

function uint16(value: number): Buffer {
  return Buffer.of(value >> 8, value & 0xff);
}

function packet(type: number, flags: number, ...parts: Uint8Array[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([Buffer.of((type << 4) | flags, ...remainingLength(length)), ...parts]);
}

/** Clean session 0: the subscription and what waits outlive the connection (3.1.2.4). */
export function connectPacket(clientId: string): Buffer {
  return packet(MQTT.connect, 0, text('MQTT'), Buffer.of(4, 0), uint16(KEEP_ALIVE_OFF), text(clientId));
}

export function subscribePacket(packetId: number, topic: string): Buffer {
  return packet(MQTT.subscribe, 2, uint16(packetId), text(topic), Buffer.of(1));
}

const QOS_1 = 2;

export function publishPacket({ topic, packetId, payload }: Publish): Buffer {
  return packet(MQTT.publish, QOS_1, text(topic), uint16(packetId), payload);
}

export function pubackPacket(packetId: number): Buffer {
  return packet(MQTT.puback, 0, uint16(packetId));
}

export function disconnectPacket(): Buffer {
  return packet(MQTT.disconnect, 0);
}

export function parsePublish({ flags, body }: Packet): Publish {
  const end = 2 + body.readUInt16BE(0);
  if ((flags & 6) !== QOS_1) throw new Error('a message with another quality of service than 1');
  return { topic: body.toString('utf8', 2, end), packetId: body.readUInt16BE(end), payload: body.subarray(end + 2) };
}

/** Hands over whole packets, whatever pieces the bytes come in. */
export function packetReader(take: (packet: Packet) => void): (chunk: Buffer) => void {
  let held: Buffer = Buffer.alloc(0);
  return (chunk) => {
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    for (let next = front(held); next; next = front(held)) {
      held = held.subarray(next.end);
      take(next.packet);
    }
  };
}

function front(bytes: Buffer): { packet: Packet; end: number } | undefined {
  let length = 0;
  for (let at = 1; at < bytes.length; at++) {
    const byte = bytes[at] as number;
    length += (byte & 127) * 128 ** (at - 1);
    if (byte < 128) {
      const [from, end] = [at + 1, at + 1 + length];
      if (bytes.length < end) return undefined;
      const head = bytes[0] as number;
      return { packet: { type: head >> 4, flags: head & 15, body: bytes.subarray(from, end) }, end };
    }
    if (at === MAX_REMAINING_LENGTH_BYTES) throw new Error('a packet whose length does not end');
  }
  return undefined;
}

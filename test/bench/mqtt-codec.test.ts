import { expect, test } from 'vitest';
import {
  connectPacket,
  MQTT,
  type Packet,
  packetReader,
  parsePublish,
  pubackPacket,
  publishPacket,
  subscribePacket,
} from '../../bench/relay/mqtt-codec.ts';

function readAll(bytes: Buffer, pieceBytes: number): Packet[] {
  const packets: Packet[] = [];
  const read = packetReader((packet) => packets.push({ ...packet, body: Buffer.from(packet.body) }));
  for (let at = 0; at < bytes.length; at += pieceBytes) read(bytes.subarray(at, at + pieceBytes));
  return packets;
}

test('packets are those of MQTT 3.1.1: connect keeps the session, subscribe and publish ask for QoS 1', () => {
  expect(connectPacket('a').toString('hex')).toBe('100d00044d515454040000000001' + '61');
  expect(subscribePacket(1, 'a/b').toString('hex')).toBe('82080001' + '0003612f62' + '01');
  expect(publishPacket({ topic: 'a', packetId: 258, payload: Buffer.from('hi') }).toString('hex')).toBe('3207000161' + '0102' + '6869');
  expect(pubackPacket(65_535).toString('hex')).toBe('4002ffff');
});

test.each([1, 2, 7, 2_000, 100_000])(
  'packets come out whole from pieces of %i bytes, lengths of one, two and three bytes among them',
  (pieceBytes) => {
    const payloads = [0, 1, 123, 124, 2_048, 16_379, 20_000].map((length) => Buffer.alloc(length, length & 0xff));
    const bytes = Buffer.concat(
      payloads.flatMap((payload, index) => [publishPacket({ topic: 't', packetId: index + 1, payload }), pubackPacket(index)]),
    );
    const packets = readAll(bytes, pieceBytes);
    expect(packets.map(({ type }) => type)).toEqual(payloads.flatMap(() => [MQTT.publish, MQTT.puback]));
    const publishes = packets.filter(({ type }) => type === MQTT.publish).map(parsePublish);
    expect(
      publishes.map(({ payload }) => payload.equals(payloads[publishes.findIndex((one) => one.payload === payload)] as Buffer)),
    ).not.toContain(false);
    expect(publishes.map(({ packetId }) => packetId)).toEqual(payloads.map((_, index) => index + 1));
  },
);

test('a length that does not end, and a message of another quality of service, end the run', () => {
  expect(() => readAll(Buffer.of(0x30, 0xff, 0xff, 0xff, 0xff, 0x01), 6)).toThrow('does not end');
  expect(() => parsePublish({ type: MQTT.publish, flags: 0, body: Buffer.of(0, 1, 97, 0, 1) })).toThrow('quality of service');
});

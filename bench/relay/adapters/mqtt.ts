/** MQTT 3.1.1, QoS 1 both ways, persistent sessions: every device subscribes to a topic of its own. */
import { connect as connectTcp } from 'node:net';
import { type Adapter, corkedUntilTick, type Events, type Link, localAddressOf, type Target } from '../adapter.ts';
import {
  connectPacket,
  disconnectPacket,
  MQTT,
  packetReader,
  parsePublish,
  pubackPacket,
  publishPacket,
  subscribePacket,
} from '../mqtt-codec.ts';

const SUBSCRIBE_ID = 1;
const FIRST_PUBLISH_ID = 2;
const MAX_PACKET_ID = 0xffff;

const topicOf = (device: number): string => `to/${device}`;
const NOBODY: Events = { delivered: () => undefined, accepted: () => undefined, failed: () => undefined };

async function open({ port }: Target, device: number, subscribes: boolean, on: Events): Promise<Link<string>> {
  const socket = connectTcp({ host: '127.0.0.1', port, localAddress: localAddressOf(device), noDelay: true });
  const cork = corkedUntilTick(socket);
  let packetId = FIRST_PUBLISH_ID;
  let closing = false;
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  const send = (bytes: Buffer): void => {
    cork();
    socket.write(bytes);
  };
  await new Promise<void>((resolve, reject) => {
    const fail = (error: Error): void => {
      reject(error);
      on.failed(error);
    };
    const read = packetReader((packet) => {
      switch (packet.type) {
        case MQTT.publish: {
          const publish = parsePublish(packet);
          on.delivered(publish.payload);
          return send(pubackPacket(publish.packetId));
        }
        case MQTT.puback:
          return on.accepted();
        case MQTT.connack:
          if (packet.body[1] !== 0) return fail(new Error(`the server refused a connection with ${packet.body[1]}`));
          return subscribes ? send(subscribePacket(SUBSCRIBE_ID, topicOf(device))) : resolve();
        case MQTT.suback:
          return packet.body[2] === 1 ? resolve() : fail(new Error('the server did not grant QoS 1'));
      }
    });
    socket.on('data', read);
    socket.on('error', fail);
    socket.on('close', () => {
      if (!closing) fail(new Error('the server closed a connection'));
    });
    socket.on('connect', () => send(connectPacket(`device-${device}`)));
  });
  return {
    send(topic, payload) {
      send(publishPacket({ topic, packetId, payload }));
      packetId = packetId === MAX_PACKET_ID ? FIRST_PUBLISH_ID : packetId + 1;
    },
    close() {
      closing = true;
      socket.end(disconnectPacket());
      return closed;
    },
  };
}

export function mqtt(target: Target): Adapter<string> {
  return {
    /** The subscription is part of the session, and the session stays when the connection goes. */
    async signUp(device) {
      await (await open(target, device, true, NOBODY)).close();
      return topicOf(device);
    },
    logIn: async () => undefined,
    connect: (device, on) => open(target, device, false, on),
    route: ([address = '']) => address,
  };
}

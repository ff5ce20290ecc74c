/** Our relay: real accounts, real logins, the wire of docs/protocol.md, without the parts a device would do for itself (cryptography). */
import { randomFillSync } from 'node:crypto';
import { fromBase64url, uint64 } from '../../../server/protocol/bytes.ts';
import { FRAME_TYPE } from '../../../server/protocol/frame-layout.ts';
import { encodeFrame } from '../../../server/protocol/frames.ts';
import { SOCKET_PATH } from '../../../server/protocol/http.ts';
import { SUBMIT_RECIPIENT_BYTES } from '../../../server/protocol/limits.ts';
import { FRAME_VERSION, PROTOCOL_MAX, PROTOCOL_MIN } from '../../../server/protocol/version.ts';
import { login, type RelayDevice, register } from '../../../test/support/relay-device.ts';
import type { Adapter, Events, Link, Target } from '../adapter.ts';
import { acknowledger } from './acknowledge.ts';
import { openWebSocket } from './web-socket.ts';

const ENVELOPE_ID_BYTES = 16;
const SUBMIT_FRONT_BYTES = 1 + 1 + 4 + ENVELOPE_ID_BYTES;
const DELIVER_SEQUENCE_AT = 2;
const DELIVER_BODY_AT = 2 + 8 + ENVELOPE_ID_BYTES + 8;

const ids = Buffer.alloc(ENVELOPE_ID_BYTES * 4_096);
let idAt = ids.length;

/** Envelope ids are random, and the relay's index of them feels it; one call for many. */
function copyFreshId(to: Buffer, at: number): void {
  if (idAt === ids.length) {
    randomFillSync(ids);
    idAt = 0;
  }
  ids.copy(to, at, idAt, idAt + ENVELOPE_ID_BYTES);
  idAt += ENVELOPE_ID_BYTES;
}

function submitFrame(requestId: number, recipients: Buffer, body: Buffer): Buffer {
  const frame = Buffer.allocUnsafe(SUBMIT_FRONT_BYTES + recipients.length + body.length);
  frame[0] = FRAME_VERSION;
  frame[1] = FRAME_TYPE.submit;
  frame.writeUInt32BE(requestId, 2);
  copyFreshId(frame, 6);
  recipients.copy(frame, SUBMIT_FRONT_BYTES);
  body.copy(frame, SUBMIT_FRONT_BYTES + recipients.length);
  return frame;
}

function ackFrame(sequence: number): Buffer {
  return Buffer.concat([Uint8Array.of(FRAME_VERSION, FRAME_TYPE.ack), uint64(sequence)]);
}

/** Count and recipients as they stand in a submit frame, without delivery tokens. */
function recipientBytes(addresses: readonly string[]): Buffer {
  const out = Buffer.alloc(2 + addresses.length * SUBMIT_RECIPIENT_BYTES);
  out.writeUInt16BE(addresses.length, 0);
  addresses.forEach((address, index) => {
    const [accountId = '', deviceId] = address.split('.');
    const at = 2 + index * SUBMIT_RECIPIENT_BYTES;
    out.set(fromBase64url(accountId), at);
    out.writeUInt32BE(Number(deviceId), at + 32);
    out.writeUInt32BE(1, at + 36);
  });
  return out;
}

export function ours({ port, origin = '' }: Target): Adapter<Buffer> {
  const devices = new Map<number, RelayDevice>();
  const tokens = new Map<number, string>();

  function deviceOf(device: number): RelayDevice {
    const found = devices.get(device);
    if (!found) throw new Error(`device ${device} has not signed up`);
    return found;
  }

  async function connect(device: number, on: Events): Promise<Link<Buffer>> {
    let requestId = 0;
    let welcomed = (): void => undefined;
    const welcome = new Promise<void>((resolve) => {
      welcomed = resolve;
    });
    const acknowledge = acknowledger((sequence) => socket.send(ackFrame(sequence)));
    const socket = await openWebSocket(`ws://127.0.0.1:${port}${SOCKET_PATH}`, device, {
      failed: on.failed,
      message(frame) {
        switch (frame[1]) {
          case FRAME_TYPE.deliver:
            on.delivered(frame.subarray(DELIVER_BODY_AT));
            return acknowledge(Number(frame.readBigUInt64BE(DELIVER_SEQUENCE_AT)));
          case FRAME_TYPE.accepted:
            return on.accepted();
          case FRAME_TYPE.welcome:
            return welcomed();
          case FRAME_TYPE.refused:
            return on.failed(new Error(`the relay refused a submit with code byte ${frame[6]}`));
        }
      },
    });
    const token = tokens.get(device) ?? '';
    socket.send(Buffer.from(encodeFrame({ type: 'hello', protocolMin: PROTOCOL_MIN, protocolMax: PROTOCOL_MAX, token })));
    await welcome;
    return {
      send(to, body) {
        requestId = (requestId + 1) >>> 0;
        socket.send(submitFrame(requestId, to, body));
      },
      close: socket.close,
    };
  }

  return {
    async signUp(device, invite) {
      const made = await register(origin, invite, `bench_${device}`, []);
      devices.set(device, made);
      return `${made.accountId}.${made.deviceId}`;
    },
    async logIn(device) {
      tokens.set(device, await login(origin, deviceOf(device)));
    },
    connect,
    route: recipientBytes,
  };
}

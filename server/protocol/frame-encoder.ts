import { ascii, type Bytes, concat, fromBase64url, uint16, uint32, uint64 } from './bytes.ts';
import { ERRORS, ProtocolError } from './errors.ts';
import { type AcceptedFrame, type ClientFrame, type DeliverFrame, FRAME_TYPE, type Recipient, type RelayFrame } from './frame-layout.ts';
import { ACCOUNT_ID_BYTES, DELIVERY_TOKEN_BYTES, ENVELOPE_ID_BYTES } from './ids.ts';
import { RECIPIENT_BYTES, SUBMIT_RECIPIENT_BYTES } from './limits.ts';
import { FRAME_VERSION } from './version.ts';

const FRONT_BYTES = 2;

function front(type: number): Bytes {
  return Uint8Array.of(FRAME_VERSION, type);
}

function accountBytes(accountId: string): Bytes {
  const bytes = fromBase64url(accountId);
  if (bytes.length !== ACCOUNT_ID_BYTES) throw new ProtocolError('bad_request');
  return bytes;
}

/** In a submit, where an entry is longer, a recipient's token follows, or zeros. */
function encodeRecipients(recipients: readonly Recipient[], entryBytes: number): Bytes {
  const out = new Uint8Array(2 + recipients.length * entryBytes);
  out.set(uint16(recipients.length));
  recipients.forEach((recipient, index) => {
    const at = 2 + index * entryBytes;
    const { deliveryToken } = recipient;
    out.set(accountBytes(recipient.accountId), at);
    out.set(uint32(recipient.deviceId), at + ACCOUNT_ID_BYTES);
    out.set(uint32(recipient.listVersion), at + ACCOUNT_ID_BYTES + 4);
    if (deliveryToken === undefined) return;
    if (deliveryToken.length !== DELIVERY_TOKEN_BYTES || entryBytes !== SUBMIT_RECIPIENT_BYTES) throw new ProtocolError('bad_request');
    out.set(deliveryToken, at + RECIPIENT_BYTES);
  });
  return out;
}

/** A frame of fixed fields and perhaps an envelope, in one allocation: the relay makes one of these two for every envelope. */
function fixed(type: number, fieldBytes: number, body?: Uint8Array): { out: Bytes; view: DataView } {
  const out = new Uint8Array(FRONT_BYTES + fieldBytes + (body?.length ?? 0));
  out[0] = FRAME_VERSION;
  out[1] = type;
  if (body) out.set(body, FRONT_BYTES + fieldBytes);
  return { out, view: new DataView(out.buffer, FRONT_BYTES) };
}

function encodeAccepted({ requestId }: AcceptedFrame): Bytes {
  const { out, view } = fixed(FRAME_TYPE.accepted, 4);
  view.setUint32(0, requestId);
  return out;
}

function encodeDeliver({ sequence, envelopeId, storedAt, body }: DeliverFrame): Bytes {
  const { out, view } = fixed(FRAME_TYPE.deliver, 8 + ENVELOPE_ID_BYTES + 8, body);
  view.setBigUint64(0, BigInt(sequence));
  out.set(envelopeId, FRONT_BYTES + 8);
  view.setBigUint64(8 + ENVELOPE_ID_BYTES, BigInt(storedAt));
  return out;
}

export function encodeFrame(frame: ClientFrame | RelayFrame): Bytes {
  switch (frame.type) {
    case 'hello': {
      const token = ascii(frame.token);
      return concat(front(FRAME_TYPE.hello), uint16(frame.protocolMin), uint16(frame.protocolMax), uint16(token.length), token);
    }
    case 'submit':
      return concat(
        front(FRAME_TYPE.submit),
        uint32(frame.requestId),
        frame.envelopeId,
        encodeRecipients(frame.recipients, SUBMIT_RECIPIENT_BYTES),
        frame.body,
      );
    case 'ack':
      return concat(front(FRAME_TYPE.ack), uint64(frame.sequence));
    case 'signal':
      if ('recipients' in frame) return concat(front(FRAME_TYPE.signal), encodeRecipients(frame.recipients, RECIPIENT_BYTES), frame.body);
      return concat(front(FRAME_TYPE.relayedSignal), frame.body);
    case 'ping':
      return concat(front(FRAME_TYPE.ping), uint32(frame.value));
    case 'welcome':
      return concat(
        front(FRAME_TYPE.welcome),
        uint16(frame.protocol),
        uint64(frame.acknowledged),
        uint32(frame.waiting),
        uint64(frame.time),
      );
    case 'accepted':
      return encodeAccepted(frame);
    case 'refused':
      return concat(
        front(FRAME_TYPE.refused),
        uint32(frame.requestId),
        Uint8Array.of(ERRORS[frame.code].byte),
        uint32(frame.retryAfterMs),
        uint16(frame.accounts.length),
        ...frame.accounts.map(accountBytes),
      );
    case 'deliver':
      return encodeDeliver(frame);
    case 'drained':
      return concat(front(FRAME_TYPE.drained), uint64(frame.sequence));
    case 'pong':
      return concat(front(FRAME_TYPE.pong), uint32(frame.value));
  }
}

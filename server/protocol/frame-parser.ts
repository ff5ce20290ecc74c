import { type Bytes, fromAscii, toBase64url } from './bytes.ts';
import { isEnvelopeSize } from './envelope.ts';
import { errorCodeOfByte, ProtocolError } from './errors.ts';
import { type ClientFrame, FRAME_TYPE, type Recipient, type RelayFrame } from './frame-layout.ts';
import { ACCOUNT_ID_BYTES, DELIVERY_TOKEN_BYTES, ENVELOPE_ID_BYTES } from './ids.ts';
import { MAX_DEVICE_ID, MAX_FRAME_BYTES, MAX_SUBMIT_RECIPIENTS, MAX_TOKEN_BYTES } from './limits.ts';
import { FRAME_VERSION } from './version.ts';

function refuseFrame(): never {
  throw new ProtocolError('bad_frame');
}

/** Reads forward, never past the end, and insists at the end that nothing is left over. */
function reader(bytes: Bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  function advance(length: number): number {
    const from = at;
    if (bytes.length - from < length) refuseFrame();
    at = from + length;
    return from;
  }
  function uint64(): number {
    const value = view.getBigUint64(advance(8));
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) refuseFrame();
    return Number(value);
  }
  function take(length: number): Bytes {
    const from = advance(length);
    return bytes.subarray(from, from + length);
  }
  function envelope(): Bytes {
    if (!isEnvelopeSize(bytes.length - at)) refuseFrame();
    return take(bytes.length - at);
  }
  function end<Frame>(frame: Frame): Frame {
    if (at !== bytes.length) refuseFrame();
    return frame;
  }
  return {
    uint8: () => view.getUint8(advance(1)),
    uint16: () => view.getUint16(advance(2)),
    uint32: () => view.getUint32(advance(4)),
    uint64,
    take,
    envelope,
    end,
  };
}

type Reader = ReturnType<typeof reader>;

function open(bytes: Bytes): { type: number; read: Reader } {
  if (bytes.length > MAX_FRAME_BYTES) throw new ProtocolError('too_large');
  const read = reader(bytes);
  if (read.uint8() !== FRAME_VERSION) throw new ProtocolError('unsupported_version');
  return { type: read.uint8(), read };
}

/** Undefined: zeros, which no account gives out. */
function tokenOf(read: Reader): Bytes | undefined {
  const token = read.take(DELIVERY_TOKEN_BYTES);
  return token.some((byte) => byte !== 0) ? token : undefined;
}

function recipientsOf(read: Reader, withTokens: boolean): Recipient[] {
  const count = read.uint16();
  if (count < 1 || count > MAX_SUBMIT_RECIPIENTS) refuseFrame();
  const recipients: Recipient[] = [];
  const seen = new Set<string>();
  for (let i = 0; i < count; i++) {
    const accountId = toBase64url(read.take(ACCOUNT_ID_BYTES));
    const deviceId = read.uint32();
    if (deviceId < 1 || deviceId > MAX_DEVICE_ID) refuseFrame();
    seen.add(`${accountId}.${deviceId}`);
    const recipient: Recipient = { accountId, deviceId, listVersion: read.uint32() };
    const deliveryToken = withTokens ? tokenOf(read) : undefined;
    recipients.push(deliveryToken ? { ...recipient, deliveryToken } : recipient);
  }
  if (seen.size !== count) refuseFrame();
  return recipients;
}

export function parseClientFrame(bytes: Bytes): ClientFrame {
  const { type, read } = open(bytes);
  switch (type) {
    case FRAME_TYPE.hello: {
      const protocolMin = read.uint16();
      const protocolMax = read.uint16();
      const tokenLength = read.uint16();
      if (tokenLength > MAX_TOKEN_BYTES) refuseFrame();
      return read.end({ type: 'hello', protocolMin, protocolMax, token: fromAscii(read.take(tokenLength)) });
    }
    case FRAME_TYPE.submit: {
      const requestId = read.uint32();
      const envelopeId = read.take(ENVELOPE_ID_BYTES);
      const recipients = recipientsOf(read, true);
      return { type: 'submit', requestId, envelopeId, recipients, body: read.envelope() };
    }
    case FRAME_TYPE.ack:
      return read.end({ type: 'ack', sequence: read.uint64() });
    case FRAME_TYPE.signal: {
      const recipients = recipientsOf(read, false);
      return { type: 'signal', recipients, body: read.envelope() };
    }
    case FRAME_TYPE.ping:
      return read.end({ type: 'ping', value: read.uint32() });
    default:
      return refuseFrame();
  }
}

function refusalOf(read: Reader): RelayFrame {
  const requestId = read.uint32();
  const code = errorCodeOfByte(read.uint8()) ?? refuseFrame();
  const retryAfterMs = read.uint32();
  const count = read.uint16();
  if (count > MAX_SUBMIT_RECIPIENTS) refuseFrame();
  const accounts: string[] = [];
  for (let i = 0; i < count; i++) accounts.push(toBase64url(read.take(ACCOUNT_ID_BYTES)));
  return read.end({ type: 'refused', requestId, code, retryAfterMs, accounts });
}

export function parseRelayFrame(bytes: Bytes): RelayFrame {
  const { type, read } = open(bytes);
  switch (type) {
    case FRAME_TYPE.welcome:
      return read.end({
        type: 'welcome',
        protocol: read.uint16(),
        acknowledged: read.uint64(),
        waiting: read.uint32(),
        time: read.uint64(),
      });
    case FRAME_TYPE.accepted:
      return read.end({ type: 'accepted', requestId: read.uint32() });
    case FRAME_TYPE.refused:
      return refusalOf(read);
    case FRAME_TYPE.deliver: {
      const sequence = read.uint64();
      const envelopeId = read.take(ENVELOPE_ID_BYTES);
      return { type: 'deliver', sequence, envelopeId, storedAt: read.uint64(), body: read.envelope() };
    }
    case FRAME_TYPE.relayedSignal:
      return { type: 'signal', body: read.envelope() };
    case FRAME_TYPE.drained:
      return read.end({ type: 'drained', sequence: read.uint64() });
    case FRAME_TYPE.pong:
      return read.end({ type: 'pong', value: read.uint32() });
    default:
      return refuseFrame();
  }
}

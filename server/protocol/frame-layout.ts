/** The socket's language: one binary message is one frame; byte 0 the frame version, byte 1 the type, integers big-endian. */
import type { Bytes } from './bytes.ts';
import type { ErrorCode } from './errors.ts';

export const FRAME_TYPE = {
  hello: 0x01,
  submit: 0x02,
  ack: 0x03,
  signal: 0x04,
  ping: 0x05,
  welcome: 0x81,
  accepted: 0x82,
  refused: 0x83,
  deliver: 0x84,
  relayedSignal: 0x85,
  drained: 0x86,
  pong: 0x87,
} as const;

export type Recipient = {
  accountId: string;
  deviceId: number /** The sender's copy of that account's device list. */;
  listVersion: number;
  /** 16 bytes that the account gave to its contacts; in a submit, where the sender has them. */
  deliveryToken?: Uint8Array | undefined;
};

export type HelloFrame = { type: 'hello'; protocolMin: number; protocolMax: number; token: string };
export type SubmitFrame = { type: 'submit'; requestId: number; envelopeId: Uint8Array; recipients: Recipient[]; body: Uint8Array };
/** Cumulative: everything delivered up to `sequence` may be deleted. */
export type AckFrame = { type: 'ack'; sequence: number };
/** Ephemeral: never stored, only for devices connected now, without an answer. */
export type SignalFrame = { type: 'signal'; recipients: Recipient[]; body: Uint8Array };
export type PingFrame = { type: 'ping'; value: number };
export type ClientFrame = HelloFrame | SubmitFrame | AckFrame | SignalFrame | PingFrame;

/** `acknowledged`: the highest sequence this device has acknowledged; `waiting`: envelopes in its mailbox; `time`: the relay's clock, ms. */
export type WelcomeFrame = { type: 'welcome'; protocol: number; acknowledged: number; waiting: number; time: number };
/** On disk for every recipient. */
export type AcceptedFrame = { type: 'accepted'; requestId: number };
export type RefusedFrame = { type: 'refused'; requestId: number; code: ErrorCode; retryAfterMs: number; accounts: string[] };
/** `storedAt` in ms, a whole hour: the relay keeps no finer time. */
export type DeliverFrame = { type: 'deliver'; sequence: number; envelopeId: Bytes; storedAt: number; body: Bytes };
export type RelayedSignalFrame = { type: 'signal'; body: Bytes };
/** Everything that waited at connect, or since the socket fell behind, has been delivered; `sequence` is the last of it. */
export type DrainedFrame = { type: 'drained'; sequence: number };
export type PongFrame = { type: 'pong'; value: number };
export type RelayFrame = WelcomeFrame | AcceptedFrame | RefusedFrame | DeliverFrame | RelayedSignalFrame | DrainedFrame | PongFrame;

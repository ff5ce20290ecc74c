/** The door to frames: their layout, one encoder, one parser a side. */
export { encodeFrame } from './frame-encoder.ts';
export type * from './frame-layout.ts';
export { parseClientFrame, parseRelayFrame } from './frame-parser.ts';

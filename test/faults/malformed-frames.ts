import { strict as assert } from 'node:assert';
import type { Bytes } from '../../server/protocol/bytes.ts';
import { closeCodeOf, ProtocolError } from '../../server/protocol/errors.ts';
import { type ClientFrame, encodeFrame, parseClientFrame } from '../../server/protocol/frames.ts';
import { PROTOCOL_MAX, PROTOCOL_MIN } from '../../server/protocol/version.ts';
import type { Chance } from '../fuzz/chance.ts';
import { nextInput } from '../fuzz/mutate.ts';
import { addressOf, login, type RelayDevice } from '../support/relay-device.ts';
import { connect, openSocket } from '../support/relay-socket.ts';

const BAD_FRAME = 4400;
const BAD_TOKEN = 4401;
const OTHER_VERSION = 4426;
const GOES_ON = 0;

// Before the welcome the relay hears 16 KiB with their framing (R56), and ends what says more without a word.
const HEARD_BEFORE_WELCOME_BYTES = 16_000;
const CUT_OFF = 1006;

// After so many that the relay bears, one comes that it must not.
const FRAMES_OF_ONE_SOCKET = 200;
const SOCKETS_OF_ONE_TOKEN = 1_000;

type Attack = { chance: Chance; origin: string; local: string; source: string; device: RelayDevice; sink: RelayDevice };

function samplesOf(chance: Chance, token: string, sink: RelayDevice): Bytes[] {
  const [recipients, body] = [[addressOf(sink)], new Uint8Array(2_048)];
  const frames: ClientFrame[] = [
    { type: 'hello', protocolMin: PROTOCOL_MIN, protocolMax: PROTOCOL_MAX, token },
    { type: 'submit', requestId: 1, envelopeId: chance.bytes(16), recipients, body },
    { type: 'signal', recipients, body },
    { type: 'ack', sequence: 0 },
    { type: 'ping', value: 7 },
  ];
  return frames.map(encodeFrame);
}

/** Some bytes become others where they mean something, and nothing moves: most of these the relay bears, and has to answer. */
function tame(chance: Chance, samples: readonly Bytes[]): Bytes {
  // Neither hello nor ack, of which any other but the right one is the end.
  const frame = chance.pick([samples[1], samples[2], samples[4], samples[4]] as Bytes[]).slice();
  for (let changes = 1 + chance.below(3); changes > 0; changes--)
    frame[2 + chance.below(Math.min(frame.length, 70) - 2)] = chance.below(256);
  return frame;
}

/** What R1 and R2 make of a frame: the code that ends the socket, or none. Nothing ever waits for this device, so any `ack` but of 0 is false. */
function endOf(bytes: Bytes, welcomed: boolean, token: string): number {
  try {
    const frame = parseClientFrame(bytes);
    if (welcomed) return frame.type === 'hello' || (frame.type === 'ack' && frame.sequence > 0) ? BAD_FRAME : GOES_ON;
    if (frame.type !== 'hello') return BAD_FRAME;
    const protocol = Math.min(frame.protocolMax, PROTOCOL_MAX);
    if (protocol < frame.protocolMin || protocol < PROTOCOL_MIN) return OTHER_VERSION;
    return frame.token === token ? GOES_ON : BAD_TOKEN;
  } catch (error) {
    if (error instanceof ProtocolError) return closeCodeOf(error.code) as number;
    throw error;
  }
}

/** Socket after socket of frames that are spoilt, each up to the first that must end it, and it must end it with the right code. */
export async function spoiltFrames({ chance, origin, local, source, device, sink }: Attack, take: () => boolean): Promise<void> {
  let token = '';
  let samples: Bytes[] = [];
  for (let sockets = 0; take(); sockets++) {
    if (sockets % SOCKETS_OF_ONE_TOKEN === 0) {
      token = await login(origin, device);
      samples = samplesOf(chance, token, sink);
    }
    // One in eight spoils its first frame already; then there is no second.
    const welcomed = !chance.one(8);
    const socket = welcomed ? await connect(local, token, source) : await openSocket(local, source);
    socket.listen(() => undefined);
    for (let sent = 1; ; sent++) {
      const bytes = welcomed && !chance.one(40) && sent < FRAMES_OF_ONE_SOCKET ? tame(chance, samples) : nextInput(chance, samples);
      const code = endOf(bytes, welcomed, token);
      socket.raw.send(bytes);
      if (code !== GOES_ON) {
        const got = await socket.closed;
        const cutOff = got === CUT_OFF && !welcomed && bytes.length > HEARD_BEFORE_WELCOME_BYTES;
        assert.equal(cutOff ? code : got, code, `the end after ${Buffer.from(bytes).toString('hex').slice(0, 400)}`);
      }
      if (code !== GOES_ON || !welcomed || !take()) break;
    }
    socket.raw.terminate();
  }
}

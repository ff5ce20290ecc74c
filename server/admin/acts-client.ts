import { request } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import * as v from 'valibot';
import { ACTS, type Act, ActRefused, type ActAnswer, type ActBody, NO_ROOM_STATUS, refusalSchema } from './acts.ts';

// Fifty thousand accounts are some 8 MB.
const MAX_ANSWER_BYTES = 256 * 1_048_576;

// A relay answers within milliseconds, and under the heaviest load within one second.
const ANSWER_WITHIN_MS = 5_000;

/** Its message is one sentence for whoever typed. */
export class RelayHangs extends Error {
  constructor() {
    super('The relay does not answer. Restart it.');
  }
}

type Reply = { status: number; text: string };
type Question = { method: 'GET' | 'POST'; path: string; body: string; signal: AbortSignal };

function send(socketPath: string, { method, path, body, signal }: Question): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const asked = request({ socketPath, path, method, headers, agent: false, signal }, (response) => {
      const parts: Buffer[] = [];
      let size = 0;
      response.on('data', (part: Buffer) => {
        size += part.length;
        if (size > MAX_ANSWER_BYTES) response.destroy(new Error('The answer is too long.'));
        parts.push(part);
      });
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(parts).toString('utf8') }));
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

/** Whatever is said is an answer, also that there is nothing at this path. Throws RelayHangs when nothing is. */
async function knock(socketPath: string): Promise<void> {
  const signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
  try {
    await send(socketPath, { method: 'GET', path: '/', body: '', signal });
  } catch (error) {
    throw signal.aborted ? new RelayHangs() : error;
  }
}

/** What takes long in a relay that lives is waited for. Throws RelayHangs once it answers nothing else either. */
async function untilHung(socketPath: string, over: AbortSignal): Promise<never> {
  for (;;) {
    await setTimeout(ANSWER_WITHIN_MS, undefined, { signal: over });
    await knock(socketPath).catch((error: unknown) => {
      // Anything else the question itself meets.
      if (error instanceof RelayHangs) throw error;
    });
  }
}

/** `withinMs`: for whoever can do without the answer. */
async function sendAct(socketPath: string, act: Act, body: string, withinMs: number | undefined): Promise<Reply> {
  // First, so that a relay that hangs does not do later what was given up.
  await knock(socketPath);
  const over = new AbortController();
  const late = withinMs === undefined ? undefined : AbortSignal.timeout(withinMs);
  const signal = AbortSignal.any([over.signal, ...(late ? [late] : [])]);
  try {
    return await Promise.race([send(socketPath, { method: 'POST', path: `/${act}`, body, signal }), untilHung(socketPath, over.signal)]);
  } catch (error) {
    throw late?.aborted ? new RelayHangs() : error;
  } finally {
    over.abort();
  }
}

/** Nobody listens there: no relay runs, or the socket is what a killed one left behind. */
function isAbsent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ECONNREFUSED');
}

/** Undefined when no relay answers at that path. Throws ActRefused, RelayHangs, or an error whose message is a sentence. */
export async function askRelay<A extends Act>(
  path: string,
  act: A,
  body: ActBody<A>,
  withinMs?: number,
): Promise<ActAnswer<A> | undefined> {
  let reply: Reply;
  try {
    reply = await sendAct(path, act, JSON.stringify(body), withinMs);
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
  if (reply.status === 409) throw new ActRefused(v.parse(refusalSchema, JSON.parse(reply.text)).refusal);
  if (reply.status === NO_ROOM_STATUS) throw new Error("the disk of the relay's data is full or fails. Make room and try again.");
  if (reply.status === 500) throw new Error('the running relay could not do it; its log says where.');
  if (reply.status !== 200) throw new Error('the running relay does not understand it, as another version does; restart it with this one.');
  return v.parse(ACTS[act].answer, JSON.parse(reply.text)) as ActAnswer<A>;
}

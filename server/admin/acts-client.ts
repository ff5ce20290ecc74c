import { request } from 'node:http';
import * as v from 'valibot';
import { ACTS, type Act, ActRefused, type ActAnswer, type ActBody, refusalSchema } from './acts.ts';

// Fifty thousand accounts are some 8 MB.
const MAX_ANSWER_BYTES = 256 * 1_048_576;

type Reply = { status: number; text: string };

function send(path: string, act: Act, body: string): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const asked = request({ socketPath: path, path: `/${act}`, method: 'POST', headers, agent: false }, (response) => {
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

/** Nobody listens there: no relay runs, or the socket is what a killed one left behind. */
function isAbsent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ECONNREFUSED');
}

/** Undefined when no relay answers at that path. Throws ActRefused, or an error whose message is a sentence. */
export async function askRelay<A extends Act>(path: string, act: A, body: ActBody<A>): Promise<ActAnswer<A> | undefined> {
  let reply: Reply;
  try {
    reply = await send(path, act, JSON.stringify(body));
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
  if (reply.status === 409) throw new ActRefused(v.parse(refusalSchema, JSON.parse(reply.text)).refusal);
  if (reply.status !== 200) {
    throw new Error(
      reply.status === 500
        ? 'the running relay could not do it; its log says where.'
        : 'the running relay does not understand it, as another version does; restart it with this one.',
    );
  }
  return v.parse(ACTS[act].answer, JSON.parse(reply.text)) as ActAnswer<A>;
}

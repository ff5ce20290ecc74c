// A program's stand-in: it hands what was typed to the test's process and says what that answers.
import { request } from 'node:http';
import { json } from 'node:stream/consumers';

export type Answer = { code: number; said: string };

const [, , socketPath = '', ...typed] = process.argv;
request({ socketPath, method: 'POST' }, async (response) => {
  const { code, said } = (await json(response)) as Answer;
  (code === 0 ? process.stdout : process.stderr).write(said);
  process.exitCode = code;
}).end(JSON.stringify(typed));

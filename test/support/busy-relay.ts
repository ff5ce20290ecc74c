import { randomBytes } from 'node:crypto';
import { PROTOCOL_MAX, PROTOCOL_MIN } from '../../server/protocol/version.ts';
import { acquaint, type Person, peopleAt } from './engine-person.ts';
import { post, postRaw } from './relay-device.ts';
import { openSocket } from './relay-socket.ts';
import { type RunningRelay, startRelay } from './relay.ts';
import { overheardRelay, type ToldValues, toldValues } from './told-values.ts';

/** From the documentation's own ranges, which nobody has. */
const STRANGERS = ['203.0.113.77', '2001:db8:7:7::1'];
const OWN_ADDRESSES = ['127.0.0.1', '::1', '::ffff:127'];

export type BusyRelay = { relay: RunningRelay; people: Person[]; told: ToldValues; addresses: string[]; close(): Promise<void> };

const unique = (front: string): string => `${front}_${randomBytes(4).toString('hex')}`;

/** Whatever a stranger may try: each in the hope that what he says is written down. */
async function misbehave(origin: string, name: string, told: ToldValues): Promise<void> {
  const token = `${name}.wrong.${unique('token')}`;
  told.add(token);
  await post(origin, 'account/me', {}, token);
  for (const body of [`{"username":"${name}`, JSON.stringify({ username: name, more: name }), name.repeat(20_000)])
    await postRaw(origin, 'accounts/find', body, token);
  await postRaw(origin, `/v1/${name}?name=${name}`, '{}');
  await fetch(`${origin}/${name}/..%2f${name}`, { headers: { 'user-agent': name, referer: name, cookie: name } });
  for (const address of STRANGERS) {
    const headers = { 'content-type': 'application/json', 'x-forwarded-for': address };
    const body = JSON.stringify({ invite: randomBytes(20).toString('base64url') });
    for (let i = 0; i < 45; i++) await fetch(`${origin}/v1/registration/check`, { method: 'POST', headers, body });
  }
  for (const message of [name, Buffer.from(name), Buffer.alloc(0), Buffer.concat([Buffer.of(1, 2), Buffer.from(name)])]) {
    const socket = await openSocket(origin);
    socket.raw.send(message);
    await socket.closed;
  }
  const socket = await openSocket(origin);
  socket.send({ type: 'hello', protocolMin: PROTOCOL_MIN, protocolMax: PROTOCOL_MAX, token });
  await socket.closed;
  const cut = await openSocket(origin);
  cut.raw.terminate();
  await openSocket(`${origin}/${name}`).catch(() => undefined);
}

/** Two people talk, alone and in a group, over a relay that logs what it ever logs, while a stranger tries its patience. */
export async function busyRelay(env: Record<string, string>): Promise<BusyRelay> {
  const told = toldValues();
  const relay = await startRelay({ env: { SOTTOVOCE_LOG: 'info', SOTTOVOCE_RATE_FACTOR: '1', ...env } });
  const names = [unique('anna'), unique('bert')];
  const people = await peopleAt(relay, names, () => ({ relay: overheardRelay(relay.origin, told) }));
  const [anna, bert] = people as [Person, Person];
  const texts = [unique('Buongiorno'), unique('Ciao'), unique('Salve')] as const;
  const groupName = unique('Choir');
  told.add([names, texts, groupName, people.map((person) => person.me())]);

  await acquaint(anna, bert);
  const [a, b] = [anna.me().accountId, bert.me().accountId];
  await anna.say(b, texts[0]);
  await bert.until('the text', () => bert.texts(a).includes(texts[0]));
  await bert.say(a, texts[1]);
  await anna.until('the answer', () => anna.texts(b).includes(texts[1]));
  const group = await anna.messenger.createGroup(groupName, [b]);
  await anna.say(group, texts[2]);
  await bert.until('the text to the group', () => bert.texts(group).includes(texts[2]));
  told.add(group);
  await misbehave(relay.origin, names[0] ?? '', told);

  return {
    relay,
    people,
    told,
    addresses: [...STRANGERS, ...OWN_ADDRESSES],
    async close() {
      for (const person of people) await person.close();
      await relay.stop();
    },
  };
}

import { expect, test } from 'vitest';
import { chatMessage, innerText, plainAuth, type Stanza, stanzaReader, streamOpening } from '../../bench/relay/xmpp-codec.ts';

function readAll(text: string, pieceLength: number): Stanza[] {
  const stanzas: Stanza[] = [];
  const reader = stanzaReader((stanza) => stanzas.push(stanza));
  for (let at = 0; at < text.length; at += pieceLength) reader.read(text.slice(at, at + pieceLength));
  return stanzas;
}

const MESSAGE = `<message from='a@localhost/b>c' xml:lang="d'e"><archived id='1'/><body>aGk=</body><x><y/></x></message>`;

test.each([1, 3, 50, 10_000])(
  'stanzas come out whole from pieces of %i letters, with quoted brackets and nested and empty tags',
  (pieceLength) => {
    const text = `${streamOpening('localhost')}<stream:features><a/></stream:features>${MESSAGE}<presence/>${MESSAGE}</stream:stream>`;
    const stanzas = readAll(text, pieceLength);
    expect(stanzas.map(({ name }) => name)).toEqual(['stream', 'stream:features', 'message', 'presence', 'message', 'end']);
    expect(stanzas[2]?.text).toBe(MESSAGE);
    expect(stanzas[4]?.text).toBe(MESSAGE);
  },
);

test('after SASL a new stream is read on the same connection', () => {
  const stanzas: Stanza[] = [];
  const reader = stanzaReader((stanza) => stanzas.push(stanza));
  reader.read(`${streamOpening('localhost')}<stream:features/><success xmlns='x'/>`);
  reader.restart();
  reader.read(`${streamOpening('localhost')}<stream:features/>`);
  expect(stanzas.map(({ name }) => name)).toEqual(['stream', 'stream:features', 'success', 'stream', 'stream:features']);
});

test('what was sent is read back from a body, and nothing where there is none', () => {
  const payload = Buffer.from(Array.from({ length: 2_048 }, (_, at) => (at * 7) & 0xff));
  const message = chatMessage('bench1@localhost', 4, payload);
  expect(Buffer.from(innerText(message, 'body') ?? '', 'base64')).toEqual(payload);
  expect(innerText('<message><bodyguard>no</bodyguard></message>', 'body')).toBeUndefined();
  expect(innerText('<message><body/></message>', 'body')).toBeUndefined();
  expect(plainAuth('u', 'p')).toContain('>AHUAcA==<');
});

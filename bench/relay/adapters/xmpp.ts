/** XMPP without TLS, as our relay is without it behind its proxy: SASL PLAIN, one resource, chat messages with the payload in base64. */
import { connect as connectTcp } from 'node:net';
import { type Adapter, corkedUntilTick, type Events, type Link, localAddressOf, type Target } from '../adapter.ts';
import { BIND, chatMessage, innerText, plainAuth, registration, type Stanza, stanzaReader, streamOpening } from '../xmpp-codec.ts';

const DOMAIN = 'localhost';
const PASSWORD = 'bench-password';

const userOf = (device: number): string => `bench${device}`;

type Conversation = {
  send(text: string): void;
  next(): Promise<Stanza>;
  restart(): void;
  listen(on: Events): void;
  close(): Promise<void>;
};

async function open(port: number, device: number): Promise<Conversation> {
  const socket = connectTcp({ host: '127.0.0.1', port, localAddress: localAddressOf(device), noDelay: true });
  const cork = corkedUntilTick(socket);
  const arrived: Stanza[] = [];
  let wake = (): void => undefined;
  let broken: Error | undefined;
  let closing = false;
  let events: Events | undefined;
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  const reader = stanzaReader((stanza) => {
    if (!events) {
      arrived.push(stanza);
      return wake();
    }
    if (stanza.name === 'message') {
      if (/^<message[^>]*type=['"]error/.test(stanza.text)) return events.failed(new Error(`the server refused: ${stanza.text}`));
      const body = innerText(stanza.text, 'body');
      if (body !== undefined) events.delivered(Buffer.from(body, 'base64'));
    } else if (stanza.name === 'stream:error') events.failed(new Error(stanza.text));
  });
  function fail(error: Error): void {
    broken ??= error;
    if (!closing) events?.failed(error);
    wake();
  }
  socket.setEncoding('latin1');
  socket.on('data', (chunk) => reader.read(String(chunk)));
  socket.on('error', fail);
  socket.on('close', () => fail(new Error('the server closed a connection')));
  return {
    send(text) {
      cork();
      socket.write(text, 'latin1');
    },
    async next() {
      for (;;) {
        const stanza = arrived.shift();
        if (stanza) return stanza;
        if (broken) throw broken;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    restart: reader.restart,
    listen: (on) => {
      events = on;
    },
    close() {
      closing = true;
      socket.end('</stream:stream>');
      return closed;
    },
  };
}

async function expect({ next }: Conversation, name: string): Promise<Stanza> {
  for (;;) {
    const stanza = await next();
    if (stanza.name === name) {
      if (/^<iq[^>]*type=['"]error/.test(stanza.text)) throw new Error(`the server refused: ${stanza.text}`);
      return stanza;
    }
    if (['failure', 'stream:error', 'end'].includes(stanza.name)) throw new Error(`the server refused: ${stanza.text}`);
  }
}

export function xmpp({ port }: Target): Adapter<string> {
  async function greeted(device: number): Promise<Conversation> {
    const conversation = await open(port, device);
    conversation.send(streamOpening(DOMAIN));
    await expect(conversation, 'stream:features');
    return conversation;
  }

  async function connect(device: number, on: Events): Promise<Link<string>> {
    const conversation = await greeted(device);
    conversation.send(plainAuth(userOf(device), PASSWORD));
    await expect(conversation, 'success');
    conversation.restart();
    conversation.send(streamOpening(DOMAIN));
    await expect(conversation, 'stream:features');
    conversation.send(BIND);
    await expect(conversation, 'iq');
    conversation.send('<presence/>');
    // The server sends our own presence back once messages to the bare address reach us.
    await expect(conversation, 'presence');
    conversation.listen(on);
    let id = 0;
    return {
      send: (to, payload) => conversation.send(chatMessage(to, id++, payload)),
      close: conversation.close,
    };
  }

  return {
    async signUp(device) {
      const conversation = await greeted(device);
      conversation.send(registration(userOf(device), PASSWORD));
      await expect(conversation, 'iq');
      await conversation.close();
      return `${userOf(device)}@${DOMAIN}`;
    },
    logIn: async () => undefined,
    connect,
    route: ([address = '']) => address,
  };
}

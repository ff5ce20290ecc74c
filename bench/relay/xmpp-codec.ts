/** As much of XMPP (RFC 6120, 6121) as plain accounts and chat messages need. The reader knows no entities but those of base64: none. */

export type Stanza = { name: string; text: string };

/** Text between the first `<tag …>` and its end; undefined where there is none. Enough for stanzas whose shape we know. */
export function innerText(stanza: string, tag: string): string | undefined {
  const open = new RegExp(`<${tag}(?:\\s[^>]*)?>`).exec(stanza);
  if (!open) return undefined;
  const from = open.index + open[0].length;
  const end = stanza.indexOf(`</${tag}>`, from);
  return end === -1 ? undefined : stanza.slice(from, end);
}

/** The end of the tag that begins at `from`, past its `>`; a `>` within quotes does not count; -1 while it is not all there. */
function tagEnd(text: string, from: number): number {
  let quote = '';
  for (let at = from + 1; at < text.length; at++) {
    const letter = text.charAt(at);
    if (quote !== '') {
      if (letter === quote) quote = '';
    } else if (letter === '"' || letter === "'") quote = letter;
    else if (letter === '>') return at + 1;
  }
  return -1;
}

/** Hands over whole stanzas, the children of the stream, in whatever pieces they come. The stream's own opening is handed over as `stream`. */
export function stanzaReader(take: (stanza: Stanza) => void): { read(chunk: string): void; restart(): void } {
  let held = '';
  let depth = 0;
  let stanzaAt = 0;
  let at = 0;

  function open(tag: string, from: number, end: number): void {
    if (depth === 0) take({ name: 'stream', text: tag });
    if (depth === 1) stanzaAt = from;
    depth += 1;
    if (tag.endsWith('/>')) close(end);
  }

  function close(end: number): void {
    depth -= 1;
    if (depth === 0) take({ name: 'end', text: '' });
    if (depth !== 1) return;
    const text = held.slice(stanzaAt, end);
    take({ name: /^<([^\s/>]+)/.exec(text)?.[1] ?? '', text });
  }

  return {
    read(chunk) {
      held += chunk;
      for (let from = held.indexOf('<', at); from !== -1; from = held.indexOf('<', at)) {
        const end = tagEnd(held, from);
        if (end === -1) break;
        at = end;
        const tag = held.slice(from, end);
        if (tag.startsWith('</')) close(end);
        else if (!tag.startsWith('<?')) open(tag, from, end);
      }
      // What was handed over is let go; a stanza that has begun stays.
      const keepFrom = depth > 1 ? stanzaAt : at;
      held = held.slice(keepFrom);
      at -= keepFrom;
      stanzaAt -= keepFrom;
    },
    /** After SASL a new stream begins on the same connection (RFC 6120, 6.3.2). */
    restart() {
      held = '';
      depth = 0;
      at = 0;
    },
  };
}

export function plainAuth(user: string, password: string): string {
  const token = Buffer.from(`\0${user}\0${password}`).toString('base64');
  return `<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${token}</auth>`;
}

export function streamOpening(domain: string): string {
  return `<?xml version='1.0'?><stream:stream to='${domain}' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>`;
}

export function registration(user: string, password: string): string {
  const fields = `<username>${user}</username><password>${password}</password>`;
  return `<iq type='set' id='register'><query xmlns='jabber:iq:register'>${fields}</query></iq>`;
}

export const BIND = `<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>bench</resource></bind></iq>`;

export function chatMessage(to: string, id: number, payload: Buffer): string {
  return `<message type='chat' to='${to}' id='m${id}'><body>${payload.toString('base64')}</body></message>`;
}

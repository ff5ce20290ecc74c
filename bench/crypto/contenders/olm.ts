/** Matrix's former library, compiled to WebAssembly: Olm for pairs, Megolm for groups. Its texts are strings, so the bytes travel as base64. */
import { createRequire } from 'node:module';
import { type Contender, plaintext, sameText } from '../contender.ts';

type Session = {
  create_outbound(account: Account, identityKey: string, oneTimeKey: string): void;
  create_inbound_from(account: Account, identityKey: string, message: string): void;
  encrypt(text: string): { type: number; body: string };
  decrypt(type: number, body: string): string;
  free(): void;
};
type Account = {
  create(): void;
  identity_keys(): string;
  one_time_keys(): string;
  generate_one_time_keys(count: number): void;
  mark_keys_as_published(): void;
};
type Outbound = { create(): void; session_key(): string; encrypt(text: string): string };
type Inbound = { create(key: string): string; decrypt(message: string): { plaintext: string } };
type Olm = {
  init(): Promise<void>;
  Account: new () => Account;
  Session: new () => Session;
  OutboundGroupSession: new () => Outbound;
  InboundGroupSession: new () => Inbound;
};

const latin1 = Buffer.from(plaintext).toString('base64');

export async function olm(): Promise<Contender> {
  const library = createRequire(import.meta.url)('@matrix-org/olm') as Olm;
  await library.init();
  const [one, two] = [new library.Account(), new library.Account()];
  for (const account of [one, two]) account.create();

  const read = (text: string): void => sameText(Buffer.from(text, 'base64'));
  /** A one-time key for each start: Olm has no signed prekey. */
  function start(): { alice: Session; bob: Session } {
    two.generate_one_time_keys(1);
    const { curve25519: oneTime } = JSON.parse(two.one_time_keys()) as { curve25519: Record<string, string> };
    two.mark_keys_as_published();
    const identity = (account: Account): string => (JSON.parse(account.identity_keys()) as { curve25519: string }).curve25519;
    const [alice, bob] = [new library.Session(), new library.Session()];
    alice.create_outbound(one, identity(two), Object.values(oneTime)[0] as string);
    const first = alice.encrypt(latin1);
    bob.create_inbound_from(two, identity(one), first.body);
    read(bob.decrypt(first.type, first.body));
    return { alice, bob };
  }
  function say(from: Session, to: Session): void {
    const { type, body } = from.encrypt(latin1);
    read(to.decrypt(type, body));
  }
  const { alice, bob } = start();
  say(bob, alice);
  const outbound = new library.OutboundGroupSession();
  outbound.create();
  let inbound = new library.InboundGroupSession();
  let queue: string[] = [];
  const distribute = (): void => {
    queue = [];
    inbound = new library.InboundGroupSession();
    inbound.create(outbound.session_key());
  };
  const writeAll = (count: number): void => {
    for (let i = 0; i < count; i++) queue.push(outbound.encrypt(latin1));
  };
  return {
    pingpong: {
      run(count) {
        for (let i = 0; i < count; i++) say(...((i % 2 ? [bob, alice] : [alice, bob]) as [Session, Session]));
      },
    },
    stream: {
      run(count) {
        for (let i = 0; i < count; i++) say(alice, bob);
      },
    },
    groupEncrypt: { prepare: distribute, run: writeAll },
    groupDecrypt: {
      prepare(count) {
        distribute();
        writeAll(count);
      },
      run() {
        for (const message of queue) read(inbound.decrypt(message).plaintext);
      },
    },
    sessionStart: {
      run(count) {
        for (let i = 0; i < count; i++) for (const session of Object.values(start())) session.free();
      },
    },
  };
}

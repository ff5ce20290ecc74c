/** Which phase it is, and the ways from one to the next: sign up, unlock, lock, lose the vault to another tab, get it back. */
import * as v from 'valibot';
import { inviteSchema, usernameSchema } from '../../server/protocol/ids.ts';
import type { Clock } from '../ports/clock.ts';
import type { Marker } from '../ports/marker.ts';
import type { Ownership } from '../ports/owner.ts';
import type { RandomBytes } from '../ports/random.ts';
import type { Relay } from '../ports/relay.ts';
import type { VaultStorage } from '../ports/vault.ts';
import { Failure, type Me, type Message, type MessengerEvent, type Phase } from './api.ts';
import { type Core, createCore } from './core.ts';
import { createEngine, type Engine } from './engine.ts';
import { failureOf, isCutOff } from './failure.ts';
import { createAccount, register } from './new-account.ts';
import { openVaultView, type OpenVault } from './open-vault.ts';
import { createVault, openVault, vaultExists, type Vault } from './vault/vault.ts';

export type MessengerPorts = {
  storage: VaultStorage;
  relay: Relay;
  clock: Clock;
  random: RandomBytes;
  ownership: Ownership;
  marker: Marker;
};

export type SignUp = { invite: string; username: string; passphrase: string; contact?: string };

export type Door = {
  phase(): Phase;
  /** Throws `locked`. */
  engine(): Engine;
  opened(): Engine | null;
  tellMe(): void;
  checkInvite(invite: string): Promise<boolean>;
  checkUsername(invite: string, username: string): Promise<boolean>;
  signUp(input: SignUp): Promise<{ recoveryWords: string[] }>;
  unlock(passphrase: string): Promise<void>;
  lock(): Promise<void>;
  takeOver(): Promise<void>;
  startOver(): Promise<void>;
  close(): Promise<void>;
};

// What Argon2id cannot make up for.
const MIN_PASSPHRASE_CHARACTERS = 8;

type Opened = { core: Core; vault: OpenVault; engine: Engine | null };

function meOf(core: Core): Me {
  const { accountId, username, deviceId, role, invitesBy, recovery, settings } = core.account();
  const mayInvite = role === 'admin' || invitesBy === 'members';
  return { accountId, username, deviceId, role, mayInvite, recoveryKeyConfirmed: recovery === null, settings };
}

export function createDoor(ports: MessengerPorts, emit: (event: MessengerEvent) => void): Door {
  const { storage, relay, random, ownership, marker } = ports;
  let phase: Phase = { phase: 'starting' };
  let opened: Opened | null = null;
  /** Made and not yet confirmed by the relay: tried again with the same keys. */
  let unregistered: { input: SignUp; words: string[] } | null = null;

  function become(next: Phase): void {
    phase = next;
    emit({ type: 'phase', phase });
  }

  async function shut(): Promise<void> {
    const was = opened;
    opened = null;
    was?.engine?.stop();
    await was?.core.stop();
    await was?.vault.close();
  }

  async function lost(): Promise<void> {
    if (phase.phase === 'owned-elsewhere') return;
    become({ phase: 'owned-elsewhere' });
    await shut();
  }

  async function look(): Promise<void> {
    if (await vaultExists(storage)) return become({ phase: 'locked' });
    become({ phase: (await marker.get()) ? 'wiped' : 'no-account' });
  }

  async function begin(): Promise<void> {
    if ((await ownership.acquire(() => void lost())) === 'elsewhere') become({ phase: 'owned-elsewhere' });
    else await look();
  }

  function hold(vault: Vault<Message>): Opened {
    const view = openVaultView(vault);
    const core = createCore(ports, view, emit, (error) => {
      if (failureOf(error).code === 'owned-elsewhere') void lost();
    });
    opened = { core, vault: view, engine: null };
    return opened;
  }

  function run(held: Opened): void {
    const engine = createEngine(held.core);
    held.engine = engine;
    become({ phase: 'open', me: meOf(held.core) });
    for (const [id] of held.core.read.all('conversations')) {
      const conversation = engine.conversations.view(id);
      if (conversation) emit({ type: 'conversation', conversation });
    }
    engine.start();
  }

  async function abandon(): Promise<void> {
    await shut();
    unregistered = null;
    await storage.destroy();
    await marker.clear();
  }

  /** The relay's word on an account that the vault already holds. A refusal ends it, a lost answer does not. */
  async function registered(held: Opened): Promise<void> {
    try {
      await register(held.core);
    } catch (error) {
      const { code } = failureOf(error);
      if (code === 'bad-invite' || code === 'username-taken' || code === 'refused') {
        await abandon();
        become({ phase: 'no-account' });
      }
      throw error;
    }
  }

  async function make(input: SignUp): Promise<{ held: Opened; words: string[] }> {
    if (unregistered && opened && unregistered.input.invite === input.invite && unregistered.input.username === input.username) {
      return { held: opened, words: unregistered.words };
    }
    if (unregistered) await abandon();
    const info = await relay.info();
    emit({ type: 'progress', of: 'signing-up', done: 0.1 });
    const held = hold(await createVault<Message>(storage, input.passphrase, random));
    emit({ type: 'progress', of: 'signing-up', done: 0.5 });
    const { invite, username, contact } = input;
    const words = await held.core.step((step) =>
      createAccount(held.core, step, {
        invite,
        username,
        contactLink: contact ?? null,
        certificateKey: info.certificateKey.x,
        invitesBy: info.invitesBy,
      }),
    );
    unregistered = { input, words };
    return { held, words };
  }

  /** The inviter's link: opened as soon as there is a relay to ask, and forgotten whatever comes of it. */
  async function openInviter(engine: Engine): Promise<void> {
    const link = engine.core.account().contactLink;
    if (link === null) return;
    try {
      await engine.people.openContactLink(link);
    } catch (error) {
      if (isCutOff(error)) return;
    }
    await engine.core.step((step) => step.put('account', 'self', { ...engine.core.account(), contactLink: null }));
  }

  const ready = begin();
  // Whoever calls next hears of it.
  ready.catch(() => undefined);

  return {
    phase: () => phase,
    opened: () => opened?.engine ?? null,
    engine() {
      if (!opened?.engine) throw new Failure(phase.phase === 'owned-elsewhere' ? 'owned-elsewhere' : 'locked');
      return opened.engine;
    },
    tellMe() {
      if (opened?.engine) become({ phase: 'open', me: meOf(opened.core) });
    },
    async checkInvite(invite) {
      if (!v.is(inviteSchema, invite)) return false;
      return (await relay.request('registration/check', { invite })).valid;
    },
    async checkUsername(invite, username) {
      if (!v.is(usernameSchema, username)) throw new Failure('bad-username');
      if (!v.is(inviteSchema, invite)) throw new Failure('bad-invite');
      return (await relay.request('registration/username', { invite, username })).available;
    },
    async signUp(input) {
      await ready;
      if (phase.phase !== 'no-account') throw new Failure(phase.phase === 'owned-elsewhere' ? 'owned-elsewhere' : 'refused');
      if ([...input.passphrase].length < MIN_PASSPHRASE_CHARACTERS) throw new Failure('passphrase-too-short');
      if (!v.is(usernameSchema, input.username)) throw new Failure('bad-username');
      if (!v.is(inviteSchema, input.invite)) throw new Failure('bad-invite');
      const { held, words } = await make(input);
      await marker.set();
      await registered(held);
      unregistered = null;
      emit({ type: 'progress', of: 'signing-up', done: 1 });
      run(held);
      if (held.engine) void openInviter(held.engine).catch(() => undefined);
      return { recoveryWords: words };
    },
    async unlock(passphrase) {
      await ready;
      if (phase.phase === 'open') return;
      if (phase.phase !== 'locked') throw new Failure(phase.phase === 'owned-elsewhere' ? 'owned-elsewhere' : 'wiped');
      emit({ type: 'progress', of: 'opening', done: 0.1 });
      const held = hold(await openVault<Message>(storage, passphrase, random));
      emit({ type: 'progress', of: 'opening', done: 1 });
      try {
        await registered(held);
      } catch (error) {
        await shut();
        throw error;
      }
      run(held);
      if (held.engine) void openInviter(held.engine).catch(() => undefined);
    },
    async lock() {
      await shut();
      if (phase.phase === 'open') become({ phase: 'locked' });
    },
    async takeOver() {
      await ready;
      if (phase.phase !== 'owned-elsewhere') return;
      await ownership.takeOver();
      await look();
    },
    async startOver() {
      await ready;
      if (phase.phase !== 'wiped') throw new Failure('refused');
      await storage.destroy();
      await marker.clear();
      become({ phase: 'no-account' });
    },
    async close() {
      await ready.catch(() => undefined);
      await shut();
      ownership.release();
      storage.close();
    },
  };
}

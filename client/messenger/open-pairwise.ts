/**
 * From an envelope to what one device of one account said to this one: opened, decrypted, and every claim of the outer layers checked
 * against the inner. Throws `CryptoError` for whatever is to be dropped, `NeedsAccount` for what the relay has to be asked first.
 */
import {
  CryptoError,
  type ContentHeader,
  concat,
  decrypt,
  type DecryptInput,
  equalBytes,
  parseContent,
  requireContext,
  type SealedMessage,
  toBase64url,
  verifyIntroduction,
} from '../../crypto/index.ts';
import type { Bytes, Introduction } from '../../crypto/index.ts';
import type { AccountId } from './api.ts';
import { certifiedName } from './certificate.ts';
import { accountIn, type Core } from './core.ts';
import { noteCounter, type Noted } from './counters.ts';
import { type Directory, judgeAccount } from './directory.ts';
import { isListed, type Person, personOf } from './person.ts';
import type { Runs } from './runs.ts';
import { NO_PEER, ourKeys } from './sessions.ts';
import { deviceKey } from './state.ts';
import type { Step } from './step.ts';

// An impostor's first messages must not make us ask the relay for every one of them.
const ASK_AGAIN_MS = 60_000;

/** The message may be authentic, but by records that are not here: ask for the account, then try once more. */
export class NeedsAccount extends Error {
  override readonly name = 'NeedsAccount';
  readonly accountId: AccountId;
  constructor(accountId: AccountId) {
    super('needs-account');
    this.accountId = accountId;
  }
}

/** An account that is no contact wrote: it becomes one only if what it wrote asks for that. */
export type Authentic = {
  from: { accountId: AccountId; deviceId: number };
  header: ContentHeader;
  noted: Noted;
  /** The sender's list is newer than ours. */
  listIsNewer: boolean;
};

export type PairwiseOpener = {
  /** What the envelope claims, before anything is believed. */
  peel(step: Step, envelope: Bytes): Promise<SealedMessage>;
  open(step: Step, sealed: SealedMessage, mayAsk: boolean, counted: boolean): Promise<Authentic>;
};

function firstKey(identityKey: Bytes, baseKey: Bytes): string {
  return toBase64url(concat(identityKey, baseKey));
}

export function createPairwiseOpener(core: Core, runs: Runs, directory: Directory): PairwiseOpener {
  function lookups(step: Step): Pick<DecryptInput, 'signedPrekey' | 'oneTimePrekey' | 'isKnownFirst'> {
    return {
      signedPrekey: (id) => step.get('signedPrekeys', String(id)),
      oneTimePrekey: (id) => step.get('oneTimePrekeys', String(id)),
      isKnownFirst: (identityKey, baseKey) => step.get('firsts', firstKey(identityKey, baseKey)) !== undefined,
    };
  }

  async function meet(
    step: Step,
    introduction: Introduction | undefined,
    identityKey: Bytes,
    from: Authentic['from'],
    mayAsk: boolean,
  ): Promise<Person> {
    if (!introduction) throw new CryptoError('not-allowed');
    const verified = await verifyIntroduction(introduction, { identityKey, fromAccount: from.accountId, fromDevice: from.deviceId });
    const { certificateKey } = accountIn(step);
    const username = await certifiedName(introduction.certificate, from.accountId, { certificateKey, origin: core.relay.origin });
    if (username === null) {
      if (mayAsk) throw new NeedsAccount(from.accountId);
      throw new CryptoError('not-allowed');
    }
    if (directory.refuseNamesake(step, from.accountId, username)) throw new CryptoError('not-allowed');
    const { genesis, rotations, deviceList: entries } = introduction;
    const { identityKeys, deviceList } = verified;
    directory.learn(step, { accountId: from.accountId, username, genesis, rotations, identityKeys, deviceList, entries }, 'stranger');
    return personOf(step, from.accountId) as Person;
  }

  /** A known account's first message brings its list along; a newer one counts when it continues what is known. */
  async function renew(step: Step, person: Person, introduction: Introduction): Promise<Person> {
    const contact = step.get('contacts', person.accountId);
    if (!contact) return person;
    const { genesis, rotations, deviceList: entries } = introduction;
    const judged = await judgeAccount(person.accountId, { username: contact.username, genesis, rotations, entries }, contact);
    if (judged.verdict !== 'ok') return person;
    const isRotated = judged.account.rotations.length > contact.rotations.length;
    if (!isRotated && judged.account.deviceList.version <= contact.deviceList.version) return person;
    directory.learn(step, judged.account, contact.metBy);
    return personOf(step, person.accountId) ?? person;
  }

  function compareLists(step: Step, person: Person, claimed: ContentHeader['deviceList']): boolean {
    const { version, hash } = person.deviceList;
    if (claimed.version === version && !equalBytes(claimed.hash, hash)) {
      directory.alarm(step, person.accountId, 'misbehaved', `list ${version} ${toBase64url(claimed.hash)}`);
    }
    return claimed.version > version;
  }

  return {
    peel: (step, envelope) => runs.open(step, envelope),
    async open(step, sealed, mayAsk, counted) {
      const account = accountIn(step);
      const me = { accountId: account.accountId, deviceId: account.deviceId };
      const from = { accountId: sealed.fromAccount, deviceId: sealed.fromDevice };
      if (from.accountId === me.accountId && from.deviceId === me.deviceId) throw new CryptoError('wrong-context');
      const known = personOf(step, from.accountId);
      const key = deviceKey(from.accountId, from.deviceId);
      const peer = step.get('peers', key) ?? NO_PEER;
      const decrypted = await decrypt({
        session: peer.session,
        ours: ourKeys(account),
        peer: from,
        message: sealed.message,
        expectedIdentity: known?.identityKey ?? null,
        ...lookups(step),
        now: core.now(),
        random: core.random,
      }).catch((error: unknown) => {
        const asked = step.get('contacts', from.accountId)?.fetchedAt ?? 0;
        const foreign = error instanceof CryptoError && error.code === 'untrusted-identity';
        if (foreign && mayAsk && Math.abs(core.now() - asked) > ASK_AGAIN_MS) throw new NeedsAccount(from.accountId);
        throw error;
      });
      const header = parseContent(decrypted.plaintext);
      requireContext(header, { from, to: me });
      let person = known ?? (await meet(step, header.introduction, decrypted.identityKey, from, mayAsk));
      if (!isListed(person, from.deviceId) && header.introduction) person = await renew(step, person, header.introduction);
      if (!isListed(person, from.deviceId)) {
        if (mayAsk) throw new NeedsAccount(from.accountId);
        throw new CryptoError('not-allowed');
      }
      const noted = counted ? noteCounter(peer.received, header.counter) : { received: peer.received, skipped: 0, late: false };
      // A new session of the peer's is as good as one of ours.
      const stillBroken = peer.renew && !decrypted.first;
      step.put('peers', key, { ...peer, session: decrypted.session, renew: stillBroken, received: noted.received });
      if (decrypted.first) {
        const { baseKey, signedPrekeyId, oneTimePrekeyId } = decrypted.first;
        step.put('firsts', firstKey(decrypted.identityKey, baseKey), { signedPrekeyId });
        if (oneTimePrekeyId !== undefined) step.remove('oneTimePrekeys', String(oneTimePrekeyId));
      }
      return { from, header, noted, listIsNewer: compareLists(step, person, header.deviceList) };
    },
  };
}

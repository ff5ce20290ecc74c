/**
 * X3DH, both sides. https://signal.org/docs/specifications/x3dh/ §3.3 (initiator), §3.4 (responder).
 *
 *   SK = HKDF(0xFF³² ‖ DH(IKa, SPKb) ‖ DH(EKa, IKb) ‖ DH(EKa, SPKb) [‖ DH(EKa, OPKb)], 0³², "WhisperText")
 *
 * Every public key was checked for order and canonical form before it comes here, and each DH refuses an all-zero result (L8). Whether the
 * identity key is the right one is the caller's question, asked before. Does not promise forward secrecy of the first message where no
 * one-time prekey was left (§4.4), nor, being X3DH alone, anything against a quantum computer: the sealing does (D4).
 */
import type { RandomBytes } from '../bytes.ts';
import { require } from '../errors.ts';
import { type DeviceAddress, requireDeviceId } from '../keys/account-id.ts';
import { type KeyPair, requireCurveKey } from '../keys/curve-key.ts';
import type { PrekeyBundle } from '../keys/prekey-bundle.ts';
import { MAX_PREKEY_ID, MAX_REGISTRATION_ID } from '../limits.ts';
import { primitives } from '../primitives/installed.ts';
import { BASE_KEY, decodeKey, encodeKey, ephemeralPair, type LibrarySession, SessionBuilder } from './library.ts';
import type { FirstMessage } from './message.ts';
import { type Chain, encodeRecord, type SessionState, superseded } from './record.ts';
import { encodeSession, recordsOf, type Session } from './session.ts';
import { LIBRARY_ADDRESS, libraryPair, type OurKeys, throwAwayStore } from './store.ts';

const NAME = { name: LIBRARY_ADDRESS, deviceId: 1, toString: () => LIBRARY_ADDRESS, equals: () => false };

class Handshake extends SessionBuilder {
  readonly #random: RandomBytes;

  constructor(ours: OurKeys, random: RandomBytes) {
    super(throwAwayStore(ours), NAME);
    this.#random = random;
  }

  // The library has just drawn the first ratchet pair from its own randomness, which is none (library.ts).
  override async calculateSendingRatchet(session: LibrarySession, remoteKey: ArrayBuffer): Promise<void> {
    session.currentRatchet.ephemeralKeyPair = await ephemeralPair(this.#random);
    await super.calculateSendingRatchet(session, remoteKey);
  }
}

/** The library's new session as ours: an initiator has one chain, the sending one, a responder none. */
function stateOf(session: LibrarySession, pending: SessionState['pending']): SessionState {
  const { indexInfo, currentRatchet } = session;
  const pair = currentRatchet.ephemeralKeyPair;
  require(pair !== undefined && indexInfo.baseKey !== undefined, 'malformed');
  const ratchetPair = { privateKey: new Uint8Array(pair.privKey), publicKey: decodeKey(pair.pubKey) };
  const sending = Object.values(session.chains).map(({ chainKey }): Chain => {
    require(chainKey.key !== undefined, 'malformed');
    const { publicKey } = ratchetPair;
    return {
      receiving: false,
      ratchetKey: publicKey,
      next: chainKey.counter + 1,
      chainKey: new Uint8Array(chainKey.key),
      skipped: new Map(),
    };
  });
  return {
    baseKey: decodeKey(indexInfo.baseKey),
    byPeer: indexInfo.baseKeyType === BASE_KEY.theirs,
    identityKey: decodeKey(indexInfo.remoteIdentityKey),
    registrationId: session.registrationId ?? 0,
    rootKey: new Uint8Array(currentRatchet.rootKey),
    ratchetPair,
    remoteKey: decodeKey(currentRatchet.lastRemoteEphemeralKey),
    previousCounter: 0,
    pending,
    chains: sending,
  };
}

function requireId(id: number): void {
  require(Number.isInteger(id) && id >= 1 && id <= MAX_PREKEY_ID, 'malformed'); // L5: 0 is no id
}

async function checkBundle(bundle: PrekeyBundle): Promise<void> {
  const { identityKey, signedPrekey, oneTimePrekey, registrationId } = bundle;
  require(Number.isInteger(registrationId) && registrationId >= 1 && registrationId <= MAX_REGISTRATION_ID, 'malformed');
  requireId(signedPrekey.id);
  requireCurveKey(identityKey);
  requireCurveKey(signedPrekey.publicKey);
  if (oneTimePrekey) {
    requireId(oneTimePrekey.id);
    requireCurveKey(oneTimePrekey.publicKey);
  }
  const signed = encodeKey(signedPrekey.publicKey);
  require(await primitives.xeddsaVerify(identityKey, signed, signedPrekey.signature), 'bad-signature');
}

/**
 * A session as initiator. `previous`, the session value there was for this device, is kept inside, archived: late messages under it still
 * decrypt. Throws `malformed`, `bad-key`, `bad-signature`; `wrong-context` for a bundle of our own device or a previous of another peer.
 */
export async function startSession(
  ours: OurKeys,
  ourAddress: DeviceAddress,
  bundle: PrekeyBundle,
  random: RandomBytes,
  previous?: Session,
): Promise<Session> {
  const { signedPrekey, oneTimePrekey } = bundle;
  require(bundle.accountId !== ourAddress.accountId || bundle.deviceId !== ourAddress.deviceId, 'wrong-context');
  requireDeviceId(bundle.deviceId);
  const archived = previous ? recordsOf(previous, bundle).map(superseded) : [];
  await checkBundle(bundle);
  const ephemeral = await ephemeralPair(random);
  const oneTime = oneTimePrekey ? encodeKey(oneTimePrekey.publicKey).buffer : undefined;
  const session = await new Handshake(ours, random).startSessionAsInitiator(
    ephemeral,
    encodeKey(bundle.identityKey).buffer,
    encodeKey(signedPrekey.publicKey).buffer,
    oneTime,
    bundle.registrationId,
  );
  const pending = { signedPrekeyId: signedPrekey.id, ...(oneTimePrekey ? { oneTimePrekeyId: oneTimePrekey.id } : {}) };
  return encodeSession(bundle, [encodeRecord(stateOf(session, pending)), ...archived]);
}

/** The session a first message asks for, before anything of that message has been authenticated. */
export async function acceptSession(
  ours: OurKeys,
  message: FirstMessage,
  signedPrekey: KeyPair,
  oneTimePrekey: KeyPair | undefined,
  random: RandomBytes,
): Promise<SessionState> {
  const session = await new Handshake(ours, random).startSessionWthPreKeyMessage(
    oneTimePrekey ? libraryPair(oneTimePrekey) : undefined,
    libraryPair(signedPrekey),
    {
      identityKey: encodeKey(message.identityKey),
      baseKey: encodeKey(message.baseKey),
      registrationId: message.registrationId,
      signedPreKeyId: message.signedPrekeyId,
      preKeyId: message.oneTimePrekeyId ?? 0,
      message: message.inner.authenticated,
    },
  );
  return stateOf(session, null);
}

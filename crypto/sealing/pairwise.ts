/**
 * The pairwise seal (D4): every envelope to one device, post-quantum against those who record today.
 *   info     = "Sottovoce v1 pairwise run" ‖ account 32 ‖ device u32 ‖ sealing-key id u32 ‖ SHA-256(sealing public key)
 *   enc, run = HPKE export under info, context "Sottovoce v1 pairwise run"                  (hpke.ts; RFC 9180 §5.3)
 *   envelope = version 1 ‖ kind 1 ‖ enc 1120 ‖ AEAD(run, "Sottovoce v1 pairwise seal", pairwise, aad = version ‖ enc, sealed message)
 * 1,170 bytes around the padded sealed message. A sender keeps a run for 1,000 envelopes or 24 hours; a receiver may keep the run
 * secret by SHA-256(enc), for speed alone: no order, no counter, nothing to lose. The info binds the KEM key to its account and device:
 * swapped keys open nothing (ATTACKS 12, USENIX Security 2024).
 *
 * Not promised: forward secrecy within the life of a sealing key; the session message inside has its own. Envelopes of one run are
 * linkable to each other by their `enc`.
 */
import { type Bytes, concat, type RandomBytes, utf8 } from '../bytes.ts';
import { require } from '../errors.ts';
import { accountIdToBytes, type DeviceAddress, requireDeviceId } from '../keys/account-id.ts';
import { requireSealingKey } from '../keys/sealing-key.ts';
import { KIND, LABEL } from '../labels.ts';
import { RUN_MAX_AGE_MS, RUN_MAX_ENVELOPES } from '../limits.ts';
import { primitives } from '../primitives/installed.ts';
import { encodeSealedMessage, parseSealedMessage, type SealedMessage } from '../wire/sealed-message.ts';
import { writer } from '../wire/writer.ts';
import { openRecord, sealRecord } from './aead.ts';
import { decapsulate, encapsulate } from './hpke.ts';
import { ENC_BYTES, ENVELOPE_VERSION, envelopeKind, paddedBytes } from './padding.ts';

/** A sender's encapsulation to one sealing key. `used` counts the envelopes sealed; the caller keeps it. */
export type Run = { enc: Bytes; secret: Bytes; sealingKeyId: number; startedAt: number; used: number };

const HEADER_BYTES = 2 + ENC_BYTES;
const CONTEXT = utf8(LABEL.pairwiseRun);

function runInfo(recipient: DeviceAddress & { sealingKeyId: number }, publicKey: Bytes): Bytes {
  const address = writer()
    .fixed(accountIdToBytes(recipient.accountId), 32)
    .u32(requireDeviceId(recipient.deviceId))
    .u32(recipient.sealingKeyId)
    .done();
  return concat(utf8(LABEL.pairwiseRun), address, primitives.sha256(requireSealingKey(publicKey)));
}

export async function startRun(
  recipient: DeviceAddress & { sealingKeyId: number; sealingPublicKey: Bytes },
  now: number,
  random: RandomBytes,
): Promise<Run> {
  const info = runInfo(recipient, recipient.sealingPublicKey);
  const { enc, secret } = await encapsulate(recipient.sealingPublicKey, info, CONTEXT, random);
  return { enc, secret, sealingKeyId: recipient.sealingKeyId, startedAt: now, used: 0 };
}

/** True when a run may seal no further envelope. A clock set back counts as expired: it cannot lengthen a run. */
export function runExpired(run: Run, now: number): boolean {
  return run.used >= RUN_MAX_ENVELOPES || now - run.startedAt >= RUN_MAX_AGE_MS || now < run.startedAt;
}

function runAad(enc: Uint8Array): Bytes {
  return concat(Uint8Array.of(ENVELOPE_VERSION), enc);
}

/** Throws `wrong-kind` for a sealed message of another kind, `too-large` for one past `MAX_SEALED_BYTES`. */
export async function sealPairwise(run: Run, sealed: SealedMessage, random: RandomBytes): Promise<Bytes> {
  require(sealed.kind === KIND.pairwise, 'wrong-kind');
  require(run.enc.length === ENC_BYTES, 'malformed');
  const plaintext = encodeSealedMessage(sealed, paddedBytes(KIND.pairwise, sealed.message.length));
  const record = await sealRecord(run.secret, LABEL.pairwiseSeal, KIND.pairwise, runAad(run.enc), plaintext, random);
  return concat(Uint8Array.of(ENVELOPE_VERSION, KIND.pairwise), run.enc, record);
}

function encOf(envelope: Uint8Array): Bytes {
  require(envelopeKind(envelope) === KIND.pairwise, 'wrong-kind');
  return new Uint8Array(envelope.subarray(2, HEADER_BYTES));
}

/** SHA-256(enc), under which a receiver remembers the run secret. Null for an envelope that is not pairwise. */
export function runHash(envelope: Uint8Array): Bytes | null {
  return envelopeKind(envelope) === KIND.pairwise ? primitives.sha256(encOf(envelope)) : null;
}

export async function deriveRunSecret(
  ours: DeviceAddress & { sealingKeyId: number; privateKey: Bytes; publicKey: Bytes },
  envelope: Uint8Array,
): Promise<Bytes> {
  return decapsulate(ours.privateKey, encOf(envelope), runInfo(ours, ours.publicKey), CONTEXT);
}

/** Throws `bad-mac` under another run's secret or for changed bytes. */
export async function openPairwise(runSecret: Bytes, envelope: Uint8Array): Promise<SealedMessage> {
  const record = envelope.subarray(HEADER_BYTES);
  const plaintext = await openRecord(runSecret, LABEL.pairwiseSeal, KIND.pairwise, runAad(encOf(envelope)), record);
  return parseSealedMessage(plaintext, KIND.pairwise);
}

/**
 * HPKE (RFC 9180, https://www.rfc-editor.org/rfc/rfc9180) in base mode and export-only, for the pairwise seal (D4).
 *   KEM 0x647A X-Wing · KDF 0x0001 HKDF-SHA256 · AEAD 0xFFFF export-only
 *   sender:    (enc, exporter) = SetupBaseS(pk, info)        enc 1,120 bytes
 *   recipient: exporter = SetupBaseR(enc, sk, info)
 *   secret = exporter.Export(context, 32)                    §5.3
 * The library's KDF calls WebCrypto; ours runs on the primitives, so that nothing here needs a global. Randomness is the caller's:
 * 64 bytes of `ekm`, ML-KEM's 32 and X25519's 32, as X-Wing's EncapsulateDerand takes them.
 *
 * Not promised: authentication of the sender; base mode has none, the session message inside has.
 */
import { CipherSuite, ExportOnly, HkdfSha256 } from '@hpke/core';
import { XWing } from '@hpke/hybridkem-x-wing';
import { type Bytes, concat, type RandomBytes, wipe } from '../bytes.ts';
import { CryptoError, require } from '../errors.ts';
import { requireSealingKey, SEALING_PRIVATE_KEY_BYTES, type SealingKeyPair } from '../keys/sealing-key.ts';
import { primitives } from '../primitives/installed.ts';

const RUN_SECRET_BYTES = 32;
const EKM_BYTES = 64;
const SHA256_BYTES = 32;

type Input = ArrayBufferLike | ArrayBufferView;

function view(input: Input): Uint8Array {
  return ArrayBuffer.isView(input) ? new Uint8Array(input.buffer, input.byteOffset, input.byteLength) : new Uint8Array(input);
}

/** RFC 5869 over our HMAC. A class because the library asks for one to extend. */
class PortableHkdf extends HkdfSha256 {
  override async extract(salt: Input, ikm: Input): Promise<ArrayBuffer> {
    const key = view(salt);
    return primitives.hmacSha256(key.length === 0 ? new Uint8Array(SHA256_BYTES) : key, view(ikm)).buffer;
  }

  override async expand(prk: Input, info: Input, length: number): Promise<ArrayBuffer> {
    let block: Bytes = new Uint8Array(0);
    let output: Bytes = new Uint8Array(0);
    for (let counter = 1; output.length < length; counter++) {
      block = primitives.hmacSha256(view(prk), concat(block, view(info), Uint8Array.of(counter)));
      output = concat(output, block);
    }
    return output.slice(0, length).buffer;
  }

  override async extractAndExpand(salt: Input, ikm: Input, info: Input, length: number): Promise<ArrayBuffer> {
    return this.expand(await this.extract(salt, ikm), info, length);
  }
}

const kem = new XWing();
const suite = new CipherSuite({ kem, kdf: new PortableHkdf(), aead: new ExportOnly() });

export async function generateSealingKey(random: RandomBytes): Promise<SealingKeyPair> {
  const privateKey = random(SEALING_PRIVATE_KEY_BYTES);
  const pair = await kem.generateKeyPairDerand(privateKey.slice());
  return { privateKey, publicKey: new Uint8Array(await kem.serializePublicKey(pair.publicKey)).slice() };
}

/** Throws `bad-key` for a public key that cannot be used. */
export async function encapsulate(
  publicKey: Bytes,
  info: Bytes,
  context: Bytes,
  random: RandomBytes,
): Promise<{ enc: Bytes; secret: Bytes }> {
  requireSealingKey(publicKey);
  const ekm = random(EKM_BYTES);
  try {
    const recipientPublicKey = await kem.deserializePublicKey(publicKey.slice());
    const sender = await suite.createSenderContext({ recipientPublicKey, info, ekm });
    return { enc: new Uint8Array(sender.enc), secret: new Uint8Array(await sender.export(context, RUN_SECRET_BYTES)) };
  } catch {
    throw new CryptoError('bad-key');
  } finally {
    wipe(ekm);
  }
}

/**
 * ML-KEM rejects implicitly: a foreign or changed `enc` gives a secret that opens nothing. Throws `bad-key` for a private key of
 * another length and for an `enc` whose X25519 part is of low order.
 */
export async function decapsulate(privateKey: Bytes, enc: Bytes, info: Bytes, context: Bytes): Promise<Bytes> {
  require(privateKey.length === SEALING_PRIVATE_KEY_BYTES, 'bad-key');
  try {
    const recipientKey = await kem.deserializePrivateKey(privateKey.slice());
    const recipient = await suite.createRecipientContext({ recipientKey, enc, info });
    return new Uint8Array(await recipient.export(context, RUN_SECRET_BYTES));
  } catch {
    throw new CryptoError('bad-key');
  }
}

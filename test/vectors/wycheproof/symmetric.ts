/** AES-GCM, AES-CBC, HMAC and HKDF. Only AES-256 with nonces of 96 bits is used here; other keys and nonces must be refused. */
import { hkdf, primitives, toHex } from '../../../crypto/index.ts';
import { bytesOf, type Checker, mustGive, mustRefuse } from './verdict.ts';

const OTHER_SIZES = 'refused: keys or nonces of sizes not used here';
const BYTE_BITS = 8;

export const aesGcm: Checker = async (test, group) => {
  const [key, iv, aad, msg] = [bytesOf(test['key']), bytesOf(test['iv']), bytesOf(test['aad']), bytesOf(test['msg'])];
  const sealed = `${test['ct']}${test['tag']}`;
  const encrypt = async () => primitives.aesGcmEncrypt(key, iv, msg, aad);
  const decrypt = async () => primitives.aesGcmDecrypt(key, iv, bytesOf(sealed), aad);
  if (group['keySize'] !== 256 || group['ivSize'] !== 96) {
    return (await mustRefuse(encrypt, 'bad-key')) ?? mustRefuse(decrypt, 'bad-key', OTHER_SIZES);
  }
  if (test.result === 'invalid') return mustRefuse(decrypt, 'bad-mac');
  return (await mustGive(encrypt, sealed, 'ciphertext or tag')) ?? mustGive(decrypt, test['msg'], 'plaintext');
};

export const aesCbc: Checker = async (test, group) => {
  const [key, iv, msg, ct] = [bytesOf(test['key']), bytesOf(test['iv']), bytesOf(test['msg']), bytesOf(test['ct'])];
  const encrypt = async () => primitives.aesCbcEncrypt(key, iv, msg);
  const decrypt = async () => primitives.aesCbcDecrypt(key, iv, ct);
  if (group['keySize'] !== 256) return (await mustRefuse(encrypt, 'bad-key')) ?? mustRefuse(decrypt, 'bad-key', OTHER_SIZES);
  if (test.result === 'invalid') return mustRefuse(decrypt, 'bad-mac');
  return (await mustGive(encrypt, test['ct'], 'ciphertext')) ?? mustGive(decrypt, test['msg'], 'plaintext');
};

/** A shorter tag is the beginning of the whole one. */
export const hmacSha256: Checker = async (test, group) => {
  const bytes = Number(group['tagSize']) / BYTE_BITS;
  const tag = toHex(primitives.hmacSha256(bytesOf(test['key']), bytesOf(test['msg'])).subarray(0, bytes));
  if ((tag === test['tag']) === (test.result === 'valid')) return null;
  return { what: test.result === 'valid' ? 'gives another tag' : 'the tag is right, and should not be' };
};

export const hkdfSha256: Checker = async (test) => {
  const derive = () => hkdf(bytesOf(test['ikm']), bytesOf(test['salt']), bytesOf(test['info']), Number(test['size']));
  if (test.result === 'invalid') return mustRefuse(derive, 'too-large');
  return mustGive(derive, test['okm'], 'output');
};

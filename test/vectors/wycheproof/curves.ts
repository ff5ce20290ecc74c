/** X25519 and Ed25519. */
import { primitives } from '../../../crypto/index.ts';
import { bytesOf, type Checker, mustGive, mustRefuse } from './verdict.ts';

// RFC 7748 leaves open whether these are computed; C5 refuses them.
const REFUSED_POINTS = ['LowOrderPublic', 'ZeroSharedSecret', 'NonCanonicalPublic'];

/**
 * "Acceptable" is refused where the point is of low order or not canonical, and computed everywhere else: points of the twist and other
 * unusual ones give the shared secret that the file says.
 */
export const x25519: Checker = async (test) => {
  const agree = async () => primitives.x25519(bytesOf(test['private']), bytesOf(test['public']));
  if (test.flags.some((flag) => REFUSED_POINTS.includes(flag))) {
    return mustRefuse(agree, 'bad-key', 'refused: points of low order or not canonical (C5)');
  }
  const verdict = await mustGive(agree, test['shared'], 'shared secret');
  return verdict === null && test.result === 'acceptable' ? { rule: 'computed: other "acceptable" ones' } : verdict;
};

export const ed25519: Checker = async (test, group) => {
  const { pk } = group['publicKey'] as { pk: string };
  const valid = await primitives.ed25519Verify(bytesOf(pk), bytesOf(test['msg']), bytesOf(test['sig']));
  if (valid === (test.result === 'valid')) return null;
  return { what: valid ? 'was accepted' : 'was refused' };
};

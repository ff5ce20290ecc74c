/** The relay's word about a username: a compact JWS (EdDSA) by the certificate key this device has known since sign-up. */
import { compactVerify, importJWK } from 'jose';
import * as v from 'valibot';
import { fromUtf8 } from '../../crypto/index.ts';
import { accountIdSchema, usernameSchema } from '../../server/protocol/ids.ts';
import type { AccountId } from './api.ts';

const claimsSchema = v.object({ sub: accountIdSchema, name: usernameSchema, iss: v.string(), exp: v.number() });

/** The name certified for this account, or null. Its date is not looked at: an old certificate still says what the relay once said. */
export async function certifiedName(
  jws: string,
  accountId: AccountId,
  relay: { certificateKey: string; origin: string },
): Promise<string | null> {
  if (jws === '') return null;
  try {
    const key = await importJWK({ kty: 'OKP', crv: 'Ed25519', x: relay.certificateKey, alg: 'EdDSA' }, 'EdDSA');
    const { payload } = await compactVerify(jws, key, { algorithms: ['EdDSA'] });
    const claims = v.parse(claimsSchema, JSON.parse(fromUtf8(payload as Uint8Array)));
    return claims.sub === accountId && claims.iss === relay.origin ? claims.name : null;
  } catch {
    return null;
  }
}

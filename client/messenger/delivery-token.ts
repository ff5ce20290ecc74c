/**
 * The token that keeps half of this account's mailboxes for its contacts (R50). It rides in one-to-one receipts, which go to accepted
 * contacts alone: not one envelope more for whoever watches, and a new token spreads with the next receipts.
 */
import { equalBytes, fromBase64url, primitives, toBase64url } from '../../crypto/index.ts';
import type { Bytes } from '../../crypto/index.ts';
import { DELIVERY_TOKEN_BYTES } from '../../server/protocol/ids.ts';
import type { ContentBody } from '../content/body.ts';
import type { AccountId } from './api.ts';
import { accountIn, type Core } from './core.ts';
import { failureOf } from './failure.ts';
import type { Outbox } from './outbox.ts';
import type { RelaySession } from './relay-session.ts';
import { createSerial } from './serial.ts';
import type { Step, View } from './step.ts';

// A relay that does not take the verifier now is asked again after so long, or at the next connection.
const RETRY_MS = 5 * 60_000;

type TokenBody = ContentBody & { kind: 'delivery-token' };

/** What a submit to this account carries, if it gave us a token. */
export function deliveryTokenOf(view: View, accountId: AccountId): Bytes | undefined {
  if (accountId === accountIn(view).accountId) return view.get('delivery', 'self')?.token;
  return view.get('deliveryTokens', accountId)?.token;
}

/** Our own, for a receipt to this contact; none for anybody who is not, or no longer, accepted. */
export function tokenToGive(view: View, accountId: AccountId): string | undefined {
  const own = view.get('delivery', 'self');
  return own && view.get('contacts', accountId)?.standing === 'accepted' ? toBase64url(own.token) : undefined;
}

export function keepToken(step: Step, from: AccountId, text: string): void {
  const token = fromBase64url(text);
  const known = step.get('deliveryTokens', from);
  if (!known || !equalBytes(known.token, token)) step.put('deliveryTokens', from, { token });
}

export type DeliveryTokens = {
  /** Makes the first one, or tells the relay the present one. */
  ready(): void;
  /** Whoever holds the present one is a stranger from here on. */
  renew(step: Step): Promise<void>;
  /** Another of our devices has made one. */
  adopt(step: Step, body: TokenBody): void;
};

export function createDeliveryTokens(core: Core, relay: RelaySession, outbox: () => Outbox): DeliveryTokens {
  const inTurn = createSerial();

  /** Its digest alone. What the relay was told last counts there, so it is told in turn, and the token as it is then. */
  async function publish(): Promise<void> {
    const own = core.read.get('delivery', 'self');
    if (own) await relay.request('account/delivery', { verifier: toBase64url(primitives.sha256(own.token)) });
  }

  let cancelRetry = (): void => undefined;

  function tell(): void {
    cancelRetry();
    inTurn(publish).catch((error: unknown) => {
      // Then it is told at the next connection; asking sooner would log in beside its rare tries.
      if (failureOf(error).code === 'shut-out') return;
      cancelRetry = core.later(RETRY_MS, tell);
    });
  }

  async function renew(step: Step): Promise<void> {
    // Later than any other device's, whatever the clocks say.
    const madeAt = Math.max(core.now(), (step.get('delivery', 'self')?.madeAt ?? 0) + 1);
    const token = core.random(DELIVERY_TOKEN_BYTES);
    step.put('delivery', 'self', { token, madeAt });
    step.after(tell);
    const { accountId, deviceList } = accountIn(step);
    if (deviceList.devices.length < 2) return;
    const body: TokenBody = { kind: 'delivery-token', version: 1, token: toBase64url(token), madeAt };
    await outbox().add(step, { to: { accountId, only: null }, body });
  }

  return {
    renew,
    ready() {
      // At every connection: a relay that was put back from a backup knows an older one, and cannot be believed about what it knows.
      if (core.read.get('delivery', 'self')) tell();
      else core.step(renew).catch(() => undefined);
    },
    adopt(step, { token, madeAt }) {
      const own = step.get('delivery', 'self');
      const isOlder = own && (own.madeAt > madeAt || (own.madeAt === madeAt && toBase64url(own.token) >= token));
      if (isOlder) return;
      // Published once more: the relay may have heard of the loser last.
      step.put('delivery', 'self', { token: fromBase64url(token), madeAt });
      step.after(tell);
    },
  };
}

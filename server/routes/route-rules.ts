import type { RateName } from '../config/rates.ts';
import type { Route } from '../protocol/http.ts';
import { MAX_GROUP_REQUEST_BYTES, MAX_REQUEST_BYTES, MAX_SMALL_REQUEST_BYTES } from '../protocol/limits.ts';

type AddressRate = Extract<RateName, `address${string}`>;
type AccountRate = Extract<RateName, `account${string}`>;
type Rule = { bodyBytes: number; rates: readonly (AddressRate | AccountRate)[] };

const small = (...rates: Rule['rates']): Rule => ({ bodyBytes: MAX_SMALL_REQUEST_BYTES, rates });
const records = (...rates: Rule['rates']): Rule => ({ bodyBytes: MAX_REQUEST_BYTES, rates });
const group = (...rates: Rule['rates']): Rule => ({ bodyBytes: MAX_GROUP_REQUEST_BYTES, rates });

/**
 * How long each route's body may be, and the buckets that are asked before it is read: by address, and by account where a token says whose. What
 * depends on the body (a pair, a target, a group) is asked in the handlers. Every request has passed `addressRequest` before.
 */
export const ROUTE_RULES: Record<Route, Rule> = {
  'registration/check': small('addressRegistration'),
  'registration/username': small('addressRegistration'),
  'registration/create': records('addressRegistration'),
  'login/challenge': small('addressLogin'),
  login: small('addressLogin'),
  'accounts/find': small('accountRequest', 'accountFind'),
  'accounts/fetch': small('accountRequest', 'accountFetch'),
  'prekeys/claim': small('accountRequest'),
  'prekeys/add': records('accountRequest', 'accountChange'),
  'prekeys/count': small('accountRequest'),
  'devices/publish': records('accountRequest', 'accountChange'),
  'devices/list': records('accountRequest', 'accountChange'),
  'account/delivery': small('accountRequest', 'accountChange'),
  certificate: small('accountRequest'),
  'groups/create': group('addressGroupCreate'),
  'groups/append': group('addressGroup'),
  'groups/read': small('addressGroup'),
  'invites/create': small('accountRequest', 'accountInvite'),
  'invites/list': small('accountRequest'),
  'invites/revoke': small('accountRequest', 'accountChange'),
  'account/me': small('accountRequest'),
};

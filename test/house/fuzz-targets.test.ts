// Whatever can be handed bytes from outside is fuzzed: a decoder that nobody feeds is red here until it has a target in test/fuzz/targets.
import { expect, test } from 'vitest';
import * as body from '../../client/content/body.ts';
import * as certificate from '../../client/messenger/certificate.ts';
import * as codec from '../../client/messenger/vault/codec.ts';
import * as header from '../../client/messenger/vault/header.ts';
import * as crypto from '../../crypto/index.ts';
import * as bytes from '../../server/protocol/bytes.ts';
import * as view from '../../server/protocol/device-record-view.ts';
import * as errors from '../../server/protocol/errors.ts';
import * as frames from '../../server/protocol/frames.ts';
import * as http from '../../server/protocol/http.ts';
import * as signed from '../../server/protocol/signed-requests.ts';
import { allTargets, cryptoTargets, outerTargets } from '../fuzz/targets/index.ts';

/** Functions of crypto/index.ts that take nothing from outside: they make, encode or sign what is ours, or look at parsed values. */
const TAKES_OUR_OWN = [
  ...['MAX_SEALED_BYTES', 'concat', 'equalBytes', 'toBase64url', 'toHex', 'utf8', 'wipe'],
  ...['CryptoError', 'installPrimitives'],
  ...['createSenderKey', 'generateGenesis', 'generateKeyPair', 'generateLinkingCode', 'generateOneTimePrekeys'],
  ...['generateRecoveryKey', 'generateSealingKey'],
  ...['encodeContent', 'encodeGenesis', 'encodeGroupState', 'encodeLinkingCode', 'distributionIdOf', 'purposeBytes'],
  ...['attachmentHeader', 'sealBackup', 'sealChunk'],
  ...['sealGroup', 'sealLinked', 'sealLogEntry', 'sealPairwise', 'sealRecord', 'runExpired'],
  ...['ed25519Signer', 'identitySigner', 'seedSigner', 'signDeviceList', 'signDeviceRecord', 'signGroupOperation'],
  ...['signIdentityRotation', 'signPrekey', 'signPurpose'],
  ...['atHead', 'canDo', 'compareHead', 'hasRank', 'isAdmin', 'mayPost', 'skipSlot', 'wasMember'],
];

/** The same outside `crypto/`. */
const WRITES = [
  'concat',
  'encodeBody',
  'encodeFrame',
  'encodeHeader',
  'encodeValue',
  'freeze',
  'toBase64url',
  'uint16',
  'uint32',
  'uint64',
];
const LOOKS = ['ProtocolError', 'base64urlLength', 'closeCodeOf', 'isSendableText', 'pathOf'];

const functionsOf = (...modules: object[]): string[] =>
  modules.flatMap((module) => Object.entries(module).flatMap(([name, value]) => (typeof value === 'function' ? [name] : [])));

const fed = (targets: typeof allTargets): Set<string> => new Set(targets.flatMap(({ covers }) => covers));

test('every export of crypto/ that takes bytes or values from outside has a fuzz target', () => {
  const exported = functionsOf(crypto);
  const covered = fed(cryptoTargets);
  const ours = new Set(TAKES_OUR_OWN);
  expect(exported.filter((name) => !covered.has(name) && !ours.has(name))).toEqual([]);
  expect([...ours].filter((name) => !exported.includes(name))).toEqual([]);
  // A name that says "decoder" cannot be excused.
  expect([...ours].filter((name) => /^(parse|open|verify|decrypt|accept|apply|peek|recover)/.test(name))).toEqual([]);
});

test('every parser of the relay’s wire and of the client has a fuzz target', () => {
  const exported = functionsOf(bytes, view, errors, frames, signed, body, codec, header, certificate);
  const covered = fed(outerTargets);
  const excused = new Set([...WRITES, ...LOOKS]);
  expect(exported.filter((name) => !covered.has(name) && !excused.has(name))).toEqual([]);
  expect([...excused].filter((name) => !exported.includes(name) && name !== 'pathOf')).toEqual([]);
  expect(
    Object.keys(http.ROUTES)
      .flatMap((route) => [`${route} body`, `${route} answer`])
      .filter((name) => !covered.has(name)),
  ).toEqual([]);
});

test('targets have names of their own', () => {
  const names = allTargets.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
});

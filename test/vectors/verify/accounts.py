"""Signatures, accounts and chains: formats/xeddsa, genesis, recovery-key, device-record, prekey-bundle, device-list, safety-number, linking."""
import base64
import unicodedata
import re

from primitives import *

ZEROS = bytes(32)
DAY = 24 * 3600 * 1000


def b64(data): return base64.urlsafe_b64encode(data).decode().rstrip('=')


def xeddsa(kind, i):
    if kind == 'sign':
        return {'publicKey': x25519_public(i['privateKey']), 'signature': xeddsa_sign(i['privateKey'], i['message'], i['random'])}
    if kind == 'sign-seeded':
        return {'publicKey': seeded_public(i['seed']), 'signature': seeded_sign(i['seed'], i['message'])}
    if kind == 'verify':
        need(xeddsa_verify(i['publicKey'], i['message'], i['signature']), 'bad-signature')
        return {}
    signed = purpose(i['signedFor'], i['body'])
    signature = seeded_sign(i['seed'], signed)
    need_signature(seeded_public(i['seed']), i['shownFor'], i['body'], signature)
    return {'signed': signed, 'signature': signature}


def parse_genesis(record):
    r = Reader(record, 81)
    r.expect(1, 'unsupported-version')
    identity, account = need_key(r.take(32)), need_key(r.take(32))
    random = r.take(16)
    r.end()
    return identity, account, random


def account_id(record): return labelled_hash('Sottovoce v1 account id', record)


def genesis(kind, i):
    if kind == 'encode':
        record = b'\1' + need_key(i['identityKey']) + need_key(i['accountKey']) + i['random']
        return {'record': record, 'accountId': account_id(record), 'accountIdText': b64(account_id(record))}
    identity, account, random = parse_genesis(i['record'])
    return {'identityKey': identity, 'accountKey': account, 'random': random, 'accountId': account_id(i['record']), 'accountIdText': b64(account_id(i['record']))}


WORDS = []


def recovery_key(kind, i):
    if kind == 'derive':
        entropy = i['entropy']
        need(len(entropy) == 16, 'bad-recovery-key')
        seed = hkdf(entropy, b'', b'Sottovoce v1 account key', 32)
        return {'accountSeed': seed, 'accountKey': seeded_public(seed),
                'backupKey': hkdf(entropy, i['accountId'], b'Sottovoce v1 backup key', 32),
                'backupLoginSeed': hkdf(entropy, i['accountId'], b'Sottovoce v1 backup login', 32)}
    if not WORDS:
        return None
    if kind == 'generate':
        bits = int.from_bytes(i['random'], 'big') << 4 | sha256(i['random'])[0] >> 4
        return {'words': [WORDS[bits >> 11 * (11 - n) & 2047] for n in range(12)]}
    text = i['text']
    need(len(text.encode('utf-16-le')) // 2 <= 1000, 'bad-recovery-key')
    words = [w for w in re.split(r'[\s\d.,;:()-]+', unicodedata.normalize('NFKC', text).lower()) if w]
    need(len(words) == 12 and all(w in WORDS for w in words), 'bad-recovery-key')
    bits = 0
    for word in words:
        bits = bits << 11 | WORDS.index(word)
    entropy = (bits >> 4).to_bytes(16, 'big')
    need(bits & 15 == sha256(entropy)[0] >> 4, 'bad-recovery-key')
    return {'entropy': entropy}


def need_sealing_key(key):
    need(len(key) == 1216, 'bad-key')
    for at in range(0, 1152, 3):
        a, b, c = key[at:at + 3]
        need((a | (b & 15) << 8) < 3329 and (b >> 4 | c << 4) < 3329, 'bad-key')
    need_key(key[1184:])
    return key


def device_record(_, i):
    record = i['record']
    r = Reader(record, 1465)
    r.expect(1, 'unsupported-version')
    account = r.take(32)
    device = bounded(r.number(4), 1, MAX_DEVICE)
    registration = bounded(r.number(2), 1, MAX_REGISTRATION)
    login = r.take(32)
    need(usable_point(login), 'bad-key')
    prekey_id = bounded(r.number(4), 1, MAX_PREKEY)
    prekey = need_prime_order(r.take(32))
    prekey_signature = r.take(64)
    sealing_id = bounded(r.number(4), 1, MAX_PREKEY)
    sealing = need_sealing_key(r.take(1216))
    need_prime_order(sealing[1184:])
    created, sequence = r.number(6), r.number(4)
    signature = r.take(64)
    r.end()
    need(account == i['accountId'], 'wrong-context')
    need_signature(i['identityKey'], 'device record', record[:-64], signature)
    need(xeddsa_verify(i['identityKey'], b'\5' + prekey, prekey_signature), 'bad-signature')
    need(i['now'] - 30 * DAY <= created <= i['now'] + DAY and sequence >= i['knownSequence'], 'stale')
    return {'deviceId': device, 'registrationId': registration, 'loginKey': login, 'signedPrekeyId': prekey_id, 'signedPrekey': prekey,
            'sealingKeyId': sealing_id, 'sealingKeyHash': sha256(sealing), 'createdAt': created, 'sequence': sequence}


def prekey_bundle(kind, i):
    if kind == 'sign':
        return {'signed': b'\5' + i['prekey'], 'signature': xeddsa_sign(i['identityPrivateKey'], b'\5' + i['prekey'], i['random'])}
    if kind == 'verify':
        need(xeddsa_verify(i['identityKey'], b'\5' + i['prekey'], i['signature']), 'bad-signature')
        return {}
    if i['oneTimePrekey'] is None:
        return {'oneTimePrekeyId': 0}
    bounded(i['oneTimePrekeyId'], 1, MAX_PREKEY)
    need_prime_order(i['oneTimePrekey'])
    return {'oneTimePrekeyId': i['oneTimePrekeyId']}


# -- chains (C16)

PURPOSES = {1: 'device list', 2: 'identity rotation', 3: 'group log'}


class Entry:
    def __init__(self, data, kind, chain):
        r = Reader(data, 262144)
        r.expect(1, 'unsupported-version')
        r.expect(kind, 'wrong-kind')
        chain_id = r.take(32)
        self.sequence, self.previous = r.number(4), r.take(32)
        self.operation, self.author = r.number(1), r.take(32)
        self.body, self.signature = r.sized(262144), r.take(64)
        r.end()
        need(chain_id == chain, 'wrong-context')
        self.signed, self.purpose = data[:-64], PURPOSES[kind]
        self.hash = labelled_hash('Sottovoce v1 chain entry', data)

    def verified(self, key): return xeddsa_verify(key, purpose(self.purpose, self.signed), self.signature)


def rotations(genesis_record, entries):
    """All identity keys, oldest first, and the hash of the last entry."""
    need(len(entries) <= 64, 'too-large')
    identity, account_key, _ = parse_genesis(genesis_record)
    chain, keys, head = account_id(genesis_record), [identity], ZEROS
    for data in entries:
        entry = Entry(data, 2, chain)
        need(entry.sequence == len(keys) - 1 and entry.previous == head, 'broken-link')
        need(entry.verified(account_key), 'bad-signature')
        need(entry.operation == 1 and entry.author == chain, 'not-allowed')
        need(len(entry.body) == 32, 'malformed')
        need_key(entry.body)
        need(entry.body not in keys, 'not-allowed')
        keys.append(entry.body)
        head = entry.hash
    return keys, head


def list_body(data):
    r = Reader(data, 238)
    count = r.number(1)
    need(count >= 1, 'malformed')
    need(count <= 20, 'too-large')
    devices, last = [], 0
    for _ in range(count):
        device = bounded(r.number(4), last + 1, MAX_DEVICE)
        last = device
        devices.append({'deviceId': device, 'addedAt': r.number(6)})
    backup = {'sequence': r.number(4), 'digest': r.take(32)} if r.flag() else None
    r.end()
    return devices, backup


def device_list(kind, i):
    if kind == 'rotation':
        keys, head = rotations(i['genesis'], i['entries'])
        return {'accountId': account_id(i['genesis']), 'version': len(keys) - 1, 'headHash': head, 'identityKey': keys[-1], 'identityKeys': keys}
    known, keys, chain = i['known'], i['identityKeys'], i['accountId']
    need(len(i['entries']) <= 512, 'too-large')
    entries = [Entry(data, 1, chain) for data in i['entries']]
    need(entries, 'malformed')
    first = entries[0]
    if first.sequence == 0:
        need(first.previous == ZEROS, 'broken-link')
    if known:
        need(first.sequence <= known['version'], 'broken-link')
        if first.sequence == known['version']:
            need(first.previous == known['hash'], 'broken-link')
    version, head, signer = first.sequence, first.previous, 0
    backup = known['backup'] if known and version == known['version'] else None
    for entry in entries:
        need(entry.sequence == version and entry.previous == head, 'broken-link')
        need(entry.operation == 1 and entry.author == chain, 'not-allowed')
        while signer < len(keys) and not entry.verified(keys[signer]):
            signer += 1
        need(signer < len(keys), 'bad-signature')
        devices, mark = list_body(entry.body)
        need((mark or {'sequence': 0})['sequence'] >= (backup or {'sequence': 0})['sequence'], 'stale')
        backup, version, head = mark, entry.sequence + 1, entry.hash
        if known and version == known['version']:
            need(head == known['hash'], 'broken-link')
    need(signer == len(keys) - 1, 'bad-signature')
    need(not known or version >= known['version'], 'stale')
    return {'list': {'version': version, 'hash': head, 'devices': devices, 'backup': backup}}


def fingerprint(id_text, key):
    h = b'\0\0\5' + key + id_text.encode()
    for _ in range(5200):
        h = sha512(h + b'\5' + key)
    return h


def safety_number(kind, i):
    if kind == 'scan':
        codes = []
        for code in (i['ours'], i['scanned']):
            need(len(code) >= 2 and code[0] == 8, 'malformed')
            need(code[1] == 2, 'unsupported-version')
            need(len(code) == 74 and code[2:6] == b'\x12\x22\x0a\x20' and code[38:42] == b'\x1a\x22\x0a\x20', 'malformed')
            codes.append((code[6:38], code[42:]))
        return {'result': 'match' if codes[0] == codes[1][::-1] else 'mismatch'}
    ours, theirs = b64(i['ourId']), b64(i['theirId'])
    need_key(i['ourKey'])
    need_key(i['theirKey'])
    mine, other = fingerprint(ours, i['ourKey']), fingerprint(theirs, i['theirKey'])
    digits = sorted(''.join('%05d' % (int.from_bytes(f[at:at + 5], 'big') % 100000) for at in range(0, 30, 5)) for f in (mine, other))
    return {'ourIdText': ours, 'theirIdText': theirs, 'ourFingerprint': mine, 'theirFingerprint': other, 'digits': ''.join(digits),
            'scannable': b'\x08\x02\x12\x22\x0a\x20' + mine[:32] + b'\x1a\x22\x0a\x20' + other[:32]}


# -- linking (C30)

def link_code(secret, key_hash):
    if key_hash is None:
        need(len(secret) == 16, 'malformed')
        return base64.b32encode(secret).decode().rstrip('=')
    need(len(secret) == 32 and len(key_hash) == 32, 'malformed')
    return 'sottovoce-link:' + b64(b'\1' + secret + key_hash)


def parse_link_code(text):
    need(len(text.encode('utf-16-le')) // 2 <= 128, 'too-large')
    if text.startswith('sottovoce-link:'):
        body = text[15:]
        need(re.fullmatch(r'[A-Za-z0-9_-]*', body) and len(body) % 4 != 1, 'malformed')
        data = base64.urlsafe_b64decode(body + '=' * (-len(body) % 4))
        need(b64(data) == body, 'malformed')
        r = Reader(data, 65)
        r.expect(1, 'unsupported-version')
        secret, key_hash = r.take(32), r.take(32)
        r.end()
        return secret, key_hash
    letters = re.sub(r'[\s-]+', '', text.upper())
    need(re.fullmatch(r'[A-Z2-7]{26}', letters), 'malformed')
    secret = base64.b32decode(letters + '======')
    need(link_code(secret, None) == letters, 'malformed')
    return secret, None


def link_keys(i):
    """Shared secret, transcript, and by direction the secrets of both layers."""
    theirs, private = i['theirPublicKey'], i['privateKey']
    need_prime_order(theirs)
    ours = x25519_public(private)
    need(theirs != ours, 'wrong-context')
    new, old = (ours, theirs) if i['role'] == 'new' else (theirs, ours)
    need(i['keyHash'] in (None, labelled_hash('Sottovoce v1 link key', new)), 'untrusted-identity')
    shared, transcript = x25519(private, theirs), labelled_hash('Sottovoce v1 link transcript', b'\1' + new + old)

    def keys(direction):
        return (hkdf(shared, transcript, b'Sottovoce v1 link channel' + bytes([direction]), 32),
                hkdf(i['secret'], transcript, b'Sottovoce v1 link code' + bytes([direction]), 32))
    return shared, transcript, {1: keys(1), 2: keys(2)}


def linking(kind, i):
    if kind == 'generate':
        need(any(i['random'][:32]), 'bad-key')
        private, secret = clamp(i['random'][:32]), i['random'][32:]
        public = x25519_public(private)
        key_hash = labelled_hash('Sottovoce v1 link key', public) if i['form'] == 'scanned' else None
        return {'privateKey': private, 'publicKey': public, 'keyHash': key_hash, 'code': link_code(secret, key_hash)}
    if kind == 'encode':
        return {'code': link_code(i['secret'], i['keyHash'])}
    if kind == 'parse':
        secret, key_hash = parse_link_code(i['code'])
        return {'secret': secret, 'keyHash': key_hash, 'isCanonical': link_code(secret, key_hash) == i['code']}
    shared, transcript, keys = link_keys(i)
    ours = 1 if i['role'] == 'new' else 2
    if kind == 'start':
        return {'sharedSecret': shared, 'transcript': transcript, 'sendOuter': keys[ours][0], 'sendInner': keys[ours][1],
                'receiveOuter': keys[3 - ours][0], 'receiveInner': keys[3 - ours][1]}
    direction = ours if kind == 'seal' else 3 - ours
    outer, inner = keys[direction]
    aad = bytes([1, direction]) + u32(i['number'])
    if kind == 'seal':
        plaintext = i['plaintext'] + bytes(i['zeros'])
        need(len(plaintext) <= 65536, 'too-large')
        inner_salt, outer_salt = i['random'][:32], i['random'][32:]
        inner_key, outer_key = record_key(inner, inner_salt, 'Sottovoce v1 link code', 7), record_key(outer, outer_salt, 'Sottovoce v1 link channel', 7)
        record = inner_salt + gcm_seal(inner_key, b'\7' + aad, plaintext)
        message = outer_salt + gcm_seal(outer_key, b'\7' + aad, record)
        return {'aad': aad, 'innerKey': inner_key, 'innerHash': sha256(record), 'outerKey': outer_key, 'messageBytes': len(message), 'messageHash': sha256(message)}
    message = i['message'] + bytes(i['zeros'])
    need(len(message) <= 65536 + 96, 'too-large')
    record = open_record(outer, 'Sottovoce v1 link channel', 7, aad, message)
    return {'plaintext': open_record(inner, 'Sottovoce v1 link code', 7, aad, record), 'next': i['number'] + 1}

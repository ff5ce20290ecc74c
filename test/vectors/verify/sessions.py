"""Conversations: formats/x3dh, double-ratchet, sender-key."""
from accounts import ZEROS, DAY
from primitives import *

NOW = 1795132800000


class Fields:
    """Signal's protobuf in its one encoding: ascending or in the order given, shortest varints, nothing unknown."""

    def __init__(self, data): self.data, self.at = data, 0

    def byte(self):
        need(self.at < len(self.data), 'malformed')
        self.at += 1
        return self.data[self.at - 1]

    def varint(self):
        value = 0
        for n in range(5):
            byte = self.byte()
            value |= (byte & 127) << 7 * n
            if byte < 128:
                need((byte or n == 0) and value < 1 << 32, 'malformed')
                return value
        raise Refused('malformed')

    def next_is(self, tag): return self.at < len(self.data) and self.data[self.at] == tag

    def number(self, field):
        need(self.byte() == field << 3, 'malformed')
        return self.varint()

    def bytes(self, field):
        need(self.byte() == field << 3 | 2, 'malformed')
        n = self.varint()
        need(n <= len(self.data) - self.at, 'malformed')
        self.at += n
        return self.data[self.at - n:self.at]

    def end(self): need(self.at == len(self.data), 'malformed')


def varint(n):
    out = b''
    while n >= 128:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def number(field, n): return bytes([field << 3]) + varint(n)
def field(n, data): return bytes([n << 3 | 2]) + varint(len(data)) + data


def curve_key(data):
    need(len(data) == 33 and data[0] == 5, 'malformed')
    return need_key(data[1:])


def versioned(data):
    need(data, 'malformed')
    need(data[0] in (0x33, 0x34), 'unsupported-version')


def parse_later(data):
    versioned(data)
    need(len(data) > 9, 'malformed')
    f = Fields(data[1:-8])
    message = {'ratchetKey': curve_key(f.bytes(1)), 'counter': f.number(2), 'previous': f.number(3), 'ciphertext': f.bytes(4)}
    f.end()
    need(message['ciphertext'] and len(message['ciphertext']) % 16 == 0, 'malformed')
    return {**message, 'authenticated': data[:-8], 'mac': data[-8:]}


def parse_message(data):
    need(data, 'malformed')
    if data[0] == 2:
        return None, parse_later(data[1:])
    need(data[0] == 1, 'unsupported-version')
    data = data[1:]
    versioned(data)
    f = Fields(data[1:])
    first = {}
    ours = f.next_is(5 << 3)
    if ours:
        first['registration'] = bounded(f.number(5), 1, MAX_REGISTRATION)
        first['oneTime'] = bounded(f.number(1), 0, MAX_PREKEY) if f.next_is(1 << 3) else 0
        first['signed'] = bounded(f.number(6), 1, MAX_PREKEY)
    else:
        first['oneTime'] = bounded(f.number(1), 1, MAX_PREKEY) if f.next_is(1 << 3) else 0
    first['baseKey'], first['identityKey'] = curve_key(f.bytes(2)), curve_key(f.bytes(3))
    later = parse_later(f.bytes(4))
    if not ours:
        first['registration'] = bounded(f.number(5), 1, MAX_REGISTRATION)
        first['signed'] = bounded(f.number(6), 1, MAX_PREKEY)
    f.end()
    return first, later


def agree(*outputs): return hkdf(b'\xff' * 32 + b''.join(outputs), ZEROS, b'WhisperText', 64)[:32]


def root_step(root, private, remote):
    keys = hkdf(x25519(private, remote), root, b'WhisperRatchet', 64)
    return keys[:32], keys[32:]


def message_keys(key):
    out = hkdf(key, ZEROS, b'WhisperMessageKeys', 80)
    return out[:32], out[32:64], out[64:]


def mac_of(key, sender, receiver, data): return hmac(key, b'\5' + sender + b'\5' + receiver + data)[:8]


def later_message(ratchet, counter, previous, key, plaintext, sender, receiver):
    cipher, mac, iv = message_keys(key)
    body = b'\x33' + field(1, b'\5' + ratchet) + number(2, counter) + number(3, previous) + field(4, cbc_encrypt(cipher, iv, plaintext))
    return body + mac_of(mac, sender, receiver, body)


def first_message(registration, one_time, signed, base, identity, later):
    return (b'\x33' + number(5, registration) + (number(1, one_time) if one_time else b'') + number(6, signed)
            + field(2, b'\5' + base) + field(3, b'\5' + identity) + field(4, later))


def initiate(private, peer, signed, one_time, random):
    ephemeral, ratchet = clamp(random[:32]), clamp(random[32:])
    dh = [x25519(private, signed), x25519(ephemeral, peer), x25519(ephemeral, signed)]
    if one_time:
        dh.append(x25519(ephemeral, one_time))
    root = agree(*dh)
    sending, chain = root_step(root, ratchet, signed)
    return ephemeral, ratchet, dh, root, sending, chain


def x3dh(kind, i):
    if kind == 'initiate':
        bounded(i['peerRegistrationId'], 1, MAX_REGISTRATION)
        bounded(i['signedPrekeyId'], 1, MAX_PREKEY)
        need_key(i['peerIdentityKey'])
        need_key(i['signedPrekey'])
        if i['oneTimePrekey'] is not None:
            bounded(i['oneTimePrekeyId'], 1, MAX_PREKEY)
            need_key(i['oneTimePrekey'])
        need(xeddsa_verify(i['peerIdentityKey'], b'\5' + i['signedPrekey'], i['signature']), 'bad-signature')
        ephemeral, ratchet, dh, root, sending, chain = initiate(i['identityPrivateKey'], i['peerIdentityKey'], i['signedPrekey'], i['oneTimePrekey'], i['random'])
        base, public, ours = x25519_public(ephemeral), x25519_public(ratchet), x25519_public(i['identityPrivateKey'])
        key = hmac(chain, b'\1')
        cipher, mac, iv = message_keys(key)
        later = later_message(public, 0, 0, key, i['plaintext'], ours, i['peerIdentityKey'])
        one_time = i['oneTimePrekeyId'] if i['oneTimePrekey'] is not None else 0
        message = b'\1' + first_message(i['registrationId'], one_time, i['signedPrekeyId'], base, ours, later)
        return {'baseKey': base, 'ratchetKey': public, 'dh': dh, 'rootKey': root, 'sendingRootKey': sending, 'chainKey': chain, 'messageKey': key,
                'cipherKey': cipher, 'macKey': mac, 'iv': iv, 'message': message}
    first, later = parse_message(i['message'])
    need(first, 'unknown-session')
    need(i['expectedIdentity'] in (None, first['identityKey']), 'untrusted-identity')
    need(not i['isKnown'], 'unknown-session')
    need(first['signed'] == i['signedPrekeyId'], 'unknown-prekey')
    need(not first['oneTime'] or (first['oneTime'] == i['oneTimePrekeyId'] and i['oneTimePrekeyPrivateKey'] is not None), 'unknown-prekey')
    ours, signed, theirs, base = i['identityPrivateKey'], i['signedPrekeyPrivateKey'], first['identityKey'], first['baseKey']
    dh = [x25519(signed, theirs), x25519(ours, base), x25519(signed, base)]
    if first['oneTime']:
        dh.append(x25519(i['oneTimePrekeyPrivateKey'], base))
    root = agree(*dh)
    _, chain = root_step(root, clamp(signed), later['ratchetKey'])
    key = chain
    for _ in range(later['counter']):
        key = hmac(key, b'\2')
    cipher, mac, iv = message_keys(hmac(key, b'\1'))
    need(mac_of(mac, theirs, x25519_public(ours), later['authenticated']) == later['mac'], 'bad-mac')
    return {'identityKey': theirs, 'baseKey': base, 'usedOneTimePrekeyId': first['oneTime'], 'dh': dh, 'rootKey': root, 'chainKey': chain,
            'plaintext': cbc_decrypt(cipher, iv, later['ciphertext']), 'replyRatchetKey': x25519_public(clamp(i['random']))}


# -- the Double Ratchet, both sides

class Session:
    def __init__(self, root, private, remote, base, by_peer):
        self.root, self.private, self.remote, self.base, self.by_peer = root, private, remote, base, by_peer
        self.public, self.previous, self.pending, self.chains = x25519_public(private), 0, not by_peer, {}

    def copy(self):
        other = object.__new__(Session)
        other.__dict__ = {**self.__dict__, 'chains': {k: {**c, 'skipped': dict(c['skipped'])} for k, c in self.chains.items()}}
        return other


def chain(key, receiving): return {'key': key, 'next': 0, 'receiving': receiving, 'skipped': {}}


def step(c):
    need(c['key'] is not None, 'bad-mac')
    out = hmac(c['key'], b'\1')
    c['key'], c['next'] = hmac(c['key'], b'\2'), c['next'] + 1
    return out


def skip(c, until, day):
    while c['next'] < until:
        n = c['next']
        c['skipped'][n] = (step(c), day)


class Side:
    def __init__(self, one):
        self.private, self.random = clamp(one['identityPrivateKey']), one['random']
        self.identity = x25519_public(self.private)
        self.signed = clamp(one['signedPrekeyPrivateKey'])
        self.sessions, self.known = [], set()

    def draw(self, n):
        out, self.random = self.random[:n], self.random[n:]
        return out

    def start(self, peer):
        ephemeral, ratchet, _, _, sending, key = initiate(self.private, peer.identity, x25519_public(peer.signed), None, self.draw(64))
        session = Session(sending, ratchet, x25519_public(peer.signed), x25519_public(ephemeral), False)
        session.chains[session.public] = chain(key, False)
        for one in self.sessions:
            one.pending = False
        self.sessions = [session, *self.sessions][:11]

    def send(self, peer, plaintext):
        session = self.sessions[0]
        c = session.chains[session.public]
        shown = {'rootKey': session.root, 'chainKey': c['key']}
        counter, key = c['next'], step(c)
        cipher, mac, iv = message_keys(key)
        later = later_message(session.public, counter, session.previous, key, plaintext, self.identity, peer.identity)
        message = b'\1' + first_message(7, 0, 1, session.base, self.identity, later) if session.pending else b'\2' + later
        return {'message': message, **shown, 'messageKey': key, 'cipherKey': cipher, 'macKey': mac, 'iv': iv}

    def attempt(self, session, peer, m, day):
        """On a copy; returns it changed, the text, and whether it is the first answer to a start of ours."""
        s = session.copy()
        known, before = s.chains.get(m['ratchetKey']), s.remote
        c = known
        if c is None:
            s.root, key = root_step(s.root, s.private, m['ratchetKey'])
            s.remote, c = m['ratchetKey'], chain(key, True)
            s.chains[m['ratchetKey']] = c
        need(c['receiving'], 'bad-mac')
        if m['counter'] >= c['next']:
            need(m['counter'] - c['next'] < 2000, 'too-far-ahead')
            skip(c, m['counter'], day)
            key = step(c)
        else:
            need(m['counter'] in c['skipped'], 'duplicate')
            key = c['skipped'].pop(m['counter'])[0]
        cipher, mac, iv = message_keys(key)
        need(mac_of(mac, peer.identity, self.identity, m['authenticated']) == m['mac'], 'bad-mac')
        text = cbc_decrypt(cipher, iv, m['ciphertext'])
        s.pending = False
        if known is None:
            previous = s.chains.get(before)
            if previous and previous['receiving'] and m['previous'] - previous['next'] < 2000:
                skip(previous, m['previous'] + 1, day)
                previous['key'] = None
            sending = s.chains.pop(s.public, None)
            s.previous = max(0, (sending['next'] if sending else 0) - 1)
            while len(s.chains) > 11:
                del s.chains[next(iter(s.chains))]
            s.private = clamp(self.draw(32))
            s.public = x25519_public(s.private)
            s.root, key = root_step(s.root, s.private, s.remote)
            s.chains[s.public] = chain(key, False)
        room = 4000
        for c in reversed(list(s.chains.values())):
            for n in [n for n, (_, at) in c['skipped'].items() if day - at > 33]:
                del c['skipped'][n]
            while len(c['skipped']) > min(room, 2000):
                del c['skipped'][next(iter(c['skipped']))]
            room -= len(c['skipped'])
        return s, text, session.pending

    def receive(self, peer, data, now):
        first, m = parse_message(data)
        day = now // DAY
        random = self.random
        try:
            if first:
                return self.receive_first(peer, first, m, day)
            need(self.sessions, 'unknown-session')
            candidates = [n for n, s in enumerate(self.sessions) if m['ratchetKey'] in s.chains][:1] or list(range(len(self.sessions)))
            refusal = None
            for n in candidates:
                try:
                    return self.keep(n, *self.attempt(self.sessions[n], peer, m, day))
                except Refused as error:
                    refusal = refusal or error
                    self.random = random
            raise refusal
        except Refused:
            self.random = random
            raise

    def receive_first(self, peer, first, m, day):
        need(first['identityKey'] == peer.identity, 'untrusted-identity')
        for n, s in enumerate(self.sessions):
            if s.by_peer and s.base == first['baseKey']:
                return self.keep(n, *self.attempt(s, peer, m, day))
        need(first['baseKey'] not in self.known, 'unknown-session')
        need(first['signed'] == 1 and not first['oneTime'], 'unknown-prekey')
        base = first['baseKey']
        root = agree(x25519(self.signed, first['identityKey']), x25519(self.private, base), x25519(self.signed, base))
        s, text, _ = self.attempt(Session(root, self.signed, base, base, True), peer, m, day)
        self.sessions, self.known = [s, *self.sessions][:11], self.known | {base}
        return text

    def keep(self, n, s, text, answered):
        others, first = self.sessions[:n] + self.sessions[n + 1:], self.sessions[0]
        opens = n == 0 or answered and not s.by_peer and first.by_peer and s.base < first.base
        self.sessions = [s, *others] if opens else self.sessions[:n] + [s] + self.sessions[n + 1:]
        return text


def double_ratchet(_, i):
    sides = {'a': Side(i['a']), 'b': Side(i['b'])}
    shown = []
    for one in i['steps']:
        me, peer = sides[one['by']], sides['b' if one['by'] == 'a' else 'a']
        out, op, now = {}, one['op'], one.get('now', NOW)
        if op == 'start':
            me.start(peer)
        elif op == 'send':
            out = me.send(peer, one['plaintext'])
        elif op == 'drop':
            for _ in range(one['count']):
                me.send(peer, b'\0')
        elif op == 'receive':
            out = {'plaintext': me.receive(peer, one['message'], now)}
        else:
            try:
                me.receive(peer, one['message'], now)
                raise AssertionError('accepted what it should refuse')
            except Refused as error:
                need(str(error) == one['error'], f'refused as {error}')
        shown.append(out)
    return {'steps': shown}


# -- sender keys

def group_keys(seed):
    out = hkdf(seed, ZEROS, b'WhisperGroup', 48)
    return out[:16], out[16:]


def distribution_of(i, chain_key, chain_id, signing):
    return b'\x33' + field(1, i['distributionId']) + number(2, chain_id) + number(3, i['iteration']) + field(4, chain_key) + field(5, b'\5' + signing)


def states_hash(distribution, states):
    out = b'\1' + distribution + bytes([len(states)])
    for s in states:
        out += u32(s['chain']) + u32(s['iteration']) + s['key'] + s['signing'] + u16(len(s['skipped'])) + b''.join(u32(n) + k for n, k in sorted(s['skipped'].items()))
    return sha256(out)


def sender_key(kind, i):
    if kind == 'distribution-id':
        context = i['groupId'] + u32(i['epoch']) + i['accountId'] + u32(i['deviceId']) + u32(i['generation'])
        return {'distributionId': labelled_hash('Sottovoce v1 group distribution id', context)[:16]}
    if kind == 'encrypt':
        seed, chain_id, key = i['random'][:32], int.from_bytes(i['random'][32:36], 'big') & 0x7fffffff, i['random'][36:]
        for _ in range(i['iteration']):
            key = hmac(key, b'\2')
        message_seed = hmac(key, b'\1')
        iv, cipher = group_keys(message_seed)
        ciphertext = cbc_encrypt(cipher, iv, i['plaintext'])
        signed = b'\x33' + field(1, i['distributionId']) + number(2, chain_id) + number(3, i['iteration']) + field(4, ciphertext)
        return {'chainId': chain_id, 'chainKey': key, 'seed': message_seed, 'iv': iv, 'key': cipher, 'nextChainKey': hmac(key, b'\2'),
                'ciphertext': ciphertext, 'distribution': distribution_of(i, key, chain_id, seeded_public(seed)), 'message': signed + seeded_sign(seed, signed)}
    held, states, shown = None, [], []
    for one in i['steps']:
        data = one['bytes']
        if one['op'] == 'distribute':
            need(data, 'malformed')
            need(data[0] == 0x33, 'unsupported-version')
            f = Fields(data[1:])
            ident, chain_id, iteration, key, signing = f.bytes(1), f.number(2), f.number(3), f.bytes(4), f.bytes(5)
            f.end()
            need(len(ident) == 16 and chain_id <= 0x7fffffff and len(key) == 32, 'malformed')
            need(len(signing) == 33 and signing[0] == 5, 'bad-key')
            need_key(signing[1:])
            need(held in (None, ident), 'wrong-context')
            held = ident
            fresh = {'chain': chain_id, 'iteration': iteration, 'key': key, 'signing': signing[1:], 'skipped': {}}
            same = [s for s in states if s['chain'] == chain_id and s['signing'] == signing[1:]]
            states = [*(same or [fresh]), *[s for s in states if s['chain'] != chain_id]][:5]
            shown.append({'states': states_hash(held, states)})
            continue
        need(len(data) > 64, 'malformed')
        need(data[0] == 0x33, 'unsupported-version')
        f = Fields(data[1:-64])
        ident, chain_id, iteration, ciphertext = f.bytes(1), f.number(2), f.number(3), f.bytes(4)
        f.end()
        need(len(ident) == 16 and chain_id <= 0x7fffffff and ciphertext and len(ciphertext) % 16 == 0, 'malformed')
        found = [s for s in states if s['chain'] == chain_id]
        need(ident == held and found, 'unknown-sender-key')
        s = found[0]
        need(xeddsa_verify(s['signing'], data[:-64], data[-64:]), 'bad-signature')
        if iteration < s['iteration']:
            need(iteration in s['skipped'], 'duplicate')
            seed = s['skipped'].pop(iteration)
        else:
            need(iteration - s['iteration'] <= 25000, 'too-far-ahead')
            while s['iteration'] < iteration:
                s['skipped'][s['iteration']] = hmac(s['key'], b'\1')
                s['key'], s['iteration'] = hmac(s['key'], b'\2'), s['iteration'] + 1
            seed = hmac(s['key'], b'\1')
            s['key'], s['iteration'] = hmac(s['key'], b'\2'), s['iteration'] + 1
            while len(s['skipped']) > 2000:
                del s['skipped'][min(s['skipped'])]
        iv, cipher = group_keys(seed)
        shown.append({'plaintext': cbc_decrypt(cipher, iv, ciphertext), 'chainId': chain_id, 'iteration': iteration, 'states': states_hash(held, states)})
    return {'steps': shown}

"""The group log: formats/group-log."""
from accounts import ZEROS, Entry, account_id, parse_genesis, rotations
from primitives import *
from seals import commitment

ROLES = ['', 'member', 'moderator', 'admin']
OPERATIONS = ['', 'create', 'add', 'remove', 'leave', 'setRole', 'rename', 'policy', 'rotate', 'rekey', 'moved']


def role(r): return bounded(r.number(1), 1, 3)


def name_of(r):
    raw = r.sized(256)
    try:
        name = raw.decode()
    except UnicodeDecodeError:
        raise Refused('malformed') from None
    need(name and not any(ord(c) < 32 or 127 <= ord(c) < 160 for c in name), 'malformed')
    return name


def members_of(r):
    count = r.number(2)
    need(count <= 1000, 'too-large')
    out = []
    for _ in range(count):
        genesis, n = r.take(81), r.number(1)
        need(n <= 64, 'too-large')
        out.append((genesis, [r.sized(1024) for _ in range(n)]))
    return out


def parse_operation(code, body):
    need(1 <= code <= 10, 'unsupported-version')
    r, op = Reader(body), {'type': OPERATIONS[code]}
    kind = op['type']
    if kind == 'create':
        op['name'], op['policy'], op['commitment'], op['members'] = name_of(r), [role(r) for _ in range(3)], r.take(32), members_of(r)
    elif kind == 'add':
        op['members'] = members_of(r)
    elif kind == 'remove':
        op['account'], op['commitment'] = r.take(32), r.take(32)
    elif kind == 'setRole':
        op['account'], op['role'] = r.take(32), role(r)
    elif kind == 'rename':
        op['name'] = name_of(r)
    elif kind == 'policy':
        op['policy'] = [role(r) for _ in range(3)]
    elif kind == 'rotate':
        op['commitment'] = r.take(32)
    elif kind == 'rekey':
        op['account'], op['rotation'] = r.take(32), r.sized(1024)
    elif kind == 'moved':
        op['group'] = r.take(32)
    r.end()
    return op


class State:
    """Made from its entries; `entry`, `head` and `moved` cases begin from a state, and theirs is read back from its readable bytes."""

    def __init__(self, group):
        self.group, self.version, self.heads, self.epoch, self.commitment = group, 0, [], 0, b''
        self.due, self.name, self.policy, self.members, self.former, self.moved = False, '', [3, 2, 1], {}, {}, None
        self.mover = None

    def encoded(self):
        out = b'\1' + self.group + u32(self.version) + bytes([len(self.heads)]) + b''.join(u32(v) + h for v, h in self.heads)
        name = self.name.encode()
        out += u32(self.epoch) + self.commitment + bytes([self.due]) + u32(len(name)) + name + bytes(self.policy) + u16(len(self.members))
        for m in self.members.values():
            entries = b''.join(u32(len(e)) + e for e in m['rotations'])
            out += m['genesis'] + bytes([len(m['rotations'])]) + entries + m['identity'] + bytes([m['role']]) + u32(m['joined'])
        out += u16(len(self.former)) + b''.join(a + u32(j) + u32(l) for a, (j, l) in self.former.items())
        return out + (b'\1' + self.moved + self.mover if self.moved else b'\0')

    def copy(self):
        other = State(self.group)
        other.__dict__ = {**self.__dict__, 'heads': list(self.heads), 'members': {k: dict(v) for k, v in self.members.items()}, 'former': dict(self.former)}
        return other

    @property
    def head(self): return self.heads[-1][1] if self.heads else ZEROS


def admit(genesis, entries, epoch):
    keys, _ = rotations(genesis, entries)
    return {'role': 1, 'genesis': genesis, 'rotations': list(entries), 'identity': keys[-1], 'joined': epoch}


def ids_of(members):
    ids = [account_id(genesis) for genesis, _ in members]
    return ids if len(set(ids)) == len(ids) else None


def allowed(state, author, op):
    kind = op['type']
    if kind == 'create':
        ids = ids_of(op['members'])
        return state is None and ids is not None and author in ids
    if state is None or state.moved is not None or author not in state.members:
        return False
    mine, members = state.members[author]['role'], state.members
    target = members.get(op.get('account'), {}).get('role')

    def other_admin(account): return any(m['role'] == 3 for a, m in members.items() if a != account)
    if kind == 'add':
        ids = ids_of(op['members'])
        return mine >= state.policy[0] and bool(ids) and len(members) + len(ids) <= 1000 and not any(a in members for a in ids)
    if kind == 'remove':
        return target is not None and op['account'] != author and (mine == 3 or (mine == 2 and target == 1))
    if kind == 'leave':
        return mine != 3 or len(members) == 1 or other_admin(author)
    if kind == 'setRole':
        return mine == 3 and target is not None and target != op['role'] and (target != 3 or other_admin(op['account']))
    if kind == 'rename':
        return mine >= state.policy[1] and op['name'] != state.name
    if kind == 'policy':
        return mine == 3 and op['policy'] != state.policy
    if kind == 'rekey':
        return target is not None
    if kind == 'moved':
        return mine == 3 and op['group'] != state.group
    return True


def rekeyed(member, rotation):
    keys, _ = rotations(member['genesis'], [*member['rotations'], rotation])
    return {**member, 'rotations': [*member['rotations'], rotation], 'identity': keys[-1]}


def apply_valid(state, data, group):
    entry = Entry(data, 3, group)
    need(entry.sequence == (state.version if state else 0) and entry.previous == (state.head if state else ZEROS), 'broken-link')
    op = parse_operation(entry.operation, entry.body)
    need(allowed(state, entry.author, op), 'not-allowed')
    kind = op['type']
    if kind == 'create':
        key = [admit(*m, 1)['identity'] for m in op['members'] if account_id(m[0]) == entry.author][0]
    elif kind == 'rekey' and op['account'] == entry.author:
        key = rekeyed(state.members[entry.author], op['rotation'])['identity']
    else:
        key = state.members[entry.author]['identity']
    need(entry.verified(key), 'bad-signature')
    s = state.copy() if state else State(group)
    if kind == 'create':
        s.name, s.policy, s.epoch, s.commitment = op['name'], op['policy'], 1, op['commitment']
        s.members = {account_id(g): admit(g, r, 1) for g, r in op['members']}
        s.members[entry.author]['role'] = 3
    elif kind == 'add':
        for genesis, entries in op['members']:
            s.members[account_id(genesis)] = admit(genesis, entries, s.epoch)
    elif kind in ('remove', 'leave'):
        gone = op.get('account', entry.author)
        s.former.pop(gone, None)
        s.former[gone] = (s.members.pop(gone)['joined'], s.epoch)
        s.due = kind == 'leave' or s.due
    elif kind == 'setRole':
        s.members[op['account']]['role'] = op['role']
    elif kind == 'rename':
        s.name = op['name']
    elif kind == 'policy':
        s.policy = op['policy']
    elif kind == 'rekey':
        s.members[op['account']], s.due = rekeyed(s.members[op['account']], op['rotation']), True
    elif kind == 'moved':
        s.moved, s.mover = op['group'], entry.author
    if kind in ('remove', 'rotate'):
        need(s.epoch < 0xffffffff, 'too-far-ahead')
        s.epoch, s.commitment, s.due = s.epoch + 1, op['commitment'], False
    s.version = entry.sequence + 1
    s.heads = [*s.heads, (s.version, entry.hash)][-64:]
    return s, kind


def skipped(state):
    s = state.copy()
    s.version += 1
    return s


def apply(state, data, group):
    if state is None:
        return apply_valid(None, data, group)
    try:
        return apply_valid(state, data, group)
    except Refused:
        return skipped(state), 'skipped'


def readable(s):
    return {'bytes': s.encoded(), 'version': s.version, 'headHash': s.head, 'epoch': s.epoch, 'rotationDue': s.due, 'name': s.name,
            'members': [{'accountId': a, 'role': ROLES[m['role']], 'joinedEpoch': m['joined'], 'identityKey': m['identity']} for a, m in s.members.items()],
            'former': [{'accountId': a, 'joinedEpoch': j, 'leftEpoch': l} for a, (j, l) in s.former.items()], 'movedTo': s.moved}


def open_slot(key, group, slot, sealed):
    r = Reader(sealed, 262144)
    r.expect(1, 'unsupported-version')
    epoch = r.number(4)
    plaintext = open_record(key, 'Sottovoce v1 group log', 3, b'\1' + group + u32(epoch) + u32(slot), sealed[5:])
    r = Reader(plaintext)
    entry = r.sized(262144)
    previous = r.take(32) if r.flag() else None
    size = 512
    while size < 53 + r.at:
        size *= 2
    need(not any(r.rest()) and len(sealed) == size, 'malformed')
    return epoch, entry, previous


def slot_epoch(sealed):
    r = Reader(sealed)
    r.expect(1, 'unsupported-version')
    return r.number(4)


def apply_slot(state, group, sealed, keys):
    current = state.epoch if state else 1
    try:
        epoch = slot_epoch(sealed)
        need(epoch == current or (state and epoch == current + 1), 'wrong-context')
        mine = [k for k in keys if k['epoch'] == epoch]
        found = None
        for k in mine:
            try:
                found = (k, open_slot(k['log'], group, state.version if state else 0, sealed))
                break
            except Refused as error:
                if str(error) != 'bad-mac':
                    raise
        if found is None and not any(k['confirmed'] for k in mine):
            return None
        need(found, 'bad-mac')
        key, (_, entry, previous) = found
        after, kind = apply(state, entry, group)
        if kind != 'skipped':
            earlier = [k['log'] for k in keys if k['epoch'] == epoch - 1 and k['confirmed']]
            need(after.epoch == epoch and (state is not None and state.epoch != epoch) == (previous is not None), 'wrong-context')
            need(not previous or not earlier or previous == earlier[0], 'bad-key')
            need(key['commitment'] == after.commitment, 'bad-key')
        return after, kind
    except Refused:
        if state is None:
            raise
        return skipped(state), 'skipped'


def link(i, key, slot):
    """What the slot holds under this key as an entry of this group, or None: whether it applied is not asked."""
    try:
        _, data, previous = open_slot(key, i['groupId'], slot, i['slots'][slot])
        entry = Entry(data, 3, i['groupId'])
        return entry, previous, parse_operation(entry.operation, entry.body).get('commitment')
    except Refused:
        return None


def epoch_or_none(sealed):
    try:
        return slot_epoch(sealed)
    except Refused:
        return None


def recover(i):
    epochs, epoch, key, wanted = [], i['epoch'], i['logKey'], i['headHash']
    for slot in reversed(range(len(i['slots']))):
        found = link(i, key, slot) if epoch_or_none(i['slots'][slot]) == epoch else None
        if not found or found[0].hash != wanted:
            continue
        entry, previous, committed = found
        wanted = entry.previous
        if committed:
            epochs.append({'epoch': epoch, 'log': key, 'commitment': committed})
        if previous:
            need(committed and epoch > 1, 'broken-link')
            epoch, key = epoch - 1, previous
    need(epoch == 1 and epochs and epochs[-1]['epoch'] == 1 and wanted == ZEROS, 'broken-link')
    return {'epochs': epochs}


def parse_state(data):
    """The encoding at the end of formats/group-log.md."""
    r = Reader(data)
    r.expect(1, 'unsupported-version')
    s = State(r.take(32))
    s.version = r.number(4)
    s.heads = [(r.number(4), r.take(32)) for _ in range(r.number(1))]
    s.epoch, s.commitment, s.due = r.number(4), r.take(32), r.flag()
    s.name, s.policy = name_of(r), [role(r) for _ in range(3)]
    for _ in range(r.number(2)):
        genesis = r.take(81)
        entries = [r.sized(1024) for _ in range(r.number(1))]
        identity, mine, joined = r.take(32), role(r), r.number(4)
        member = admit(genesis, entries, joined)
        need(member['identity'] == identity, 'malformed')
        s.members[account_id(genesis)] = {**member, 'role': mine}
    for _ in range(r.number(2)):
        account = r.take(32)
        s.former[account] = (r.number(4), r.number(4))
    if r.flag():
        s.moved, s.mover = r.take(32), r.take(32)
    r.end()
    return s


def group_log(kind, i):
    if kind == 'replay':
        state, applied = None, []
        for entry in i['entries']:
            state, what = apply(state, entry, i['groupId'])
            applied.append(what)
        return {'applied': applied, 'state': readable(state)}
    if kind == 'slots':
        state, applied = None, []
        for slot in i['slots']:
            after = apply_slot(state, i['groupId'], slot, i['keys'])
            applied.append(after[1] if after else 'not judged')
            if not after:
                break
            state = after[0]
        return {'applied': applied, 'state': readable(state)}
    if kind == 'recover':
        return recover(i)
    if kind == 'open':
        _, entry, previous = open_slot(i['logKey'], i['groupId'], i['slot'], i['sealed'])
        return {'entry': entry, 'previousLogKey': previous}
    state = parse_state(i['state'])
    if kind == 'head':
        marks = [h for v, h in state.heads if v <= i['version']]
        if not marks:
            return {'compared': 'too-old'}
        if marks[-1] == i['headHash']:
            return {'compared': 'same'}
        return {'compared': 'ahead' if i['version'] > state.heads[-1][0] else 'differs'}
    if kind == 'moved':
        entry = Entry(i['entry'], 3, state.group)
        op = parse_operation(entry.operation, entry.body)
        need(op['type'] == 'moved', 'wrong-kind')
        need(state.members.get(entry.author, {}).get('role') == 3 and op['group'] != state.group, 'not-allowed')
        need(entry.verified(state.members[entry.author]['identity']), 'bad-signature')
        return {'author': entry.author, 'newGroupId': op['group']}
    after, what = apply(state, i['entry'], state.group)
    need(what != 'skipped', 'not-allowed')
    return {'applied': what, 'state': readable(after)}

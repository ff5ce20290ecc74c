"""What a session message says about itself: formats/content (C19, C20)."""
from accounts import account_id, device_list, parse_genesis, rotations
from primitives import *

MOST = 65536


def fits(n, length):
    need(n < 1 << 8 * length, 'malformed')
    return n.to_bytes(length, 'big')


def fixed(data, length):
    need(len(data) == length, 'malformed')
    return data


def sized(data, most=MOST):
    need(len(data) <= most, 'too-large')
    return u32(len(data)) + data


def address(a): return a['account'] + fits(bounded(a['deviceId'], 1, MAX_DEVICE), 4)


def introduction(shown):
    need(len(shown['rotations']) <= 64 and len(shown['deviceList']) <= 512, 'too-large')
    return (fixed(shown['genesis'], 81) + bytes([len(shown['rotations'])]) + b''.join(map(sized, shown['rotations']))
            + u16(len(shown['deviceList'])) + b''.join(map(sized, shown['deviceList'])) + sized(shown['certificate'].encode(), 2048))


def encode(i):
    need(i['counter'] >= 1, 'malformed')
    need(i['kind'] in (1, 2) and (i['kind'] == 2) == (i['group'] is not None), 'wrong-kind')
    group, devices = i['group'], i['deviceList']
    to = fixed(group['groupId'], 32) + fits(group['epoch'], 4) + fits(group['logVersion'], 4) + fixed(group['logHead'], 32) if group else address(i['to'])
    shown = b'\1' + introduction(i['introduction']) if i['introduction'] else b'\0'
    content = (bytes([1, i['kind']]) + address(i['from']) + to + fixed(i['messageId'], 16) + fits(i['counter'], 4) + fits(i['sentAt'], 6)
               + fits(devices['version'], 4) + fixed(devices['hash'], 32) + shown + sized(i['body'] + bytes(i['zeros'])))
    need(len(content) <= MOST, 'too-large')
    return {'contentBytes': len(content), 'contentHash': sha256(content)}


def read_address(r): return {'account': r.take(32), 'deviceId': bounded(r.number(4), 1, MAX_DEVICE)}


def entries(r, count, most):
    need(count <= most, 'too-large')
    return [r.sized(MOST) for _ in range(count)]


def read_introduction(r):
    genesis = r.take(81)
    rotated = entries(r, r.number(1), 64)
    listed = entries(r, r.number(2), 512)
    try:
        return {'genesis': genesis, 'rotations': rotated, 'deviceList': listed, 'certificate': r.sized(2048).decode()}
    except UnicodeDecodeError:
        raise Refused('malformed') from None


def parse(content):
    r = Reader(content, MOST)
    r.expect(1, 'unsupported-version')
    kind = r.number(1)
    need(kind in (1, 2), 'wrong-kind')
    out = {'kind': kind, 'from': read_address(r)}
    out['to'] = read_address(r) if kind == 1 else None
    out['group'] = {'groupId': r.take(32), 'epoch': r.number(4), 'logVersion': r.number(4), 'logHead': r.take(32)} if kind == 2 else None
    out['messageId'], out['counter'] = r.take(16), r.number(4)
    need(out['counter'] >= 1, 'malformed')
    out['sentAt'], out['deviceList'] = r.number(6), {'version': r.number(4), 'hash': r.take(32)}
    out['introduction'] = read_introduction(r) if r.flag() else None
    body = r.sized(MOST)
    r.end()
    return {**out, 'bodyBytes': len(body), 'bodyHash': sha256(body)}


def content(kind, i):
    if kind == 'encode':
        return encode(i)
    if kind == 'parse':
        return parse(i['content'] + bytes(i['zeros']))
    if kind == 'context':
        header, group = parse(i['content']), i['group']
        need(header['kind'] == (2 if group else 1), 'wrong-kind')
        need(header['from'] == i['from'], 'wrong-context')
        if group:
            need((header['group']['groupId'], header['group']['epoch']) == (group['groupId'], group['epoch']), 'wrong-context')
        else:
            need(header['to'] == i['to'], 'wrong-context')
        return {}
    shown, claim = i['introduction'], i['from']
    need(account_id(shown['genesis']) == claim['account'], 'wrong-context')
    parse_genesis(shown['genesis'])
    keys, _ = rotations(shown['genesis'], shown['rotations'])
    need(keys[-1] == i['identityKey'], 'untrusted-identity')
    chain = {'accountId': claim['account'], 'identityKeys': keys, 'entries': shown['deviceList'], 'known': None}
    listed = device_list('list', chain)['list']
    need(any(device['deviceId'] == claim['deviceId'] for device in listed['devices']), 'not-allowed')
    return {'identityKeys': keys, 'deviceList': {name: listed[name] for name in ('version', 'hash', 'devices')}}

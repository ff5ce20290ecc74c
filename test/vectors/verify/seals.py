"""What is sealed: formats/aead, padding, pairwise-seal, group-seal, attachment, backup-header."""
from primitives import *

SIZES = [2048 << n for n in range(6)]
AROUND = {1: 2 + 1120 + 48 + 42, 2: 2 + 32 + 16 + 16 + 42}


def aead(kind, i):
    need(kind == 'seal' or len(i['record']) >= 48, 'malformed')
    need(len(i['secret']) == 32, 'bad-key')
    salt = i['random'] if kind == 'seal' else i['record'][:32]
    key, whole = record_key(i['secret'], salt, i['label'], i['kind']), bytes([i['kind']]) + i['aad']
    shown = {'salt': salt, 'info': i['label'].encode() + bytes([i['kind']]), 'key': key, 'wholeAad': whole}
    if kind == 'seal':
        return {**shown, 'record': salt + gcm_seal(key, whole, i['plaintext'])}
    return {**shown, 'plaintext': gcm_open(key, whole, i['record'][32:])}


def envelope_bytes(kind, message):
    fits = [size for size in SIZES if size >= message + AROUND[kind]]
    need(fits, 'too-large')
    return fits[0]


def head(version, kind, length):
    need(length <= 65536, 'too-large')
    need(length in SIZES, 'malformed')
    need(version == 1, 'unsupported-version')
    need(kind in (1, 2), 'wrong-kind')
    return kind


def padding(kind, i):
    if kind == 'head':
        return {'kind': head(i['version'], i['kind'], i['length'])}
    size = envelope_bytes(i['kind'], i['messageBytes'])
    padded = size - AROUND[i['kind']] + 42
    return {'envelopeBytes': size, 'paddedBytes': padded, 'zeros': padded - 42 - i['messageBytes']}


def sealed_message(kind, account, device, message, size):
    return (bytes([1, kind]) + account + u32(device) + u32(len(message)) + message).ljust(size - AROUND[kind] + 42, b'\0')


def parse_sealed(kind, plaintext):
    r = Reader(plaintext)
    r.expect(1, 'unsupported-version')
    r.expect(kind, 'wrong-kind')
    account, device = r.take(32), bounded(r.number(4), 1, MAX_DEVICE)
    message = r.sized(65536)
    need(message and not any(r.rest()), 'malformed')
    return {'fromAccount': account, 'fromDevice': device, 'message': message}


# -- groups

def epoch_keys(secret, group, epoch):
    need(len(secret) == 32, 'bad-key')
    return [hkdf(secret, b'', f'Sottovoce v1 group {name}'.encode() + group + u32(epoch), 32) for name in ('seal', 'hint', 'log', 'access')]


def commitment(secret, group, epoch): return labelled_hash('Sottovoce v1 group epoch commitment', group + u32(epoch) + secret)


def group_seal(kind, i):
    seal, hint, log, access = epoch_keys(i['secret'], i['groupId'], i['epoch'])
    if kind == 'keys':
        return {'sealKey': seal, 'hintKey': hint, 'logKey': log, 'accessSeed': access, 'accessKey': ed25519_public(access),
                'commitment': commitment(i['secret'], i['groupId'], i['epoch'])}
    if kind == 'seal':
        size = envelope_bytes(2, len(i['message']))
        tag = hmac(hint, i['random'])[:16]
        key, aad = record_key(seal, i['random'], 'Sottovoce v1 group seal', 2), b'\2\1' + tag
        body = gcm_seal(key, aad, sealed_message(2, i['fromAccount'], i['fromDevice'], i['message'], size))
        return {'hint': tag, 'key': key, 'aad': aad, 'envelopeBytes': size, 'envelope': b'\1\2' + i['random'] + tag + body}
    envelope = i['envelope']
    need(head(envelope[0] if envelope else 0, envelope[1] if len(envelope) > 1 else 0, len(envelope)) == 2, 'wrong-kind')
    salt, tag = envelope[2:34], envelope[34:50]
    need(hmac(hint, salt)[:16] == tag, 'bad-mac')
    plaintext = gcm_open(record_key(seal, salt, 'Sottovoce v1 group seal', 2), b'\2\1' + tag, envelope[50:])
    return {'matchesHint': True, **parse_sealed(2, plaintext)}


# -- pairs: HPKE without its KEM (RFC 9180 §5)

SUITE = b'HPKE\x64\x7a\0\1\xff\xff'
RUN = b'Sottovoce v1 pairwise run'


def labeled_extract(salt, label, ikm): return hkdf_extract(salt, b'HPKE-v1' + SUITE + label + ikm)
def labeled_expand(prk, label, info, n): return hkdf_expand(prk, u16(n) + b'HPKE-v1' + SUITE + label + info, n)


def schedule(i, shared):
    info = RUN + i['account'] + u32(i['deviceId']) + u32(i['sealingKeyId']) + sha256(i['sealingKey'])
    context = b'\0' + labeled_extract(b'', b'psk_id_hash', b'') + labeled_extract(b'', b'info_hash', info)
    exporter = labeled_expand(labeled_extract(shared, b'secret', b''), b'exp', context, 32)
    return {'info': info, 'sharedSecret': shared, 'keyScheduleContext': context, 'exporterSecret': exporter, 'runSecret': labeled_expand(exporter, b'sec', RUN, 32)}


def pairwise_seal(kind, i, expected):
    from accounts import need_sealing_key
    if kind == 'encapsulate':
        need_sealing_key(i['sealingKey'])
        # ML-KEM is not here: from the given shared secret on; the X25519 half of enc is X25519(eseed[32:], 9).
        shown = schedule(i, expected['sharedSecret'])
        need(expected['enc'][1088:] == x25519_public(i['random'][32:]), 'other enc')
        return {**shown, 'enc': expected['enc']}
    if kind == 'decapsulate':
        need(len(i['privateKey']) == 32, 'bad-key')
        if expected is None:
            return None
        return schedule(i, expected['sharedSecret'])
    if kind == 'expiry':
        return {'expired': i['used'] >= 1000 or i['now'] - i['startedAt'] >= 86400000 or i['now'] < i['startedAt']}
    if kind == 'seal':
        size = envelope_bytes(1, len(i['message']))
        key = record_key(i['runSecret'], i['random'], 'Sottovoce v1 pairwise seal', 1)
        body = gcm_seal(key, b'\1\1' + i['enc'], sealed_message(1, i['fromAccount'], i['fromDevice'], i['message'], size))
        return {'key': key, 'envelopeBytes': size, 'envelope': b'\1\1' + i['enc'] + i['random'] + body}
    envelope = i['envelope']
    need(head(envelope[0] if envelope else 0, envelope[1] if len(envelope) > 1 else 0, len(envelope)) == 1, 'wrong-kind')
    enc, record = envelope[2:1122], envelope[1122:]
    return parse_sealed(1, open_record(i['runSecret'], 'Sottovoce v1 pairwise seal', 1, b'\1' + enc, record))


# -- attachments and backups

MIB = 1 << 20


def layout(size):
    need(size <= 100 * MIB, 'too-large')
    least = max(size, 1024)
    exponent = least.bit_length() - 1
    step = 1 << exponent - exponent.bit_length()
    padded = -(-least // step) * step
    chunks = -(-padded // MIB)
    return padded, chunks, padded - (chunks - 1) * MIB


def attachment(kind, i):
    if kind == 'layout':
        padded, chunks, last = layout(i['size'])
        return {'paddedBytes': padded, 'chunks': chunks, 'lastChunkBytes': last, 'ciphertextBytes': 33 + padded + 48 * chunks}
    need(len(i['key']) == 32, 'bad-key')
    header = b'\1' + hmac(i['key'], b'Sottovoce v1 attachment key commitment')
    if kind == 'commitment':
        return {'header': header}
    if kind == 'header':
        need(len(i['header']) == 33, 'malformed')
        need(i['header'][0] == 1, 'unsupported-version')
        need(i['header'] == header, 'bad-mac')
        return {}
    _, chunks, last = layout(i['size'])
    need(i['index'] < chunks, 'malformed')
    is_last = i['index'] == chunks - 1
    aad, whole = b'\6\1' + u32(i['index']) + bytes([is_last]), last if is_last else MIB
    content = min(i['size'], (i['index'] + 1) * MIB) - min(i['size'], i['index'] * MIB)
    if kind == 'seal':
        need(i['contentBytes'] == content, 'malformed')
        key = record_key(i['key'], i['random'], 'Sottovoce v1 attachment', 6)
        record = i['random'] + gcm_seal(key, aad, (i['fill'] * content).ljust(whole, b'\0'))
        return {'aad': aad, 'chunkKey': key, 'recordBytes': len(record), 'recordHash': sha256(record)}
    need(len(i['record']) == whole + 48, 'malformed')
    plaintext = gcm_open(record_key(i['key'], i['record'][:32], 'Sottovoce v1 attachment', 6), aad, i['record'][32:])
    need(not any(plaintext[content:]), 'malformed')
    return {'content': plaintext[:content]}


def backup_size(content):
    size = 4096
    while size < content + 4 + 69 + 48:
        size *= 2
    return size


def backup_header(kind, i):
    if kind == 'seal':
        need(len(i['key']) == 32, 'bad-key')
        committed = hmac(i['key'], b'Sottovoce v1 backup key commitment')
        header = b'\1' + i['accountId'] + u32(i['sequence']) + committed
        size = backup_size(len(i['content']))
        key = record_key(i['key'], i['random'], 'Sottovoce v1 backup', 5)
        plaintext = (u32(len(i['content'])) + i['content']).ljust(size - 117, b'\0')
        backup = header + i['random'] + gcm_seal(key, b'\5' + header, plaintext)
        return {'commitment': committed, 'recordKey': key, 'backupBytes': size, 'digest': sha256(backup), 'backup': backup}
    backup = i['backup']
    need(len(backup) <= 64 * MIB, 'too-large')
    need(len(backup) >= 4096 and len(backup) & len(backup) - 1 == 0, 'malformed')
    need(backup[0] == 1, 'unsupported-version')
    account, sequence, committed = backup[1:33], int.from_bytes(backup[33:37], 'big'), backup[37:69]
    if kind == 'header':
        return {'accountId': account, 'sequence': sequence, 'commitment': committed, 'digest': sha256(backup)}
    need(account == i['accountId'], 'wrong-context')
    need(committed == hmac(i['key'], b'Sottovoce v1 backup key commitment'), 'bad-mac')
    mark = i['mark'] or {'sequence': 0, 'digest': b''}
    need(sequence >= mark['sequence'], 'stale')
    need(sequence != mark['sequence'] or sha256(backup) == mark['digest'], 'broken-link')
    plaintext = gcm_open(record_key(i['key'], backup[69:101], 'Sottovoce v1 backup', 5), b'\5' + backup[:69], backup[101:])
    r = Reader(plaintext)
    content = r.sized(64 * MIB)
    need(not any(r.rest()) and backup_size(len(content)) == len(backup), 'malformed')
    return {'sequence': sequence, 'content': content}

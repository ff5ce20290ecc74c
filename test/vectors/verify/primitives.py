"""Primitives of the verifier: python3-cryptography where it has them, RFC 8032's curve with Python's integers where it has not."""
import hashlib
import hmac as hmac_module
import struct

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat


class Refused(Exception):
    """A failure class: what a case calls `error`."""


def need(condition, code):
    if not condition:
        raise Refused(code)


def u16(n): return struct.pack('>H', n)
def u32(n): return struct.pack('>I', n)
def sha256(data): return hashlib.sha256(data).digest()
def sha512(data): return hashlib.sha512(data).digest()
def hmac(key, data): return hmac_module.new(key, data, hashlib.sha256).digest()


def hkdf_extract(salt, secret): return hmac(salt or bytes(32), secret)


def hkdf_expand(key, info, length):
    out, block = b'', b''
    for i in range(1, length // 32 + 2):
        block = hmac(key, block + info + bytes([i]))
        out += block
    return out[:length]


def hkdf(secret, salt, info, length): return hkdf_expand(hkdf_extract(salt, secret), info, length)


def labelled_hash(label, data): return sha256(label.encode() + b'\0' + data)


# -- the one AEAD (C6)

def gcm_seal(key, aad, plaintext): return AESGCM(key).encrypt(bytes(12), plaintext, aad)


def gcm_open(key, aad, sealed):
    try:
        return AESGCM(key).decrypt(bytes(12), sealed, aad)
    except InvalidTag:
        raise Refused('bad-mac') from None


def record_key(secret, salt, label, kind): return hkdf(secret, salt, label.encode() + bytes([kind]), 32)


def open_record(secret, label, kind, aad, record):
    need(len(record) >= 48, 'malformed')
    need(len(secret) == 32, 'bad-key')
    return gcm_open(record_key(secret, record[:32], label, kind), bytes([kind]) + aad, record[32:])


def cbc_encrypt(key, iv, plaintext):
    pad = 16 - len(plaintext) % 16
    encryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    return encryptor.update(plaintext + bytes([pad]) * pad) + encryptor.finalize()


def cbc_decrypt(key, iv, ciphertext):
    decryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).decryptor()
    padded = decryptor.update(ciphertext) + decryptor.finalize()
    pad = padded[-1]
    need(1 <= pad <= 16 and padded.endswith(bytes([pad]) * pad), 'bad-mac')
    return padded[:-pad]


# -- edwards25519 (RFC 8032 §5.1), points as (X, Y, Z, T)

P = 2 ** 255 - 19
L = 2 ** 252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)


def add(a, b):
    e = (a[1] - a[0]) * (b[1] - b[0]) % P
    f = (a[1] + a[0]) * (b[1] + b[0]) % P
    c = 2 * a[3] * b[3] * D % P
    d = 2 * a[2] * b[2] % P
    e, h, g, f = f - e, f + e, d + c, d - c
    return e * f % P, g * h % P, f * g % P, e * h % P


NEUTRAL = (0, 1, 1, 0)


def multiply(scalar, point):
    out = NEUTRAL
    while scalar:
        if scalar & 1:
            out = add(out, point)
        point = add(point, point)
        scalar >>= 1
    return out


def decompress(data):
    """None for what is no point; non-canonical encodings are refused before."""
    y = int.from_bytes(data, 'little')
    sign, y = y >> 255, y & (1 << 255) - 1
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P:
        x = x * ROOT % P
    if (x * x - x2) % P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


def compress(point):
    inverse = pow(point[2], P - 2, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, 'little')


_Y = 4 * pow(5, P - 2, P) % P
BASE = decompress(_Y.to_bytes(32, 'little'))

LOW_ORDER_U = {0, 1, P - 1,
               int.from_bytes(bytes.fromhex('e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800'), 'little'),
               int.from_bytes(bytes.fromhex('5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157'), 'little')}


def usable_u(key):
    """C5: canonical, and not of low order."""
    return len(key) == 32 and int.from_bytes(key, 'little') < P and int.from_bytes(key, 'little') not in LOW_ORDER_U


def usable_point(key):
    if len(key) != 32 or int.from_bytes(key, 'little') & (1 << 255) - 1 >= P:
        return False
    point = decompress(key)
    if point is None:
        # Whether it lies on the curve is for the verifier to find.
        return True
    return compress(multiply(8, point)) != compress(NEUTRAL)


def need_key(key):
    need(usable_u(key), 'bad-key')
    return key


def need_prime_order(key):
    u = int.from_bytes(need_key(key), 'little')
    point = decompress(((u - 1) * pow(u + 1, P - 2, P) % P).to_bytes(32, 'little'))
    need(point is not None and compress(multiply(L, point)) == compress(NEUTRAL), 'bad-key')
    return key


def clamp(key):
    key = bytearray(key)
    key[0] &= 248
    key[31] = key[31] & 127 | 64
    return bytes(key)


def x25519(private, public): return X25519PrivateKey.from_private_bytes(private).exchange(X25519PublicKey.from_public_bytes(public))


def x25519_public(private):
    return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def ed25519_public(seed):
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def xeddsa_sign(private, message, z):
    a = int.from_bytes(clamp(private), 'little') % L
    point = compress(multiply(a, BASE))
    r = int.from_bytes(sha512(b'\xfe' + b'\xff' * 31 + clamp(private) + message + z), 'little') % L
    big_r = compress(multiply(r, BASE))
    h = int.from_bytes(sha512(big_r + point + message), 'little') % L
    s = bytearray(((r + h * a) % L).to_bytes(32, 'little'))
    s[31] |= point[31] & 0x80
    return big_r + bytes(s)


def seeded_sign(seed, message):
    signature = bytearray(Ed25519PrivateKey.from_private_bytes(seed).sign(message))
    signature[63] |= ed25519_public(seed)[31] & 0x80
    return bytes(signature)


def seeded_public(seed): return x25519_public(sha512(seed)[:32])


def xeddsa_verify(key, message, signature):
    if len(signature) != 64 or not usable_u(key):
        return False
    u = int.from_bytes(key, 'little')
    y = (u - 1) * pow(u + 1, P - 2, P) % P
    edwards = (y | (signature[63] >> 7) << 255).to_bytes(32, 'little')
    r, s = signature[:32], int.from_bytes(signature[32:], 'little') & (1 << 255) - 1
    if s >= L or not usable_point(r) or not usable_point(edwards):
        return False
    a = decompress(edwards)
    if a is None:
        return False
    h = int.from_bytes(sha512(r + edwards + message), 'little') % L
    negated = (P - a[0], a[1], a[2], P - a[3])
    return compress(add(multiply(s, BASE), multiply(h, negated))) == r


def purpose(name, body): return b'Sottovoce v1 ' + name.encode() + b'\0' + body


def need_signature(key, name, body, signature): need(xeddsa_verify(key, purpose(name, body), signature), 'bad-signature')


class Reader:
    """Big-endian fields; every read is bounded, `end` refuses what is left."""

    def __init__(self, data, most=None):
        need(most is None or len(data) <= most, 'too-large')
        self.data, self.at = data, 0

    def take(self, n):
        need(n <= len(self.data) - self.at, 'malformed')
        self.at += n
        return self.data[self.at - n:self.at]

    def number(self, n): return int.from_bytes(self.take(n), 'big')

    def sized(self, most):
        n = self.number(4)
        need(n <= most, 'too-large')
        return self.take(n)

    def flag(self):
        n = self.number(1)
        need(n <= 1, 'malformed')
        return n == 1

    def expect(self, byte, code): need(self.number(1) == byte, code)
    def rest(self): return self.take(len(self.data) - self.at)
    def end(self): need(self.at == len(self.data), 'malformed')


def bounded(n, least, most):
    need(least <= n <= most, 'malformed')
    return n


MAX_DEVICE, MAX_PREKEY, MAX_REGISTRATION = 2 ** 31 - 1, 2 ** 24 - 1, 2 ** 14 - 1

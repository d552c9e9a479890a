"""Second factors without hardware: security keys (WebAuthn, ES256 and RS256) and the codes of an app (TOTP)"""

import base64
import hashlib
import hmac
import json
import os
import random
import struct
import time

# NIST P-256: FIPS 186-4, appendix D.1.2.3.
P = 2**256 - 2**224 + 2**192 + 2**96 - 1
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
G = (0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
     0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5)

PRESENT, VERIFIED, HAS_KEY = 0x01, 0x04, 0x40


def add(one, other):
    """The sum of two points of the curve; None is the point at infinity."""
    if one is None or other is None:
        return one or other
    if one[0] == other[0]:
        if (one[1] + other[1]) % P == 0:
            return None
        slope = 3 * (one[0] * one[0] - 1) * pow(2 * one[1], -1, P)
    else:
        slope = (other[1] - one[1]) * pow(other[0] - one[0], -1, P)
    x = (slope * slope - one[0] - other[0]) % P
    return x, (slope * (one[0] - x) - one[1]) % P


def multiply(factor, point):
    total = None
    while factor:
        if factor & 1:
            total = add(total, point)
        point = add(point, point)
        factor >>= 1
    return total


def der_integer(value):
    content = value.to_bytes(value.bit_length() // 8 + 1, "big")
    return b"\x02" + bytes([len(content)]) + content


def sign(secret, message):
    """A signature in DER: FIPS 186-4, section 6.4."""
    digest = int.from_bytes(hashlib.sha256(message).digest(), "big")
    while True:
        nonce = int.from_bytes(os.urandom(32), "big") % N
        if nonce == 0:
            continue
        r = multiply(nonce, G)[0] % N
        s = pow(nonce, -1, N) * (digest + r * secret) % N
        if r and s:
            content = der_integer(r) + der_integer(s)
            return b"\x30" + bytes([len(content)]) + content


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_base64url(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class SecurityKey:
    """A key whose owner always touches it and gives his PIN; it doesn't count."""

    def __init__(self, origin):
        self.origin = origin
        self.secret = int.from_bytes(os.urandom(32), "big") % (N - 1) + 1
        self.id = os.urandom(24)

    def cose(self):
        """CBOR of a COSE key: {1: 2, 3: -7, -1: 1, -2: x, -3: y} (RFC 9053, section 7.1.1)."""
        x, y = (value.to_bytes(32, "big") for value in multiply(self.secret, G))
        return b"\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20" + x + b"\x22\x58\x20" + y

    def sign(self, message):
        return sign(self.secret, message)

    def register(self, challenge, rp_id):
        """What the API takes to add this key."""
        made = bytes(16) + struct.pack(">H", len(self.id)) + self.id + self.cose()
        return {"client_data_json": base64url(self.client_data("webauthn.create", challenge)),
                "authenticator_data": base64url(self.data(rp_id, PRESENT | VERIFIED | HAS_KEY) + made)}

    def sign_in(self, challenge, rp_id, flags=PRESENT | VERIFIED):
        """What the API takes as the second factor."""
        client_data = self.client_data("webauthn.get", challenge)
        data = self.data(rp_id, flags)
        signature = self.sign(data + hashlib.sha256(client_data).digest())
        return {"credential": base64url(self.id), "client_data_json": base64url(client_data),
                "authenticator_data": base64url(data), "signature": base64url(signature)}

    def client_data(self, ceremony, challenge):
        return json.dumps({"type": ceremony, "challenge": challenge, "origin": self.origin,
                           "crossOrigin": False}).encode()

    @staticmethod
    def data(rp_id, flags):
        return hashlib.sha256(rp_id.encode()).digest() + bytes([flags]) + struct.pack(">I", 0)


def is_prime(n):
    """Whether it passes 20 rounds of Miller and Rabin."""
    if n < 4 or n % 2 == 0:
        return n in (2, 3)
    odd, twos = n - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for _ in range(20):
        x = pow(random.randrange(2, n - 1), odd, n)
        if x in (1, n - 1):
            continue
        for _ in range(twos - 1):
            x = x * x % n
            if x == n - 1:
                break
        else:
            return False
    return True


def prime(bits, exponent):
    """With its highest two bits set, so that the product of two has twice the bits."""
    while True:
        n = random.getrandbits(bits) | 3 << (bits - 2) | 1
        if n % exponent != 1 and all(n % small for small in (3, 5, 7, 11, 13, 17, 19, 23)) and is_prime(n):
            return n


class RsaKey(SecurityKey):
    """A key of RS256, as Windows Hello makes them."""

    EXPONENT = 65537

    def __init__(self, origin):
        super().__init__(origin)
        p, q = prime(1024, self.EXPONENT), prime(1024, self.EXPONENT)
        self.modulus = p * q
        self.secret = pow(self.EXPONENT, -1, (p - 1) * (q - 1))

    def cose(self):
        """{1: 3, 3: -257, -1: n, -2: e} (RFC 8812, section 2; RFC 8230, section 4)."""
        return (b"\xa4\x01\x03\x03\x39\x01\x00\x20\x59\x01\x00" + self.modulus.to_bytes(256, "big") +
                b"\x21\x43" + self.EXPONENT.to_bytes(3, "big"))

    def sign(self, message):
        """RSASSA-PKCS1-v1_5: RFC 8017, section 8.2.1."""
        digest = bytes.fromhex("3031300d060960864801650304020105000420") + hashlib.sha256(message).digest()
        padded = b"\x00\x01" + b"\xff" * (256 - 3 - len(digest)) + b"\x00" + digest
        return pow(int.from_bytes(padded, "big"), self.secret, self.modulus).to_bytes(256, "big")


def totp(secret, step=0):
    """The code of a secret in base32, now or some steps of 30 s from now: RFC 6238."""
    counter = struct.pack(">Q", int(time.time()) // 30 + step)
    digest = hmac.new(base64.b32decode(secret + "=" * (-len(secret) % 8)), counter, "sha1").digest()
    at = digest[-1] & 15
    return "%06d" % ((struct.unpack(">I", digest[at:at + 4])[0] & 0x7FFFFFFF) % 1_000_000)

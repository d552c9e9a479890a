"""Second factors without hardware: a security key (WebAuthn, ES256) and the codes of an app (TOTP)"""

import base64
import hashlib
import hmac
import json
import os
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

    def register(self, challenge, rp_id):
        """What the API takes to add this key."""
        x, y = (value.to_bytes(32, "big") for value in multiply(self.secret, G))
        # CBOR of a COSE key: {1: 2, 3: -7, -1: 1, -2: x, -3: y} (RFC 9053, section 7.1.1).
        cose = b"\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20" + x + b"\x22\x58\x20" + y
        made = bytes(16) + struct.pack(">H", len(self.id)) + self.id + cose
        return {"client_data_json": base64url(self.client_data("webauthn.create", challenge)),
                "authenticator_data": base64url(self.data(rp_id, PRESENT | VERIFIED | HAS_KEY) + made)}

    def sign_in(self, challenge, rp_id, flags=PRESENT | VERIFIED):
        """What the API takes as the second factor."""
        client_data = self.client_data("webauthn.get", challenge)
        data = self.data(rp_id, flags)
        signature = sign(self.secret, data + hashlib.sha256(client_data).digest())
        return {"credential": base64url(self.id), "client_data_json": base64url(client_data),
                "authenticator_data": base64url(data), "signature": base64url(signature)}

    def client_data(self, ceremony, challenge):
        return json.dumps({"type": ceremony, "challenge": challenge, "origin": self.origin,
                           "crossOrigin": False}).encode()

    @staticmethod
    def data(rp_id, flags):
        return hashlib.sha256(rp_id.encode()).digest() + bytes([flags]) + struct.pack(">I", 0)


def totp(secret, step=0):
    """The code of a secret in base32, now or some steps of 30 s from now: RFC 6238."""
    counter = struct.pack(">Q", int(time.time()) // 30 + step)
    digest = hmac.new(base64.b32decode(secret + "=" * (-len(secret) % 8)), counter, "sha1").digest()
    at = digest[-1] & 15
    return "%06d" % ((struct.unpack(">I", digest[at:at + 4])[0] & 0x7FFFFFFF) % 1_000_000)

#!/usr/bin/env python3
"""A second reader of the file formats, written from docs/formats.md alone.

Checks the golden files (or those named) down to every residue; prints one line
a record. The samples' residues 0 and 1 of a row are 0 and p-1."""
import glob
import hashlib
import struct
import sys

END = 0xFFFFFFFF
SCHEME = b"blindfit-ckks-1/ternary/cbd21\0"


def h(data):
    return hashlib.blake2b(data, digest_size=32).digest()


def records(b):
    version, kind, flags, length, count = struct.unpack_from("<HHIQQ", b, 8)
    assert b[:8] == b"BLINDFIT" and version == 1 and 1 <= kind <= 6
    assert flags == 0 and b[80:96] == bytes(16) and len(b) == 160 + length
    assert b[128:160] == h(b[:128])
    chain = h(b[:16] + bytes(16) + b[32:128])
    at = 160
    for number in range(count + 1):
        kind, label, index, sequence, n = struct.unpack_from("<IIQQQ", b, at)
        payload = b[at + 32:at + 32 + n]
        leaves = b"".join(h(payload[i:i + 65536]) for i in range(0, n, 65536))
        chain = h(chain + b[at:at + 32] + h(leaves))
        assert sequence == number and (kind == END) == (number == count)
        assert chain == b[at + 32 + n:at + 64 + n]
        at += 64 + n
        if kind != END:
            yield kind, (label, index), payload
    assert at == len(b)


class Parameters:
    def __init__(self, payload, context):
        log_n, self.n_q, self.n_p, self.alpha, flags = struct.unpack_from(
            "<IHHII", payload)
        assert flags <= 1 and len(payload) == 16 + 8 * (self.n_q + self.n_p)
        self.n = 1 << log_n
        self.primes = struct.unpack_from(f"<{self.n_q + self.n_p}Q", payload,
                                         16)
        text = struct.pack("<IIII", log_n, self.n_q, self.n_p, self.alpha)
        assert context == h(SCHEME + text + payload[16:])

    def read_rows(self, data, numbers):
        """The rows modulo the primes of these numbers are all of data."""
        at = 0
        for m in numbers:
            p = self.primes[m]
            w = p.bit_length()
            row = int.from_bytes(data[at:at + self.n * w // 8], "little")
            values = [row >> i * w & (1 << w) - 1 for i in range(self.n)]
            assert max(values) < p and values[:2] == [0, p - 1]
            at += self.n * w // 8
        assert at == len(data)


def ciphertext(p, payload, label):
    limbs, polys, seeded, zero, scale, noise, bound, index = \
        struct.unpack_from("<HBBIdddQ", payload)
    assert zero == 0 and (seeded or payload[32:72] == bytes(40))
    each = 1 if seeded else polys
    p.read_rows(payload[72:], [m for m in range(limbs) for _ in range(each)])
    return f"ciphertext {label}: {limbs} limbs, {polys} polynomials, " \
           f"seeded {seeded}, scale {scale}, noise {noise}, bound {bound}"


def switching_key(p, payload, label):
    galois, limbs, digits, index = struct.unpack_from("<IHHQ", payload)
    assert label == (0, galois) and digits == -(-limbs // p.alpha)
    moduli = list(range(limbs)) + list(range(p.n_q, p.n_q + p.n_p))
    p.read_rows(payload[48:], moduli * digits)
    return f"key for {galois}: {limbs} limbs, {digits} digits"


def public_key(p, payload, label):
    p.read_rows(payload, [m for m in range(p.n_q) for _ in range(2)])
    return "public key"


def secret_key(p, payload, label):
    weight, zero = struct.unpack_from("<II", payload)
    assert zero == 0 and len(payload) == 8 + p.n // 4
    pairs = [payload[8 + i // 4] >> 2 * (i % 4) & 3 for i in range(p.n)]
    assert 2 not in pairs and weight in (0, p.n - pairs.count(0))
    return f"secret key of weight {weight}"


def main(paths):
    reader = {2: lambda p, b, label: f"text {b}", 3: ciphertext,
              4: switching_key, 5: public_key, 6: secret_key}
    for path in paths:
        with open(path, "rb") as f:
            data = f.read()
        all_records = records(data)
        kind, label, payload = next(all_records)
        assert kind == 1 and label == (0, 0)
        p = Parameters(payload, data[32:64])
        for kind, label, payload in all_records:
            print(f"{path}: {reader[kind](p, payload, label)}")


if __name__ == "__main__":
    main(sys.argv[1:] or sorted(glob.glob("tests/golden/wire-v1/*")))

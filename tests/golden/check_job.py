#!/usr/bin/env python3
"""A second owner, written from docs/formats.md: decrypts an upload and a model.

    check_job.py JOB SECRET UPLOAD MODEL.enc TRANSFORM TRAIN.csv MODEL.npy

The rows in the upload must be those of TRAIN transformed, its labels those of
TRAIN, the weights in the encrypted model those of MODEL.npy. Needs numpy, and
slow integers: for small jobs only."""
import hashlib
import json
import struct
import sys

import numpy as np
from check_formats import records


def find(path, kind, label):
    with open(path, "rb") as f:
        data = f.read()
    return next(payload for k, l, payload in records(data)
                if k == kind and l == label)


class Ring:
    """Z[X]/(X^N + 1) modulo p, section 4.2."""

    def __init__(self, log_n, p):
        self.log_n, self.n, self.p = log_n, 1 << log_n, p
        g = 2
        while pow(g, (p - 1) // 2, p) != p - 1:
            g += 1
        psi = pow(g, (p - 1) // (2 * self.n), p)
        self.powers = [1]
        for _ in range(2 * self.n - 1):
            self.powers.append(self.powers[-1] * psi % p)
        self.powers = np.array(self.powers, dtype=object)
        place = []
        for i in range(self.n):  # of the value at psi^(2i+1)
            k = int(format(i, f"0{log_n}b")[::-1], 2)
            place.append(k & ~15 | (k & 3) << 2 | k >> 2 & 3)
        self.place = np.array(place)

    def dft(self, x, sign):
        """sum_k x_k w^(sign i k), w = psi^2."""
        if len(x) == 1:
            return x
        even, odd = self.dft(x[::2], sign), self.dft(x[1::2], sign)
        step = 2 * self.n // len(x)
        turn = sign * step * np.arange(len(x) // 2) % (2 * self.n)
        odd = odd * self.powers[turn] % self.p
        return np.concatenate([even + odd, even - odd]) % self.p

    def values(self, coefficients):
        turned = coefficients * self.powers[:self.n] % self.p
        out = np.empty(self.n, dtype=object)
        out[self.place] = self.dft(turned, 1)
        return out

    def coefficients(self, values):
        back = self.powers[-np.arange(self.n) % (2 * self.n)]
        x = self.dft(values[self.place], -1) * back
        x = x * pow(self.n, -1, self.p) % self.p
        return np.where(x > self.p // 2, x - self.p, x)

    def row(self, data, at):
        """Row of packed residues at this offset, and the offset behind it."""
        w = self.p.bit_length()
        end = at + self.n * w // 8
        bits = int.from_bytes(data[at:end], "little")
        text = format(bits, f"0{self.n * w}b")
        return np.array([int(text[i - w:i], 2) for i in
                         range(self.n * w, 0, -w)], dtype=object), end

    def expand(self, seed, index, number):
        """Section 4.3: the residues modulo prime `number` of a ciphertext."""
        message = b"blindfit-a\0" + struct.pack("<QQ", index, number)
        key = hashlib.blake2b(message, digest_size=32, key=seed).digest()
        words = chacha20(key, 2 * self.n // 8)
        good = words < self.p * (((1 << 64) - 1) // self.p)
        return words[good][:self.n].astype(object) % self.p


def chacha20(key, blocks):
    start = np.zeros((16, blocks), dtype=np.uint32)
    start[:4] = np.frombuffer(b"expand 32-byte k", "<u4")[:, None]
    start[4:12] = np.frombuffer(key, "<u4")[:, None]
    start[12] = np.arange(blocks)
    x = start.copy()

    def turn(a, b, c, d):
        for i, j, k, bits in ((a, b, d, 16), (c, d, b, 12),
                              (a, b, d, 8), (c, d, b, 7)):
            x[i] += x[j]
            x[k] ^= x[i]
            x[k] = x[k] << np.uint32(bits) | x[k] >> np.uint32(32 - bits)

    for _ in range(10):
        for i in range(4):
            turn(i, 4 + i, 8 + i, 12 + i)
        for i in range(4):
            turn(i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4)
    return (x + start).T.copy().view("<u8").ravel()


class Owner:
    def __init__(self, job, secret):
        self.job = job
        self.log_n = job["rings"][0]["log2_ring_degree"]
        self.ring = Ring(self.log_n, job["rings"][0]["primes"][0])
        payload, n = find(secret, 6, (0, 0)), self.ring.n
        pairs = np.frombuffer(payload[8:], np.uint8)[:, None] >> (0, 2, 4, 6)
        s = np.array([0, 1, 0, -1], dtype=object)[(pairs & 3).ravel()]
        assert len(s) == n
        self.secret = self.ring.values(s)

    def decrypt(self, path, label):
        """Coefficients over the scale; below the first prime all of them."""
        payload = find(path, 3, label)
        limbs, polys, seeded = struct.unpack_from("<HBB", payload)
        scale, = struct.unpack_from("<d", payload, 8)
        assert polys == 2
        c0, at = self.ring.row(payload, 72)
        if seeded:
            index, = struct.unpack_from("<Q", payload, 32)
            c1 = self.ring.expand(payload[40:72], index, 0)
        else:
            c1, at = self.ring.row(payload, at)
        m = self.ring.coefficients(c0 + c1 * self.secret)
        return m.astype(float) / scale


def slots(m):
    """Values at zeta^(5^j), zeta = exp(i pi/N), of N coefficients."""
    n = len(m)
    turned = m * np.exp(1j * np.pi * np.arange(n) / n)
    values = np.fft.ifft(turned) * n  # at zeta^(2i+1)
    return values[[(pow(5, j, 2 * n) - 1) // 2 for j in range(n // 2)]]


def random_features(s, count, seed):
    """Section 8.5, of standardised rows."""
    f = np.empty((len(s), count))
    for i in range(count):
        message = b"blindfit-relu\0" + struct.pack("<QQ", i, 0)
        key = hashlib.blake2b(message, digest_size=32,
                              key=struct.pack("<4Q", seed, 0, 0, 0)).digest()
        words = chacha20(key, s.shape[1] // 8 + 1)[:s.shape[1] + 1]
        coins = np.array([int(w).bit_count() - 32 if hasattr(int, "bit_count")
                          else bin(int(w)).count("1") - 32 for w in words])
        f[:, i] = np.maximum(0, s @ coins[:-1] / 4 + coins[-1] / 8)
    return f


def fingerprint(x):
    value = len(x)
    for bits in np.ascontiguousarray(x, np.float64).view(np.uint64).flat:
        value = (value ^ int(bits)) * 0x9e3779b97f4a7c15 % 2**64
        value = value << 31 & 2**64 - 1 | value >> 33
    return value or 1


def transformed(path, x):
    data = read(path)
    assert struct.unpack_from("<Q", data, 128) == (fingerprint(x),)
    kind, feature_map, size, d, k, clip = struct.unpack_from("<IIIQQd", data, 12)
    values = np.frombuffer(data[size:-32])
    mapped = np.sqrt(x) if feature_map == 2 else x
    if size == 152:
        count, seed = struct.unpack_from("<QQ", data, 136)
        mapped = random_features((mapped - values[:d]) * values[d:2 * d],
                                 count, seed)
        values, d = values[2 * d:], count
    if kind == 0:
        u = np.column_stack([np.ones(len(x)), mapped]) * values
        return u, lambda v: np.where(values > 0, v * values, 0.0128)
    mean, linear = values[:d], values[d:].reshape(d, k - 1)
    u = (mapped - mean) @ linear
    norm = np.linalg.norm(u, axis=1, keepdims=True)
    if clip > 0:
        u = np.where(norm > clip, u * clip / norm, u)

    def model(v):
        w = v[:, 1:] @ linear.T
        return np.column_stack([v[:, 0] - w @ mean, w])
    return np.column_stack([np.ones(len(x)), u]), model


def read(path):
    with open(path, "rb") as f:
        return f.read()


def unpack(m, classes, columns, f):
    t = len(m) // (2 * f)
    pairs = -(-columns // (2 * f))
    unit = t >> max(pairs * classes - 1, 0).bit_length()
    v = np.zeros((classes, 2 * f * pairs))
    for element in range(pairs * classes):
        pair, c = divmod(element, classes)
        values = slots(m[element * unit + t * np.arange(2 * f)])
        v[c, 2 * pair * f:][:f] = values.real
        v[c, (2 * pair + 1) * f:][:f] = values.imag
    return v[:, :columns]


def check_scores(path, x, predictions):
    """Section 8.3: what predict made of a .npy model and these rows."""
    with open(path + ".json", encoding="utf-8") as f:
        o = json.load(f)
    m = np.sqrt(x) if o["feature_map"] == "sqrt" else x
    if "expand" in o:
        e = o["expand"]
        assert e["kind"] == "relu"
        m = random_features((m - e["mean"]) * e["scale"], e["count"], e["seed"])
    w = np.load(path)
    got = np.loadtxt(predictions, delimiter=",", skiprows=1)[:, 1:]
    near("scores", got, w[:, 0] + m @ w[:, 1:].T, 1e-6)


def near(what, got, want, most):
    error = np.max(np.abs(got - want))
    print(f"{what}: largest difference {error:.2g}")
    assert error < most, what


def main(job, secret, upload, model_enc, transform, train, model_npy,
         predictions):
    with open(job, encoding="utf-8") as f:
        job = json.load(f)
    owner, n, classes = Owner(job, secret), job["samples"], job["classes"]
    table = np.loadtxt(train, delimiter=",")
    labels, (u, unmap) = table[:, 0], transformed(transform, table[:, 1:])
    f = job["layout"]["features_per_ciphertext"]
    places = job["layout"]["dense_places"]
    t, columns = owner.ring.n // 2 // f, u.shape[1]
    pairs, groups = -(-columns // (2 * f)), -(-classes // places)
    assert n <= t and job["recipe"]["batch"] == 0  # one row chunk
    padded = np.zeros((t, 2 * f * pairs))
    padded[:n, :columns] = u
    for pair in range(pairs):
        part = padded[:, 2 * pair * f:][:, :2 * f]
        near(f"rows, pair {pair}",
             slots(owner.decrypt(upload, (1, pair))).reshape(t, f),
             part[:, :f] + 1j * part[:, f:], 0.01)
    for group in range(groups):
        want = np.zeros((t, f))
        for place in range(f):
            c = group * places + place % places
            if c < classes:
                want[:n, place] = np.where(labels == c, 0.5, -0.5)
        near(f"labels, group {group}", slots(
            owner.decrypt(upload, (2, group))).reshape(t, f), want,
            0.01)
    if job["recipe"]["kind"] == "paper":
        start = owner.decrypt(upload, (3, 0))
        near("initial weights", unmap(unpack(start, classes, columns, f)),
             0.0128, 1e-5)
    kept = job["recipe"]["iterations"]
    for label in (8, kept), (9, 0):
        v = unpack(owner.decrypt(model_enc, label), classes, columns, f)
        near(f"model {label}", unmap(v), np.load(model_npy), 0.05)
    check_scores(model_npy, table[:, 1:], predictions)


if __name__ == "__main__":
    main(*sys.argv[1:])

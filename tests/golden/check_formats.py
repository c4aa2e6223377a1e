#!/usr/bin/env python3
"""A second reader of the file formats, written from docs/formats.md alone.

Checks the golden files (or those named) down to every residue; prints one line
a record. The samples' residues 0 and 1 of a row are 0 and p-1. Needs nothing
but Python itself; tests/golden/test_golden_formats.sh runs it."""
import ast
import glob
import hashlib
import json
import math
import struct
import sys

END = 0xFFFFFFFF
SCHEME = b"blindfit-ckks-1/ternary/cbd21\0"


def h(data):
    return hashlib.blake2b(data, digest_size=32).digest()


def records(b):
    version, kind, flags, length, count = struct.unpack_from("<HHIQQ", b, 8)
    assert b[:8] == b"BLINDFIT" and version == 2 and 1 <= kind <= 6
    assert flags == 0 and b[80:96] == bytes(16) and len(b) == 192 + length
    assert b[160:192] == h(b[:160])
    chain = h(b[:16] + bytes(16) + b[32:160])
    at = 192
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


class Ring:
    """From the front of payload; self.bytes of it are the ring's."""

    def __init__(self, payload):
        log_n, self.n_q, self.n_p, self.alpha, flags = struct.unpack_from(
            "<IHHII", payload)
        self.bytes = 16 + 8 * (self.n_q + self.n_p)
        assert flags <= 1 and len(payload) >= self.bytes
        self.n = 1 << log_n
        self.primes = struct.unpack_from(f"<{self.n_q + self.n_p}Q", payload,
                                         16)
        text = struct.pack("<IIII", log_n, self.n_q, self.n_p, self.alpha)
        self.hash = h(SCHEME + text + payload[16:self.bytes])

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


def read_rings(payload, context):
    count, zero = struct.unpack_from("<II", payload)
    assert 1 <= count <= 4 and zero == 0
    rings, at = [], 8
    for _ in range(count):
        rings.append(Ring(payload[at:]))
        at += rings[-1].bytes
    assert at == len(payload)
    assert context == h(b"".join(r.hash for r in rings))
    return rings


def ciphertext(rings, payload, label):
    limbs, polys, seeded, ring, zero, scale, noise, bound, index = \
        struct.unpack_from("<HBBHHdddQ", payload)
    p = rings[ring]
    assert zero == 0 and (seeded or payload[32:72] == bytes(40))
    each = 1 if seeded else polys
    p.read_rows(payload[72:], [m for m in range(limbs) for _ in range(each)])
    return f"ciphertext {label}: {limbs} limbs, {polys} polynomials, " \
           f"seeded {seeded}, scale {scale}, noise {noise}, bound {bound}"


def switching_key(rings, payload, label):
    use, ring, element, limbs, digits, whole, zero, index = \
        struct.unpack_from("<HHIHHIQQ", payload)
    p = rings[ring]
    assert label == (use, ring << 32 | element) and use <= 7
    assert digits == -(-limbs // p.alpha) and zero == 0 and whole <= 1
    assert not whole or payload[24:64] == bytes(40)
    moduli = list(range(limbs)) + list(range(p.n_q, p.n_q + p.n_p))
    moduli = [m for m in moduli for _ in range(1 + whole)]
    p.read_rows(payload[64:], moduli * digits)
    return f"key {use} of {element}: {limbs} limbs, {digits} digits"


def public_key(rings, payload, label):
    p, = rings
    p.read_rows(payload, [m for m in range(p.n_q) for _ in range(2)])
    return "public key"


def secret_key(rings, payload, label):
    p, = rings
    weight, zero = struct.unpack_from("<II", payload)
    assert zero == 0 and len(payload) == 8 + p.n // 4
    pairs = [payload[8 + i // 4] >> 2 * (i % 4) & 3 for i in range(p.n)]
    assert 2 not in pairs and weight in (0, p.n - pairs.count(0))
    return f"secret key of weight {weight}"


def text(rings, payload, label):
    json.loads(payload)
    return f"text {payload}"


def container(data):
    reader = {2: text, 3: ciphertext, 4: switching_key, 5: public_key,
              6: secret_key}
    all_records = records(data)
    kind, label, payload = next(all_records)
    assert kind == 1 and label == (0, 0)
    rings = read_rings(payload, data[32:64])
    labels = []
    for kind, label, payload in all_records:
        yield reader[kind](rings, payload, label)
        labels.append(label)
    if data[10:12] == b"\6\0" and labels[0] == (16, 0):
        yield checkpoint(data, labels)


def checkpoint(data, labels):
    """Section 9; of the paper's recipe, which has V of the iteration before."""
    first = list(records(data))[1][2]
    done = json.loads(first)
    models = [(8, t + 1) for t in range(done["iterations"])]
    assert labels == [(16, 0), (17, 0), (17, 1)] + models
    assert len(bytes.fromhex(done["upload"])) == 32
    return f"checkpoint of {len(models)} iterations"


def transform(data):
    version, kind, feature_map, size, d, k, clip = struct.unpack_from(
        "<IIIIQQd", data, 8)
    first = {2: 128, 3: 136}[version]
    assert data[:8] == b"BFTRANSF" and size in (first, first + 16)
    of = [data[a:b].hex() for a, b in ((48, 64), (64, 96), (96, 128))]
    assert feature_map in (1, 2) and data[-32:] == h(data[:-32])
    count = [d + 1, d + d * (k - 1)][kind]
    if size > first:
        random, seed = struct.unpack_from("<QQ", data, first)
        count = 2 * d + random * k
        assert kind == 1 and 0 < random and seed < 1 << 53
    assert len(data) == size + 8 * count + 32 and (kind == 1 or k == d + 1)
    values = struct.unpack_from(f"<{count}d", data, size)
    assert all(map(math.isfinite, values)) and clip >= 0
    yield f"transform {d} to {k}, map {feature_map}, of {of}, {values}"


def data_set(o, limbs):
    """Section 8.1, of a job of one batch."""
    r, p = o["recipe"], o["rings"][0]
    n, d = o["samples"], o["features"]
    expand = r.get("expand", {"kind": "relu", "count": 0, "seed": 0})
    width = expand["count"] or d
    assert expand["kind"] == "relu"
    kept = min(width, n - 1, r["components"] or width)
    columns = d + 1 if r["kind"] == "paper" else kept + 1
    assert r["batch"] == 0
    ring = struct.pack("<IIII", p["log2_ring_degree"], len(p["primes"]),
                       len(p["special_primes"]), p["digit_limbs"])
    for q in p["primes"] + p["special_primes"]:
        ring += struct.pack("<Q", q)
    return h(b"blindfit-data-set-2\0" + struct.pack(
        "<9Q3d", n, d, columns, o["layout"]["features_per_ciphertext"], 0,
        ("paper", "whitened").index(r["kind"]),
        ("auto", "none", "sqrt").index(r["feature_map"]), r["components"],
        limbs, r["lambda"], r["clip"], 2.0 ** o["log2_scales"]["rows"]) +
        h(SCHEME + ring) + (struct.pack(
            "<2Q", width, expand["seed"]) if expand["count"] else b""))


def job(data):
    o = json.loads(data)
    assert o["blindfit_job"] == 2 and o["samples"] >= 2 and o["features"] >= 1
    r, layout, p = o["recipe"], o["layout"], o["rings"][0]
    assert len(o["rings"]) <= 4
    assert r["kind"] in ("whitened", "paper")
    assert r["feature_map"] in ("auto", "none", "sqrt")
    f, places = layout["features_per_ciphertext"], layout["dense_places"]
    assert f & f - 1 == 0 and places & places - 1 == 0 and places <= f
    assert set(o["log2_scales"]) == {"rows", "mask", "labels", "dense", "start"}
    assert o["polynomial"]["division"] in ("each", "joined", "late",
                                           "paired")
    with_scores = r["iterations"] - (r["kind"] == "whitened")
    limbs = 1 + r["iterations"] - with_scores
    limbs += with_scores * (2 + o["polynomial"]["primes"])
    assert len(p["primes"]) == limbs
    for q in p["primes"] + p["special_primes"]:
        assert q % (2 << p["log2_ring_degree"]) == 1
    assert o["data_set"] == data_set(o, limbs).hex()
    yield f"{r['kind']} job of {o['samples']} x {o['features']}, {limbs} limbs"


def beside(path):
    with open(path + ".json", encoding="utf-8") as f:
        o = json.load(f)
    assert o["feature_map"] in ("none", "sqrt")
    return o["feature_map"], o["class_names"]


def model(weights, feature_map, names):
    assert len(weights) == len(names) and len({len(w) for w in weights}) == 1
    return f"model, map {feature_map}, classes {names}, {weights}"


def labels(path, values):
    with open(path + ".json", encoding="utf-8") as f:
        o = json.load(f)
    assert o["labels"] == len(values)
    assert o["labels_blake2b"] == h(struct.pack(f"<{len(values)}i",
                                                *values)).hex()
    assert max(values) < len(o["class_names"]) <= 100 and min(values) >= 0
    return f"labels {values} of {o['class_names']}"


def npy(path, data):
    length, = struct.unpack_from("<H", data, 8)
    header = ast.literal_eval(data[10:10 + length].decode())
    assert data[:8] == b"\x93NUMPY\1\0" and not header["fortran_order"]
    if len(header["shape"]) == 1:
        assert header["descr"] == "<i4"
        yield labels(path, struct.unpack(f"<{header['shape'][0]}i",
                                         data[10 + length:]))
        return
    rows, columns = header["shape"]
    assert header["descr"] == "<f8"
    flat = struct.unpack(f"<{rows * columns}d", data[10 + length:])
    yield model([flat[i * columns:(i + 1) * columns] for i in range(rows)],
                *beside(path))


def csv(path, data):
    yield model([[float(v) for v in line.split(",")]
                 for line in data.decode().splitlines()], *beside(path))


def safetensors(path, data):
    length, = struct.unpack_from("<Q", data)
    header = json.loads(data[8:8 + length])
    values = {}
    for name in ("weight", "bias"):
        start, end = header[name]["data_offsets"]
        assert header[name]["dtype"] == "F32"
        values[name] = struct.unpack(f"<{(end - start) // 4}f",
                                     data[8 + length:][start:end])
    rows, columns = header["weight"]["shape"]
    weights = [(values["bias"][c],
                *values["weight"][c * columns:(c + 1) * columns])
               for c in range(rows)]
    metadata = header["__metadata__"]
    yield model(weights, metadata["feature_map"],
                json.loads(metadata["class_names"]))


def lines_of(path, data):
    if data[:8] == b"BLINDFIT":
        return container(data)
    if data[:8] == b"BFTRANSF":
        return transform(data)
    for ending, reader in ((".npy", npy), (".csv", csv),
                           (".safetensors", safetensors)):
        if path.endswith(ending):
            return reader(path, data)
    if path.endswith("y.npy.json"):
        return ["beside labels"]
    if path.endswith((".npy.json", ".csv.json")):
        return [str(beside(path[:-5]))]
    return job(data)


def main(paths):
    for path in paths:
        with open(path, "rb") as f:
            data = f.read()
        for line in lines_of(path, data):
            print(f"{path}: {line}")


if __name__ == "__main__":
    main(sys.argv[1:] or sorted(glob.glob("tests/golden/*-v2/*")))

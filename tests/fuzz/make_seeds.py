#!/usr/bin/env python3
"""Writes tests/fuzz/seeds: small files of each format that a fuzzer starts
from, as other programs write them (numpy and Pillow).

    python3 tests/fuzz/make_seeds.py

Formats of our own have the golden files; here are some that are nearly right,
and plans of other kinds (fuzz_job_json). What a fuzzer finds goes
beside these, under a name that says what it was."""
import base64
import gzip
import hashlib
import io
import json
import os
import struct

import numpy as np
from PIL import Image

SEEDS = os.path.join(os.path.dirname(__file__), "seeds")


def write(target, name, data):
    folder = os.path.join(SEEDS, "fuzz_" + target)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "wb") as out:
        out.write(data)


def npy(array):
    out = io.BytesIO()
    np.save(out, array)
    return out.getvalue()


def picture(image, form, **options):
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def idx(array):
    head = struct.pack(">BBBB", 0, 0, 8, array.ndim)
    return head + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def safetensors(tensors, metadata):
    header, data = {"__metadata__": metadata}, b""
    for name, dtype, array in tensors:
        header[name] = {"dtype": dtype, "shape": list(array.shape),
                        "data_offsets": [len(data), len(data) + array.nbytes]}
        data += array.tobytes()
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


ramp = np.arange(48, dtype=np.uint8).reshape(4, 4, 3) * 5
grey = Image.fromarray(ramp[:, :, 0])
colour = Image.fromarray(ramp)

write("png", "grey.png", picture(grey, "PNG"))
write("png", "colour.png", picture(colour, "PNG"))
write("png", "palette.png", picture(colour.quantize(4), "PNG"))
write("png", "alpha.png", picture(colour.convert("RGBA"), "PNG"))
write("png", "bits.png", picture(grey.convert("1"), "PNG"))
write("png", "wide.png", picture(
    Image.fromarray(ramp[:, :, 0].astype(np.uint16) * 257), "PNG"))
write("jpeg", "grey.jpg", picture(grey, "JPEG"))
write("jpeg", "colour.jpg", picture(colour, "JPEG"))
write("jpeg", "progressive.jpg", picture(colour, "JPEG", progressive=True))
write("jpeg", "cmyk.jpg", picture(colour.convert("CMYK"), "JPEG"))

write("cifar", "two.bin", b"".join(
    bytes([label]) + bytes(range(256)) * 12 for label in (3, 9)))
write("cifar", "hundred.bin", bytes([3, 42]) + bytes(3072))

write("idx", "images.idx", idx(ramp))
write("idx", "images.idx.gz", gzip.compress(idx(ramp), mtime=0))
write("idx", "labels.idx", idx(np.arange(5, dtype=np.uint8)))

write("npy", "f8.npy", npy(np.linspace(-1, 1, 12).reshape(4, 3)))
write("npy", "f4.npy", npy(np.linspace(0, 1, 6, dtype="f4").reshape(2, 3)))
write("npy", "i8.npy", npy(np.arange(5)))
write("npy", "fortran.npy", npy(np.asfortranarray(np.ones((3, 2)))))
write("npy", "big-endian.npy", npy(np.ones((2, 2), dtype=">f8")))
write("npy", "f2.npy", npy(np.linspace(-1, 1, 4, dtype="f2").reshape(2, 2)))
write("npy", "python2.npy",
      npy(np.arange(6).reshape(2, 3)).replace(b"(2, 3), } ", b"(2L, 3L), }"))
write("npy", "pictures.npy", npy(ramp[None]))

write("csv", "labels.csv", b"label,a,b\n0,1.5,-2e-3\n1,+.5,1e300\n2,0,7\n")
write("csv", "plain.csv", b"0,1,2\r\n1,3,4\r\n")
write("csv", "space.csv", b"# of us\n0, 1, 2\n\n1, 3, 4")
write("csv", "pandas.csv", b",0,1,2\n0,1,.5,2\n1,0,3,4\n")
write("csv", "r.csv", b'"y" "a" "b"\n"1" 0 1.5 2\n"2" 1 3 4\n')
write("csv", "excel.csv", b'sep=;\r\ny;"a;b"\r\n"0";"1"\r\n"1";"2"\r\n')

small = np.linspace(-2, 2, 6)
write("safetensors", "types.safetensors", safetensors(
    [("f16", "F16", small.astype("<f2")), ("f32", "F32", small.astype("<f4")),
     ("f64", "F64", small.reshape(2, 3)),
     ("bf16", "BF16", np.array([0x3f80, 0xbf80], dtype="<u2")),
     ("i32", "I32", np.arange(3, dtype="<i4"))], {"format": "pt"}))
write("model", "half.safetensors", safetensors(
    [("weight", "F16", small.reshape(2, 3).astype("<f2")),
     ("bias", "F32", np.ones(2, dtype="<f4"))],
    {"feature_map": "sqrt", "class_names": "[\"a\", \"b\"]"}))
write("model", "short-bias.safetensors", safetensors(
    [("weight", "F32", np.ones((3, 2), dtype="<f4")),
     ("bias", "F32", np.ones(2, dtype="<f4"))], {"feature_map": "none"}))
# Beside the target's model of three classes.
write("model", "few-names.json",
      b'{"feature_map": "none", "class_names": ["a", "b"]}')
write("model", "many-names.json",
      b'{"feature_map": "none", "class_names": ["a", "b", "c", "d"]}')
labels = struct.pack("<2i", 0, 1)
write("class_names", "labels.json", json.dumps({
    "class_names": ["ant", "bee"], "labels": 2,
    "labels_blake2b": hashlib.blake2b(labels, digest_size=32).hexdigest(),
}).encode())
write("class_names", "names.json",
      b'{"class_names": ["boot", "\xc3\xa9t\\u00e9", ""]}')

# The target puts digests right.
golden = os.path.join(SEEDS, "../../golden/train-v2/checkpoint.enc")
with open(golden, "rb") as file:
    state = file.read()
write("checkpoint", "iteration-99.enc",
      state.replace(b'"iterations": 2', b'"iterations":99'))

# Of sessions (tests/fuzz/party_stub.h): what targets put right is left zero.
with open(os.path.join(SEEDS, "../../golden/wire-v2/eval.keys"), "rb") as file:
    keys = file.read()
with open(os.path.join(SEEDS, "../../golden/wire-v2/upload.enc"), "rb") as file:
    upload = file.read()


def records(data):
    """Of a container: kind, label, payload."""
    at = 192
    while True:
        kind, of, index, _, size = struct.unpack_from("<IIQQQ", data, at)
        if kind == 0xffffffff:
            return
        yield kind, (of, index), data[at + 32:at + 32 + size]
        at += 64 + size


def container(header, all_records):
    out = header[:192]
    for number, (kind, label, payload) in enumerate(all_records):
        out += struct.pack("<IIQQQ", kind, *label, number, len(payload))
        out += payload + bytes(32)
    return out + struct.pack("<IIQQQ", 0xffffffff, 0, 0, 0, 0) + bytes(32)


def share(key, use, element, a):
    """A Galois key of one limb as another share: rows of 3,200 and 3,328
    bytes; whole keys have both halves of each."""
    head = struct.pack("<HHI", use, 0, element) + key[8:12] + struct.pack("<I", a)
    head += bytes(8)
    head += bytes(40) if a else struct.pack("<Q", use << 24 | element) + key[32:64]
    rows = [key[64:64 + 3200], key[64 + 3200:]]
    return (4, (use, element),
            head + b"".join(row * (2 if a == 1 else 1) for row in rows))


GALOIS, FROM_SQUARE, IMPORT = 1, 2, 7
params, _, galois = records(keys)
galois_share = (4, (GALOIS, 5), galois[2])
write("shares", "r2-00.keys", container(
    keys, [params, galois_share, share(galois[2], IMPORT, 1, 0)]))
write("shares", "r2-00.square", container(
    keys, [params, share(galois[2], FROM_SQUARE, 1, 1)]))
write("shares", "r3-00.second", container(
    keys, [params, share(galois[2], FROM_SQUARE, 1, 2)]))

params, _, rows, _ = records(upload)
label_part = struct.pack("<H", 1) + rows[2][2:72 + 3200]
write("import", "r4-00.upload", container(
    upload, [params, (3, (1, 0), rows[2]), (3, (2, 0), label_part)]))
write("import", "no-labels.upload", container(
    upload, [params, (3, (1, 0), rows[2])]))

write("identity", "a.id", b"BFIDENT\0" + struct.pack("<II", 1, 0) +
      b"a".ljust(32, b"\0") + bytes(range(64)) + bytes(64))

with open(os.path.join(SEEDS, "fuzz_head/r2-00.head"), "rb") as file:
    head = file.read()
secret = bytes(16) + bytes([0x7d, 0x34, 0x34, 0x37]) * 64


def state(over, secrets, heads):
    why = b"round 2: b sends other shares than it promised" if over else b""
    out = b"BFPARTY\0" + struct.pack("<II", 1, 0) + bytes([7]) * 32
    out += struct.pack("<II", over, 0) + why.ljust(256, b"\0") + bytes(32)
    out += struct.pack("<II", secrets > 0, secrets > 1)
    for number in range(10):
        given = head if number < heads else b""
        out += struct.pack("<I", len(given)) + given
    return out + secret * secrets + bytes(32)


write("party_state", "before", state(0, 0, 0))
write("party_state", "round-2", state(0, 2, 3))
write("party_state", "round-4", state(0, 1, 7))
write("party_state", "over", state(1, 0, 4))



def unsigned_head(number, kinds, of):
    """Of a message without signature; `of` chooses the target's session."""
    out = b"BFHEAD" + struct.pack("<HIIII", 1, number, 0, len(kinds), 0)
    out += bytes([7]) * 32 + bytes(31) + bytes([of])
    return out + b"".join(struct.pack("<IIQ", kind, 0, 1000) + bytes(32)
                          for kind in kinds)


write("head", "r1-labels", unsigned_head(1, [1, 9], 2))
write("head", "r1-columns", unsigned_head(1, [1, 9], 3))
write("head", "r5-audited", unsigned_head(5, [7, 10], 5))
write("head", "r6-audited", unsigned_head(6, [11], 1))
write("head", "r7-audited", unsigned_head(7, [8], 1))
write("head", "r1-whitens", unsigned_head(1, [1], 8))
write("head", "r3-whitens", unsigned_head(3, [3, 5], 8))

write("party_rows", "usual", b"a\nb\nc\nd\n")
write("party_rows", "windows", b"a\r\nb\r\nc\r\nd")
write("party_rows", "others", b"a\nb\nd\nc\n")
write("party_rows", "too-many", b"a\nb\nc\nd\n\n")
write("party_rows", "tags", bytes(64))

write("sealed", "shares", np.arange(128, dtype="<u8").tobytes())
write("sealed", "no-residue", struct.pack("<2Q", 33550337, 5))

# Totals of the target's own rows twice, and what whitens them.
one = np.array([1, 0, 2, 0, 1, 1, 2, 2, 0, 1, 1, 0, 0, 2, 1, 1, 0, 2],
               dtype=float).reshape(6, 3)
both = np.concatenate([one, one])
deviation = both.std(axis=0)
standard = (both - both.mean(axis=0)) / deviation
products = standard.T @ standard


def fixed(values, width, unit):
    return b"".join((round(float(v) * unit)).to_bytes(
        width, "little", signed=True) for v in values)


totals = fixed(both.sum(axis=0), 16, 2 ** 64)
totals += fixed((both ** 2).sum(axis=0), 16, 2 ** 64)
totals += fixed(products[np.triu_indices(3)], 8, 2 ** 40)
e, v = np.linalg.eigh(products / len(both))
linear = (v / np.sqrt(e + 0.25))[:, ::-1] / deviation[:, None]
transform = struct.pack("<8sIIIIQQd", b"BFTRANSF", 3, 1, 1, 136, 3, 4,
                        1.25 * np.sqrt(3.0)) + bytes(88)
transform += both.mean(axis=0).tobytes() + np.ascontiguousarray(linear).tobytes()
write("pooled", "whitened", b"\0" + totals + transform + bytes(32))
write("pooled", "paper", b"\1" + fixed([36, 12, 12, 12], 16, 2 ** 64) + bytes(80))

# Of strangers: paths, headers, and the file of tokens.
token = base64.urlsafe_b64encode(bytes(range(32))).rstrip(b"=")
gateway = {
    "path-file": b"/v1/jobs/digits/files/upload.bf.12",
    "path-message": b"/v1/sessions/" + 4 * b"0123456789abcdef" +
                    b"/files/r2-01.square",
    "path-absolute": b"http://server:8443/v1/jobs/digits",
    "path-model": b"/v1/jobs/digits/model.enc",
    "bearer": b"Bearer " + token,
    "basic": b"Basic " + base64.b64encode(b"alice:" + token),
    "metadata": b"filename dXBsb2FkLmJm,digest MDEyMzQ1Njc4OWFiY2RlZg==,empty",
    "checksum": b"sha1 " + base64.b64encode(bytes(range(20))),
    "range": b"bytes=500-999",
    "range-end": b"bytes=-7",
    "number": b"1203241984",
    "tokens.json": json.dumps({"tokens": [
        {"owner": "alice", "hash": "0a" * 32, "created": 1795831843,
         "expires": 1800000000, "quota_bytes": 2e11,
         "requests_per_minute": 60},
        {"metrics": True, "hash": "ff" * 32}]}).encode(),
}
for name, data in gateway.items():
    write("gateway", name, data)

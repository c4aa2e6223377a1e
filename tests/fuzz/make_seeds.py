#!/usr/bin/env python3
"""Writes tests/fuzz/seeds: small files of each format that a fuzzer starts
from, as other programs write them (numpy and Pillow).

    python3 tests/fuzz/make_seeds.py

Formats of our own have the golden files; here are some that are nearly right,
and a plan of another kind (fuzz_job_json/late.json). What a fuzzer finds goes
beside these, under a name that says what it was."""
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

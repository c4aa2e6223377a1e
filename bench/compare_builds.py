#!/usr/bin/env python3
"""Two builds on the same job, in turn: OLD, NEW, OLD, NEW, ...

    bench/compare_builds.py OLD NEW [--train FILE] [--rounds R] [--refresh WHEN]
        PLAN OPTIONS...

OLD and NEW are build folders. PLAN OPTIONS are those of `blindfit plan`, with
--samples and --features; without --train the rows are drawn here. --refresh is
for builds that know refreshes. Each build plans the job by itself, and works on
its own files. Prints a table of medians: seconds, seconds of processors, peak
memory; and the bytes of the files. Seconds of processors are those of the
programs themselves: what the kernel takes to find large pages among files just
written is up to as much again, and chance.
"""
import argparse
import os
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import time


def npy(path, shape, data):
    header = "{'descr': '|u1', 'fortran_order': False, 'shape': (%s), }" % shape
    header += " " * (-(len(header) + 11) % 64) + "\n"
    with open(path, "wb") as f:
        f.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)))
        f.write(header.encode() + data)


def draw(folder, n, d, classes):
    """Random bytes, of which every class has some features in the upper half."""
    upper = bytes(i | 128 for i in range(256))
    rows = bytearray(os.urandom(n * d))
    for i in range(n):
        own = slice(i * d + i % classes, (i + 1) * d, classes)
        rows[own] = rows[own].translate(upper)
    npy(folder + "/x.npy", "%d, %d" % (n, d), rows)
    npy(folder + "/y.npy", "%d," % n, bytes(i % classes for i in range(n)))
    return [folder + "/x.npy", "--labels", folder + "/y.npy"]


def run(*command):
    """Seconds, seconds of processors, peak MB."""
    start = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, use = os.wait4(process.pid, 0)
    if status:
        sys.exit("compare_builds: failed: " + " ".join(command))
    return time.monotonic() - start, use.ru_utime, use.ru_maxrss / 1000


class Build:
    def __init__(self, folder, work, refresh):
        self.folder, self.work = folder, work
        self.results = {}
        os.mkdir(work)
        # Some builds choose whether to rehearse; here all rehearse.
        self.rehearse = self.known("encrypt", "--rehearse", "yes")
        self.refresh = self.known("plan", "--refresh", refresh) if refresh else []

    def known(self, command, option, value):
        text = subprocess.run([self.folder + "/blindfit", command, "--help"],
                              stdout=subprocess.PIPE, text=True).stdout
        return [option, value] if option in text else []

    def step(self, name, program, *arguments):
        seconds = run(self.folder + "/" + program, *arguments, "--quiet")
        self.results.setdefault(name, []).append(seconds)

    def plan(self, options):
        self.step("plan", "blindfit", "plan", *options, *self.refresh, "-o",
                  self.work + "/job")

    def round(self, train):
        w = self.work
        for name in "keys", "upload", "model.enc", "model.npy":
            path = w + "/" + name
            shutil.rmtree(path, ignore_errors=True)
            if os.path.exists(path):
                os.remove(path)
        self.step("keygen", "blindfit", "keygen", w + "/job", "-o", w + "/keys")
        self.step("encrypt", "blindfit", "encrypt", w + "/job", *train, "--key",
                  w + "/keys/secret.key", "-o", w + "/upload", *self.rehearse)
        self.step("train", "blindfit-server", "train", w + "/job", "--keys",
                  w + "/keys/eval.keys", "--upload", w + "/upload", "-o",
                  w + "/model.enc")
        self.step("decrypt", "blindfit", "decrypt", w + "/job", w + "/model.enc",
                  "--key", w + "/keys/secret.key", "--transform",
                  w + "/keys/transform.bf", "-o", w + "/model.npy")


def main():
    p = argparse.ArgumentParser(usage=__doc__)
    p.add_argument("old")
    p.add_argument("new")
    p.add_argument("--train")
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--refresh")
    p.add_argument("--samples", type=int, required=True)
    p.add_argument("--features", type=int, required=True)
    p.add_argument("--classes", type=int, default=10)
    a, options = p.parse_known_args()
    options += ["--samples", str(a.samples), "--features", str(a.features),
                "--classes", str(a.classes)]
    work = tempfile.mkdtemp(prefix="compare-")
    try:
        train = [a.train, "--rows", "1:%d" % a.samples] if a.train else draw(
            work, a.samples, a.features, a.classes)
        builds = [Build(folder, work + name, a.refresh)
                  for folder, name in ((a.old, "/old"), (a.new, "/new"))]
        for b in builds:
            b.plan(options)
        for _ in range(a.rounds):
            for b in builds:
                b.round(train)
        print("| %s | old | new | new/old |\n|---|---:|---:|---:|" %
              " ".join(options))
        units = "s", "s of processors", "MB at most"
        for name in builds[0].results:
            for i, unit in enumerate(units):
                old, new = (statistics.median(r[i] for r in b.results[name])
                            for b in builds)
                print("| %s, %s | %.3f | %.3f | %.3f |" %
                      (name, unit, old, new, new / old))
        for name in "upload", "keys/eval.keys", "model.enc":
            old, new = (os.path.getsize(b.work + "/" + name) for b in builds)
            print("| %s, bytes | %d | %d | %.3f |" %
                  (name, old, new, new / old))
    finally:
        shutil.rmtree(work)


main()

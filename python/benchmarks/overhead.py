"""Seconds of a job by the programs and by the package, from arrays on disk.

    overhead.py BUILD [ROWS [FEATURES]]      BUILD: a folder with the programs

Each side makes keys, encrypts, trains and decrypts, in turns; the shortest of
three runs counts. The package's seconds include the start of Python and its
imports. TMPDIR in memory, such as /dev/shm, leaves the disk out.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

CLASSES = 10

PACKAGE = """
import numpy as np
from blindfit import Job, Owner
from blindfit.server import train
job = Job.load("job.json")
owner = Owner.keygen(job, "package")
owner.encrypt(np.load("x.npy"), np.load("y.npy"), "package.bf")
train("job.json", owner.keys, "package.bf", "package.enc")
owner.decrypt("package.enc").save("package.npy")
"""


def run(folder, *command):
    begin = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - begin


def remove(folder, *names):
    subprocess.run(["rm", "-rf", *names], cwd=folder, check=True)


def by_programs(folder, owner, server):
    remove(folder, "keys", "upload.bf")
    return sum([
        run(folder, owner, "keygen", "job.json", "-o", "keys"),
        run(folder, owner, "encrypt", "job.json", "x.npy", "--labels",
            "y.npy", "--key", "keys/secret.key", "-o", "upload.bf"),
        run(folder, server, "train", "job.json", "--keys", "keys/eval.keys",
            "--upload", "upload.bf", "-o", "model.enc"),
        run(folder, owner, "decrypt", "job.json", "model.enc", "--key",
            "keys/secret.key", "--transform", "keys/transform.bf", "-o",
            "model.npy")])


def by_package(folder):
    remove(folder, "package", "package.bf")
    return run(folder, sys.executable, "-c", PACKAGE)


def main(build, rows=60000, features=400):
    build = Path(build).resolve()
    owner, server = str(build / "blindfit"), str(build / "blindfit-server")
    with tempfile.TemporaryDirectory() as folder:
        random = np.random.default_rng(0)
        y = np.arange(rows, dtype=np.int32) % CLASSES
        x = random.random((rows, features), dtype=np.float32)
        x += random.random((CLASSES, features), dtype=np.float32)[y]
        np.save(Path(folder, "x.npy"), x)
        np.save(Path(folder, "y.npy"), y)
        run(folder, owner, "plan", "--samples", str(rows), "--features",
            str(features), "--classes", str(CLASSES), "-o", "job.json")
        times = [(by_programs(folder, owner, server), by_package(folder))
                 for _ in range(3)]
    programs, package = map(min, zip(*times))
    print(f"programs {programs:.2f} s, package {package:.2f} s: "
          f"{100 * (package / programs - 1):+.1f} %")


if __name__ == "__main__":
    main(*sys.argv[1:2], *map(int, sys.argv[2:]))

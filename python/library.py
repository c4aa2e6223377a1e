"""The C library that the extension modules link."""

import os
import re
import subprocess
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
INCLUDE = ROOT / "include"
DEFAULT_BUILD = ROOT / "build-python"


def version():
    """The version in the library's header."""
    if not INCLUDE.is_dir():
        raise SystemExit("blindfit is built from a checkout of its "
                         f"repository: {INCLUDE} is missing")
    header = (INCLUDE / "blindfit" / "blindfit.h").read_text()
    return re.search(r'^#define BF_VERSION "(.*)"$', header, re.M).group(1)


@lru_cache(maxsize=None)
def _build():
    """A folder with both archives."""
    given = os.environ.get("BLINDFIT_BUILD")
    if given:
        return Path(given).resolve()
    options = ["-DBLINDFIT_FEATURES=OFF", "-DBLINDFIT_TESTS=OFF",
               "-DBLINDFIT_BENCH=OFF"]
    subprocess.run(["cmake", "-S", ROOT, "-B", DEFAULT_BUILD, *options],
                   check=True)
    subprocess.run(
        ["cmake", "--build", DEFAULT_BUILD, "--parallel",
         str(len(os.sched_getaffinity(0))), "--target", "blindfit",
         "blindfit-server"], check=True)
    return DEFAULT_BUILD


def archive(name):
    """The library's archive."""
    return _build() / f"lib{name}.a"


def _requirements(name):
    """(pkg-config packages, other arguments) that the archive needs."""
    text = (_build() / f"{name}.pc").read_text()
    return [re.search(rf"^{key}.private: (.*)$", text, re.M).group(1).split()
            for key in ("Requires", "Libs")]


def has_backbones():
    """Whether the library reads images; a build of its own does not."""
    return bool(os.environ.get("BLINDFIT_BUILD")) and (
        "libpng" in _requirements("blindfit")[0])


def link_arguments(name):
    """Links the archive, and what its pkg-config file says that it needs.

    Of an archive the linker takes the objects that are used, and of the other
    libraries those that these objects need.
    """
    packages, others = _requirements(name)
    found = subprocess.run(["pkg-config", "--libs", *packages],
                           check=True, text=True, stdout=subprocess.PIPE)
    return ["-Wl,--exclude-libs,ALL", "-Wl,--as-needed",
            "-Wl,-z,relro,-z,now", "-Wl,-S", str(archive(name)),
            *found.stdout.split(), *others]

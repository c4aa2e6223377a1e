"""The extension modules, as cffi builds them.

``blindfit._owner`` has the library without images; ``blindfit._server`` has
the library for servers, which holds no code that makes, reads or uses a secret
key. ``blindfit._features`` has image readers and backbones, if the library
does: a module of its own, because it needs oneDNN and libraries for images,
which the others then work without. All link their library statically and
export nothing but their initialisation.

The library comes from the build folder in the environment variable
``BLINDFIT_BUILD``, or is built beside the other products of setuptools
(``library.py``).
"""

import sys
from pathlib import Path

from cffi import FFI

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import library  # noqa: E402
from declarations import declarations  # noqa: E402

SERVER_HEADERS = ("matrix.h", "sigmoid.h", "train.h", "job.h", "server.h",
                  "session.h", "ckks.h")
OWNER_HEADERS = (*SERVER_HEADERS, "owner.h", "party.h", "report.h")
FEATURES_HEADERS = ("matrix.h", "sigmoid.h", "train.h", "features.h")

CALLBACKS = """
extern "Python" int blindfit_progress(void *, const char *, double, double);
extern "Python" void blindfit_note(void *, const char *);
"""
FEATURES_CALLBACKS = """
extern "Python" void blindfit_skip(void *, size_t, const char *);
"""


def _module(name, archive, headers, owner, callbacks=CALLBACKS):
    ffi = FFI()
    ffi.cdef(declarations(library.INCLUDE, headers, owner))
    ffi.cdef(callbacks)
    ffi.set_source(
        name,
        "".join(f'#include "blindfit/{header}"\n' for header in headers),
        include_dirs=[str(library.INCLUDE)],
        extra_compile_args=["-g0", "-O1"],
        extra_link_args=library.link_arguments(archive),
        depends=[str(library.archive(archive))])
    return ffi


def owner_module():
    return _module("blindfit._owner", "blindfit", OWNER_HEADERS, True)


def server_module():
    return _module("blindfit._server", "blindfit-server", SERVER_HEADERS,
                   False)


def features_module():
    return _module("blindfit._features", "blindfit", FEATURES_HEADERS, True,
                   CALLBACKS + FEATURES_CALLBACKS)

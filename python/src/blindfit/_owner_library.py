"""The library of owners: everything, with the code for secret keys."""

from . import _owner
from ._library import Library

library = Library(_owner)
ffi, lib = library.ffi, library.lib

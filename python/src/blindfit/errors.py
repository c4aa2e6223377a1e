"""Exceptions, one for each status of the C library."""

import errno


class BlindfitError(Exception):
    """Base of the exceptions that are particular to blindfit."""


class FormatError(BlindfitError, ValueError):
    """A file or message is damaged or malformed."""


class MismatchError(BlindfitError, ValueError):
    """Things that are valid, but of another job, key or shape."""


class RangeError(BlindfitError, ValueError):
    """Numbers that leave the range which the circuit covers."""


class SecurityError(BlindfitError):
    """Below the required security, or somebody cheats."""


class UnsupportedError(BlindfitError):
    """Valid, but this build or machine cannot do it."""


class WaitingError(BlindfitError):
    """No fault, but others must act first."""


def _of_system(number):
    return lambda message: OSError(number, message)


_BY_NAME = {
    "ARGUMENT": ValueError,
    "MEMORY": MemoryError,
    "IO": _of_system(errno.EIO),
    "SPACE": _of_system(errno.ENOSPC),
    "FORMAT": FormatError,
    "MISMATCH": MismatchError,
    "RANGE": RangeError,
    "SECURITY": SecurityError,
    "INTERRUPTED": KeyboardInterrupt,
    "UNSUPPORTED": UnsupportedError,
    "WAITING": WaitingError,
}


def exception_of(lib, status, message):
    """The exception for a failed call; RuntimeError for a bug in blindfit."""
    for name, make in _BY_NAME.items():
        if status == getattr(lib, "BF_ERR_" + name):
            return make(message)
    return RuntimeError(message)

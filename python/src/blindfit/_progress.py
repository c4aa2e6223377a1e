"""Reports of progress: by tqdm where it is present, or to a callback."""

import sys
import time
from contextlib import contextmanager
from typing import Callable, Union

# "auto", True, False, or a function of phase, done and total.
Progress = Union[str, bool, None, Callable[[str, float, float], None]]

# A phase gets a bar after this many seconds.
_DELAY = 1.0


@contextmanager
def reporter(progress):
    """The function that receives reports; None if nobody wants them.

    progress: a function of (phase, done, total); True for bars of tqdm;
    "auto" for bars if tqdm is there and somebody looks; or False.
    """
    if callable(progress):
        yield progress
    elif progress is None or progress is False:
        yield None
    elif progress is True or (progress == "auto" and _somebody_looks()):
        bars = _Bars(required=progress is True)
        try:
            yield bars.report
        finally:
            bars.close()
    elif progress == "auto":
        yield None
    else:
        raise ValueError(f"progress={progress!r}: 'auto', True, False or a "
                         "function wanted")


def _somebody_looks():
    ipython = sys.modules.get("IPython")
    notebook = ipython and hasattr(ipython.get_ipython(), "kernel")
    return notebook or (sys.stderr is not None and sys.stderr.isatty())


class _Bars:
    """A bar for each phase that takes longer than a moment."""

    def __init__(self, required):
        self.required = required
        self.phase, self.began, self.bar = None, 0.0, None
        self.make = None if not required else _tqdm()

    def report(self, phase, done, total):
        now = time.monotonic()
        if phase != self.phase:
            self.close()
            self.phase, self.began = phase, now
        if self.bar is None and now > self.began + _DELAY and done < total:
            self.make = self.make or _tqdm_or_none()
            self.bar = self.make(total=total, desc=phase, leave=False,
                                 bar_format="{desc}: {percentage:3.0f}% |{bar}"
                                 "| {elapsed}<{remaining}")
        if self.bar is not None:
            self.bar.n = done
            self.bar.refresh()

    def close(self):
        if self.bar is not None:
            self.bar.close()
            self.bar = None


def _tqdm():
    from tqdm.auto import tqdm
    return tqdm


def _tqdm_or_none():
    try:
        return _tqdm()
    except ImportError:
        return lambda **options: None

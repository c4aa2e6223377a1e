"""Calls into the C library.

Each call runs in a helper thread of its own, while the caller's thread waits
for events. Thus the caller hears Ctrl-C at once, progress is reported in the
caller's thread, and a child of fork() finds no state of OpenMP that belongs to
the thread it continues in. A call is stopped by interrupting its environment;
the library then ends it soon and removes unfinished files.
"""

import logging
import os
import threading
import time
from queue import SimpleQueue
from typing import Any, Dict, Union

from ._recipe import count
from .errors import exception_of

_log = logging.getLogger("blindfit")

Path = Union[str, bytes, "os.PathLike[str]", "os.PathLike[bytes]"]

# Seconds between two reports of the same phase.
_INTERVAL = 0.05


class Library:
    """A module that cffi made, with its library's rules."""

    def __init__(self, module):
        self.ffi, self.lib = module.ffi, module.lib
        self.ffi.def_extern(name="blindfit_progress")(self._progress)
        self.ffi.def_extern(name="blindfit_note")(self._note)

    def _progress(self, user, phase, done, total):
        self.ffi.from_handle(user).progressed(self.text(phase), done, total)
        return 0

    def _note(self, user, line):
        self.ffi.from_handle(user).events.put(self.text(line))

    def text(self, chars):
        """A str from a C string."""
        return self.ffi.string(chars).decode(errors="replace")

    def call(self, function, *args, threads=None, report=None, keep=None):
        """Calls a function that returns bf_status; raises when it fails.

        The function runs under a bf_env of its own, whatever env its arguments
        name: they pass NULL. report(phase, done, total) is called in this
        thread; what it raises ends the call. keep: what the arguments point
        to, kept alive until the function returns.
        """
        _Call(self, function, (args, keep), threads, report).wait()

    def box(self, kind, destroy, *needs):
        """A `kind **` for an output, destroyed with its last reference.

        needs: boxes of objects that must outlive this one.
        """
        return self.ffi.gc(self.ffi.new(kind + " **"),
                           _destructor(destroy, needs))

    def struct(self, kind, clear):
        """A zeroed struct, cleared with its last reference."""
        return self.ffi.gc(self.ffi.new(kind + " *"), clear)


# What destructors need. The garbage collector ends the objects of a cycle in
# any order, and would empty a destructor's closure first.
_kept: Dict[object, Any] = {}


def _destructor(destroy, needs, kept=_kept):
    key = object()

    def run(box):
        try:
            destroy(box[0])
        finally:
            del kept[key]

    kept[key] = run, needs
    return run


class _Call:
    def __init__(self, library, function, memory, threads, report):
        ffi, lib = library.ffi, library.lib
        self.library, self.function = library, function
        self.memory = memory  # arguments, and what they point to
        self.report = report
        self.events = SimpleQueue()
        self.over = threading.Event()
        self.lock = threading.Lock()  # of the next two
        self.begun = self.abandoned = False
        self.status, self.message, self.error = lib.BF_OK, "", None
        self.phase, self.reported = None, 0.0
        self.handle = ffi.new_handle(self)
        self.env = ffi.new("bf_env *", {
            "threads": _thread_count(threads),
            "progress": lib.blindfit_progress if report else ffi.NULL,
            "note": lib.blindfit_note, "user": self.handle})

    # ---- in the helper thread ----

    def run(self):
        with self.lock:
            if self.abandoned:
                return
            self.begun = True
        lib = self.library.lib
        try:
            lib.bf_env_enter(self.env)
            self.status = self.function(*self.memory[0])
            if self.status != lib.BF_OK:
                self.message = self.library.text(lib.bf_last_error())
        except BaseException as error:  # arguments that cffi refuses
            self.error = error
        finally:
            self.handle = None  # ends the cycle of references
            self.events.put(None)
            self.over.set()

    def progressed(self, phase, done, total):
        now = time.monotonic()
        if (phase == self.phase and done < total
                and now < self.reported + _INTERVAL):
            return
        self.phase, self.reported = phase, now
        self.events.put((phase, done, total))

    # ---- in the caller's thread ----

    def wait(self):
        try:
            threading.Thread(target=self.run, name="blindfit",
                             daemon=True).start()
            while True:
                event = self.events.get()
                if event is None:
                    break
                if isinstance(event, str):
                    _log.warning("%s", event)
                else:
                    self.report(*event)
        except BaseException:
            self.stop()
            raise
        if self.error:
            raise self.error
        if self.status != self.library.lib.BF_OK:
            raise exception_of(self.library.lib, self.status, self.message)

    def stop(self):
        """Returns when the helper thread is done with the caller's memory."""
        self.library.lib.bf_env_interrupt(self.env, 1)
        with self.lock:
            self.abandoned = True
            begun = self.begun
        while begun and not self.over.is_set():
            try:
                self.over.wait()
            except KeyboardInterrupt:  # a second Ctrl-C changes nothing
                pass


def _thread_count(threads):
    return 0 if threads is None else min(count("threads", threads, 1), 2 ** 31)


def name_bytes(name):
    """A name, of a class or an owner, for the library."""
    if not isinstance(name, str):
        raise TypeError(f"name {name!r} is of type {type(name).__name__}: a "
                        "str wanted")
    if "\0" in name:
        raise ValueError(f"name {name!r}: with a NUL character")
    return name.encode()


def path_bytes(path):
    """A path for the library."""
    name = os.fsencode(path)
    if b"\0" in name:
        raise ValueError("a path with a NUL character")
    return name


def existing(path):
    """The path of a file to read. OSError as of open() if there is none."""
    os.stat(path)
    return path_bytes(path)

"""The server's part: training on ciphertexts.

This module, and the library that it loads, hold no code that makes, reads or
uses a secret key.
"""

import os
from dataclasses import dataclass
from typing import Optional, Sequence, Union

from . import _server
from ._library import Library, Path, existing, path_bytes
from ._progress import Progress, reporter
from ._recipe import choose, count

library = Library(_server)
ffi, lib = library.ffi, library.lib

_PACKINGS = {"auto": "BF_PACK_AUTO", "never": "BF_PACK_NEVER",
             "always": "BF_PACK_ALWAYS"}


@dataclass(frozen=True)
class Report:
    """What a training run took.

    Seconds of each phase; counts of this run, which are fewer than planned if
    it continued from a checkpoint; bytes.
    """

    read_seconds: float
    train_seconds: float
    write_seconds: float
    key_switches: int
    ciphertext_products: int
    peak_ciphertext_bytes: int


def train(job: Path, keys: Union[Path, Sequence[Path]],
          upload: Union[Path, Sequence[Path], None], model: Path, *,
          box: Optional[Path] = None, checkpoint: Optional[Path] = None,
          max_memory: Optional[int] = None, pack_rows: str = "auto",
          threads: Optional[int] = None,
          progress: Progress = "auto") -> Report:
    """Trains on an upload and writes the encrypted model.

    Parameters
    ----------
    job, keys, upload : path, or for keys and uploads a sequence of paths
        Files of the owner's.
        For a job of several owners None, with `box`.
    box : path, optional
        The folder of a session, as of ``gather``.
    model : path
        The file to write. It appears complete or not at all.
    checkpoint : path, optional
        Written after every iteration. If it exists, training continues from
        it, with the same model as an uninterrupted run.
    max_memory : int, optional
        Refuses a job that needs more bytes.
    pack_rows : {"auto", "never", "always"}
        Whether rows stay packed: less memory, more time, the same model.
    threads : int, optional
    progress : "auto", bool or callable
        A function gets (phase, done, total).

    Raises
    ------
    MismatchError, FormatError
        If the files do not belong together, or are damaged.
    MemoryError, OSError
        If memory or disk do not suffice.
    """
    keep = []  # the memory that options point to

    def texts(paths):
        if isinstance(paths, (str, bytes, os.PathLike)):
            paths = [paths]
        chars = [ffi.new("char[]", existing(path)) for path in paths]
        table = ffi.new("char *[]", chars)
        keep.extend([chars, table])
        return table, len(chars)

    def text(path, make):
        chars = ffi.new("char[]", make(path))
        keep.append(chars)
        return chars

    if (upload is None) == (box is None):
        raise ValueError("either upload or box is wanted")
    options = ffi.new("bf_serve_options *")
    options.job = text(job, existing)
    options.keys, options.key_count = texts(keys)
    if box is not None:
        options.box = text(box, existing)
    else:
        options.uploads, options.upload_count = texts(upload)
    options.model = text(model, path_bytes)
    if checkpoint is not None:
        options.checkpoint = text(checkpoint, path_bytes)
        options.resume = os.path.exists(checkpoint)
    if max_memory is not None:
        options.max_memory = count("max_memory", max_memory, 1)
    options.pack_rows = getattr(lib, choose("pack_rows", pack_rows,
                                            _PACKINGS))
    report = ffi.new("bf_serve_report *")
    with reporter(progress) as tell:
        library.call(lib.bf_serve_train, report, options, ffi.NULL,
                     threads=threads, report=tell, keep=keep)
    return Report(**{name: getattr(report, name)
                     for name in Report.__dataclass_fields__})


def gather(session: Path, box: Path, folder: Path, *,
           threads: Optional[int] = None, progress: Progress = "auto") -> None:
    """The server's part of a session of several owners (docs/owners.md).

    Reads the owners' messages from BOX/inbox, and writes ``job.json`` and
    ``eval.keys`` into the folder, for ``train(..., box=box)``. Raises
    WaitingError while a message is missing.
    """
    with reporter(progress) as tell:
        library.call(lib.bf_session_gather, ffi.new("bf_gather_report *"),
                     existing(session), path_bytes(box), path_bytes(folder),
                     ffi.NULL, threads=threads, report=tell)

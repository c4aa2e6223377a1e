"""The owner's part: keys, encryption, decryption."""

import os
import pathlib
from typing import Any, List, Optional, Union

import numpy as np
from numpy.typing import ArrayLike

from ._arrays import View, label_array
from ._labels import job_labels
from ._library import Path, existing, name_bytes, path_bytes
from ._owner_library import ffi, lib, library
from ._progress import Progress, reporter
from ._recipe import choose, count
from .job import Job, job_box
from .model import Model

SECRET, KEYS, TRANSFORM = "secret.key", "eval.keys", "transform.bf"

_PARTS = {"all": "BF_UPLOAD_ALL", "rows": "BF_UPLOAD_ROWS",
          "labels": "BF_UPLOAD_LABELS"}
_REHEARSALS = {"auto": "BF_REHEARSE_CHEAP", "always": "BF_REHEARSE_ALWAYS",
               "never": "BF_REHEARSE_NEVER"}


class Owner:
    """A secret key for a job, in locked memory of the library.

    Made by ``Owner.keygen`` or ``Owner.open``. The folder of the keys holds
    ``secret.key`` and ``transform.bf``, which stay with the owner, and
    ``eval.keys``, which goes to the server.

    Attributes
    ----------
    job : Job
    folder : Path
    keys : Path
        The file of evaluation keys, for the server.
    """

    job: Job
    folder: pathlib.Path
    keys: pathlib.Path
    _box: Any

    def __init__(self):
        raise TypeError("owners are made by Owner.keygen and Owner.open")

    @classmethod
    def _of(cls, box, job, folder):
        self = object.__new__(cls)
        self._box, self.job = box, job  # the job outlives the key
        self.folder = pathlib.Path(folder)
        self.keys = self.folder / KEYS
        return self

    @classmethod
    def keygen(cls, job: Job, folder: Union[str, "os.PathLike[str]"], *,
               keep: bool = True,
               threads: Optional[int] = None,
               progress: Progress = "auto") -> "Owner":
        """Makes a secret key, and the evaluation keys of the job.

        folder: where the files go; made if it is missing. Existing keys are
        never replaced. keep: whether the secret key is written; otherwise it
        exists in memory only.
        """
        box = library.box("bf_owner", lib.bf_owner_destroy, job_box(job))
        os.makedirs(folder, mode=0o700, exist_ok=True)
        self = cls._of(box, job, folder)
        secret = path_bytes(self.folder / SECRET) if keep else ffi.NULL
        with reporter(progress) as report:
            library.call(lib.bf_owner_create, box, job._c, ffi.NULL,
                         threads=threads, report=report)
            library.call(lib.bf_owner_save, box[0], secret,
                         path_bytes(self.keys), ffi.NULL, threads=threads,
                         report=report)
        return self

    @classmethod
    def open(cls, job: Job,
             folder: Union[str, "os.PathLike[str]"]) -> "Owner":
        """Opens keys that ``keygen`` made."""
        box = library.box("bf_owner", lib.bf_owner_destroy, job_box(job))
        library.call(lib.bf_owner_open, box, job._c,
                     existing(pathlib.Path(folder) / SECRET), ffi.NULL)
        return cls._of(box, job, folder)

    def _key(self):
        """The box of the key, which a call keeps until it ends."""
        if self._box is None:
            raise ValueError("this owner is closed")
        return self._box

    def close(self) -> None:
        """Wipes the secret key from memory, when calls that use it end."""
        self._box = None

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def save_more_keys(self, path: Path, *have: Job,
                       threads: Optional[int] = None,
                       progress: Progress = "auto") -> None:
        """Writes the keys of the job that a server of the jobs `have` lacks.

        ValueError if the server lacks none: see ``Job.missing_keys``.
        """
        key = self._key()
        with reporter(progress) as report:
            library.call(lib.bf_owner_save_more, key[0], path_bytes(path),
                         [job_box(job)[0] for job in have], len(have),
                         ffi.NULL,
                         threads=threads, report=report, keep=(key, have))

    def encrypt(self, X: ArrayLike, y: ArrayLike, upload: Path, *,
                part: str = "all",
                rehearse: str = "auto", threads: Optional[int] = None,
                progress: Progress = "auto") -> None:
        """Encrypts training rows and labels into an upload for the server.

        Parameters
        ----------
        X : array of shape (job.samples, job.features)
            float64 and float32 are read in place.
        y : array of shape (job.samples,)
            Names of classes (str), or numbers 0 to classes - 1. With several
            columns of labels: of shape (job.samples, columns).
        upload : path
            The file to write. ``transform.bf`` appears beside the keys;
            without it no model of this upload can be decrypted. An existing
            transform is never replaced.
        part : {"all", "rows", "labels"}
            "rows": an upload that serves every job over these rows. "labels":
            the labels of a further job over rows that are encrypted already;
            their transform must be beside the keys. Such labels are numbers.
        rehearse : {"auto", "always", "never"}
            Whether the job first runs in plaintext, which finds data that the
            circuit does not cover; "auto": if that takes few seconds.
        """
        key, more = self._key(), part == "labels"
        view = View(library, X)
        labels, names = job_labels(y, self.job.label_columns,
                                   self.job.samples)
        if more and names:
            raise ValueError("labels of a further job are numbers from 0; "
                             "decrypt(classes=...) names them")
        transform = self.folder / TRANSFORM
        fitted = existing(transform) if more else ffi.NULL
        rows = library.struct("bf_prepared", lib.bf_prepared_clear)
        texts = [ffi.new("char[]", name_bytes(name)) for name in names or ()]
        table = ffi.new("char *[]", texts) if names else ffi.NULL
        paths = [ffi.new("char[]", path_bytes(path))
                 for path in (upload, transform)]
        options = ffi.new("bf_encrypt_options *", {
            "part": getattr(lib, choose("part", part, _PARTS)),
            "rehearse": getattr(lib, choose("rehearse", rehearse,
                                            _REHEARSALS)),
            "upload": paths[0], "transform": ffi.NULL if more else paths[1],
            "class_names": table})
        with reporter(progress) as report:
            library.call(lib.bf_prepare, rows, self.job._c, view.c, fitted,
                         ffi.NULL, threads=threads, report=report, keep=view)
            library.call(lib.bf_owner_encrypt, key[0], rows,
                         label_array(library, labels), options, ffi.NULL,
                         threads=threads, report=report,
                         keep=(key, texts, table, paths))

    def decrypt(self, model: Path, *, X: Optional[ArrayLike] = None,
                iteration: int = 0, classes: Optional[ArrayLike] = None,
                threads: Optional[int] = None) -> Union[Model, List[Model]]:
        """Decrypts a model of the server's, and checks its range.

        Returns a Model, or with several columns of labels a list.

        Parameters
        ----------
        model : path
        X : array of shape (n, job.features), optional
            Rows whose scores are checked too, for every iteration.
        iteration : int
            From 1; 0: the model after the last iteration.
        classes : sequence, optional
            Names of the classes, if encryption did not know them.

        Raises
        ------
        RangeError
            If weights or scores left the range which the circuit covers.
        """
        iteration = count("iteration", iteration, 0, self.job.iterations)
        c = self._decrypt(model, X, iteration, threads)
        columns = self.job.label_columns
        names = None if classes is None else np.asarray(classes)
        if names is not None and names.shape != (self.job.classes,):
            raise ValueError(f"{names.shape} names: the job has "
                             f"{self.job.classes} classes")
        if len(columns) == 1:
            return Model._of(c, names)
        labels = ffi.new("bf_label_columns *", {"count": len(columns),
                                                "classes": columns})
        models, first = [], 0
        for i, number in enumerate(columns):
            part = library.struct("bf_model", lib.bf_model_clear)
            library.call(lib.bf_model_column, part, c, labels, i)
            models.append(Model._of(part, None if names is None
                                    else names[first:first + number]))
            first += number
        return models

    def _decrypt(self, model, X, iteration, threads):
        view = View(library, X) if X is not None else None
        key = self._key()
        paths = [existing(model), existing(self.folder / TRANSFORM)]
        out = library.struct("bf_model", lib.bf_model_clear)
        library.call(lib.bf_owner_decrypt, out, key[0], *paths, iteration,
                     ffi.NULL, threads=threads, keep=key)
        library.call(lib.bf_owner_review, ffi.new("bf_review *"), key[0],
                     *paths, view.c if view else ffi.NULL, iteration,
                     ffi.NULL, threads=threads, keep=(key, view))
        return out

    def __repr__(self):
        return f"<Owner of {self.job!r}, keys in {self.folder}>"

    def __reduce__(self):
        raise TypeError("an Owner holds a secret key and is not pickled: "
                        "Owner.open(job, folder) opens its file elsewhere")

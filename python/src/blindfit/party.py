"""One model for several owners, none of whom shows its data to another.

docs/owners.md describes sessions. Each owner makes an identity and sends the
public file to whoever makes the session; then everyone calls ``step`` again
and again, and carries the files of BOX/outbox to the others' BOX/inbox::

    create_identity("a.id", "a.pub", "a")
    create_session("session.bf", job, ["a.pub", "b.pub"])
    step("session.bf", "a.id", "box", X, y, model="model.npy")

The server calls ``blindfit.server.gather`` and ``train(..., box=...)``.
"""

from dataclasses import dataclass
from typing import Optional, Sequence

import numpy as np
from numpy.typing import ArrayLike

from ._arrays import View, label_array, refuse_masked
from ._library import Path, existing, name_bytes, path_bytes
from ._owner_library import ffi, lib, library
from ._progress import Progress, reporter
from ._recipe import choose, count
from .errors import WaitingError
from .job import Job, job_box

_SPLITS = {"rows": "BF_SPLIT_ROWS", "labels": "BF_SPLIT_LABELS",
           "columns": "BF_SPLIT_COLUMNS"}
_RECHECKS = {"one": "BF_RECHECK_ONE", "always": "BF_RECHECK_ALWAYS",
             "never": "BF_RECHECK_NEVER"}


@dataclass(frozen=True)
class Step:
    """What a step did.

    done: nothing is left to do. opened: this step wrote the model. sent:
    rounds whose message is in the outbox. waiting: what is missing, or "".
    """

    done: bool
    opened: bool
    sent: int
    waiting: str


def create_identity(identity: Path, public: Path, name: str) -> None:
    """Makes an owner's files: secret keys (mode 0600), and the public part.

    name: letters, digits, ".", "_" and "-". An existing identity is never
    replaced.
    """
    library.call(lib.bf_identity_create, path_bytes(identity),
                 path_bytes(public), name_bytes(name))


def create_session(path: Path, job: Job, owners: Sequence[Path], *,
                   rows: Optional[Sequence[int]] = None, split: str = "rows",
                   features: Optional[Sequence[int]] = None,
                   labels: Sequence[str] = (),
                   receivers: Optional[Sequence[str]] = None,
                   epsilon: float = 0.0, delta: Optional[float] = None,
                   audit: bool = False) -> str:
    """Makes the session's file; returns its fingerprint, to compare by voice.

    Parameters
    ----------
    owners : sequence of paths
        The owners' public files, in the order of their rows.
    rows : sequence of int, optional
        How many rows each owner has; by default as the job was planned.
    split : {"rows", "labels", "columns"}
        How the data are divided.
    features : sequence of int, optional
        "columns": how many features each owner has.
    labels : names of owners
        "labels" and "columns": who has labels.
    receivers : names of owners, optional
        Who receives the model; by default everybody, and with "labels" who has
        the features.
    epsilon, delta : float
        "labels": privacy of a single label, by noise; 0: no noise.
    audit : bool
        "rows": the last step is held against all owners' rows.
    """
    job_box(job)
    table = ffi.new("bf_session_owner[]", len(owners))
    names = []
    for owner, public in zip(table, owners):
        party = ffi.new("bf_party *")
        library.call(lib.bf_party_read, party, existing(public))
        owner.party = party[0]
        names.append(library.text(party.name))
    for name in [*labels, *(receivers or ())]:
        if name not in names:
            raise ValueError(f"{name!r} is no owner: {', '.join(names)} are")
    planned = job.owner_rows if rows is None else rows
    for given, what in (planned, "rows"), (features, "features"):
        if given is not None and len(given) != len(owners):
            raise ValueError(f"{what}: {len(given)} numbers for "
                             f"{len(owners)} owners")
    for i, (owner, name) in enumerate(zip(table, names)):
        if split != "columns":
            owner.count = count("rows", planned[i])
        if features is not None:
            owner.features = count("features", features[i])
        owner.labels = name in labels
        owner.receives = (name in receivers if receivers is not None
                          else split != "labels" or name not in labels)
    options = ffi.new("bf_session_options *", {
        "split": getattr(lib, choose("split", split, _SPLITS)),
        "epsilon": epsilon, "audit": bool(audit),
        "delta": ((lib.BF_LABEL_DELTA_DEFAULT if epsilon else 0.0)
                  if delta is None else delta)})
    box = library.box("bf_session", lib.bf_session_destroy)
    library.call(lib.bf_session_create, box, job._c, table, len(owners),
                 options, keep=job)
    library.call(lib.bf_session_check, box[0], keep=box)
    library.call(lib.bf_session_write, box[0], path_bytes(path), keep=box)
    return _fingerprint(box)


def fingerprint(path: Path) -> str:
    """The fingerprint of a session's file, which owners compare by voice."""
    box = library.box("bf_session", lib.bf_session_destroy)
    library.call(lib.bf_session_read, box, existing(path))
    return _fingerprint(box)


def _fingerprint(box):
    text = ffi.new("char[]", lib.BF_FINGERPRINT_BYTES)
    lib.bf_session_fingerprint(text, box[0])
    return library.text(text)


def step(session: Path, identity: Path, box: Path,
         X: Optional[ArrayLike] = None, y: Optional[ArrayLike] = None, *,
         model: Optional[Path] = None, row_names: Optional[Path] = None,
         recheck: str = "one", threads: Optional[int] = None,
         progress: Progress = "auto") -> Step:
    """Takes all steps of an owner that are possible now.

    Parameters
    ----------
    session, identity, box : path
        The session's file, this owner's identity and folder.
    X : array of shape (rows, features), optional
        This owner's features, if it has some.
    y : array of shape (rows,), optional
        This owner's labels, numbers from 0, if it has some.
    model : path, optional
        The model to write, of an owner who receives it.
    row_names : path, optional
        A file with a name for each row, for owners with parts of the same
        rows.
    recheck : {"one", "always", "never"}
        Whether this owner repeats the server's work before the model opens.

    Raises
    ------
    SecurityError
        If somebody cheats. The session has ended for this owner.
    """
    view = None if X is None else View(library, X)
    options = ffi.new("bf_party_options *", {
        "recheck": getattr(lib, choose("recheck", recheck, _RECHECKS))})
    keep = [view]
    if view:
        options.x = view.c
    if y is not None:
        refuse_masked(y, "y")
        y = np.asarray(y)
        if y.ndim != 1 or y.dtype.kind not in "iu" or y.size == 0 or (
                y.min() < 0 or y.max() >= lib.BF_CLASSES_MAX):
            raise ValueError("y: one dimension of whole numbers from 0 wanted")
        labels = label_array(library, y)
        options.labels, options.label_count = labels, y.size
        keep.append(labels)
    for name, path in (("session", existing(session)),
                       ("identity", existing(identity)),
                       ("box", path_bytes(box)),
                       ("model", model and path_bytes(model)),
                       ("row_names", row_names and existing(row_names))):
        if path is not None:
            keep.append(ffi.new("char[]", path))
            setattr(options, name, keep[-1])
    report, waiting = ffi.new("bf_party_report *"), ""
    with reporter(progress) as tell:
        try:
            library.call(lib.bf_party_step, report, options, ffi.NULL,
                         threads=threads, report=tell, keep=keep)
        except WaitingError as error:
            waiting = str(error)
    return Step(report.done, report.opened, report.sent, waiting)

"""Jobs: everything public about a training run, before data are encrypted."""

import numbers
import os
import tempfile
from typing import Any, List, Optional, Sequence, Union

from ._library import Path, existing, path_bytes
from ._owner_library import ffi, lib, library
from ._recipe import choose, count, is_list, make_recipe, set_steps

_REFRESHES = {"auto": "BF_REFRESH_AUTO", "never": "BF_REFRESH_NEVER",
              "always": "BF_REFRESH_ALWAYS"}

# Attributes that are figures of bf_job_figures, under the same names.
_FIGURES = ("ring_degree", "security_bits", "log2_qp", "refreshed", "keys",
            "upload_bytes", "key_bytes", "model_bytes", "labels_bytes",
            "memory_bytes", "packed_memory_bytes", "key_switches",
            "ciphertext_products", "weight_error", "typical_weight")


def job_box(job):
    """The box of a Job; TypeError for others, such as the path of one."""
    if not isinstance(job, Job):
        raise TypeError(f"job is of type {type(job).__name__}: a Job wanted, "
                        "as of Job.plan or Job.load")
    return job._box


class Job:
    """A planned training job. Owner and server work from the same job file.

    Made by ``Job.plan`` or ``Job.load``; does not change afterwards. Its
    content is public.

    Attributes
    ----------
    id : str
        Digest of the job file, which keys, uploads and models carry.
    samples, features, classes, iterations : int
        What is trained; with several columns of labels, `classes` is the sum.
    label_columns : list of int
        Number of classes in each column of labels.
    owner_rows : list of int
        How many rows each owner has; zeros: the session decides.
    columns : int
        Columns of the rows that are encrypted, the constant one included.
    ring_degree : int
    security_bits : float
        Bits of security, at least 128.
    log2_qp : float
        Bits of the largest modulus.
    refreshed : bool
        Whether weights are bootstrapped after each iteration.
    keys : int
        Number of evaluation keys.
    upload_bytes, key_bytes, model_bytes : int
        Exact sizes of the files.
    labels_bytes : int
        Size of an upload of labels without rows.
    memory_bytes, packed_memory_bytes : int
        Memory of the server, at most; and with packed rows (0: not possible).
    key_switches, ciphertext_products : int
        Work of the server.
    weight_error, typical_weight : float
        Expected rms error and size of a weight, in whitened space.
    """

    id: str
    samples: int
    features: int
    classes: int
    iterations: int
    label_columns: List[int]
    owner_rows: List[int]
    columns: int
    ring_degree: int
    security_bits: float
    log2_qp: float
    refreshed: bool
    keys: int
    upload_bytes: int
    key_bytes: int
    model_bytes: int
    labels_bytes: int
    memory_bytes: int
    packed_memory_bytes: int
    key_switches: int
    ciphertext_products: int
    weight_error: float
    typical_weight: float
    _box: Any

    def __init__(self):
        raise TypeError("jobs are made by Job.plan and Job.load")

    @classmethod
    def _of(cls, box):
        self = object.__new__(cls)
        self._box = box
        self._describe()
        return self

    @property
    def _c(self):
        return self._box[0]

    @classmethod
    def plan(cls, samples: int, features: int,
             classes: Union[int, Sequence[int]], *, refresh: str = "auto",
             ring_degree: Optional[int] = None,
             max_memory: Optional[int] = None,
             max_error: Optional[float] = None, certificate: bool = False,
             owners: Union[int, Sequence[int]] = 1, ranks: int = 1,
             threads: Optional[int] = None, **recipe) -> "Job":
        """Plans a job for rows of these shapes.

        Parameters
        ----------
        samples, features : int
            Shape of the training rows.
        classes : int or sequence of int
            Number of classes, 2 to 100; or of each column of labels.
        refresh : {"auto", "never", "always"}
            Whether weights are bootstrapped after each iteration.
        ring_degree : int, optional
            A power of two from 8192 to 65536; by default the cheapest.
        max_memory : int, optional
            Limit on the server's memory, in bytes.
        max_error : float, optional
            Largest expected rms error of a weight, as a part of a typical one,
            up to 0.1; smaller ones take more time and bytes. By default what
            the recipe tolerates, or less if a job is so small that less costs
            next to nothing.
        certificate : bool
            Whether iterations return what bounds the scores of all rows.
        owners : int or sequence of int
            Number of owners of the rows, or how many rows each has:
            ``blindfit.party`` has sessions of several owners.
        ranks : int
            Number of processes that will train together.
        threads : int, optional
        **recipe
            `recipe` ("whitened" or "paper"), `aim` ("balance", "speed",
            "accuracy"), `iterations`, `feature_map` ("auto", "none", "sqrt"),
            `components`, `ridge`, `clip`, `steps`, `batch`,
            `random_features` (a count, or a pair of count and seed), `safe`:
            as the options of ``blindfit plan``. None, but for `recipe`: the
            default for these shapes.

        Raises
        ------
        ValueError
            If no parameters with 128 bits of security fit.
        """
        samples = count("samples", samples, 1)
        features = count("features", features, 1)
        options = ffi.new("bf_plan_options *", {
            "refresh": getattr(lib, choose("refresh", refresh, _REFRESHES)),
            "max_memory": 0 if max_memory is None
            else count("max_memory", max_memory, 1),
            "max_error": _max_error(max_error),
            "certificate": bool(certificate),
            "ranks": count("ranks", ranks, 1, 2 ** 31),
            "log_n": _log_ring(ring_degree)})
        shares = _owners(options, owners)  # options point to these
        total = _columns(options.labels, classes)
        recipe = make_recipe(library, samples, features, **recipe)
        box = library.box("bf_job", lib.bf_job_destroy)
        library.call(lib.bf_job_plan, box, recipe, samples, features, total,
                     options, ffi.NULL, threads=threads, keep=shares)
        return cls._of(box)

    def over(self, classes: Union[int, Sequence[int], None] = None, *,
             iterations: Optional[int] = None,
             steps: Optional[Sequence[float]] = None,
             threads: Optional[int] = None) -> "Job":
        """Plans a further job over the rows that this job's owner encrypted.

        classes, iterations and steps as in ``plan``; None: those of this job.
        The server trains it with the upload of this job's rows, an upload of
        the new labels (``Owner.encrypt(part="labels")``), and the keys that
        ``missing_keys`` counts (``Owner.save_more_keys``).
        """
        recipe = ffi.new("bf_recipe *", lib.bf_job_recipe(self._c)[0])
        if iterations is not None:
            recipe.iterations = count("iterations", iterations, 1,
                                      lib.BF_MAX_ITERATIONS)
        if steps is not None:
            set_steps(recipe, steps, lib.BF_MAX_ITERATIONS)
        library.call(lib.bf_recipe_check, recipe)
        labels = ffi.new("bf_label_columns *")
        total = _columns(labels, self.label_columns if classes is None
                         else classes)
        box = library.box("bf_job", lib.bf_job_destroy)
        library.call(lib.bf_job_plan_over, box, recipe, total,
                     labels if labels.count else ffi.NULL, self._c, ffi.NULL,
                     threads=threads, keep=self)
        return self._of(box)

    def missing_keys(self, *have: "Job") -> int:
        """How many evaluation keys a server lacks that has those of `have`."""
        keys, size = ffi.new("size_t *"), ffi.new("uint64_t *")
        library.call(lib.bf_job_more_keys, keys, size, self._c,
                     [job_box(job)[0] for job in have], len(have),
                     ffi.NULL)
        return keys[0]

    @classmethod
    def load(cls, path: Path) -> "Job":
        """Reads a job file, and checks it."""
        box = library.box("bf_job", lib.bf_job_destroy)
        library.call(lib.bf_job_read, box, existing(path))
        return cls._of(box)

    def save(self, path: Path) -> None:
        """Writes the job file."""
        library.call(lib.bf_job_write, self._c, path_bytes(path))

    def estimate(self, threads: Optional[int] = None) -> float:
        """Seconds of training on a server like this machine.

        Times steps of the job for a second at most. NaN if that takes too much
        memory here.
        """
        seconds = ffi.new("double *")
        library.call(lib.bf_job_estimate, seconds, self._c, ffi.NULL,
                     threads=threads, keep=self)
        return seconds[0]

    def _describe(self):
        figures = ffi.new("bf_job_figures *")
        library.call(lib.bf_job_figures_of, figures, self._c, ffi.NULL)
        shape = figures.shape
        self.id = bytes(ffi.buffer(lib.bf_job_id(self._c),
                                   lib.BF_JOB_ID_BYTES)).hex()
        self.samples, self.features = shape.rows, shape.features
        self.classes, self.iterations = shape.classes, shape.iterations
        self.label_columns = list(shape.labels.classes)[:shape.labels.count]
        self.owner_rows = list(shape.owner_rows)[:shape.owners]
        self.columns = shape.columns
        for name in _FIGURES:
            setattr(self, name, getattr(figures, name))

    def __repr__(self):
        return (f"<Job {self.samples} x {self.features}, {self.classes} "
                f"classes, {self.iterations} iterations, {self.id[:12]}>")

    def __str__(self):
        rows = [
            ("rows", f"{self.samples} x {self.features}"),
            ("classes", " + ".join(map(str, self.label_columns))),
            ("iterations", f"{self.iterations}"
             + (", weights refreshed" if self.refreshed else "")),
            ("ring degree", f"{self.ring_degree}"),
            ("security", f"{self.security_bits:.0f} bits"),
            ("upload", _bytes(self.upload_bytes)),
            ("evaluation keys", f"{_bytes(self.key_bytes)}, {self.keys} keys"),
            ("encrypted model", _bytes(self.model_bytes)),
            ("server's memory", f"at most {_bytes(self.memory_bytes)}"),
        ]
        return "\n".join(f"{name:<18}{value}" for name, value in rows)

    def _repr_html_(self):
        from .report import Report
        return Report.from_job(self)._repr_html_()

    def __eq__(self, other):
        return isinstance(other, Job) and self.id == other.id

    def __hash__(self):
        return hash(self.id)

    def __reduce__(self):
        with tempfile.TemporaryDirectory(prefix="blindfit-") as folder:
            path = os.path.join(folder, "job.json")
            self.save(path)
            with open(path, "rb") as file:
                return _from_bytes, (file.read(),)


def _from_bytes(text):
    with tempfile.TemporaryDirectory(prefix="blindfit-") as folder:
        path = os.path.join(folder, "job.json")
        with open(path, "wb") as file:
            file.write(text)
        return Job.load(path)


def _columns(out, classes):
    """Fills in bf_label_columns; returns the number of all classes."""
    if not is_list(classes):
        return count("classes", classes, 2, lib.BF_CLASSES_MAX)
    if not 1 <= len(classes) <= lib.BF_LABEL_COLUMNS_MAX:
        raise ValueError(f"classes: 1 to {lib.BF_LABEL_COLUMNS_MAX} columns "
                         "of labels wanted")
    numbers = [count("classes", number, 2, lib.BF_CLASSES_MAX)
               for number in classes]
    out.count = len(numbers)
    out.classes[0:len(numbers)] = numbers
    return sum(numbers)


def _owners(options, owners):
    """Fills in the owners; returns what the options point to."""
    if not is_list(owners):
        options.owners = count("owners", owners, 1, lib.BF_OWNERS_MAX)
        return None
    options.owners = count("the number of owners", len(owners), 1,
                           lib.BF_OWNERS_MAX)
    shares = ffi.new("size_t[]", [count("owners", rows, 1)
                                  for rows in owners])
    options.owner_rows = shares
    return shares


def _max_error(error):
    if error is None:
        return 0.0
    if (isinstance(error, numbers.Real) and not isinstance(error, bool)
            and 0 < error <= lib.BF_PLAN_ERROR_MAX):
        return float(error)
    raise ValueError(f"max_error={error!r}: a number above 0 and up to "
                     f"{lib.BF_PLAN_ERROR_MAX} wanted")


def _log_ring(degree):
    if degree is None:
        return 0
    for log_n in range(lib.BF_PLAN_LOG_N_MIN, lib.BF_PLAN_LOG_N_MAX + 1):
        if degree == 1 << log_n:
            return log_n
    raise ValueError(f"ring_degree={degree!r}: a power of two from "
                     f"{1 << lib.BF_PLAN_LOG_N_MIN} to "
                     f"{1 << lib.BF_PLAN_LOG_N_MAX} wanted")


def _bytes(number):
    """A size in decimal units, with three digits."""
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1000 or unit == "GB":
            return f"{number:.3g} {unit}" if number < 1000 else \
                f"{number:.0f} {unit}"
        number /= 1000

"""Reports of runs and plans: in notebooks, and as pages for a browser."""

import json
import os
from typing import Any, Dict, List, Mapping, Optional, Sequence

import numpy as np
from numpy.typing import ArrayLike

from ._library import Path, existing, path_bytes
from ._owner_library import ffi, lib, library
from ._recipe import count
from .job import Job
from .model import Model


class Report:
    """What up to four runs or plans did, and what each side saw of them.

    A notebook shows it as pictures, and ``print`` as a table::

        Report.from_estimator(model, X_test, y_test)
        Report.from_job(Job.plan(1500, 64, 10)).save("plan.html")

    Parameters
    ----------
    *runs : mapping
        Up to four, with the keys of ``blindfit fit --json`` or ``blindfit plan
        --json`` (docs/json.md); of those that are missing a report shows
        nothing.

    Attributes
    ----------
    runs : tuple of dict

    Raises
    ------
    FormatError
        If a mapping is neither a run nor a plan.
    """

    def __init__(self, *runs: Mapping[str, Any]):
        self.runs = tuple(dict(run) for run in runs)
        self._weights: List[Any] = []  # arguments of show_weights
        self._box = library.box("bf_report", lib.bf_report_destroy)
        library.call(lib.bf_report_create, self._box)
        for i, run in enumerate(self.runs):
            self._add(f"run {i + 1}", json.dumps(run).encode())

    @classmethod
    def from_estimator(cls, model, X: ArrayLike, y: ArrayLike, *,
                       trained_on: bool = False,
                       pixels: Optional[Sequence[int]] = None) -> "Report":
        """Of a fitted ``EncryptedClassifier``, judged by rows X of labels y.

        trained_on: whether these are the rows that it was trained on.
        pixels: as of ``show_weights``.
        """
        report = cls(_run(model, X, y, trained_on))
        return (report if pixels is None
                else report.show_weights(model.model_, pixels))

    @classmethod
    def from_job(cls, job: Job) -> "Report":
        """Of a plan: who will see what, and how much of it."""
        return cls(_plan(job))

    @classmethod
    def from_files(cls, *paths: Path) -> "Report":
        """Of files that ``fit --json`` or ``plan --json`` wrote."""
        self = cls()
        for path in paths:
            existing(path)
            with open(path, "rb") as file:
                text = file.read()
            self._add(os.fsdecode(path), text)
            self.runs += (json.loads(text),)
        return self

    def show_weights(self, model: Model, pixels: Sequence[int],
                     run: int = 0) -> "Report":
        """Shows a run's model as pictures. Returns the report.

        pixels: shape of the images whose pixels are the features, in C order:
        (height, width), (height, width, 3) or (3, height, width).
        """
        shape = ffi.new("bf_pixels *", _pixels(pixels))
        library.call(lib.bf_report_weights, self._box[0],
                     count("run", run), model._c, shape, keep=(self, model))
        self._weights.append((model, tuple(pixels), run))
        return self

    def save(self, path: Path) -> None:
        """Writes a page for a browser: one file, which loads nothing."""
        library.call(lib.bf_report_save, self._box[0], lib.BF_REPORT_PAGE,
                     path_bytes(path), keep=self)

    def _add(self, name, text):
        library.call(lib.bf_report_add, self._box[0], name.encode(), text,
                     len(text), keep=self)

    def _render(self, form):
        text = ffi.new("char **")
        library.call(lib.bf_report_render, text, self._box[0], form,
                     keep=self)
        try:
            return library.text(text[0])
        finally:
            lib.bf_free(text[0])

    def _repr_html_(self):
        return self._render(lib.BF_REPORT_FRAGMENT)

    def __str__(self):
        return self._render(lib.BF_REPORT_TABLE)

    def __repr__(self):
        names = ", ".join(str(run.get("recipe")) for run in self.runs)
        return f"<Report of {names}>"

    def __reduce__(self):
        return _restored, (self.runs, self._weights)


def _restored(runs, weights):
    report = Report(*runs)
    for arguments in weights:
        report.show_weights(*arguments)
    return report


def _pixels(shape):
    """The fields of bf_pixels."""
    sides = [count("pixels", side, 1, 2 ** 31) for side in shape]
    if len(sides) == 2:
        return [*sides, 1, False]
    if len(sides) == 3 and sides[2] in (1, 3):
        return [*sides, False]
    if len(sides) == 3 and sides[0] in (1, 3):
        return [*sides[1:], sides[0], True]
    raise ValueError(f"pixels={shape!r}: (height, width), (height, width, 3) "
                     "or (3, height, width)")


# Keys of a plan that are figures of bf_job_figures under other names.
_NUMBERS = {"ring_degree": "ring_degree", "limbs": "limbs",
            "special_primes": "special_limbs", "log2_q": "log2_q",
            "log2_qp": "log2_qp", "log2_qp_limit": "log2_qp_limit",
            "security_bits": "security_bits", "evaluation_keys": "keys",
            "refreshed": "refreshed", "typical_weight": "typical_weight",
            "memory_bytes": "memory_bytes"}


def _plan(job) -> Dict[str, Any]:
    """A plan as ``plan --json`` has it."""
    figures = ffi.new("bf_job_figures *")
    library.call(lib.bf_job_figures_of, figures, job._c, ffi.NULL, keep=job)
    shape = figures.shape
    kind = lib.bf_job_recipe(job._c).kind
    return {
        "recipe": library.text(lib.bf_recipe_kind_name(kind)),
        "iterations": job.iterations, "samples": job.samples,
        "features": job.features, "classes": job.classes,
        "owners": len(job.owner_rows),
        **{key: getattr(figures, name) for key, name in _NUMBERS.items()},
        "ciphertexts_uploaded": (shape.row_ciphertexts
                                 + shape.other_ciphertexts),
        "bytes": {"keys": job.key_bytes, "upload": job.upload_bytes,
                  "model": job.model_bytes},
        "levels": [_level(job, i) for i in range(1, job.iterations + 1)],
    }


def _level(job, iteration):
    step = ffi.new("bf_job_step *")
    library.call(lib.bf_job_step_of, step, job._c, iteration, ffi.NULL,
                 keep=job)
    return {"iteration": iteration, "limbs": step.limbs,
            "log2_q": step.log2_q, "weight_noise": step.error}


def _run(model, X, y, trained_on):
    """A run as ``fit --json`` has it, of what an estimator knows."""
    from sklearn.metrics import confusion_matrix
    from sklearn.utils.validation import check_is_fitted
    check_is_fitted(model)
    run = _plan(model.job_)
    run["memory_bytes_planned"] = run.pop("memory_bytes")
    counts = confusion_matrix(y, model.predict(X), labels=model.classes_)
    accuracy = float(np.trace(counts)) / len(y)
    simulated = "simulate" in model.report_
    return {
        **run, **({} if simulated else _phases(model.report_)),
        "feature_map": model.feature_map_,
        "judged_on": "training" if trained_on else "test",
        "judged_rows": len(y),
        "accuracy": {"plaintext_same_recipe" if simulated else "encrypted":
                     accuracy},
        "confusion": counts.tolist(),
        "class_names": [str(name) for name in model.classes_],
    }


def _phases(seconds):
    """Phases follow each other."""
    starts, total = {}, 0.0
    for phase, key in (("keygen", "keygen"), ("encrypt", "encrypt"),
                       ("train", "server"), ("decrypt", "decrypt")):
        starts[key] = total
        total += seconds[phase]
    return {"starts": starts,
            "seconds": {**{phase: seconds[phase] for phase in (
                "keygen", "encrypt", "train", "decrypt")}, "total": total}}

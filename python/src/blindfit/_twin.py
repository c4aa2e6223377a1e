"""The plaintext twin: what a job would train, without encryption."""

from ._arrays import View, label_array
from ._owner_library import ffi, lib, library


def twin(job, X, labels, *, threads=None, report=None):
    """A bf_model trained on these rows by the job's schedule.

    Same steps, same polynomial, in double precision: the encrypted training
    differs from it by the noise of encryption alone.
    """
    view = View(library, X)
    rows = library.struct("bf_prepared", lib.bf_prepared_clear)
    weights = library.struct("bf_matrix", lib.bf_matrix_clear)
    model = library.struct("bf_model", lib.bf_model_clear)
    run = {"threads": threads, "report": report}
    library.call(lib.bf_prepare, rows, job._c, view.c, ffi.NULL, ffi.NULL,
                 keep=(job, view), **run)
    library.call(lib.bf_twin_run, weights, ffi.addressof(rows, "schedule"),
                 ffi.addressof(rows, "rows"), label_array(library, labels),
                 job.classes, ffi.NULL, ffi.NULL, ffi.NULL, keep=rows, **run)
    library.call(lib.bf_model_of, model, rows.transform, weights, ffi.NULL,
                 keep=rows, **run)
    return model

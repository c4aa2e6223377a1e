"""Arrays as the C library reads them: in place where possible."""

import numpy as np


def refuse_masked(x, what):
    """What lies under a mask is no data."""
    if np.ma.is_masked(x):
        raise ValueError(f"{what} has masked entries")


def real_array(x, dimensions, what):
    """An array of real numbers; ValueError says what else it is."""
    if hasattr(x, "toarray"):
        raise ValueError(f"{what} is sparse, dense numbers are wanted: "
                         ".toarray()")
    refuse_masked(x, what)
    x = np.asarray(x)
    if x.ndim != dimensions:
        raise ValueError(f"{what} has {x.ndim} dimensions: {dimensions} "
                         "wanted")
    if x.dtype == object:
        try:
            x = x.astype(np.float64)
        except TypeError as error:
            raise ValueError(f"{what} holds objects: {error}") from error
    if x.dtype.kind not in "biuf":
        raise ValueError(f"{what} has type {x.dtype}: real numbers wanted")
    return x


def _in_place(x):
    """Whether bf_view describes this memory."""
    size = x.itemsize
    return (x.dtype in (np.float64, np.float32) and x.dtype.isnative
            and x.flags.aligned
            and (x.shape[1] == 1 or x.strides[1] == size)
            and (x.shape[0] == 1 or (x.strides[0] % size == 0
                                     and x.strides[0] >= x.shape[1] * size)))


class View:
    """A bf_view of an array; keeps the array's memory alive.

    Rows of float64 or float32 are used where they lie, with any distance
    between rows; other arrays are copied once.
    """

    def __init__(self, library, x, what="X"):
        ffi, lib = library.ffi, library.lib
        x = real_array(x, 2, what)
        if not _in_place(x):
            x = np.array(x, dtype=np.float64, order="C")
        rows, cols = x.shape
        self.array = x
        self.c = ffi.new("bf_view *", {
            "data": ffi.cast("void *", x.ctypes.data),
            "rows": rows, "cols": cols,
            "stride": x.strides[0] // x.itemsize if rows > 1 else cols,
            "type": (lib.BF_FLOAT32 if x.dtype == np.float32
                     else lib.BF_FLOAT64)})


def matrix_array(library, matrix):
    """A copy of a bf_matrix as an array."""
    rows, cols = matrix.rows, matrix.cols
    buffer = library.ffi.buffer(matrix.data, rows * cols * 8)
    return np.frombuffer(buffer, dtype=np.float64).reshape(rows, cols).copy()


def label_array(library, labels):
    """Labels 0, 1, .. as the library reads them; keep it during the call."""
    return library.ffi.from_buffer(
        "int32_t[]", np.ascontiguousarray(labels, dtype=np.int32))

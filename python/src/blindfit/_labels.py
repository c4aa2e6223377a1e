"""Labels as numbers from 0."""

import numpy as np

from ._arrays import refuse_masked


def job_labels(y, label_columns, samples):
    """(labels of shape (columns, samples), names of all classes or None).

    y holds names of classes, or numbers from 0; with several columns of labels
    it has a column for each.
    """
    refuse_masked(y, "y")
    y = np.asarray(y)
    if y.ndim == 1:
        y = y[:, None]
    if y.shape != (samples, len(label_columns)):
        wanted = ((samples,) if len(label_columns) == 1
                  else (samples, len(label_columns)))
        raise ValueError(f"y has shape {y.shape}: {wanted} wanted")
    columns = [_column(y[:, i], classes)
               for i, classes in enumerate(label_columns)]
    names = None
    if any(found is not None for _, found in columns):
        names = [name for (_, found), classes in zip(columns, label_columns)
                 for name in (found or map(str, range(classes)))]
    return np.array([numbers for numbers, _ in columns], np.int32), names


def _column(y, classes):
    if y.dtype.kind in "iub":
        low, high = int(y.min()), int(y.max())
        if low < 0 or high >= classes:
            raise ValueError(f"label {low if low < 0 else high}: the job has "
                             f"classes 0 to {classes - 1}; names of classes "
                             "are given as str")
        return y, None
    if y.dtype.kind in "US" or (y.dtype.kind == "O"
                                and all(isinstance(v, str) for v in y)):
        names, numbers = np.unique(y.astype(str), return_inverse=True)
        if len(names) != classes:
            raise ValueError(f"y has {len(names)} names of classes, the job "
                             f"has {classes} classes")
        return numbers, names.tolist()
    raise ValueError(f"y has type {y.dtype}: labels are whole numbers from 0, "
                     "or names (str)")

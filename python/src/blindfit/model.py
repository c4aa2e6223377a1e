"""Trained models, decrypted."""

import os
import tempfile
from typing import Any, Optional

import numpy as np
from numpy.typing import ArrayLike

from ._arrays import View, matrix_array, refuse_masked
from ._library import Path, existing, name_bytes, path_bytes
from ._owner_library import ffi, lib, library


class Model:
    """A linear model on mapped features.

    Attributes
    ----------
    classes_ : array of shape (n_classes,)
        Names of the classes, or their numbers.
    coef_ : array of shape (n_classes, n_columns)
        Weights of the mapped features, or of the random features if the job
        has some.
    intercept_ : array of shape (n_classes,)
    feature_map : {"none", "sqrt"}
        What is applied to every feature before the weights are.
    n_features_in_ : int
        Features of a row.
    """

    classes_: np.ndarray
    coef_: np.ndarray
    intercept_: np.ndarray
    feature_map: str
    n_features_in_: int
    _c: Any

    def __init__(self):
        raise TypeError("models are made by Owner.decrypt and load")

    @classmethod
    def _of(cls, c, classes=None):
        """Of a bf_model, which this object keeps."""
        self = object.__new__(cls)
        self._c = c
        weights = matrix_array(library, c.weights)
        self.intercept_ = weights[:, 0].copy()
        self.coef_ = np.ascontiguousarray(weights[:, 1:])
        self.feature_map = library.text(lib.bf_feature_map_name(c.map))
        self.n_features_in_ = lib.bf_model_inputs(c)
        self.classes_ = _class_names(c) if classes is None else classes
        return self

    @property
    def has_random_features(self) -> bool:
        """Whether the weights are those of random features."""
        return self._c.expansion != ffi.NULL

    def decision_function(self, X: ArrayLike) -> np.ndarray:
        """Scores of shape (n_samples, n_classes)."""
        view = View(library, X)
        if view.array.shape[0] == 0:
            return np.empty((0, len(self.classes_)))
        scores = library.struct("bf_matrix", lib.bf_matrix_clear)
        library.call(lib.bf_model_scores_view, scores, self._c, view.c,
                     keep=view)
        return matrix_array(library, scores)

    def predict(self, X: ArrayLike) -> np.ndarray:
        """The class with the highest score, for each row of X."""
        return self.classes_[self.decision_function(X).argmax(axis=1)]

    def predict_proba(self, X: ArrayLike) -> np.ndarray:
        """Softmax of the scores, of shape (n_samples, n_classes).

        The training does not maximise a likelihood: these are no calibrated
        probabilities.
        """
        return softmax(self.decision_function(X))

    def score(self, X: ArrayLike, y: ArrayLike) -> float:
        """The part of the rows that is classified correctly.

        Of names and labels, one may be text and the other numbers: files of
        models hold names as text. 1 and 1.0 are then the name "1".
        """
        refuse_masked(y, "y")
        predicted, y = self.predict(X), np.asarray(y)
        if y.shape != predicted.shape:
            raise ValueError(f"y has shape {y.shape}: {predicted.shape} "
                             "wanted")
        return float(np.mean(_same_names(predicted, y)))

    def save(self, path: Path) -> None:
        """Writes the model as .npy, .csv or .safetensors, by extension.

        Names of classes that are no strings are written as text.
        """
        self._write(path, _saved_names(self.classes_))

    def _write(self, path, names):
        copy = ffi.new("bf_model *", self._c[0])  # borrows what it points to
        texts = [ffi.new("char[]", name) for name in names or ()]
        table = ffi.new("char *[]", texts) if names else ffi.NULL
        copy.class_names = table
        library.call(lib.bf_model_save, copy, path_bytes(path),
                     keep=(self, texts, table))

    def to_sklearn(self):
        """A fitted Pipeline of scikit-learn that predicts the same.

        It ends with a LogisticRegression, and holds the feature map.
        """
        from .export import to_sklearn
        return to_sklearn(self)

    def to_torch(self):
        """A torch.nn.Sequential of float32 that returns scores.

        It holds the feature map. Needs torch.
        """
        from .export import to_torch
        return to_torch(self)

    def to_onnx(self):
        """An onnx.ModelProto of float32: `features` to `scores`.

        Both have a row for each sample. It holds the feature map; names of
        classes are in its metadata, a list of JSON named "classes". Needs
        onnx.
        """
        from .export import to_onnx
        return to_onnx(self)

    def __repr__(self):
        return (f"<Model {len(self.classes_)} classes, "
                f"{self.n_features_in_} features, map {self.feature_map}>")

    def __reduce__(self):
        with tempfile.TemporaryDirectory(prefix="blindfit-") as folder:
            self._write(os.path.join(folder, "model.npy"), None)
            files = {}
            for name in os.listdir(folder):
                with open(os.path.join(folder, name), "rb") as file:
                    files[name] = file.read()
        return _from_files, (files, self.classes_)


def _from_files(files, classes):
    with tempfile.TemporaryDirectory(prefix="blindfit-") as folder:
        for name, content in files.items():
            with open(os.path.join(folder, name), "wb") as file:
                file.write(content)
        return load(os.path.join(folder, "model.npy"), classes=classes)


def load(path: Path, classes: Optional[ArrayLike] = None) -> Model:
    """Reads a model: .npy, .csv or .safetensors.

    classes: names to use in place of those in the file.
    """
    c = library.struct("bf_model", lib.bf_model_clear)
    library.call(lib.bf_model_load, c, existing(path))
    names = None if classes is None else np.asarray(classes)
    if names is not None and names.shape != (c.weights.rows,):
        raise ValueError(f"{names.shape} names: the model has "
                         f"{c.weights.rows} classes")
    return Model._of(c, names)


def softmax(scores):
    """Softmax of each row."""
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def _is_text(names):
    return names.dtype.kind in "US" or (names.dtype.kind == "O" and all(
        isinstance(name, (str, bytes)) for name in names))


def _same_names(a, b):
    """For each entry whether both name the same class."""
    a, b = (names.astype(str) if _is_text(names) else names
            for names in (a, b))
    if _is_text(a) == _is_text(b):
        return a == b
    text, other = (a, b) if _is_text(a) else (b, a)
    saved = [str(name) for name in other.tolist()]
    whole = [str(int(name)) if isinstance(name, float) and name.is_integer()
             else str(name) for name in other.tolist()]
    return (text == saved) | (text == whole)


def _class_names(c):
    if c.class_names == ffi.NULL:
        return np.arange(c.weights.rows)
    return np.array([library.text(c.class_names[i])
                     for i in range(c.weights.rows)])


def _saved_names(classes):
    """Names for a file; None if they are the numbers of the classes."""
    if (np.issubdtype(classes.dtype, np.integer)
            and np.array_equal(classes, np.arange(len(classes)))):
        return None
    return [name_bytes(str(name)) for name in classes.tolist()]

"""An estimator of scikit-learn that is trained on encrypted rows."""

import os
import tempfile
import time
from typing import Optional, Tuple, Union

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from ._progress import Progress, reporter
from ._twin import twin
from .job import Job
from .model import Model, softmax
from .owner import Owner

try:  # scikit-learn 1.6
    from sklearn.utils.validation import validate_data
except ImportError:
    def validate_data(estimator, *data, **rules):
        return estimator._validate_data(*data, **rules)

# The check of check_estimator that cannot hold, with the reason: it wants the
# scores of two fits on the same rows to agree to seven digits.
EXPECTED_FAILED_CHECKS = {
    "check_fit_idempotent": "every encryption draws fresh noise",
}


class EncryptedClassifier(ClassifierMixin, BaseEstimator):
    """Multiclass logistic regression, trained on encrypted rows.

    ``fit`` plans a job, makes keys, encrypts, trains on the ciphertexts and
    decrypts the model, all on this machine; ``Job``, ``Owner`` and
    ``blindfit.server`` do the same on two machines. The secret key exists in
    memory only, and ends with ``fit``. Prediction is in plaintext.

    Parameters
    ----------
    recipe : {"whitened", "paper"}
        "whitened": fixed-Hessian steps on rows that the owner whitens.
        "paper": accelerated gradient steps, arXiv 2304.03807.
    aim : {"balance", "speed", "accuracy"}, optional
        Chooses iterations and columns.
    iterations : int, optional
        Gradient steps, 1 to 1024; by default as the aim says.
    feature_map : {"auto", "none", "sqrt"}
        "auto": square roots, if no feature of the training rows is negative.
        Rows to predict must not be negative either, then.
    components : int, optional
        Directions that whitening keeps.
    ridge : float, optional
        Ridge of the whitening, relative to the mean eigenvalue.
    clip : float, optional
        Limit of row norms, relative to the usual norm; 0: no limit.
    random_features : int or (int, int), optional
        Trains on so many random ReLU features of a public seed.
    safe : bool
        Bounds on scores and weights are proved for any rows.
    max_error : float, optional
        Largest expected rms error of a weight, as a part of a typical one, by
        the noise of encryption: with 0.001 two fits on the same rows differ
        so little that they rarely predict another class. By default as of
        ``Job.plan``.
    simulate : bool
        Trains the plaintext twin: the same steps without encryption, many
        times faster, for searches over parameters.
    threads : int, optional
        By default all that this process may use.
    progress : {"auto"}, bool or callable
        "auto": bars of tqdm on a terminal or in a notebook. A function gets
        (phase, done, total), in the thread that called ``fit``; what it
        raises ends ``fit``.

    Attributes
    ----------
    classes_ : array of shape (n_classes,)
    coef_ : array of shape (n_classes, n_columns)
        Weights of the mapped features: ``feature_map_`` is applied first.
    intercept_ : array of shape (n_classes,)
    feature_map_ : {"none", "sqrt"}
    n_features_in_ : int
    feature_names_in_ : array of shape (n_features_in_,)
        If X has names of features, all of them str.
    model_ : Model
        Can be saved.
    job_ : Job
        The plan; also with ``simulate``.
    report_ : dict
        Seconds of each phase.
    """

    def __init__(self, *, recipe: str = "whitened",
                 aim: Optional[str] = None, iterations: Optional[int] = None,
                 feature_map: str = "auto", components: Optional[int] = None,
                 ridge: Optional[float] = None, clip: Optional[float] = None,
                 random_features: Union[int, Tuple[int, int], None] = None,
                 safe: bool = False, max_error: Optional[float] = None,
                 simulate: bool = False,
                 threads: Optional[int] = None, progress: Progress = "auto"):
        self.recipe = recipe
        self.aim = aim
        self.iterations = iterations
        self.feature_map = feature_map
        self.components = components
        self.ridge = ridge
        self.clip = clip
        self.random_features = random_features
        self.safe = safe
        self.max_error = max_error
        self.simulate = simulate
        self.threads = threads
        self.progress = progress

    def fit(self, X: ArrayLike, y: ArrayLike) -> "EncryptedClassifier":
        """Trains on rows X of shape (n_samples, n_features) and labels y.

        Labels may be of any kind that scikit-learn takes for classes.
        """
        _refuse_masked(X=X, y=y)
        rows, names = validate_data(self, X, y, ensure_min_samples=2,
                                    dtype=(np.float64, np.float32))
        check_classification_targets(names)
        classes, labels = np.unique(names, return_inverse=True)
        if len(classes) < 2:
            raise ValueError("y has one class: a classifier needs at least "
                             "two")
        train = _simulated if self.simulate else _encrypted
        seconds = _Seconds()
        with reporter(self.progress) as report:
            run = {"threads": self.threads, "report": report}
            job = seconds.of("plan", Job.plan, *rows.shape, len(classes),
                             threads=self.threads, **self._recipe())
            model = Model._of(train(job, rows, labels, seconds, **run),
                              classes)
        self.classes_, self.job_, self.model_ = classes, job, model
        self.report_ = dict(seconds)
        self.feature_map_ = model.feature_map
        self.coef_, self.intercept_ = model.coef_, model.intercept_
        return self

    def _recipe(self):
        return {name: getattr(self, name)
                for name in ("recipe", "aim", "iterations", "feature_map",
                             "components", "ridge", "clip",
                             "random_features", "safe", "max_error")}

    def _scores(self, X):
        check_is_fitted(self, "model_")
        _refuse_masked(X=X)
        X = validate_data(self, X, dtype=(np.float64, np.float32),
                          reset=False)
        return self.model_.decision_function(X)

    def decision_function(self, X: ArrayLike) -> np.ndarray:
        """Scores of shape (n_samples, n_classes).

        With two classes of shape (n_samples,): positive for classes_[1].
        """
        scores = self._scores(X)
        return scores[:, 1] - scores[:, 0] if scores.shape[1] == 2 else scores

    def predict(self, X: ArrayLike) -> np.ndarray:
        """The class with the highest score, for each row."""
        numbers = self._scores(X).argmax(axis=1)
        return self.classes_[numbers]

    def predict_proba(self, X: ArrayLike) -> np.ndarray:
        """Softmax of the scores, of shape (n_samples, n_classes).

        The training does not maximise a likelihood: these are no calibrated
        probabilities.
        """
        return softmax(self._scores(X))

    def predict_log_proba(self, X: ArrayLike) -> np.ndarray:
        """Logarithm of ``predict_proba``."""
        return np.log(self.predict_proba(X))

    def to_sklearn(self):
        """A fitted Pipeline of scikit-learn that predicts the same.

        It ends with a LogisticRegression, and holds the feature map.
        """
        check_is_fitted(self, "model_")
        return self.model_.to_sklearn()

    def to_torch(self):
        """A torch.nn.Sequential of float32 that returns scores.

        It holds the feature map. Needs torch.
        """
        check_is_fitted(self, "model_")
        return self.model_.to_torch()

    def to_onnx(self):
        """An onnx.ModelProto of float32, as of ``Model.to_onnx``.

        It holds the feature map. Needs onnx.
        """
        check_is_fitted(self, "model_")
        return self.model_.to_onnx()

    def _more_tags(self):  # scikit-learn before 1.6
        return {"_xfail_checks": ({} if self.simulate
                                  else EXPECTED_FAILED_CHECKS),
                "non_deterministic": not self.simulate}

    def __sklearn_tags__(self):  # scikit-learn from 1.6 on
        tags = super().__sklearn_tags__()
        tags.non_deterministic = not self.simulate
        return tags


def _refuse_masked(**arrays):
    """scikit-learn would take what lies under the mask."""
    for name, array in arrays.items():
        if np.ma.is_masked(array):
            raise ValueError(f"{name} has masked entries")


class _Seconds(dict):
    """Seconds of phases."""

    def of(self, phase, function, *args, **kwargs):
        begin = time.perf_counter()
        try:
            return function(*args, **kwargs)
        finally:
            self[phase] = time.perf_counter() - begin


def _simulated(job, X, labels, seconds, *, threads, report):
    return seconds.of("simulate", twin, job, X, labels, threads=threads,
                      report=report)


def _encrypted(job, X, labels, seconds, *, threads, report):
    """Both parts of the protocol, with files in a folder that is removed."""
    from .server import train
    run = {"threads": threads, "progress": report}
    with tempfile.TemporaryDirectory(prefix="blindfit-") as folder:
        plan, upload, encrypted = (os.path.join(folder, name) for name in (
            "job.json", "upload.bf", "model.enc"))
        job.save(plan)
        with seconds.of("keygen", Owner.keygen, job, folder, keep=False,
                        **run) as owner:
            seconds.of("encrypt", owner.encrypt, X, labels, upload, **run)
            seconds.of("train", train, plan, owner.keys, upload, encrypted,
                       **run)
            return seconds.of("decrypt", owner._decrypt, encrypted, X, 0,
                              threads)

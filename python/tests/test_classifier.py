import functools
import pickle
import warnings
from unittest import SkipTest

import numpy as np
import pytest

pytest.importorskip("sklearn")
from sklearn import __version__ as sklearn_version  # noqa: E402
from sklearn.base import clone  # noqa: E402
from sklearn.datasets import load_digits  # noqa: E402
from sklearn.exceptions import NotFittedError  # noqa: E402
from sklearn.model_selection import cross_val_score  # noqa: E402
from sklearn.utils.estimator_checks import check_estimator  # noqa: E402

from blindfit import (  # noqa: E402
    EncryptedClassifier, Job, RangeError, load)
from blindfit.classifier import EXPECTED_FAILED_CHECKS  # noqa: E402
from conftest import points  # noqa: E402


@pytest.fixture(scope="module")
def fitted(data):
    return EncryptedClassifier(progress=False).fit(*data)


def test_encrypted_equals_its_twin(fitted, data):
    x, y = data
    twin = EncryptedClassifier(simulate=True).fit(x, y)
    assert fitted.score(x, y) > 0.95
    assert (fitted.predict(x) == twin.predict(x)).mean() > 0.97
    np.testing.assert_allclose(fitted.coef_, twin.coef_, atol=0.5)
    assert fitted.job_ == twin.job_
    assert set(fitted.report_) == {"plan", "keygen", "encrypt", "train",
                                   "decrypt"}
    assert set(twin.report_) == {"plan", "simulate"}


def test_attributes(fitted, data):
    assert fitted.n_features_in_ == data[0].shape[1]
    assert fitted.feature_map_ == "sqrt"
    np.testing.assert_allclose(
        fitted.decision_function(data[0]),
        np.sqrt(data[0]) @ fitted.coef_.T + fitted.intercept_)
    np.testing.assert_allclose(np.exp(fitted.predict_log_proba(data[0])),
                               fitted.predict_proba(data[0]))


def test_nothing_stays_on_disk(data, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    EncryptedClassifier(iterations=1).fit(*data)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("classes", [
    np.array(["ant", "bee", "cat"]), np.array([3, 7, -1]),
    np.array([0.0, 1.0, 2.0]), np.array(["ant", "bee", "cat"], dtype=object),
])
def test_labels_of_any_kind(data, classes, tmp_path):
    x, y = data[0], classes[data[1]]
    model = EncryptedClassifier(simulate=True).fit(x, y)
    assert model.classes_.tolist() == sorted(classes.tolist())
    assert model.score(x, y) > 0.95
    model.model_.save(tmp_path / "model.safetensors")
    again = load(tmp_path / "model.safetensors")
    assert again.classes_.tolist() == [str(c) for c in sorted(classes)]


def test_two_classes(data):
    x, y = data[0][data[1] < 2], data[1][data[1] < 2] == 1
    model = EncryptedClassifier(simulate=True).fit(x, y)
    scores = model.decision_function(x)
    assert scores.shape == y.shape
    assert ((scores > 0) == model.predict(x)).all()
    np.testing.assert_allclose(model.predict_proba(x)[:, 1],
                               1 / (1 + np.exp(-scores)))


def test_data_frames(data):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(data[0], columns=list("abcd"))
    names = pandas.Series(np.array(["ant", "bee", "cat"])[data[1]])
    model = EncryptedClassifier(simulate=True).fit(frame, names)
    assert model.feature_names_in_.tolist() == list("abcd")
    assert model.score(frame, names) > 0.95
    with pytest.raises(ValueError, match="feature names"):
        model.predict(frame[list("dcba")])


BAD = [
    (lambda x, y: (x, y[:-1]), "inconsistent"),
    (lambda x, y: (x * np.nan, y), "NaN"),
    (lambda x, y: (x * np.inf, y), "infinity"),
    (lambda x, y: (x * 1j, y), "[Cc]omplex"),
    (lambda x, y: (np.where(x < 0.6, None, x), y), "NaN"),
    (lambda x, y: (np.ma.masked_less(x, 0.6), y), "X has masked"),
    (lambda x, y: (x, np.ma.masked_equal(y, 1)), "y has masked"),
    (lambda x, y: (x, np.stack([y, y], axis=1)), "1d array"),
    (lambda x, y: (x, np.where(y, y, np.nan)), "NaN"),
    (lambda x, y: (np.full(x.shape, "a"), y), ""),
    (lambda x, y: (x, y * 0), "one class"),
    (lambda x, y: (x, y + 0.5), "continuous"),
    (lambda x, y: (x, np.full(len(y), None)), ""),
    (lambda x, y: (x, np.where(y, "a", None)), ""),
    (lambda x, y: (x[:0], y[:0]), "0 sample"),
    (lambda x, y: (x[:1], y[:1]), "1 sample"),
    (lambda x, y: (x[0], y), "2D array"),
    (lambda x, y: (x[:, :0], y), "0 feature"),
    (lambda x, y: (np.ones_like(x), y), "same features"),
    (lambda x, y: (np.vstack([x, x]), np.arange(2 * len(y))), "classes=180"),
]


@pytest.mark.parametrize("make, message", BAD)
def test_data_that_cannot_be(data, make, message):
    with pytest.raises(ValueError, match=message):
        EncryptedClassifier().fit(*make(*data))


def test_sparse_data(data):
    sparse = pytest.importorskip("scipy.sparse")
    with pytest.raises(TypeError, match="dense"):
        EncryptedClassifier().fit(sparse.csr_matrix(data[0]), data[1])


def test_rows_to_predict_that_cannot_be(fitted, data):
    x = data[0]
    for rows, message in ((x[:, 1:], "3 features"), (x * np.nan, "NaN"),
                          (x[0], "2D array"), (x[:0], "0 sample"),
                          (x * 1j, "[Cc]omplex"),
                          (np.ma.masked_less(x, 0.6), "masked")):
        with pytest.raises(ValueError, match=message):
            fitted.predict(rows)
    with pytest.raises(RangeError, match="row 2.*column 3|negative"):
        fitted.predict(np.where(x == x[1, 2], -1, x))
    with pytest.raises(NotFittedError):
        EncryptedClassifier().predict(x)


@pytest.mark.parametrize("parameters", [
    dict(recipe="other"), dict(iterations=0), dict(iterations=1.5),
    dict(feature_map="log"), dict(components=-1), dict(ridge="a"),
    dict(threads=0), dict(progress="loud"), dict(aim="win"),
    dict(max_error=0),
])
def test_parameters_that_cannot_be(data, parameters):
    with pytest.raises((ValueError, TypeError)):
        EncryptedClassifier(**parameters).fit(*data)


def test_arrays(data):
    """float32, read-only and strided rows are read; none is written."""
    x, y = data
    wide = np.repeat(x, 2, axis=1).astype(np.float32)
    wide.flags.writeable = y.flags.writeable = False
    expected = EncryptedClassifier(simulate=True).fit(
        wide[:, ::2].astype(np.float64), y)
    for rows in (wide[:, ::2], np.asfortranarray(wide[:, ::2])):
        model = EncryptedClassifier(simulate=True).fit(rows, y)
        np.testing.assert_allclose(model.coef_, expected.coef_)


def test_pickle_and_clone(fitted, data):
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.predict(data[0]),
                                  fitted.predict(data[0]))
    assert clone(fitted).get_params() == fitted.get_params()


def test_names_that_no_file_can_hold(data, tmp_path):
    x, y = data[0], np.array(["a\0b", "", "c" * 999])[data[1]]
    model = EncryptedClassifier(simulate=True).fit(x, y)
    again = pickle.loads(pickle.dumps(model))
    assert (again.predict(x) == model.predict(x)).all()
    with pytest.raises(ValueError, match="NUL"):
        model.model_.save(tmp_path / "model.npy")


def test_recipes(data):
    x, y = points(600)
    for parameters in (dict(recipe="paper"), dict(random_features=(16, 3)),
                       dict(components=3), dict(aim="speed"),
                       dict(feature_map="none", iterations=1)):
        model = EncryptedClassifier(simulate=True, **parameters).fit(x, y)
        assert model.score(x, y) > 0.7, parameters


class EveryCheck(EncryptedClassifier):
    """Says that it is deterministic, or scikit-learn would leave checks out.

    With little noise it passes these.
    """

    def _more_tags(self):
        return {**super()._more_tags(), "non_deterministic": False}

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.non_deterministic = False
        return tags


def checks(estimator):
    """check_estimator, but for checks that the estimator declares to fail."""
    expected = {} if estimator.simulate else EXPECTED_FAILED_CHECKS
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if tuple(map(int, sklearn_version.split(".")[:2])) >= (1, 6):
            check_estimator(estimator, expected_failed_checks=expected)
            return
        passed = 0
        for checked, check in check_estimator(estimator, generate_only=True):
            try:
                check(checked)
                passed += 1
            except SkipTest as reason:
                assert check.func.__name__ in expected, reason
    assert passed >= 42


@pytest.mark.parametrize("iterations", [1, 2])
def test_noise_decides_no_close_calls(iterations):
    """check_supervised_y_2d compares the predictions of two fits.

    Of its closest rows the best two classes are 0.007 of the scores' deviation
    apart, so that with ten times the error it would fail now and then.
    """
    job = Job.plan(30, 3, 3, iterations=iterations)
    assert job.weight_error < 0.0005 * job.typical_weight


def test_largest_error(data):
    x, y = data
    errors = {}
    twin = EncryptedClassifier(iterations=1, simulate=True).fit(x, y)
    expected = twin.decision_function(x)
    for error in 0.05, 0.0005:
        model = EncryptedClassifier(iterations=1, max_error=error).fit(x, y)
        assert model.job_.weight_error <= error * model.job_.typical_weight
        errors[error] = ((model.decision_function(x) - expected).std()
                         / expected.std())
    assert errors[0.0005] < 0.001 < errors[0.05]


@pytest.mark.long
def test_checks_of_sklearn_simulated():
    checks(EncryptedClassifier(simulate=True, iterations=1))


@pytest.mark.parametrize("iterations", [
    1, pytest.param(None, marks=pytest.mark.long)])
def test_checks_of_sklearn_encrypted(monkeypatch, iterations):
    # Most fits have a shape of an earlier one, and planning takes half of
    # each.
    monkeypatch.setattr(Job, "plan", functools.lru_cache(None)(Job.plan))
    checks(EveryCheck(iterations=iterations))


@pytest.mark.long
def test_cross_validation_encrypted():
    x, y = load_digits(return_X_y=True)
    scores = cross_val_score(EncryptedClassifier(), x, y, cv=5)
    assert scores.mean() > 0.89

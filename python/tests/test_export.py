"""Exports predict as the model does, with the feature map inside."""

import pickle

import numpy as np
import pytest

pytest.importorskip("sklearn")
from blindfit import EncryptedClassifier, UnsupportedError  # noqa: E402
from conftest import points  # noqa: E402


@pytest.fixture(params=[(3, "auto"), (3, "none"), (2, "auto")])
def fitted(request):
    classes, feature_map = request.param
    x, y = points()
    x, y = x[y < classes], np.array(["ant", "bee", "cat"])[y[y < classes]]
    return EncryptedClassifier(simulate=True,
                               feature_map=feature_map).fit(x, y), x


def test_sklearn(fitted):
    model, x = fitted
    pipeline = pickle.loads(pickle.dumps(model.to_sklearn()))
    assert (pipeline.predict(x) == model.predict(x)).all()
    np.testing.assert_allclose(pipeline.predict_proba(x),
                               model.predict_proba(x))


def test_torch(fitted):
    torch = pytest.importorskip("torch")
    model, x = fitted
    with torch.no_grad():
        scores = model.to_torch()(torch.from_numpy(x.astype(np.float32)))
    np.testing.assert_allclose(scores.numpy(),
                               model.model_.decision_function(x),
                               rtol=1e-4, atol=1e-4)


def test_random_features():
    x, y = points(600)
    model = EncryptedClassifier(simulate=True, random_features=8).fit(x, y)
    with pytest.raises(UnsupportedError, match="random features"):
        model.to_sklearn()

"""Exports predict as the model does, with the feature map inside."""

import pickle

import numpy as np
import pytest

pytest.importorskip("sklearn")
from blindfit import EncryptedClassifier  # noqa: E402
from conftest import points  # noqa: E402


@pytest.fixture(params=[(3, dict()), (3, dict(feature_map="none")),
                        (2, dict()), (3, dict(random_features=8))])
def fitted(request):
    classes, recipe = request.param
    x, y = points(300)
    x, y = x[y < classes], np.array(["ant", "bee", "cat"])[y[y < classes]]
    return EncryptedClassifier(simulate=True, **recipe).fit(x, y), x


def test_sklearn(fitted):
    model, x = fitted
    pipeline = pickle.loads(pickle.dumps(model.to_sklearn()))
    assert (pipeline.predict(x) == model.predict(x)).all()
    np.testing.assert_allclose(pipeline.predict_proba(x),
                               model.predict_proba(x), atol=1e-12)


def test_torch(fitted):
    torch = pytest.importorskip("torch")
    model, x = fitted
    network = pickle.loads(pickle.dumps(model.to_torch()))
    with torch.no_grad():
        scores = network(torch.from_numpy(x.astype(np.float32)))
    np.testing.assert_allclose(scores.numpy(),
                               model.model_.decision_function(x),
                               rtol=1e-4, atol=1e-4)

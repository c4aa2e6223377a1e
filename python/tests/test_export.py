"""Exports predict as the model does, with the feature map inside."""

import json
import pickle
import sys

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


def onnx_scores(network, x):
    """What a graph computes, by the definitions of its operators."""
    from onnx import numpy_helper
    values = {c.name: numpy_helper.to_array(c)
              for c in network.graph.initializer}
    values[network.graph.input[0].name] = x
    for node in network.graph.node:
        a, *more = [values[name] for name in node.input]
        values[node.output[0]] = {
            "Sqrt": lambda: np.sqrt(a), "Relu": lambda: np.maximum(a, 0),
            "Gemm": lambda: a @ more[0].T + more[1]}[node.op_type]()
        if node.op_type == "Gemm":
            assert [(t.name, t.i) for t in node.attribute] == [("transB", 1)]
    return values[network.graph.output[0].name]


def test_onnx(fitted, tmp_path):
    onnx = pytest.importorskip("onnx")
    model, x = fitted
    onnx.save(model.to_onnx(), str(tmp_path / "model.onnx"))
    network = onnx.load(str(tmp_path / "model.onnx"))
    onnx.checker.check_model(network, full_check=True)
    shapes = [[d.dim_param or d.dim_value for d in v.type.tensor_type.shape.dim]
              for v in (*network.graph.input, *network.graph.output)]
    assert shapes == [["rows", x.shape[1]], ["rows", len(model.classes_)]]
    [classes] = [json.loads(p.value) for p in network.metadata_props]
    assert classes == model.classes_.tolist()
    rows, wanted = x.astype(np.float32), model.model_.decision_function(x)
    results = [onnx_scores(network, rows)]
    try:  # onnx 1.13
        from onnx.reference import ReferenceEvaluator
        results += ReferenceEvaluator(network).run(None, {"features": rows})
    except ImportError:
        pass
    for scores in results:
        assert scores.dtype == np.float32
        np.testing.assert_allclose(scores, wanted, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("package", ["sklearn", "torch", "onnx"])
def test_packages_that_are_missing(fitted, monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError, match=f"needs the package {package}"):
        getattr(fitted[0], f"to_{package}")()

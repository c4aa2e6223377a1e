"""Models as objects of other packages, with all that comes before the weights.

A model applies its feature map, then its random features if it has some, then
its weights.
"""

from importlib import import_module

import numpy as np

from ._arrays import matrix_array
from ._owner_library import lib, library


def relu_layer(X, weights, offsets):
    """max(0, X weights' + offsets), row by row."""
    return np.maximum(np.asarray(X) @ weights.T + offsets, 0)


def _random_features(model):
    """(weights, offsets) of the random features; None if there are none."""
    if not model.has_random_features:
        return None
    layer = library.struct("bf_matrix", lib.bf_matrix_clear)
    library.call(lib.bf_model_expansion, layer, model._c)
    both = matrix_array(library, layer)
    return np.ascontiguousarray(both[:, 1:]), both[:, 0].copy()


def _need(package):
    try:
        import_module(package)
    except ImportError as error:
        raise ImportError(f"this export needs the package {package}: {error}",
                          name=package) from error


def to_sklearn(model):
    """A fitted Pipeline that ends with a LogisticRegression."""
    _need("sklearn")
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer
    row = np.ones((1, model.n_features_in_))
    steps = []
    if model.feature_map == "sqrt":
        root = FunctionTransformer(np.sqrt, feature_names_out="one-to-one")
        steps.append(root.fit(row))
    random = _random_features(model)
    if random:
        layer = FunctionTransformer(
            relu_layer, kw_args=dict(zip(("weights", "offsets"), random)))
        steps.append(layer.fit(row))
    linear = LogisticRegression()
    linear.classes_ = model.classes_
    linear.n_features_in_ = model.coef_.shape[1]
    linear.coef_, linear.intercept_ = model.coef_, model.intercept_
    if len(model.classes_) == 2:  # one row: the score of the second class
        linear.coef_ = np.diff(model.coef_, axis=0)
        linear.intercept_ = np.diff(model.intercept_)
    return make_pipeline(*steps, linear)


def to_torch(model):
    """A torch.nn.Sequential of float32 that returns scores."""
    _need("torch")
    import torch

    from ._torch import Sqrt

    def linear(weights, offsets):
        layer = torch.nn.Linear(weights.shape[1], weights.shape[0])
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(weights))
            layer.bias.copy_(torch.from_numpy(offsets))
        return layer

    steps = [Sqrt()] if model.feature_map == "sqrt" else []
    random = _random_features(model)
    if random:
        steps += [linear(*random), torch.nn.ReLU()]
    return torch.nn.Sequential(*steps,
                               linear(model.coef_, model.intercept_))


def to_onnx(model):
    """An onnx.ModelProto of float32 that returns scores."""
    _need("onnx")
    from ._onnx import graph
    steps = ["Sqrt"] if model.feature_map == "sqrt" else []
    random = _random_features(model)
    if random:
        steps += [random, "Relu"]
    return graph(model.n_features_in_,
                 [*steps, (model.coef_, model.intercept_)], model.classes_)

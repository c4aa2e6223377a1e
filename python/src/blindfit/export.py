"""Models as objects of other packages, with the feature map inside."""

import numpy as np

from .errors import UnsupportedError


def _check(model):
    if model.has_random_features:
        raise UnsupportedError("a model on random features is exported by "
                               "Model.save only")


def to_sklearn(model):
    """A fitted Pipeline that ends with a LogisticRegression."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer
    _check(model)
    linear = LogisticRegression()
    linear.classes_ = model.classes_
    linear.n_features_in_ = model.n_features_in_
    linear.coef_, linear.intercept_ = model.coef_, model.intercept_
    if len(model.classes_) == 2:  # one row: the score of the second class
        linear.coef_ = np.diff(model.coef_, axis=0)
        linear.intercept_ = np.diff(model.intercept_)
    steps = [linear]
    if model.feature_map == "sqrt":
        root = FunctionTransformer(np.sqrt, feature_names_out="one-to-one")
        steps.insert(0, root.fit(np.ones((1, model.n_features_in_))))
    return make_pipeline(*steps)


def to_torch(model):
    """A torch.nn.Sequential of float32 that returns scores."""
    import torch
    _check(model)

    class Sqrt(torch.nn.Module):
        """Square roots of features, which may not be negative."""

        def forward(self, x):
            return torch.sqrt(x)

    linear = torch.nn.Linear(model.n_features_in_, len(model.classes_))
    with torch.no_grad():
        linear.weight.copy_(torch.from_numpy(model.coef_))
        linear.bias.copy_(torch.from_numpy(model.intercept_))
    maps = [Sqrt()] if model.feature_map == "sqrt" else []
    return torch.nn.Sequential(*maps, linear)

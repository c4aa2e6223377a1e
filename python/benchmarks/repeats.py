"""How often scikit-learn's checks of two fits fail, of 20 runs each.

check_fit_idempotent and check_supervised_y_2d compare the predictions of two
fits on the same rows, which every encryption changes by fresh noise. Then
comes that noise, as a part of the scores' standard deviation, on the rows of
check_supervised_y_2d.
"""

import warnings

import numpy as np
from sklearn.utils import estimator_checks

from blindfit import EncryptedClassifier

RUNS = 20


def failures(check, **recipe):
    count = 0
    for _ in range(RUNS):
        try:
            check("EncryptedClassifier",
                  EncryptedClassifier(progress=False, **recipe))
        except AssertionError:
            count += 1
    return count


def noise(**recipe):
    x, y = np.random.RandomState(0).uniform(size=(30, 3)), np.arange(30) % 3
    model = EncryptedClassifier(progress=False, **recipe)
    scores = [model.fit(x, y).decision_function(x) for _ in range(RUNS)]
    return np.std(scores, axis=0).mean() / np.std(scores)


def main():
    for recipe in ({}, {"iterations": 1}, {"recipe": "paper"}):
        for check in (estimator_checks.check_fit_idempotent,
                      estimator_checks.check_supervised_y_2d):
            print(recipe, check.__name__, failures(check, **recipe))
        print(recipe, f"noise {noise(**recipe):.1e}")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()

"""How often scikit-learn's checks of two fits fail.

check_fit_idempotent and check_supervised_y_2d compare two fits on the same
rows, which every encryption changes by fresh noise. Then come that noise, as a
part of the scores' standard deviation, on the rows of check_supervised_y_2d;
the least distance of a row's best two classes, in standard deviations of what
the noise does to the distance; and the probability that two fits disagree on
some row, of noise with a normal distribution.

    python python/benchmarks/repeats.py [RUNS]
"""

import math
import sys
import warnings

import numpy as np
from sklearn.utils import estimator_checks

from blindfit import EncryptedClassifier

RUNS = int(sys.argv[1]) if len(sys.argv) > 1 else 20


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
    scores = np.array([model.fit(x, y).decision_function(x)
                       for _ in range(RUNS)])
    best = np.sort(scores, axis=2)
    apart = best[:, :, -1] - best[:, :, -2]
    distances = apart.mean(axis=0) / apart.std(axis=0)
    beyond = [math.erfc(d / math.sqrt(2)) / 2 for d in distances]
    disagree = sum(2 * p * (1 - p) for p in beyond)
    return (f"noise {np.std(scores, axis=0).mean() / np.std(scores):.1e}, "
            f"least distance {distances.min():.1f}, disagree {disagree:.1e}")


def main():
    for recipe in ({}, {"max_error": 0.0075}, {"iterations": 1},
                   {"iterations": 1, "max_error": 0.0075},
                   {"recipe": "paper"}):
        for check in (estimator_checks.check_fit_idempotent,
                      estimator_checks.check_supervised_y_2d):
            print(recipe, check.__name__, failures(check, **recipe),
                  flush=True)
        print(recipe, noise(**recipe), flush=True)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()

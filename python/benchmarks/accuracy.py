"""Accuracy beside LogisticRegression, by 5-fold cross-validation.

Prints the table of docs/python.md. All training is encrypted; --simulate runs
the plaintext twins.
"""

import sys
import warnings

from sklearn.datasets import (load_breast_cancer, load_digits, load_iris,
                              load_wine)
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from blindfit import EncryptedClassifier

DATA = {"iris": load_iris, "wine": load_wine,
        "breast cancer": load_breast_cancer, "digits": load_digits}


def main():
    simulate = "--simulate" in sys.argv[1:]
    models = [make_pipeline(StandardScaler(),
                            LogisticRegression(max_iter=1000)),
              EncryptedClassifier(simulate=simulate),
              EncryptedClassifier(simulate=simulate, aim="accuracy")]
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    for name, load in DATA.items():
        X, y = load(return_X_y=True)
        scores = [cross_val_score(model, X, y, cv=folds).mean()
                  for model in models]
        print(f"| {name} | " + " | ".join(f"{s:.3f}" for s in scores) + " |")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()

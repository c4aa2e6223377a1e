"""Seconds of imports, and of a search over parameters by the twin.

Imports are the shortest of five, each in a process of its own. The search fits
20 times on the digits of scikit-learn, and once more with the best parameters.
"""

import subprocess
import sys
import time

from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV

from blindfit import EncryptedClassifier

IMPORT = """
import time
begin = time.perf_counter()
{}
print(time.perf_counter() - begin)
"""


def seconds(statement):
    return min(float(subprocess.run(
        [sys.executable, "-c", IMPORT.format(statement)], check=True,
        text=True, stdout=subprocess.PIPE).stdout) for _ in range(5))


def main():
    for statement in ("import blindfit", "import blindfit.server",
                      "import numpy", "from blindfit import Job, Owner",
                      "import sklearn.base",
                      "from blindfit import EncryptedClassifier"):
        print(f"{seconds(statement):.3f} s  {statement}")
    begin = time.perf_counter()
    search = GridSearchCV(EncryptedClassifier(simulate=True),
                          {"iterations": [1, 2], "ridge": [0.01, 0.1]}, cv=5)
    search.fit(*load_digits(return_X_y=True))
    print(f"{time.perf_counter() - begin:.1f} s  search, best accuracy "
          f"{search.best_score_:.3f}")


if __name__ == "__main__":
    main()

"""Classifiers trained on encrypted data.

The owner of the rows plans a job, encrypts, and decrypts the model; a server
trains on ciphertexts::

    from blindfit import Job, Owner
    job = Job.plan(samples=len(X), features=X.shape[1], classes=10)
    job.save("job.json")                             # to the server
    owner = Owner.keygen(job, "keys")                # keys/eval.keys: too
    owner.encrypt(X, y, "upload.bf")                 # too

    from blindfit.server import train                # on the server
    train("job.json", "eval.keys", "upload.bf", "model.enc")

    owner.decrypt("model.enc").predict(X_new)        # back home

``EncryptedClassifier`` does all of it in one process, as an estimator of
scikit-learn.

Names are imported when they are first used: a server that imports
``blindfit.server`` alone loads no code that makes or uses a secret key.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .classifier import EncryptedClassifier
    from .errors import (BlindfitError, FormatError, MismatchError,
                         RangeError, SecurityError, UnsupportedError,
                         WaitingError)
    from .job import Job
    from .model import Model, load
    from .owner import Owner
    from .report import Report

_HOMES = {
    "EncryptedClassifier": "classifier",
    "Job": "job",
    "Model": "model",
    "load": "model",
    "Owner": "owner",
    "Report": "report",
    "BlindfitError": "errors",
    "FormatError": "errors",
    "MismatchError": "errors",
    "RangeError": "errors",
    "SecurityError": "errors",
    "UnsupportedError": "errors",
    "WaitingError": "errors",
}

__all__ = [
    "BlindfitError", "EncryptedClassifier", "FormatError", "Job",
    "MismatchError", "Model", "Owner", "RangeError", "Report", "SecurityError",
    "UnsupportedError", "WaitingError", "load",
]


def __getattr__(name):
    if name == "__version__":
        from importlib.metadata import version
        return version("blindfit")
    if name not in _HOMES:
        raise AttributeError(f"module 'blindfit' has no attribute {name!r}")
    return getattr(import_module("." + _HOMES[name], __name__), name)


def __dir__():
    return sorted({*globals(), *__all__})

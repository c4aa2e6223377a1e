"""Fits beside signals, threads and processes."""

import os
import pickle
import signal
import threading

import pytest

pytest.importorskip("sklearn")
from sklearn.base import clone  # noqa: E402
from sklearn.exceptions import NotFittedError  # noqa: E402
from sklearn.model_selection import cross_val_score  # noqa: E402

from blindfit import EncryptedClassifier, _library  # noqa: E402

PHASES = ("keys", "write keys", "encrypt", "read keys", "read upload",
          "gradient")


def nothing(phase, done, total):
    pass


@pytest.mark.parametrize("phase", PHASES)
def test_ctrl_c(data, tmp_path, monkeypatch, phase):
    """Leaves no file and no half of a model."""
    sent = []

    def progressed(call, now, done, total):  # in the helper thread
        if now == phase and not sent:
            sent.append(now)
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(_library._Call, "progressed", progressed)
    model = EncryptedClassifier(iterations=1, progress=nothing)
    with pytest.raises(KeyboardInterrupt):
        model.fit(*data)
    assert sent and list(tmp_path.iterdir()) == []
    with pytest.raises(NotFittedError):
        model.predict(data[0])


@pytest.mark.parametrize("simulate", [False, True])
def test_two_fits_in_two_threads(data, simulate):
    """Each model is that of its own labels."""
    x, y = data
    models = [EncryptedClassifier(iterations=1, simulate=simulate)
              for _ in range(2)]
    labels = [y, (y + 1) % 3]
    threads = [threading.Thread(target=model.fit, args=(x, given))
               for model, given in zip(models, labels)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for model, given in zip(models, labels):
        assert model.score(x, given) > 0.9


def test_callbacks_that_no_process_can_receive(data):
    """A lambda trains here, and is refused where it would have to travel."""
    seen = []
    model = EncryptedClassifier(
        simulate=True, progress=lambda *report: seen.append(report))
    again = clone(model).fit(*data)
    assert cross_val_score(model, *data, cv=2).mean() > 0.9
    with pytest.raises((pickle.PicklingError, AttributeError)):
        pickle.dumps(again)
    assert again.score(*data) > 0.9
    assert pickle.loads(pickle.dumps(again.set_params(
        progress=False))).score(*data) == again.score(*data)


def test_processes(data):
    """joblib's processes receive estimators, and train."""
    scores = cross_val_score(EncryptedClassifier(simulate=True), *data, cv=2,
                             n_jobs=2)
    assert scores.min() > 0.9

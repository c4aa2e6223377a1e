import shutil

import numpy as np
import pytest

from blindfit import Job, RangeError, load, party
from blindfit.server import gather, train
from conftest import CLASSES, FEATURES, points

ROWS = (60, 68)


def carry(folder):
    """Takes all messages to all others."""
    for sender in "ab":
        for box in "a", "b", "server":
            if box != sender:
                inbox = folder / box / "inbox"
                inbox.mkdir(parents=True, exist_ok=True)
                for message in (folder / sender / "outbox").iterdir():
                    shutil.copy(message, inbox)


def test_two_owners(tmp_path):
    x, y = points(sum(ROWS))
    parts = {"a": slice(0, ROWS[0]), "b": slice(ROWS[0], None)}
    job = Job.plan(sum(ROWS), FEATURES, CLASSES, feature_map="none",
                   owners=ROWS)
    for name in parts:
        party.create_identity(tmp_path / f"{name}.id",
                              tmp_path / f"{name}.pub", name)
    session = tmp_path / "session.bf"
    publics = [tmp_path / "a.pub", tmp_path / "b.pub"]
    fingerprint = party.create_session(session, job, publics)
    assert party.fingerprint(session) == fingerprint != ""

    def step(name):
        model = tmp_path / f"{name}.npy"
        return party.step(session, tmp_path / f"{name}.id", tmp_path / name,
                          x[parts[name]], y[parts[name]], model=model,
                          recheck="never")

    trained = False
    for _ in range(12):
        steps = [step(name) for name in parts]
        if all(s.done for s in steps):
            break
        assert any(s.waiting for s in steps)
        carry(tmp_path)
        if not trained and all(s.sent >= 4 for s in steps):
            gather(session, tmp_path / "server", tmp_path / "job")
            out = tmp_path / "job"
            train(out / "job.json", out / "eval.keys", None,
                  tmp_path / "model.enc", box=tmp_path / "server")
            trained = True
            for name in parts:
                shutil.copy(tmp_path / "model.enc", tmp_path / name / "inbox")
    models = [load(tmp_path / f"{name}.npy") for name in parts]
    # Each owner rounds the weights by a random dither.
    np.testing.assert_allclose(models[0].coef_, models[1].coef_, atol=0.5)
    assert models[0].score(x, y) > 0.9


def test_what_cannot_be(tmp_path):
    job = Job.plan(sum(ROWS), FEATURES, CLASSES, feature_map="none",
                   owners=ROWS)
    party.create_identity(tmp_path / "a.id", tmp_path / "a.pub", "a")
    with pytest.raises(ValueError, match="a.id"):
        party.create_identity(tmp_path / "a.id", tmp_path / "a.pub", "a")
    with pytest.raises(ValueError, match="'z' is no owner"):
        party.create_session("s.bf", job, [tmp_path / "a.pub"], rows=[128],
                             receivers=["z"])
    with pytest.raises(ValueError):
        party.create_session("s.bf", job, [tmp_path / "a.pub"] * 2)
    for name, error in ((None, TypeError), (b"b", TypeError),
                        ("b\0c", ValueError), ("b c", ValueError),
                        ("", ValueError)):
        with pytest.raises(error):
            party.create_identity(tmp_path / "b.id", tmp_path / "b.pub", name)
    assert not (tmp_path / "b.id").exists()
    with pytest.raises(ValueError, match="upload or box"):
        train("job.json", "eval.keys", None, "model.enc")


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    """A folder with the files of owners and of their session."""
    folder = tmp_path_factory.mktemp("session")
    job = Job.plan(sum(ROWS), FEATURES, CLASSES, feature_map="none",
                   owners=ROWS)
    for name in "ab":
        party.create_identity(folder / f"{name}.id", folder / f"{name}.pub",
                              name)
    party.create_session(folder / "session.bf", job,
                         [folder / "a.pub", folder / "b.pub"])
    return folder


@pytest.mark.parametrize("change", [
    lambda x, y: (x[1:], y), lambda x, y: (x, y[1:]),
    lambda x, y: (x[:, 1:], y), lambda x, y: (x[0], y),
    lambda x, y: (x[:0], y[:0]), lambda x, y: (x * np.nan, y),
    lambda x, y: (x * 1j, y), lambda x, y: (x.astype(str), y),
    lambda x, y: (x, y + 0.5), lambda x, y: (x, y * 1.0),
    lambda x, y: (x, y[:, None]), lambda x, y: (x, y - 1),
    lambda x, y: (x, y + CLASSES), lambda x, y: (x, y.astype(str)),
    lambda x, y: (x, np.full(len(y), None)), lambda x, y: (x, None),
    lambda x, y: (x, np.ma.masked_equal(y, 1)),
])
def test_rows_and_labels_that_cannot_be(session, tmp_path, change):
    files = session / "session.bf", session / "a.id", tmp_path / "box"
    x, y = points(ROWS[0])
    with pytest.raises(ValueError):
        party.step(*files, *change(x, y))
    assert not list(tmp_path.glob("box/outbox/*"))


def test_a_step_after_one_that_failed(session, tmp_path):
    files = session / "session.bf", session / "a.id", tmp_path / "box"
    x, y = points(ROWS[0])
    with pytest.raises(RangeError, match="row 3, column 2"):
        rows = x.copy()
        rows[2, 1] = np.nan
        party.step(*files, rows, y)
    assert party.step(*files, x, y).sent == 1

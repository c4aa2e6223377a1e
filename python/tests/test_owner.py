import os
import pickle
import stat

import numpy as np
import pytest

from blindfit import (FormatError, Job, MismatchError, Owner, RangeError,
                      load)
from blindfit.server import train
from conftest import CLASSES, FEATURES, ROWS, points


def run(job, folder, x, y):
    """The whole protocol; returns the model."""
    owner = Owner.keygen(job, folder / "keys")
    job.save(folder / "job.json")
    owner.encrypt(x, y, folder / "upload.bf")
    train(folder / "job.json", owner.keys, folder / "upload.bf",
          folder / "model.enc", progress=False)
    return owner.decrypt(folder / "model.enc", X=x)


def test_protocol(trained, data):
    folder, owner = trained
    model = owner.decrypt(folder / "model.enc")
    assert model.score(*data) > 0.95
    assert model.coef_.shape == (CLASSES, FEATURES)
    assert model.intercept_.shape == (CLASSES,)
    assert model.feature_map == "sqrt"
    scores = np.sqrt(data[0]) @ model.coef_.T + model.intercept_
    np.testing.assert_allclose(model.decision_function(data[0]), scores)
    np.testing.assert_allclose(model.predict_proba(data[0]).sum(axis=1), 1)


def test_private_files_are_private(trained):
    _, owner = trained
    for name in ("secret.key", "transform.bf"):
        mode = (owner.folder / name).stat().st_mode
        assert stat.S_IMODE(mode) == 0o600
    assert stat.S_IMODE(owner.folder.stat().st_mode) == 0o700


def test_open(trained, job, data):
    folder, owner = trained
    again = Owner.open(job, owner.folder).decrypt(folder / "model.enc")
    model = owner.decrypt(folder / "model.enc")
    # Each decryption rounds the weights by a random dither.
    np.testing.assert_allclose(again.coef_, model.coef_, atol=0.5)
    assert (again.predict(data[0]) == model.predict(data[0])).all()


def test_earlier_iteration(trained, data):
    folder, owner = trained
    first = owner.decrypt(folder / "model.enc", iteration=1)
    assert first.score(*data) > 0.9
    for iteration in 9, -1, 1.5, 2 ** 32, None:
        with pytest.raises(ValueError, match="from 0 to 2 wanted"):
            owner.decrypt(folder / "model.enc", iteration=iteration)


def test_names_of_classes(tmp_path):
    x, y = points()
    names = np.array(["ant", "bee", "Käfer"])
    job = Job.plan(ROWS, FEATURES, CLASSES, iterations=1)
    model = run(job, tmp_path, x, names[y])
    assert model.classes_.tolist() == sorted(names.tolist())
    assert model.score(x, names[y]) > 0.9
    for extension in "npy", "csv", "safetensors":
        path = tmp_path / f"model.{extension}"
        model.save(path)
        again = load(path)
        assert again.classes_.tolist() == model.classes_.tolist()
        np.testing.assert_allclose(again.coef_, model.coef_, rtol=1e-6)
        assert (again.predict(x) == model.predict(x)).all()


def test_scores_of_names_and_numbers(trained, data, tmp_path):
    """Files hold names as text."""
    x, y = data
    names = y + 1
    model = trained[1].decrypt(trained[0] / "model.enc", classes=[1, 2, 3])
    wanted = model.score(x, names)
    assert wanted > 0.9
    model.save(tmp_path / "model.npy")
    for other in (load(tmp_path / "model.npy"), model):
        for kind in (int, float, object, str, np.float32, bytes):
            assert other.score(x, names.astype(kind)) == wanted
        assert other.score(x, names + 0.5) == 0
    model.classes_ = np.array([0.5, 1, 1.5])
    model.save(tmp_path / "halves.csv")
    assert load(tmp_path / "halves.csv").score(x, names / 2) == wanted
    with pytest.raises(ValueError, match="y has masked"):
        model.score(x, np.ma.masked_equal(y, 1))


@pytest.mark.parametrize("make", [
    lambda x: x.astype(np.float32),
    lambda x: np.asfortranarray(x),
    lambda x: np.repeat(x, 2, axis=0)[::2],
    lambda x: np.hstack([x, x])[:, :x.shape[1]],
    lambda x: x[::-1][::-1],
    lambda x: x.tolist(),
    lambda x: x.astype(object),
    lambda x: x.astype(x.dtype.newbyteorder()),
])
def test_arrays_of_any_layout(trained, data, make):
    folder, owner = trained
    model = owner.decrypt(folder / "model.enc")
    x = data[0].astype(np.float32).astype(np.float64)
    other = make(x)
    np.testing.assert_allclose(model.decision_function(other),
                               model.decision_function(x), rtol=1e-12)


def test_views_are_not_copied(data):
    from blindfit._arrays import View
    from blindfit._owner_library import library
    wide = np.hstack([data[0], data[0]])
    for array in (data[0], wide[:, 2:6], wide[::3],
                  data[0].astype(np.float32), wide[:, 1:2], wide[:1, ::1]):
        array.flags.writeable = False
        assert View(library, array).array is array
    for array in (wide[:, ::2], wide[::-1], np.broadcast_to(wide[0], (9, 8))):
        assert View(library, array).array is not array


BAD_ROWS = [
    (lambda x: x[:, :-1], ValueError),
    (lambda x: x[:-1], ValueError),
    (lambda x: x[0], ValueError),
    (lambda x: x[:0], ValueError),
    (lambda x: x * 1j, ValueError),
    (lambda x: np.full(x.shape, "a"), ValueError),
    (lambda x: x.astype(str), ValueError),
    (lambda x: x.astype("datetime64[D]"), ValueError),
    (lambda x: np.ma.masked_less(x, 0.6), ValueError),
    (lambda x: np.full(x.shape, None), (ValueError, RangeError)),
    (lambda x: np.where(x < 0.6, np.nan, x), RangeError),
    (lambda x: np.where(x < 0.6, np.inf, x), RangeError),
    (lambda x: np.ones_like(x), RangeError),
]


@pytest.mark.parametrize("make, error", BAD_ROWS)
def test_rows_that_cannot_be(trained, job, data, tmp_path, make, error):
    owner = Owner.open(job, trained[1].folder)
    owner.folder = tmp_path
    with pytest.raises(error):
        owner.encrypt(make(data[0]), data[1], tmp_path / "upload.bf")
    assert os.listdir(tmp_path) == []


def test_sparse_rows(trained, data):
    sparse = pytest.importorskip("scipy.sparse")
    with pytest.raises(ValueError, match="sparse"):
        trained[1].encrypt(sparse.csr_matrix(data[0]), data[1], "upload.bf")


@pytest.mark.parametrize("make", [
    lambda y: y[:-1], lambda y: y + 1, lambda y: y - 1, lambda y: y * 0,
    lambda y: y + 0.5, lambda y: y.astype(complex),
    lambda y: np.full(y.shape, None), lambda y: y[:, None][:, [0, 0]],
    lambda y: np.array(["a", "b"])[y % 2], lambda y: y.astype(float),
    lambda y: np.ma.masked_equal(y, 1), lambda y: y.astype(object),
    lambda y: np.array(["a\0b", "c", "d"], dtype=object)[y],
])
def test_labels_that_cannot_be(trained, job, data, tmp_path, make):
    owner = Owner.open(job, trained[1].folder)
    owner.folder = tmp_path
    with pytest.raises(ValueError):
        owner.encrypt(data[0], make(data[1]), tmp_path / "upload.bf")
    assert os.listdir(tmp_path) == []


def test_nothing_is_replaced(trained, job, data):
    folder, owner = trained
    secret = (owner.folder / "secret.key").read_bytes()
    with pytest.raises(ValueError, match="secret.key"):
        Owner.keygen(job, owner.folder)
    with pytest.raises(ValueError, match="transform.bf"):
        owner.encrypt(*data, folder / "second.bf")
    assert (owner.folder / "secret.key").read_bytes() == secret
    assert not (folder / "second.bf").exists()


def test_of_another_job(trained, job, data, tmp_path):
    folder, owner = trained
    other = Job.plan(ROWS + 1, FEATURES, CLASSES)
    stranger = Owner.keygen(other, tmp_path / "keys")
    stranger.folder = owner.folder
    with pytest.raises(MismatchError):
        stranger.decrypt(folder / "model.enc")
    other.save(tmp_path / "job.json")
    with pytest.raises(MismatchError):
        train(tmp_path / "job.json", owner.keys, folder / "upload.bf",
              tmp_path / "model.enc")
    fresh = Owner.keygen(job, tmp_path / "fresh")
    fresh.folder = owner.folder
    with pytest.raises(MismatchError):
        fresh.decrypt(folder / "model.enc")
    assert not (tmp_path / "model.enc").exists()


def test_damaged_files(trained, tmp_path):
    folder, owner = trained
    model = bytearray((folder / "model.enc").read_bytes())
    model[len(model) // 2] ^= 1
    (tmp_path / "model.enc").write_bytes(model)
    with pytest.raises(FormatError, match="model.enc"):
        owner.decrypt(tmp_path / "model.enc")
    with pytest.raises(FileNotFoundError):
        owner.decrypt(tmp_path / "none.enc")
    with pytest.raises(FileNotFoundError):
        train(folder / "job.json", tmp_path / "none", folder / "upload.bf",
              tmp_path / "model.enc")


def test_closed(job, tmp_path):
    with Owner.keygen(job, tmp_path) as owner:
        pass
    with pytest.raises(ValueError, match="closed"):
        owner.decrypt("model.enc")
    owner.close()


def test_secrets_are_not_pickled(trained):
    with pytest.raises(TypeError, match="secret"):
        pickle.dumps(trained[1])


def test_models_are_pickled(trained, data):
    folder, owner = trained
    model = owner.decrypt(folder / "model.enc")
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.coef_, model.coef_)
    np.testing.assert_array_equal(again.predict(data[0]),
                                  model.predict(data[0]))


def test_model_files_that_cannot_be(trained, tmp_path):
    folder, owner = trained
    model = owner.decrypt(folder / "model.enc")
    for name in ("model", "model.pkl"):
        with pytest.raises(ValueError, match=name):
            model.save(tmp_path / name)
    with pytest.raises(OSError):
        model.save(tmp_path / "none" / "model.npy")
    (tmp_path / "bad.safetensors").write_bytes(b"bad")
    with pytest.raises(FormatError, match="bad.safetensors"):
        load(tmp_path / "bad.safetensors")
    model.save(tmp_path / "model.npy")
    with pytest.raises(ValueError, match="names"):
        load(tmp_path / "model.npy", classes=["a"])


def test_prediction_of_bad_rows(trained, data):
    folder, owner = trained
    model = owner.decrypt(folder / "model.enc")
    assert model.predict(data[0][:0]).shape == (0,)
    for rows, error in ((data[0][:, 1:], MismatchError),
                        (-data[0], RangeError),
                        (data[0] * np.nan, RangeError)):
        with pytest.raises(error):
            model.predict(rows)
    for labels in data[1][:, None], data[1][1:], 0:
        with pytest.raises(ValueError, match="shape"):
            model.score(data[0], labels)


def test_checkpoint(trained, tmp_path):
    folder, owner = trained
    files = (folder / "job.json", owner.keys, folder / "upload.bf")
    for _ in range(2):
        train(*files, tmp_path / "model.enc", checkpoint=tmp_path / "state")
    again = train(*files, tmp_path / "model.enc",
                  checkpoint=tmp_path / "state")
    assert again.key_switches == 0
    assert ((tmp_path / "model.enc").read_bytes()
            == (folder / "model.enc").read_bytes())


def test_further_jobs(trained, job, data, tmp_path):
    """Other labels on the rows of an upload that the server has already."""
    folder, owner = trained
    x, y = data
    further = job.over(2)
    assert further.missing_keys(job) == 0
    other = Owner.open(further, owner.folder)
    with pytest.raises(ValueError, match="numbers"):
        other.encrypt(x, np.array(["a", "b"])[y // 2], tmp_path / "labels.bf",
                      part="labels")
    other.encrypt(x, y // 2, tmp_path / "labels.bf", part="labels")
    further.save(tmp_path / "job.json")
    train(tmp_path / "job.json", owner.keys,
          [folder / "upload.bf", tmp_path / "labels.bf"],
          tmp_path / "model.enc")
    model = other.decrypt(tmp_path / "model.enc", classes=["low", "high"])
    names = np.array(["low", "high"])[y // 2]
    assert model.score(x, names) > 0.9
    with pytest.raises(ValueError, match="names"):
        other.decrypt(tmp_path / "model.enc", classes=["low"])
    with pytest.raises(ValueError):
        other.save_more_keys(tmp_path / "more.keys", job)


def test_columns_of_labels(tmp_path):
    x, y = points()
    kinds = np.array(["ant", "bee", "cat"])[y]
    both = np.stack([kinds, np.where(y == 2, "yes", "no")], axis=1)
    models = run(Job.plan(ROWS, FEATURES, [3, 2]), tmp_path, x, both)
    assert [len(m.classes_) for m in models] == [3, 2]
    for model, column in zip(models, both.T):
        assert model.score(x, column) > 0.9


def test_other_jobs_keys():
    """A job with refreshes, over rows that another chain encrypted."""
    job = Job.plan(ROWS, FEATURES, CLASSES, iterations=1)
    with pytest.raises(ValueError):
        job.over(CLASSES, iterations=5)

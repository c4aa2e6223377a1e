import pickle

import numpy as np
import pytest

from blindfit import FormatError, Job, Owner, party
from conftest import CLASSES, FEATURES, ROWS


def test_figures(job):
    assert (job.samples, job.features, job.classes) == (ROWS, FEATURES,
                                                        CLASSES)
    assert job.security_bits >= 128
    assert job.upload_bytes > 0 and job.memory_bytes > job.upload_bytes
    assert "security" in str(job) and job.id[:12] in repr(job)


def test_files_have_the_planned_sizes(trained, job):
    folder, owner = trained
    assert (folder / "upload.bf").stat().st_size == job.upload_bytes
    assert owner.keys.stat().st_size == job.key_bytes
    assert (folder / "model.enc").stat().st_size == job.model_bytes


def test_save_and_load(job, tmp_path):
    job.save(tmp_path / "job.json")
    again = Job.load(tmp_path / "job.json")
    assert again == job and hash(again) == hash(job)
    assert again.upload_bytes == job.upload_bytes
    again.save(tmp_path / "again.json")
    assert ((tmp_path / "again.json").read_bytes()
            == (tmp_path / "job.json").read_bytes())


def test_pickle(job):
    assert pickle.loads(pickle.dumps(job)) == job


def test_files_that_are_no_jobs(job, tmp_path):
    with pytest.raises(FileNotFoundError):
        Job.load(tmp_path / "none.json")
    (tmp_path / "bad.json").write_text("{}")
    with pytest.raises(FormatError, match="bad.json"):
        Job.load(tmp_path / "bad.json")
    with pytest.raises(ValueError, match="NUL"):
        job.save("a\0b")
    with pytest.raises(OSError):
        job.save(tmp_path / "no folder" / "job.json")


@pytest.mark.parametrize("arguments", [
    dict(samples=0), dict(samples=2.5), dict(samples=True),
    dict(samples=-1), dict(samples=None), dict(features=0),
    dict(classes=1), dict(classes=101), dict(classes=[]), dict(classes=[2, 1]),
    dict(iterations=0), dict(iterations=1025), dict(iterations="2"),
    dict(recipe="other"), dict(recipe=None), dict(aim="fast"),
    dict(feature_map="log"), dict(refresh="yes"), dict(ring_degree=1000),
    dict(components=0), dict(ridge=float("nan")), dict(ridge=-1.0),
    dict(clip=-1.0), dict(steps=[]), dict(steps=[float("inf")]),
    dict(batch=0), dict(random_features=0), dict(random_features=(10, -1)),
    dict(recipe="paper", ridge=1.0), dict(threads=0), dict(threads=1.5),
    dict(max_memory=1), dict(max_memory=-1), dict(max_memory=0),
    dict(max_error=0), dict(max_error=0.2), dict(max_error=float("nan")),
    dict(max_error="small"), dict(max_error=1e-9), dict(aim=""),
    dict(threads=[]), dict(owners=17), dict(owners=0),
    dict(owners=[45, 46]), dict(ranks=0),
])
def test_plans_that_cannot_be(arguments):
    shape = dict(samples=ROWS, features=FEATURES, classes=CLASSES)
    with pytest.raises(ValueError):
        Job.plan(**{**shape, **arguments})


def test_unknown_option():
    with pytest.raises(TypeError):
        Job.plan(90, 4, 3, colour="red")


def test_recipes():
    assert Job.plan(90, 4, 3, recipe="paper").iterations == 2
    assert Job.plan(90, 4, 3, iterations=1).iterations == 1
    assert Job.plan(90, 4, 3, components=2).columns == 3
    assert Job.plan(900, 4, 3, random_features=(8, 5)).columns == 9
    assert Job.plan(90, 4, [3, 2]).label_columns == [3, 2]
    assert Job.plan(90, 4, [3.0, np.int8(2)]).label_columns == [3, 2]
    one = np.array(3), np.float32(3), np.array([3])
    assert {Job.plan(90, 4, n).classes for n in one} == {3}
    assert Job.plan(90, 4, 3, owners=np.array(2)).samples == 90
    assert Job.plan(90, 4, 3, batch=45.0) == Job.plan(90, 4, 3, batch=45)
    for recipe in "whitened", "paper":
        assert (Job.plan(90, 4, 3, recipe=recipe, feature_map=None)
                == Job.plan(90, 4, 3, recipe=recipe))
    assert Job.plan(900, 4, 3, iterations=4, refresh="always").refreshed
    for shares in dict(owners=[400, 500]), dict(owners=2), dict(ranks=2):
        assert Job.plan(900, 4, 3, feature_map="none", **shares).samples == 900


def test_jobs_over_the_same_labels():
    for classes in 3, [3, 2]:
        job = Job.plan(90, 4, classes)
        assert job.over().label_columns == job.label_columns
        assert job.over(None, steps=[1]) == job.over(classes, steps=[1])


@pytest.mark.parametrize("other", ["job.json", None, 3])
def test_things_that_are_no_jobs(job, tmp_path, other):
    for call in (lambda: Owner.keygen(other, tmp_path / "keys"),
                 lambda: Owner.open(other, tmp_path),
                 lambda: job.missing_keys(other),
                 lambda: party.create_session(tmp_path / "s", other, [])):
        with pytest.raises(TypeError, match="a Job wanted"):
            call()
    assert list(tmp_path.iterdir()) == []


def test_constructor():
    with pytest.raises(TypeError, match="Job.plan"):
        Job()

"""Data and jobs that tests share."""

import os
import signal

import numpy as np
import pytest

from blindfit import Job, Owner
from blindfit.server import train

ROWS, FEATURES, CLASSES = 90, 4, 3


def points(rows=ROWS, seed=1):
    """Rows that differ by class in one of their features, and their labels."""
    random = np.random.default_rng(seed)
    y = np.arange(rows) % CLASSES
    x = random.uniform(0.5, 1.5, (rows, FEATURES))
    x[np.arange(rows), y] += 1
    return x, y


def pytest_collection_modifyitems(items):
    """Tests marked `long` run with BLINDFIT_TEST_LONG=1 only."""
    if os.environ.get("BLINDFIT_TEST_LONG"):
        return
    skip = pytest.mark.skip(reason="long: BLINDFIT_TEST_LONG=1 runs it")
    for item in items:
        if "long" in item.keywords:
            item.add_marker(skip)


def pytest_configure(config):
    config.addinivalue_line("markers", "long: takes long")


@pytest.fixture(scope="session", autouse=True)
def ctrl_c():
    """Programs in the background of a shell begin with SIGINT ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def data():
    return points()


@pytest.fixture(scope="session")
def job():
    return Job.plan(ROWS, FEATURES, CLASSES)


@pytest.fixture(scope="session")
def trained(job, data, tmp_path_factory):
    """A folder with all files of a job that ran, and its owner."""
    folder = tmp_path_factory.mktemp("job")
    job.save(folder / "job.json")
    owner = Owner.keygen(job, folder / "keys")
    owner.encrypt(*data, folder / "upload.bf")
    train(folder / "job.json", owner.keys, folder / "upload.bf",
          folder / "model.enc")
    return folder, owner

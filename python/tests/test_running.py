"""Calls beside other threads, signals and children."""

import multiprocessing
import os
import signal
import threading
import time

import numpy as np
import pytest

from blindfit import Job, Owner, _library
from blindfit.server import train
from conftest import FEATURES, ROWS, CLASSES, points

# Seconds until a busy machine has heard Ctrl-C.
PATIENCE = 10
PHASES = ("keys", "write keys", "encrypt", "read keys", "read upload",
          "gradient")


def protocol(folder, progress=None):
    """Runs a job; returns its model and data."""
    x, y = points()
    job = Job.plan(ROWS, FEATURES, CLASSES, iterations=1)
    owner = Owner.keygen(job, folder / "keys", progress=progress)
    job.save(folder / "job.json")
    owner.encrypt(x, y, folder / "upload.bf", progress=progress)
    train(folder / "job.json", owner.keys, folder / "upload.bf",
          folder / "model.enc", progress=progress)
    return owner.decrypt(folder / "model.enc"), x, y


def test_progress(tmp_path):
    seen = []
    here = threading.get_ident()

    def report(phase, done, total):
        assert threading.get_ident() == here
        assert 0 <= done <= total
        seen.append(phase)

    protocol(tmp_path, progress=report)
    assert set(PHASES) <= set(seen), seen


@pytest.mark.parametrize("phase", PHASES)
def test_a_callback_that_raises(tmp_path, phase):
    class Stop(Exception):
        pass

    def report(now, done, total):
        if now == phase:
            raise Stop

    with pytest.raises(Stop):
        protocol(tmp_path, progress=report)
    assert not [f for f in tmp_path.rglob("*") if f.suffix == ".tmp"]
    assert not (tmp_path / "model.enc").exists()


@pytest.mark.parametrize("phase", PHASES)
def test_ctrl_c(tmp_path, monkeypatch, phase):
    """The signal comes while the library works and the main thread waits."""
    sent = []

    def progressed(call, now, done, total):  # in the helper thread
        if now == phase and not sent:
            sent.append(time.monotonic())
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.05)

    with monkeypatch.context() as patch:
        patch.setattr(_library._Call, "progressed", progressed)
        with pytest.raises(KeyboardInterrupt):
            protocol(tmp_path, progress=lambda *report: None)
    assert time.monotonic() < sent[0] + PATIENCE
    assert not [f for f in tmp_path.rglob("*") if f.suffix == ".tmp"]
    assert not (tmp_path / "model.enc").exists()


def test_planning_hears_ctrl_c():
    threading.Timer(0.02, os.kill, (os.getpid(), signal.SIGINT)).start()
    begin = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        for _ in range(100):
            Job.plan(60000, 400, 10, iterations=4)
    assert time.monotonic() < begin + PATIENCE


def test_threads(tmp_path):
    """Two jobs at a time; one is stopped and the other continues."""
    results, errors = [], []

    def work(name, progress):
        folder = tmp_path / name
        folder.mkdir()
        try:
            model, x, y = protocol(folder, progress=progress)
            results.append(model.score(x, y))
        except ZeroDivisionError as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=arguments) for arguments in (
        ("good", False), ("bad", lambda phase, done, total: 1 / 0))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == len(errors) == 1 and results[0] > 0.9


def test_an_owner_is_closed_while_it_encrypts(tmp_path):
    """The key stays until the call ends."""
    owner = Owner.keygen(Job.plan(ROWS, FEATURES, CLASSES), tmp_path)

    def report(phase, done, total):
        owner.close()

    owner.encrypt(*points(), tmp_path / "upload.bf", progress=report)
    with pytest.raises(ValueError, match="closed"):
        owner.encrypt(*points(), tmp_path / "second.bf")


def test_other_threads_run(tmp_path):
    """The library holds no lock of the interpreter."""
    counted, over = [0], threading.Event()

    def count():
        while not over.is_set():
            counted[0] += 1
            time.sleep(0.001)

    thread = threading.Thread(target=count)
    thread.start()
    begin = time.monotonic()
    job = Job.plan(60000, 400, 10)
    seconds = time.monotonic() - begin
    over.set()
    thread.join()
    assert job.samples == 60000
    assert counted[0] > 20 * seconds


def _fit_in_child(folder):
    model, x, y = protocol(folder)
    os._exit(0 if model.score(x, y) > 0.9 else 1)


def _child_works(folder):
    folder.mkdir()
    child = multiprocessing.get_context("fork").Process(
        target=_fit_in_child, args=(folder,))
    child.start()
    child.join(60)
    alive = child.is_alive()
    if alive:
        child.kill()
    assert not alive and child.exitcode == 0


def test_a_child_of_fork(tmp_path):
    (tmp_path / "parent").mkdir()
    protocol(tmp_path / "parent")
    _child_works(tmp_path / "child")


def test_fork_in_the_middle(tmp_path):
    """Children of a process one of whose threads trains."""
    forked, error = threading.Event(), []

    def work():
        try:
            for i in range(40):
                if forked.is_set():
                    return
                folder = tmp_path / f"parent-{i}"
                folder.mkdir()
                protocol(folder)
        except BaseException as fault:
            error.append(fault)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        for i in range(2):
            _child_works(tmp_path / f"child-{i}")
    finally:
        forked.set()
        thread.join()
    assert not error


def test_arrays_stay_alive(tmp_path):
    """Rows that nobody else holds, in a loop with garbage collection."""
    x, y = points()
    job = Job.plan(ROWS, FEATURES, CLASSES, iterations=1)
    owner = Owner.keygen(job, tmp_path)
    for i in range(3):
        owner.encrypt(np.array(x, dtype=np.float32)[:], y.tolist(),
                      tmp_path / f"{i}.bf")
        (tmp_path / "transform.bf").unlink()

import pytest

from blindfit import _progress


def test_bars(monkeypatch, capsys):
    pytest.importorskip("tqdm")
    monkeypatch.setattr(_progress, "_DELAY", -1.0)
    with _progress.reporter(True) as report:
        for phase in "encrypt", "train":
            for done in range(1, 4):
                report(phase, done, 3)
    shown = capsys.readouterr().err
    assert "encrypt" in shown and "train" in shown and "67%" in shown


def test_short_phases_have_no_bars(capsys):
    pytest.importorskip("tqdm")
    with _progress.reporter(True) as report:
        report("encrypt", 1, 2)
        report("encrypt", 2, 2)
    assert capsys.readouterr().err == ""


def test_what_progress_can_be():
    for nothing in (None, False, "auto"):  # nobody looks at a test
        with _progress.reporter(nothing) as report:
            assert report is None
    with _progress.reporter(print) as report:
        assert report is print
    for wrong in ("loud", 1, []):
        with pytest.raises(ValueError, match="progress"):
            with _progress.reporter(wrong):
                pass

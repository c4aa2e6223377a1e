"""The examples of docs/python.md run, one after another."""

import re
from pathlib import Path

import pytest

pytest.importorskip("sklearn")
PAGE = Path(__file__).resolve().parents[2] / "docs" / "python.md"


def test_examples(tmp_path, monkeypatch, capsys):
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert len(blocks) >= 7
    monkeypatch.chdir(tmp_path)
    names = {}
    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), names)
    accuracy = float(capsys.readouterr().out.split()[0])
    assert accuracy > 0.9
    assert abs(names["search"].best_score_ - accuracy) < 0.1
    values = names["secret"].decrypt(names["circuit"](names["x"]))
    shown = re.search(r"# \[(.*)\]", PAGE.read_text()).group(1)
    assert max(abs(values - [float(v) for v in shown.split()])) < 1e-3

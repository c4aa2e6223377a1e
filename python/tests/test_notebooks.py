"""The notebooks run from top to bottom, and their assertions hold.

One of them runs in a kernel of Jupyter, and shows what it shows there; the
others do without a kernel's start.
"""

import ast
import json
import re
from pathlib import Path

import pytest

pytest.importorskip("sklearn")
nbformat = pytest.importorskip("nbformat", reason="no nbconvert")
nbconvert = pytest.importorskip("nbconvert.preprocessors",
                                reason="no nbconvert")
pytest.importorskip("ipykernel", reason="no kernel for notebooks")

NOTEBOOKS = sorted((Path(__file__).resolve().parents[1] / "notebooks").glob(
    "*.ipynb"))


def test_there_are_notebooks():
    assert len(NOTEBOOKS) >= 3


# "auto" draws bars in notebooks.
PROGRESS = """from blindfit import _progress
with _progress.reporter("auto") as report:
    assert report"""


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_links(path):
    for cell in nbformat.read(path, as_version=4).cells:
        for name in re.findall(r"\]\(([^)]*)\)", cell.source):
            assert (path.parent / name).exists(), f"a link to {name}"


@pytest.mark.parametrize("path", NOTEBOOKS[1:], ids=lambda path: path.stem)
def test_cells(path, tmp_path, monkeypatch):
    """Each cell's last expression has a value, which a notebook shows."""
    monkeypatch.chdir(tmp_path)
    names, shown = {}, []
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type != "code":
            continue
        tree = ast.parse(cell.source)
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, path.name, "exec"), names)
        if last:
            shown.append(eval(compile(ast.Expression(last.value), path.name,
                                      "eval"), names))
    assert list(tmp_path.iterdir()) == []
    assert any("<svg" in value._repr_html_() for value in shown
               if hasattr(value, "_repr_html_")), "no report"


def test_notebook(tmp_path, tmp_path_factory, monkeypatch):
    for folder in "IPYTHONDIR", "JUPYTER_RUNTIME_DIR":  # not those of users
        monkeypatch.setenv(folder, str(tmp_path_factory.mktemp("jupyter")))
    notebook = nbformat.read(NOTEBOOKS[0], as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell(PROGRESS))
    nbconvert.ExecutePreprocessor(timeout=120).preprocess(
        notebook, {"metadata": {"path": str(tmp_path)}})
    assert list(tmp_path.iterdir()) == []
    outputs = [output for cell in notebook.cells if cell.cell_type == "code"
               for output in cell.outputs]
    assert any("<svg" in output.get("data", {}).get("text/html", "")
               for output in outputs), "no report"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_are_committed_without_outputs(path):
    notebook = json.loads(path.read_text())
    nbformat.validate(notebook)
    assert [cell for cell in notebook["cells"]
            if cell.get("outputs") or cell.get("execution_count")] == []
    # As Jupyter writes it, so that a change shows as that change alone.
    assert path.read_text() == json.dumps(notebook, indent=1,
                                          ensure_ascii=False) + "\n"

import pickle
import re
from html.parser import HTMLParser

import pytest

from blindfit import EncryptedClassifier, FormatError, Job, Report
from blindfit.report import _plan


class Page(HTMLParser):
    """Elements and texts of a page, or of a fragment."""

    def __init__(self, page):
        super().__init__()
        self.elements, self.texts = set(), []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.elements.add(tag)

    def handle_data(self, data):
        self.texts.append(data.strip())


def judged(simulate):
    pytest.importorskip("sklearn")
    from conftest import points
    import numpy as np
    x, y = points()
    names = np.array(["ant", "<script>", "bee & co"])[y]
    model = EncryptedClassifier(simulate=simulate, progress=False)
    x_test, y_test = points(60, seed=2)
    y_test = np.array(["ant", "<script>", "bee & co"])[y_test]
    return model.fit(x, names), x_test, y_test


@pytest.fixture(scope="module")
def run():
    return judged(simulate=False)


def test_from_estimator(run, tmp_path):
    model, x, y = run
    report = Report.from_estimator(model, x, y)
    page = Page(report._repr_html_())
    right = int((model.predict(x) == y).sum())
    assert f"{100 * right / 60:.1f} %" in page.texts
    assert report.runs[0]["judged_rows"] == 60
    counts = report.runs[0]["confusion"]
    assert sum(counts[i][i] for i in range(3)) == right
    assert [sum(row) for row in counts] == [20, 20, 20]
    for text in ("Who saw what", "server: training", "owner: decryption",
                 "server, planned", "<script>", "bee & co"):
        assert text in page.texts, text
    assert "server: reading" not in page.texts
    assert not page.elements & {"script", "html", "body", "meta"}
    report.save(tmp_path / "page.html")
    saved = (tmp_path / "page.html").read_text()
    assert saved.startswith("<!DOCTYPE html>")
    assert Page(saved).elements >= {"html", "body", "svg", "table"}
    assert not re.search("<script|https?:|src=|href=", saved)
    assert "  trained encrypted" in str(report)
    seconds = report.runs[0]["seconds"]
    assert seconds["total"] == pytest.approx(
        sum(model.report_[phase] for phase in seconds if phase != "total"))
    assert str(pickle.loads(pickle.dumps(report))) == str(report)


def test_trained_on_and_simulated(run):
    model, x, y = run
    assert "60 rows that were trained on" in str(
        Report.from_estimator(model, x, y, trained_on=True))
    report = Report.from_estimator(*judged(simulate=True))
    assert "encrypted" not in report.runs[0]["accuracy"]
    assert "seconds" not in report.runs[0]
    assert "simulated in plaintext" in report._repr_html_()
    assert "trained encrypted" not in str(report)


def test_weights(run):
    model, x, y = run
    page = Report.from_estimator(model, x, y, pixels=(2, 2))._repr_html_()
    assert page.count('viewBox="0 -0.5 2 2"') == 3
    texts = Page(page).texts
    assert "Weights of the pixels" in texts and "against the class" in texts
    report = Report.from_estimator(model, x, y)
    assert "Weights of the pixels" not in report._repr_html_()
    assert report.show_weights(model.model_, (2, 2, 1)) is report
    assert report._repr_html_() == page
    assert pickle.loads(pickle.dumps(report))._repr_html_() == page
    for shape in [(2, 3), (2,), (4, 1, 2), (2, 0), (2, 2, 3)]:
        with pytest.raises(ValueError):
            report.show_weights(model.model_, shape)
    with pytest.raises(ValueError, match="run 2"):
        report.show_weights(model.model_, (2, 2), run=1)


def test_plans(job):
    page = Page(job._repr_html_())
    for text in ("Who will see what", "The owner", "after iteration 2",
                 f"{job.samples} rows of {job.features} features, and "
                 "their labels"):
        assert text in page.texts, text
    owners = Job.plan(900, 4, 3, owners=[500, 400], feature_map="none")
    assert "Each of the owners" in Page(owners._repr_html_()).texts
    both = Report(_plan(job), _plan(owners))
    assert "Accuracy" not in str(both)
    assert "encrypted rows" in str(both)


def test_refusals(job, tmp_path):
    with pytest.raises(FormatError, match="run 1: no report of fit"):
        Report({"recipe": "paper"})
    with pytest.raises(ValueError, match="at most 4 runs"):
        Report(*[_plan(job)] * 5)
    with pytest.raises(ValueError, match="without a run"):
        str(Report())
    with pytest.raises(FileNotFoundError):
        Report.from_files(tmp_path / "none.json")
    (tmp_path / "cut.json").write_text('{"recipe": ')
    with pytest.raises(FormatError, match="cut.json: no JSON"):
        Report.from_files(tmp_path / "cut.json")
    with pytest.raises(OSError):
        Report.from_job(job).save(tmp_path / "none" / "page.html")


def test_files(job, tmp_path):
    import json
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(_plan(job)))
    report = Report.from_files(path, path)
    assert report.runs == (_plan(job), _plan(job))
    assert report._repr_html_().count("plan.json") == 4

"""The page of a suite: words across data sets, what too few of them cannot say, links, figures, data files."""

import csv
import io
import json
import re
from dataclasses import replace

import numpy as np
import pytest

from qml.base.errors import DataError
from qml.bench.across import read
from qml.bench.protocol import CHAMPION
from qml.bench.report import render_suite
from qml.bench.store import Store
from qml.bench.suite import Suite
from qml.bench.words_across import headline_across
from tests.bench.conftest import SMALL
from tests.bench.test_report import Checker

CONTRASTS = (("hybrid", "removed"), ("hybrid", "twin"), ("hybrid", CHAMPION))
TERMS = replace(SMALL, contrasts=CONTRASTS, floors=(), title="Is it so?")
NAMES = tuple(f"set {number}" for number in range(8))
LEVEL = {"hybrid": 0.90, "removed": 0.80, "twin": 0.899, "logistic": 0.95}


def suite_of(names):
    return Suite.over("made", TERMS, [{"data": name} for name in names], title="Made of one set")


def cell_of(cell, protocol, score):
    """The same cell as of another data set with another score."""
    metrics = {split: {**cell.metrics[split], "accuracy": score} for split in ("validation", "test")}
    curve = tuple(replace(point, validation=score, test=score) for point in cell.budget_curve)
    data = {**cell.data, "name": protocol.data}
    moved = replace(cell.cell, data=protocol.data, protocol_hash=protocol.hash)
    return replace(cell, cell=moved, protocol=protocol, metrics=metrics, budget_curve=curve, data=data)


@pytest.fixture(scope="module")
def store(digits_store, tmp_path_factory):
    """Eight sets with scores that leave no doubt: far better than removed, equal to the twin, behind the champion."""
    made, rng = Store(tmp_path_factory.mktemp("sets")), np.random.default_rng(5)
    for protocol in suite_of(NAMES).protocols:
        shift = rng.uniform(-0.05, 0.02)
        for cell in digits_store:
            if cell.cell.arm.name in LEVEL:
                noise = 0.001 * rng.normal()
                made.finish(cell_of(cell, protocol, LEVEL[cell.cell.arm.name] + shift + noise))
    return made


@pytest.fixture(scope="module")
def whole(store, tmp_path_factory):
    return render_suite(suite_of(NAMES), store, tmp_path_factory.mktemp("whole"))


@pytest.fixture(scope="module")
def three(store, tmp_path_factory):
    return render_suite(suite_of(NAMES[:3]), store, tmp_path_factory.mktemp("three"))


def page_of(made):
    text = made.html_path.read_text()
    checker = Checker(text)
    assert len(set(checker.ids)) == len(checker.ids)
    assert set(checker.links) <= set(checker.ids)
    assert checker.h1 == 1
    assert "http" not in re.sub(r"xmlns\S+", "", text)
    assert not re.search(r'(?:x|y|cx|cy|x1|x2|y1|y2|width|height)="[^"]*(?:nan|inf)', text)
    for word in ("nan", "inf", "None"):
        assert not re.search(rf">\s*{word}\b", text), word
    for word in ("quantum advantage", "outperform", "significant", "state of the art"):
        assert word not in text.lower()
    return text


def test_the_verdict_stands_first_and_is_that_of_the_statistics(whole):
    view = whole.content.view
    scores = view.table.scores
    again = read(scores, CONTRASTS, TERMS.rope)
    words = {c.against: c.word for c in again.contrasts}
    assert words == {"removed": "better!", "twin": "equal", "champion": "worse!"}
    text = page_of(whole)
    assert again.state == "replaceable"
    headline = headline_across("replaceable", 8)
    assert text.index(headline) < text.index("Each data set")
    assert "The hybrid is clearly better than the same model without its circuit over 8 data sets" in text
    assert "smallest difference this design could have seen" in text
    assert whole.verdict.startswith(headline)


def test_every_figure_is_there_and_has_its_data(whole):
    text = page_of(whole)
    for name in ("contrasts", "ranks", "posteriors", "power"):
        assert f'<figure id="{name}">' in text
        rows = list(csv.reader(io.StringIO((whole.csv_folder / f"{name}.csv").read_text())))
        assert len(rows) > 1
    numbers = [int(n) for n in re.findall(r"<span>Figure (\d+)</span>", text)]
    assert numbers == [1, 2, 3, 4]
    assert "critical difference" in text
    assert text.count("aria-current") == 1
    assert len(text) < 400 * 1024


def test_each_set_has_its_own_page_and_a_link_to_it(whole):
    text = page_of(whole)
    for name, report in zip(NAMES, whole.reports, strict=True):
        assert f'href="{name}/report.html"' in text
        assert report.html_path == whole.html_path.parent / name / "report.html"
        assert f"<h1>{name.capitalize()}: {TERMS.title}</h1>" in report.html_path.read_text()
        assert report.summary.protocol.data == name
    assert "Set by set: <b>replaceable</b> on" in text


def test_three_sets_give_no_verdict_across_and_say_why(three):
    text = page_of(three)
    assert "No verdict across data sets: 3 are too few." in text
    assert "It takes at least 5" in text
    assert "No critical-difference diagram: it takes at least five data sets" in text
    assert 'id="ranks"' not in text
    assert 'id="power"' not in text
    assert 'id="posteriors"' not in text
    assert "aria-current" not in text
    bullets = re.search(r'<ul class="said">(.*?)</ul>', text).group(1)
    assert "interval" not in bullets
    assert "in the mean, better on 3 of 3. So few data sets could have" in bullets
    assert "no evidence" not in bullets.lower()
    assert {c.word for c in three.content.view.contrasts} == {"open"}
    assert "3 are too few" in three.markdown_path.read_text()
    assert "Set by set" in three.verdict


def test_six_sets_are_too_few_for_holm(store, tmp_path):
    made = render_suite(suite_of(NAMES[:6]), store, tmp_path)
    text = page_of(made)
    assert "could have found no difference, however large" in text
    assert 'id="ranks"' in text


def test_json_and_markdown_say_the_same(whole):
    data = json.loads(whole.json_path.read_text())
    view = whole.content.view
    assert data["suite"]["hash"] == view.suite.hash
    assert data["verdict"]["state"] == "replaceable"
    assert {c["against"]: c["word"] for c in data["contrasts"]}["twin"] == "equal"
    assert data["scores"]["arms"]["hybrid"] == pytest.approx(view.table.scores.column("hybrid").tolist())
    assert data["ranking"]["critical_difference"] == pytest.approx(view.ranking.critical_difference)
    assert CHAMPION not in data["ranking"]["arms"]
    pairs = [line.rsplit(",", 1)[1] for line in (whole.csv_folder / "ranks.csv").read_text().splitlines()[2:]]
    assert [float(p) for p in pairs] == pytest.approx(view.ranking.nemenyi[0, 1:], rel=0.05)
    arms = len(view.table.scores.arms)
    assert len(data["posteriors"]) == arms * (arms - 1) // 2
    for entry in data["posteriors"]:
        assert entry["worse"] + entry["equal"] + entry["better"] == pytest.approx(1)
    assert set(data["tables"]) == {path.stem for path in whole.csv_folder.glob("*.csv")}
    text = whole.markdown_path.read_text()
    assert headline_across("replaceable", 8) in text
    assert "[set 0](set 0/report.md)" in text


def test_the_same_cells_give_the_same_files(store, three, tmp_path):
    again = render_suite(suite_of(NAMES[:3]), store, tmp_path)
    files = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*.*") if not path.name.startswith("."))
    assert len(files) > 20
    for name in files:
        assert (tmp_path / name).read_bytes() == (three.html_path.parent / name).read_bytes(), name
    assert again.verdict == three.verdict


def test_cells_of_other_terms_are_refused_and_named(store, digits_store, tmp_path):
    other = Suite.over("made", replace(TERMS, epochs=9), [{"data": name} for name in NAMES[:2]])
    with pytest.raises(DataError, match="no finished cell on set 0 and set 1"):
        render_suite(other, store, tmp_path)
    suite = suite_of(NAMES[:2])
    two = Store(tmp_path / "two")
    for cell in store:
        if cell.protocol.data in NAMES[:2]:
            two.finish(cell)
    changed = replace(suite.protocols[0], epochs=9)
    two.finish(cell_of(next(iter(digits_store)), changed, 0.5))
    made = render_suite(suite, two, tmp_path / "out")
    found = [finding.title for finding in made.reports[0].findings]
    assert f"1 cell under another protocol, {changed.hash[:12]}" in found


def test_several_stores_and_an_arm_that_is_not_whole(store, tmp_path):
    halves = [Store(tmp_path / "a"), Store(tmp_path / "b")]
    for cell in store:
        number = NAMES.index(cell.protocol.data)
        if number < 5 and (cell.cell.arm.name, cell.cell.seed, number) != ("twin", 1, 2):
            halves[number % 2].finish(cell)
    made = render_suite(suite_of(NAMES[:5]), halves, tmp_path / "out")
    text = page_of(made)
    assert "Classical twin is left out" in text
    assert "lacks some of the seeds on set 2" in text
    assert "No contrast of Hybrid with Classical twin" in text
    assert [c.against for c in made.content.view.contrasts] == ["removed", "champion"]


def test_bad_findings_of_a_set_stand_on_the_page_of_the_suite(whole):
    # the made scores are not those of the predictions kept with them, which the audit sees
    assert whole.failed
    text = page_of(whole)
    assert re.search(r"This run has \d+ severe findings", text)
    for name in NAMES:
        assert re.search(rf"<b>{name}: \d+ scores that the predictions do not give</b>", text)

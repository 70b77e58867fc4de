import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from qml.base.errors import DataError
from qml.bench.audit import findings
from qml.bench.protocol import Protocol
from qml.bench.report import render
from qml.bench.report.canvas import place, spread, ticks
from qml.bench.report.figures.pareto import front
from qml.bench.report.view import View
from qml.bench.run import run_cell
from qml.bench.scale import Scale, minus
from qml.bench.store import Store
from qml.bench.summary import Summary, summarise
from qml.bench.words import HEADLINES
from tests.bench.contestants import FailingArm, WholeArm, digits_arms, digits_source, info, make_task

VOID = {"meta", "br", "line", "rect", "circle", "path", "link", "img", "hr", "input"}


class Checker(HTMLParser):
    """Elements are closed in order, ids are unique, links within the page have a target."""

    def __init__(self, text):
        super().__init__()
        self.open, self.ids, self.links, self.images, self.h1 = [], [], [], 0, 0
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.ids += [attrs["id"]] if "id" in attrs else []
        self.links += [attrs["href"][1:]] if attrs.get("href", "").startswith("#") else []
        self.h1 += tag == "h1"
        if tag == "svg" and attrs.get("role") == "img":
            assert attrs["aria-label"]
            self.images += 1
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def read(report):
    page = report.html_path.read_text()
    checker = Checker(page)
    assert len(set(checker.ids)) == len(checker.ids)
    assert set(checker.links) <= set(checker.ids)
    assert checker.h1 == 1
    assert not re.search(r'(?:src|href)="(?:https?:)?//', page)
    assert "http" not in re.sub(r"xmlns\S+", "", page)
    for word in ("nan", "inf,", "None"):
        assert not re.search(rf">\s*{word}\b", page), word
    assert not re.search(r'(?:x|y|cx|cy|x1|x2|y1|y2|width|height)="[^"]*(?:nan|inf)', page)
    for word in ("quantum advantage", "outperform", "significant", "state of the art"):
        assert word not in page.lower()
    return page, report.markdown_path.read_text()


@pytest.fixture(scope="module")
def report(digits_store, tmp_path_factory):
    return render(digits_store, tmp_path_factory.mktemp("out"))


def test_the_page_holds_every_section_and_figure(report):
    page, text = read(report)
    assert HEADLINES[report.summary.state] in page
    assert HEADLINES[report.summary.state] in text
    curves = ("learning", "anytime", "budget", "rows", "pareto", "confusion", "calibration")
    names = ("verdict", "slot", "ladder", *curves)
    for name in names:
        assert f'<figure id="{name}">' in page
    numbers = [int(n) for n in re.findall(r"<span>Figure (\d+)</span>", page)]
    assert numbers == list(range(1, len(names) + 1))
    assert page.count('class="csv"') == len(names) + 1
    assert report.summary.protocol.hash in page
    assert len(page) < 400 * 1024
    assert "No ranks over data sets" in page


def test_the_same_cells_give_the_same_files(digits_store, report, tmp_path):
    again = render(digits_store.folder, tmp_path)
    assert again.html_path.read_bytes() == report.html_path.read_bytes()
    assert again.markdown_path.read_bytes() == report.markdown_path.read_bytes()


def test_the_report_stands_in_the_store_by_default(diabetes_store):
    made = render(diabetes_store.folder)
    assert made.html_path == diabetes_store.folder / "report" / "report.html"


def test_numbers_of_the_text_are_those_of_the_cells(report):
    page, text = read(report)
    s = report.summary
    hero, removed = s.estimate(s["hybrid"]).mean, s.estimate(s["removed"]).mean
    for value in (hero, removed):
        assert f"<b>{100 * value:.1f}\u00a0%</b>" in page
        assert f"**{100 * value:.1f}\u00a0%**" in text
    pairs = [a - b for a, b in zip(s["hybrid"].scores.values(), s["removed"].scores.values(), strict=True)]
    assert minus(f"{100 * np.mean(pairs):+.1f}") in page


def test_a_regression_is_worded_as_one(diabetes_store, tmp_path):
    made = render(diabetes_store, tmp_path)
    page, _ = read(made)
    assert "improvement in RMSE" in page
    assert "of test rows are right" not in page
    assert "No confusion matrices: the target is a number." in page
    assert "There is no usable comparison with a twin of equal size." in page
    assert 'id="confusion"' not in page
    better = made.summary.difference(made.summary["ridge"], made.summary["hybrid"])
    scores = made.summary
    assert (better.mean > 0) == (scores.estimate(scores["ridge"]).mean < scores.estimate(scores["hybrid"]).mean)


def test_one_fixed_test_set_is_seen_and_said(fixed_store, digits_store, tmp_path):
    made = render(fixed_store, tmp_path)
    page, _ = read(made)
    assert made.summary.fixed_test
    assert made.summary.comparisons[0].estimate.design == "fixed"
    assert "one test set; each seed is a new start" in page
    assert "jackknife" in page
    assert not summarise(digits_store).fixed_test


def test_user_text_is_escaped(tmp_path):
    evil = '<script>alert("x")</script> & \'"`|*'
    arm = WholeArm(
        info("evil", "hybrid", evil, {"summary": evil, "drawing": evil, evil: evil}),
        lambda s, seed: LogisticRegression(max_iter=200),
    )
    store = Store(tmp_path)
    protocol = Protocol(evil, "digits", seeds=(0,), title=evil)
    run_cell(arm, digits_source, make_task, protocol, 0, store)
    removed = WholeArm(info("removed", "control", evil), lambda s, seed: LogisticRegression(max_iter=200))
    run_cell(removed, digits_source, make_task, protocol, 0, store)
    run_cell(FailingArm(info("f", "control", evil), ValueError(evil)), digits_source, make_task, protocol, 0, store)
    page, text = read(render(store))
    assert "<script>alert" not in page
    assert "<script>" not in text.replace("\\<script\\>", "")


def test_a_page_of_failures_only(tmp_path):
    store = Store(tmp_path)
    protocol = Protocol("p", "digits", seeds=(0, 1))
    run_cell(FailingArm(info("bad", "baseline", "Bad")), digits_source, make_task, protocol, 0, store)
    made = render(store)
    page, text = read(made)
    assert made.failed
    assert "This run has 1 failure" in page
    assert "the matrix is singular" in page
    assert "scored as chance" in page
    assert "scored as chance" in text
    assert made.summary["bad"].at_chance == (0,)


def test_without_hybrid_controls_or_baselines(digits_store, tmp_path):
    cells = list(digits_store)
    for keep in (("logistic", "svm"), ("hybrid",), ("hybrid", "logistic"), ("hybrid", "twin"), ("removed", "mlp")):
        some = [cell for cell in cells if cell.cell.arm.name in keep]
        s = summarise(some)
        assert View(s).marks
        copy = Store(tmp_path / "-".join(keep))
        for cell in some:
            copy.finish(cell)
        made = render(copy)
        read(made)
        words = {c.role for c in made.summary.verdict.values()}
        assert "removed" not in words
        assert made.summary.state in ("open", "no", "lean")


def test_an_empty_store_and_an_unknown_hash_are_refused(digits_store, tmp_path):
    with pytest.raises(DataError, match="no finished cell"):
        render(tmp_path)
    with pytest.raises(DataError, match="names 0 of the protocols"):
        render(digits_store, tmp_path, protocol_hash="zzzz")


def titles(s: Summary, level=None):
    return [f.title for f in findings(s) if level in (None, f.level)]


def summary_of(store, change=lambda cell: cell, keep=lambda cell: True, **more):
    return summarise([change(cell) for cell in store if keep(cell)], **more)


def test_findings_begin_with_the_failed_cells(digits_store):
    assert titles(summarise(digits_store))[0] == "0 failed cells of 24"
    fail = lambda c: replace(c, status="failed", reason="it burnt") if c.cell.arm.name == "mlp" else c  # noqa: E731
    found = findings(summary_of(digits_store, fail))
    assert (found[0].level, found[0].title) == ("fail", "3 failed cells of 24: MLP")
    assert "it burnt" in found[0].text


def test_missing_seeds_and_other_protocols_are_named(digits_store):
    s = summary_of(digits_store, keep=lambda c: (c.cell.arm.name, c.cell.seed) != ("twin", 1))
    assert "Classical twin lacks 1 seed of 3" in titles(s, "warn")
    assert "twin" not in s.verdict
    assert "twin" in {c.role for c in s.comparisons}

    def change(cell):
        return replace(cell, cell=replace(cell.cell, protocol_hash="f" * 32)) if cell.cell.arm.name == "svm" else cell

    s = summary_of(digits_store, change)
    assert "3 cells under another protocol, ffffffffffff" in titles(s, "warn")
    assert "svm" not in {arm.name for arm in s.arms}

    def elsewhere(cell):
        changed = change(cell)
        return changed if changed is cell else replace(changed, protocol=replace(cell.protocol, data="wine"))

    assert not [title for title in titles(summary_of(digits_store, elsewhere)) if "another protocol" in title]


def test_a_capped_arm_is_shown_and_not_judged(digits_store):
    def cap(cell):
        if cell.cell.arm.name != "removed":
            return cell
        trials = tuple(replace(t, cost={**t.cost, "capped": True}) for t in cell.trials)
        return replace(cell, trials=trials)

    s = summary_of(digits_store, cap)
    assert any("capped cell" in title for title in titles(s, "warn"))
    assert "removed" not in s.verdict
    assert s.comparison("removed") is not None


def test_a_champion_below_its_floor_fails_the_run(digits_store):
    assert "Logistic regression reaches its floor" in titles(summarise(digits_store), "pass")

    def low(cell):
        if cell.cell.arm.name != "logistic":
            return cell
        return replace(cell, metrics={**cell.metrics, "test": {"accuracy": 0.5}})

    assert "Logistic regression is below its floor" in titles(summary_of(digits_store, low), "fail")


def test_chance_level_overlap_and_dead_weights(digits_store):
    found = titles(summarise(digits_store))
    assert "Test sets overlap" in found
    assert "8 of 72 weights of Hybrid are dead" in found
    assert "No arm at chance level" in found

    def stuck(cell):
        return (
            replace(cell, metrics={**cell.metrics, "test": {"accuracy": 0.1}}) if cell.cell.arm.name == "mlp" else cell
        )

    assert "At chance level: MLP in 3 of 3 seeds" in titles(summary_of(digits_store, stuck), "warn")


def test_test_rows_in_training_and_unequal_data(digits_store):
    leak = lambda c: replace(c, data={**c.data, "test_in_training": 5})  # noqa: E731
    assert "Test rows that also lie in training" in titles(summary_of(digits_store, leak), "warn")
    kept = lambda c: replace(c, data={**c.data, "validation_in_training": 7})  # noqa: E731
    assert "Validation rows that also lie in training" in titles(summary_of(digits_store, kept), "warn")

    def other(cell):
        return replace(cell, data={**cell.data, "digest": "other"}) if cell.cell.arm.name == "svm" else cell

    assert "Not all arms saw the same data" in titles(summary_of(digits_store, other), "warn")


def test_unequal_trials_fail_the_run(digits_store):
    cut = lambda c: replace(c, trials=c.trials[:1], chosen=0) if c.cell.arm.name == "svm" else c  # noqa: E731
    assert "Unequal numbers of trials" in titles(summary_of(digits_store, cut), "fail")


def test_one_seed_is_said(digits_store):
    def one(cell):
        protocol = replace(cell.protocol, seeds=(0,))
        return replace(cell, protocol=protocol)

    s = summary_of(digits_store, one, keep=lambda c: c.cell.seed == 0)
    assert "One seed only" in titles(s, "warn")
    assert s.state == "open"


def test_the_same_difference_in_every_seed_is_said_and_claims_nothing(digits_store, tmp_path):
    level = {"hybrid": 0.9, "removed": 0.85}

    def even(cell):
        score = level.get(cell.cell.arm.name, 0.8) + 0.01 * cell.cell.seed
        return replace(cell, metrics={**cell.metrics, "test": {"accuracy": score}})

    store = Store(tmp_path / "store")
    for cell in digits_store:
        store.finish(even(cell))
    made = render(store, tmp_path)
    assert "Same difference to Circuit removed in every seed" in [found.title for found in made.findings]
    assert made.summary.comparison("removed").word == "open"
    assert made.summary.state == "open"
    read(made)


def test_a_whole_hybrid_goes_before_a_lucky_one_of_one_seed(digits_store):
    def lucky(cell):
        if cell.cell.arm.name != "product":
            return cell
        arm = replace(cell.cell.arm, name="hybrid", title="Lucky")
        perfect = {**cell.metrics, "validation": {"accuracy": 1.0}}
        return replace(cell, cell=replace(cell.cell, arm=arm), metrics=perfect)

    s = summary_of(digits_store, lucky, keep=lambda c: c.cell.arm.name != "product" or c.cell.seed == 0)
    assert len([arm for arm in s.arms if arm.name == "hybrid"]) == 2
    assert s.hero.title == "Hybrid"


def test_two_arms_of_one_name_are_told_apart(digits_store):
    def rename(cell):
        arm = (
            replace(cell.cell.arm, name="hybrid", title="Hybrid") if cell.cell.arm.name == "product" else cell.cell.arm
        )
        return replace(cell, cell=replace(cell.cell, arm=arm))

    s = summary_of(digits_store, rename)
    keys = [arm.key for arm in s.arms if arm.name == "hybrid"]
    assert len(set(keys)) == 2
    assert s.hero.validation == max(arm.validation for arm in s.arms if arm.name == "hybrid")


def test_more_arms_than_glyphs(digits_store):
    cells = []
    for cell in digits_store:
        cells.append(cell)
        if cell.cell.arm.name == "mlp":
            for k in range(20):
                arm = replace(cell.cell.arm, name=f"mlp{k}", title=f"MLP {k}")
                cells.append(replace(cell, cell=replace(cell.cell, arm=arm)))
    view = View(summarise(cells))
    assert len({view.marks.icon(arm) for arm in view.summary.arms}) > 10


def test_pareto_front():
    assert front([(2, 0.9), (1, 0.5), (3, 0.8), (1, 0.4)]) == [(1, 0.5), (2, 0.9)]


def test_ticks_hold_the_range():
    rng = np.random.default_rng(0)
    for _ in range(200):
        low = float(rng.normal() * 10 ** rng.uniform(-3, 4))
        high = low + float(10 ** rng.uniform(-3, 4))
        marks = ticks(low, high, 8)
        assert marks[0] <= low + 1e-9 * abs(low) + 1e-12
        assert marks[-1] >= high - 1e-9 * abs(high) - 1e-12
        assert 2 <= len(marks) <= 9


def test_labels_are_spread_and_placed():
    moved = spread([10, 11, 12, 50], 8, 0, 100)
    assert np.diff(moved).min() >= 7.99
    assert sorted(moved) == moved
    labels = place([(50, 50), (52, 50)], ["one", "two"], (0, 0, 200, 100))
    assert len(set(labels)) == 2


def test_scales():
    percent = Scale.of("auc", {"higher_is_better": True, "unit": ""})
    assert (percent.score(0.9), percent.band(0.01), percent.band(0.005)) == ("90.0\u00a0%", "1 point", "0.5 points")
    r2 = Scale.of("r2", {"higher_is_better": True, "unit": ""}, 0.4)
    assert (r2.score(0.4213), r2.signed(-0.01), r2.units) == ("0.421", "\u22120.010", "")
    rmse = Scale.of("rmse", {"higher_is_better": False, "unit": "target"}, 55.0)
    r2 = Scale.of("r2", {"higher_is_better": True, "unit": ""})
    assert (r2.bounded(2.008), r2.bounded(0.4), r2.bounded(-3.0)) == (1.0, 0.4, -3.0)
    assert (rmse.score(55.04), rmse.sign, rmse.bounded(-3.0)) == ("55.0", -1.0, 0.0)
    assert percent.signed(0.0) == "0.0"


def test_arms_of_the_generator_cover_all_families():
    assert {arm.info.family for arm in digits_arms()} == {"hybrid", "control", "baseline"}


def test_arms_that_share_a_title_are_told_apart_in_words(digits_store):
    def twice(cell):
        size = "8 qubits" if cell.cell.arm.name == "hybrid" else "4 qubits"
        if cell.cell.arm.name not in ("hybrid", "product"):
            return cell
        arm = replace(cell.cell.arm, name="hybrid", title="Hybrid", details={"role": "hybrid", "apart": size})
        return replace(cell, cell=replace(cell.cell, arm=arm))

    found = summary_of(digits_store, twice)
    assert found.hero is not None
    named = {arm.title: arm.spoken for arm in found.arms if arm.role == "hybrid"}
    assert named == {"Hybrid (8 qubits)": "the hybrid (8 qubits)", "Hybrid (4 qubits)": "the hybrid (4 qubits)"}
    assert f"The verdict is about {found.hero.title}" in titles(found, "note")
    assert summarise(digits_store).hero.spoken == "the hybrid"


def test_calibration_errors_of_the_figure_are_those_of_the_metric():
    from qml.bench.statistics import CALIBRATION_BINS, calibration_error
    from qml.learn import metrics

    rng = np.random.default_rng(3)
    found, targets = rng.dirichlet([1, 1, 1], 500), rng.integers(0, 3, 500)
    assert calibration_error(found, targets) == pytest.approx(metrics.calibration_error(found, targets), abs=1e-12)
    assert metrics.CALIBRATION_BINS == CALIBRATION_BINS

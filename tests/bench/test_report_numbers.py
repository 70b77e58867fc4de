"""What stands beside the verdict: rungs, tests by rows, stuck and failed runs, names, the verdict about one hybrid."""

import re
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm

from qml.base.errors import ConfigError, DataError
from qml.bench.contestant import LONGEST
from qml.bench.finding import Finding
from qml.bench.protocol import Protocol
from qml.bench.report import render
from qml.bench.report.content import Content
from qml.bench.report.figures.budget import budget_figure, spent
from qml.bench.report.figures.confusion import confusion_figure
from qml.bench.report.figures.cpu_time import cpu_time_figure
from qml.bench.report.figures.forest import ForestRow, forest
from qml.bench.report.figures.pareto import pareto_figure
from qml.bench.report.markdown import markdown
from qml.bench.report.page import Page
from qml.bench.report.sentences import alarm, subordinate
from qml.bench.report.sure import p_text, sureness
from qml.bench.report.tables import cautions
from qml.bench.report.view import View
from qml.bench.run import run_cell
from qml.bench.scale import Scale
from qml.bench.statistics import over_splits
from qml.bench.store import Store
from qml.bench.summary import summarise
from tests.bench.conftest import SMALL
from tests.bench.contestants import FailingArm, digits_source, info, make_task
from tests.bench.made_cells import CLEAR, TRIALS, made_cells


def changed(store, change, **more):
    return summarise([change(cell) for cell in store], **more)


def renamed(cell, name, role, title, family="control", **details):
    details = {**cell.cell.arm.details, "role": role, **details}
    arm = replace(cell.cell.arm, name=name, title=title, family=family, details=details)
    return replace(cell, cell=replace(cell.cell, arm=arm))


def test_the_ladder_holds_ablations_that_no_contrast_names(digits_store):
    roles = {"twin": "surrogate", "frozen": "shuffled"}

    def change(cell):
        role = roles.get(cell.cell.arm.name)
        return renamed(cell, role, role, role.capitalize()) if role else cell

    s = changed(digits_store, change)
    assert [c.role for c in s.ladder] == ["product", "surrogate", "removed", "shuffled"]
    assert {c.role for c in s.beside} == {"surrogate", "shuffled"}
    assert {c.role for c in s.comparisons} == {"product", "removed", "champion"}
    content = Content(View(s), ())
    (ladder,) = content.figures["ladder"]
    assert "exploration: Surrogate and Shuffled." in ladder.how
    named = {item.comparison.role: item.named for item in sureness(View(s))}
    assert named["removed"]
    assert not named["surrogate"]
    assert "Shuffled" in Page(content).html()
    assert "Surrogate (beside)" in markdown(content)


def test_mcnemar_stands_beside_comparisons_on_one_test_set(fixed_store, digits_store):
    s = summarise(fixed_store)
    c = s.comparison("removed")
    found = s.row_test(c)
    right = {
        name: np.array(
            [cell.arrays["test_predictions"].argmax(1) == cell.arrays["test_targets"] for cell in s[name].cells]
        )
        for name in ("hybrid", "removed")
    }
    each = right["hybrid"].astype(int) - right["removed"].astype(int)
    assert (found.only_first, found.only_second) == ((each > 0).sum(), (each < 0).sum())
    of_row = each.sum(axis=0)
    p = 2 * norm.sf(abs(of_row.sum()) / np.sqrt((of_row**2).sum()))
    assert found.p == pytest.approx(p, rel=0.5)  # all changes of sign are counted; this is their approximation
    page = Page(Content(View(s), ())).html()
    assert "p, by rows" in page
    assert p_text(found.p) in page
    splits = summarise(digits_store)
    assert splits.row_test(splits.comparison("removed")) is None
    assert "p, by rows" not in Page(Content(View(splits), ())).html()


def test_runs_that_answer_every_row_alike_are_counted(digits_store):
    def dead(cell):
        if (cell.cell.arm.name, cell.cell.seed) != ("mlp", 1):
            return cell
        flat = np.tile(cell.arrays["test_predictions"][:1], (len(cell.arrays["test_targets"]), 1))
        return replace(cell, arrays={**cell.arrays, "test_predictions": flat})

    s = changed(digits_store, dead)
    assert (s["mlp"].stuck, s["hybrid"].stuck) == (1, 0)
    assert cautions(View(s), s["mlp"]) == ["1 of 3 runs answer every row alike"]
    assert "1 of 3 runs answer every row alike" in markdown(Content(View(s), ()))
    scores = list(s["mlp"].scores.values())
    assert s["mlp"].spread.median == pytest.approx(np.median(scores))
    assert f"{100 * np.median(scores):.1f}" in Page(Content(View(s), ())).html()


def test_a_hybrid_that_never_left_the_constant_answer_is_said_under_the_headline():
    def dead(cell):
        if cell.cell.arm.name != "hybrid":
            return cell
        flat = np.tile([0.6, 0.4], (len(cell.arrays["test_targets"]), 1))
        worse = {split: {**scores, "accuracy": 0.49} for split, scores in cell.metrics.items()}
        return replace(cell, metrics=worse, arrays={**cell.arrays, "test_predictions": flat})

    protocol = Protocol("made", "toy", seeds=(0, 1), trials=TRIALS)
    cells = made_cells(protocol, CLEAR)
    learnt, stuck = View(summarise(cells)), View(summarise(map(dead, cells)))
    said = "In 2 of 2 runs the hybrid answers every test row alike (the constant answer has 50.0\xa0%)"
    assert subordinate(stuck).startswith(said)
    assert "alike" not in subordinate(learnt)
    assert cpu_time_figure(learnt).title.startswith("To reach")
    assert "To reach" not in cpu_time_figure(stuck).title
    assert "; the most frequent error of the hybrid: " in confusion_figure(learnt).title
    assert "frequent error" not in confusion_figure(stuck).title


def test_a_ranking_metric_may_be_good_though_one_class_is_answered(digits_store):
    rng = np.random.default_rng(0)

    def one_class(cell):
        found = rng.uniform(0, 0.4, len(cell.arrays["test_targets"]))
        arrays = {**cell.arrays, "test_predictions": np.stack([1 - found, found], axis=1)}
        return replace(cell, arrays=arrays)

    arm = summarise([one_class(cell) for cell in digits_store])["mlp"]
    assert arm.stuck == 3
    assert replace(arm, rank="auc").stuck == 0


def test_a_cell_all_of_whose_trials_failed_counts_as_chance(digits_store, tmp_path):
    store = Store(tmp_path)
    for cell in digits_store:
        if cell.cell.arm.name != "twin":
            store.finish(cell)
    twin = FailingArm(info("twin", "control", "Classical twin"))
    for seed in SMALL.seeds:
        run_cell(twin, lambda seed: digits_source(seed, rows=700), make_task, SMALL, seed, store)
    made = render(store, tmp_path / "out")
    s = made.summary
    assert s["twin"].at_chance == SMALL.seeds
    chance = [cell.chance["test"]["accuracy"] for cell in s["twin"].failed]
    assert list(s["twin"].scores.values()) == pytest.approx(chance)
    assert all(0.05 < value < 0.15 for value in chance)
    pairs = [a - b for a, b in zip(s["hybrid"].scores.values(), chance, strict=True)]
    wanted = over_splits(pairs, s.rows("train") + s.rows("validation"), s.rows("test"))
    assert s.comparison("twin").estimate.mean == pytest.approx(wanted.mean)
    assert s.comparison("twin").estimate.lo == pytest.approx(wanted.lo)
    assert "twin" in s.verdict
    page = made.html_path.read_text()
    assert "Failed cells" in page
    assert "3 failed cells, scored as chance" in page
    assert "the matrix is singular" in page
    assert made.failed


def test_folds_set_the_correction_of_the_interval(digits_store):
    folded = replace(SMALL, folds=3, test=1 / 3)

    def fold(cell):
        rows = {"train": 400, "validation": 66, "test": 233}
        return replace(cell, protocol=folded, data={**cell.data, "rows": rows, "total": 699})

    s = changed(digits_store, fold)
    c = s.comparison("removed")
    assert c.estimate.lo == pytest.approx(over_splits(list(c.estimate.values), 2, 1).lo)
    text = markdown(Content(View(s), ()))
    assert "1 deal of 3 folds, stratified" in text
    assert "test to training as 1 to 2" in text


def test_the_curve_over_budget_ends_at_the_score_of_the_table(digits_store):
    s = summarise(digits_store)
    for arm in s.ranked:
        curve = spent(arm, "test")
        assert len(curve.score) == SMALL.trials
        assert curve.score[-1] == pytest.approx(np.mean(list(arm.scores.values())))
        assert (np.diff(curve.cpu_s) >= 0).all()
    figure = budget_figure(View(s))
    assert figure.columns[-1] == "test accuracy, %"
    assert len(figure.rows) == SMALL.trials * len(s.ranked)


def test_without_test_scores_on_the_way_the_curve_is_of_validation(digits_store):
    def inner(cell):
        points = tuple(replace(point, test=None) if point.trials == 1 else point for point in cell.budget_curve)
        return replace(cell, budget_curve=points)

    figure = budget_figure(View(changed(digits_store, inner)))
    assert figure.columns[-1] == "validation accuracy, %"
    bare = changed(digits_store, lambda cell: replace(cell, budget_curve=()))
    assert budget_figure(View(bare)) is None
    assert "these cells keep none" in Page(Content(View(bare), ())).html()


def test_circuit_evaluations_have_their_panel(digits_store):
    def counted(cell):
        if cell.cell.arm.family != "hybrid":
            return cell
        trials = tuple(replace(t, info={**t.info, "circuit_evaluations": 1000.0 * (t.number + 1)}) for t in cell.trials)
        return replace(cell, trials=trials)

    s = changed(digits_store, counted)
    page = Page(Content(View(s), ())).html()
    assert "circuit evaluations (log scale)" in page
    bare = [arm for arm in s.ranked if arm.family != "hybrid"]
    best = max(bare, key=lambda arm: s.estimate(arm).mean)
    assert f"without a circuit: {best.title}" in page
    # among circuits alone one is always at the front, so that panel makes no claim
    figure = pareto_figure(View(s))
    assert "circuit evaluations" not in figure.title
    assert figure.columns[-1] == "circuit evaluations"
    assert "circuit evaluations (log scale)" not in Page(Content(View(summarise(digits_store)), ())).html()


def test_one_name_for_an_arm_everywhere(digits_store):
    long = "A support vector machine with a Gaussian kernel"

    def change(cell):
        return (
            renamed(cell, "svm", "svm", long, "baseline", short="Gaussian SVM") if cell.cell.arm.name == "svm" else cell
        )

    s = changed(digits_store, change)
    assert s["svm"].title == "Gaussian SVM"
    content = Content(View(s), ())
    page, text = Page(content).html(), markdown(content)
    assert page.count(long) == 1  # in the score table, once, as what it is in full
    assert "Gaussian SVM" in text
    assert long not in text
    drawn = re.findall(r"<text[^>]*>([^<]*)</text>", page)
    assert "Gaussian SVM" in drawn
    assert all(len(arm.title) <= LONGEST + len(" (abcd)") for arm in s.arms if arm.key != "frozen")


def test_the_verdict_about_one_hybrid_of_several(digits_store, tmp_path):
    store = Store(tmp_path)
    for cell in digits_store:
        name = cell.cell.arm.name
        store.finish(renamed(cell, "hybrid", "hybrid", "Second", "hybrid") if name == "product" else cell)
    made = render(store, tmp_path / "out")
    first, second = (next(a for a in made.summary.arms if a.title == title) for title in ("Hybrid", "Second"))
    assert made.summary.hero.title in ("Hybrid", "Second")
    for arm in (first, second):
        said = made.verdict_about(arm.digest)
        mean = np.mean(list(arm.scores.values()))
        assert f"{100 * mean:.1f} %" in said
        about = render(store, tmp_path / arm.key, about=arm.digest)
        assert about.summary.hero.key == arm.key
        assert about.verdict == said
    logistic = next(a for a in made.summary.arms if a.name == "logistic")
    assert made.verdict_about(logistic.digest) == made.verdict_about(None) == made.verdict
    for strange in ("abc", logistic.digest):
        with pytest.raises(ConfigError, match=rf"about '{strange}' was asked for.*{first.key} \({first.digest}\)"):
            render(store, tmp_path / "none", about=strange)


@pytest.mark.parametrize("nothing", [None, [], ()])
def test_a_report_of_no_store_is_refused(nothing, tmp_path):
    with pytest.raises(DataError, match=r"made of the cells of a store. Name one, or several"):
        render(nothing, tmp_path / "out")


def test_the_alarm_names_levels_and_the_first_findings():
    assert alarm((Finding("suspect", "odd"), Finding("warn", "w"))) == ""
    found = (*tuple(Finding("fail", f"f{k}") for k in range(7)), Finding("severe", "copied"))
    said = alarm(found)
    assert said.startswith("**This run has 1 severe finding and 7 failures")
    assert "copied; f0; f1; f2; 4 more." in said


def test_severe_and_suspect_findings_keep_their_words(digits_store):
    found = (
        Finding("severe", "Copied rows", "Rows are equal.", "7 of 7", "They count twice."),
        Finding("suspect", "Odd"),
    )
    content = Content(View(summarise(digits_store)), found)
    page, text = Page(content).html(), markdown(content)
    assert '<span class="st fail">severe</span>' in page
    assert '<span class="st warn">suspect</span>' in page
    assert "Rows are equal. 7 of 7. They count twice." in page
    assert "- severe: **Copied rows**" in text


@pytest.mark.parametrize("ends", [(-0.9, 0.01), (-0.01, 0.9), (-0.5, 0.5)])
def test_the_words_of_the_two_sides_never_touch(ends):
    row = ForestRow(lambda x, y: "", "Twin", "", "", sum(ends) / 2, *ends, ())
    for wide in (True, False):
        svg = forest([row], Scale.of("accuracy", {}), 0.01, "Hybrid minus", "", wide).svg("w")
        places = [re.search(rf'<text x="([\d.]+)"[^>]*>{word}', svg).group(1) for word in ("← worse", "better →")]
        left, right = map(float, places)
        assert right - left >= 12
        first, last = (212, 548) if wide else (14, 346)
        assert first + 44 <= left
        assert right + 44 <= last

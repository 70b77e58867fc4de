"""What a verdict may rest on: the champion, the cap, stand-ins of the circuit; and why there is none."""

from dataclasses import replace

import pytest

from qml.bench import Store, render
from qml.bench.audit import findings
from qml.bench.protocol import Protocol
from qml.bench.report.as_data import report_json
from qml.bench.report.content import Content
from qml.bench.report.sentences import headline_text, key_facts, subordinate
from qml.bench.report.tables import score_rows
from qml.bench.report.view import View
from qml.bench.summary import summarise
from qml.bench.words import HEADLINES, answer, reason_of
from tests.bench.made_cells import CLEAR, TRIALS, made_cells

TEN = Protocol("made", "toy", seeds=tuple(range(10)), trials=TRIALS, cpu_s=15.0)
STRONG = {**CLEAR, "boosting": 0.97}


def read(levels, protocol=TEN, **more):
    return summarise(made_cells(protocol, levels, **more))


def told(summary, level):
    return {found.title: found.text for found in findings(summary) if found.level == level}


def test_a_capped_trial_that_was_not_chosen_takes_no_one_out_of_the_verdict():
    free, capped = read(STRONG), read(STRONG, capped={("boosting", 3): (2,)})
    assert free.state == capped.state == "part"
    assert capped.champion.name == "boosting"
    assert (capped["boosting"].capped, capped["boosting"].cut) == (1, 0)
    assert "1 capped cell" in told(capped, "warn")
    assert read(CLEAR, capped={("hybrid", 3): (2,)}).state == "yes"


def test_a_champion_that_the_cap_has_cut_is_shown_and_leaves_no_yes():
    summary = read(STRONG, capped={("boosting", 3): (0,)})
    assert summary.champion.name == "boosting"
    assert summary.comparison("champion").word == "worse!"
    assert "champion" not in summary.verdict
    view = View(summary)
    assert (summary.state, summary.why) == ("lean", "barred")
    assert headline_text(view).endswith("Not judged: the comparison with the champion.")
    assert "Boosting was cut by the cap of CPU seconds in 1 of 10 cells, so that comparison is shown" in subordinate(
        view
    )
    assert "It cut chosen fits of Boosting" in told(summary, "warn")["1 capped cell"]
    weak = read({**CLEAR, "svm": 0.70}, capped={("knn", 3): (0,)})  # the best by validation is cut, another is not
    assert (weak.champion.name, weak.state) == ("knn", "lean")


def test_a_fit_that_ended_by_itself_was_not_cut_however_long_it_took():
    cells = made_cells(TEN, STRONG, capped={("boosting", seed): (0,) for seed in TEN.seeds})

    def late(trial):
        return replace(trial, cost={**trial.cost, "stopped": "converged"}) if trial.cost["capped"] else trial

    summary = summarise([replace(cell, trials=tuple(map(late, cell.trials))) for cell in cells])
    assert (summary["boosting"].capped, summary["boosting"].cut) == (10, 0)
    assert (summary.champion.name, summary.state) == ("boosting", "part")


@pytest.mark.parametrize(("level", "state"), [(0.95, "part"), (0.90, "part"), (0.80, "yes")])
@pytest.mark.parametrize("role", ["surrogate", "random_features"])
def test_a_stand_in_that_is_as_good_takes_the_yes(role, level, state):
    summary = read({**CLEAR, role: level}, replace(TEN, rope=0.02))
    assert summary.state == state
    said = "A classical stand-in of the circuit is better or practically equal: "
    name = role.capitalize()
    text = subordinate(View(summary))
    assert (said in text) == (state == "part")
    if state == "part":
        assert (summary.why, f"{said}{name}" in text) == ("stand_in", True)
        assert "a classical stand-in of it is as good or better" in headline_text(View(summary))
    else:
        assert headline_text(View(summary)) == HEADLINES["yes"]


def test_a_stand_in_that_is_not_judged_leaves_no_yes():
    summary = read({**CLEAR, "surrogate": 0.80}, capped={("surrogate", 0): (0,)})
    assert (summary.state, summary.why) == ("lean", "barred")
    assert "Surrogate was cut by the cap" in subordinate(View(summary))


def test_less_of_the_circuit_that_is_as_good_is_said_and_changes_no_state():
    summary = read({**CLEAR, "product": 0.93, "frozen": 0.90}, replace(TEN, rope=0.02))
    assert summary.state == "yes"
    text = subordinate(View(summary))
    assert "With less of the circuit the model is better or practically equal: Product (" in text
    assert "; Frozen (practically equal)." in text
    assert "With less" not in subordinate(View(read({**CLEAR, "product": 0.8})))


def without(*names):
    return {name: level for name, level in CLEAR.items() if name not in names}


@pytest.mark.parametrize(
    ("levels", "more", "why", "said"),
    [
        (without("hybrid", "removed", "twin"), {}, "no_hybrid", "No verdict. No arm with a circuit"),
        (CLEAR, {"capped": {("hybrid", 3): (0,)}}, "barred", "No verdict. Not judged: the comparison with circuit"),
        (without("removed", "twin"), {}, "absent", "No verdict. Not made: the comparison with circuit"),
        (
            dict.fromkeys(CLEAR, 0.9),
            {"sd": 0.0},
            "no_interval",
            "No verdict. Without an interval: the comparison with circuit removed and the twin.",
        ),
        (
            dict.fromkeys(without("knn"), 0.9),
            {"sd": 0.05},
            "",
            "No evidence either way. This design was too small to tell.",
        ),
        (
            {**dict.fromkeys(without("knn"), 0.8), "knn": 0.95},
            {"sd": 0.05},
            "champion",
            "No evidence on the circuit itself. As a whole the model is worse than the champion.",
        ),
    ],
)
def test_the_size_of_a_design_is_blamed_only_where_it_is_the_reason(levels, more, why, said):
    summary = read(levels, **more)
    assert (summary.state, summary.why) == ("open", why)
    assert headline_text(View(summary)).startswith(said)


def test_a_circuit_that_makes_no_difference_is_said_also_where_the_twin_is_open():
    assert reason_of("open", "equal", "open", "worse!", {}) == "not_needed"
    assert reason_of("open", "equal", "open", "open", {}) == "not_needed"
    assert reason_of("open", "open", "open", "open", {}) == ""
    assert answer("open", "not_needed") == "Not established. Without its circuit the model is practically as good."


def test_one_that_decides_is_missed_by_its_name():
    summary = read(without("knn"))
    assert (summary.state, summary.why) == ("lean", "absent")
    assert headline_text(View(summary)).endswith("Not made: the comparison with the champion.")
    assert report_json(Content(View(summary), ()))["verdict"]["why"] == "absent"


def test_a_comparison_that_is_not_judged_says_which_way_and_why_in_the_terminal_too(tmp_path):
    two = replace(TEN, seeds=(0, 1))
    store = Store(tmp_path)
    for cell in made_cells(two, {**CLEAR, "removed": 0.95}):
        if (cell.cell.arm.name, cell.cell.seed) != ("removed", 1):
            store.finish(cell)
    said = render(store, tmp_path / "out").verdict
    assert "No verdict" in said or "Not established" in said
    assert "Not judged: the comparison with circuit removed." in said
    assert "points behind the same model without it (no interval, not judged)" in said
    assert "Removed was run on 1 of 2 seeds, so that comparison is shown and not judged." in said
    assert "a classical twin of equal size" in said


def test_the_seeds_of_a_page_are_those_that_the_hybrid_has():
    one = [cell for cell in made_cells(TEN, CLEAR) if cell.cell.seed == 0]
    for cells, said in ((one, "1 ×"), (made_cells(TEN, CLEAR), "10 ×")):
        (fact,) = [fact for fact in key_facts(View(summarise(cells))) if "seeds × test rows" in fact[2]]
        assert fact[0].startswith(said)
        assert ("the protocol asks for 10 seeds" in fact[2]) == (cells is one)


def test_the_smallest_visible_difference_is_told_from_the_best_comparison_to_the_worst():
    summary = read(CLEAR)
    seen = sorted(100 * c.estimate.visible for c in summary.comparisons)
    number, unit, what = key_facts(View(summary))[0]
    assert (number, unit) == (f"{seen[0]:.1f} to {seen[-1]:.1f}", "points")
    assert what.endswith("by comparison")
    blind = read(CLEAR, replace(TEN, seeds=(0, 1)), sd=0.1)
    none = sum(c.estimate.visible > c.estimate.limit for c in blind.comparisons)
    assert 0 < none < 3
    assert key_facts(View(blind))[0][2].endswith(f"; none in {none} of 3 comparisons")
    two = read({"hybrid": 0.7, "removed": 0.5}, replace(TEN, seeds=(0, 1)), sd=0.2)
    assert two.comparison("removed").estimate.visible > 1
    assert key_facts(View(two))[0][:2] == ("no", "difference")


def floored(levels, **floors):
    return read(levels, replace(TEN, floors=tuple(floors.items())))


def test_the_floor_of_the_champion_is_the_best_mean_of_a_baseline():
    two = {**CLEAR, "svm": 0.95}
    assert "Best baseline, Svm, reaches its floor" in told(floored(two, champion=0.94), "pass")
    low = told(floored(two, champion=0.96), "fail")
    assert "read no verdict" in low["Best baseline, Svm, is below its floor"]

    def lucky(cell):  # the best on validation rows is not the best on test rows
        better = {"accuracy": 0.999, "auc": 0.999}
        return replace(cell, metrics={**cell.metrics, "validation": better}) if cell.cell.arm.name == "knn" else cell

    protocol = replace(TEN, floors=(("champion", 0.94),))
    summary = summarise([lucky(cell) for cell in made_cells(protocol, two)])
    assert summary.champion.name == "knn"
    assert "Best baseline, Svm, reaches its floor" in told(summary, "pass")


def test_a_floor_that_nothing_is_held_to_counts_as_failed():
    assert "No cells of logistc" in told(floored(CLEAR, logistc=0.5), "fail")
    assert "No cells of champion" in told(floored(without("knn"), champion=0.5), "fail")


def test_every_metric_of_the_score_table_counts_failed_cells_and_is_in_the_same_units():
    cells = [
        replace(cell, status="failed", chosen=None, reason="it burnt", metrics={})
        if cell.cell.arm.name == "hybrid" and cell.cell.seed < 8
        else cell
        for cell in made_cells(TEN, CLEAR)
    ]
    columns, rows = score_rows(View(summarise(cells)))
    hybrid = dict(zip(columns, next(row for row in rows if row[0] == "Hybrid"), strict=True))
    assert float(hybrid["test AUC, %"]) == pytest.approx(100 * (8 * 0.5 + 2 * 0.95) / 10)
    assert float(hybrid["accuracy, %: mean"]) == pytest.approx(58, abs=1)


def test_what_is_known_to_be_of_another_protocol_is_not_told_here():
    other = replace(TEN, data="other")
    cells = [*made_cells(TEN, CLEAR), *made_cells(other, CLEAR)]
    ours, theirs = cells[0].cell.digest, cells[-1].cell.digest
    broken = ((ours, "its file is gone."), (theirs, "its file is gone."))
    summary = summarise(cells, TEN.hash, broken, (ours, theirs, "unknown"))
    assert summary.unfinished == (ours, "unknown")
    assert summary.damaged == broken[:1]


def test_a_hybrid_chosen_on_rows_that_are_test_rows_elsewhere_is_not_credited():
    two = {"levels": {**CLEAR, "large": 0.92}, "hybrids": ["large"]}
    drawn, one, alone = read(**two), read(**two, fixed=True), read(CLEAR)
    assert [s.hero.name for s in (drawn, one, alone)] == ["large", "large", "hybrid"]
    assert (one.state, alone.state) == ("yes", "yes")
    assert (drawn.state, drawn.why) == ("lean", "chosen")
    assert headline_text(View(drawn)).endswith("chosen on rows of the test sets.")
    assert "2 hybrids were run" in subordinate(View(drawn))
    assert "hybrids were run" not in subordinate(View(one)) + subordinate(View(alone))
    assert replace(drawn, about="hybrid").state == "lean"  # who asks for one has chosen it


def test_what_is_said_against_a_chosen_hybrid_stands():
    worse = read({**CLEAR, "hybrid": 0.70, "large": 0.71}, hybrids=["large"])
    assert (worse.state, worse.why) == ("no", "")

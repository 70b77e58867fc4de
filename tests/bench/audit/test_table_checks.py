"""Every check of a table catches the fault that is planted for it, and only it does."""

from dataclasses import replace

import numpy as np
import pytest

from qml.bench.checks import budgets, copies, grid, moments, provenance, repetitions, training_scores
from qml.bench.checks.tables import TABLE_CHECKS, table_findings
from qml.bench.results_row import ResultRow, ResultTable
from tests.bench.audit.tables import SEEDS, changed, extended, sound

BASE = sound()
TRAINING = tuple(n / 240 for n in (233, 235, 227, 238, 229))
COUNTS = np.random.default_rng(7).permutation(np.arange(30, 60))[:20] / 60
FIVE = tuple(n / 60 for n in (51, 48, 57, 53, 45))
CURVE = (0.6, 0.7, 0.8, 0.75)


def renamed(rows, before, after):
    return [replace(row, data=row.data.replace(before, after)) for row in rows]


def at_top(table):
    """Every row reports the best epoch of a test curve that falls at its end."""
    rows = [replace(row, test=(0.8,), test_mean=0.8, test_sd=0.0, train=(), test_curve=(CURVE,)) for row in table.rows]
    return replace(table, rows=tuple(rows))


def in_place(number, **values):
    return changed(BASE, number, **values)


PLANTED = {  # check -> (level, words of the title, table with the fault, rows that are named)
    copies.listed_twice: ("severe", "1 row listed twice", extended(BASE, [BASE.rows[4]]), (18,)),
    copies.copied_rows: (
        "severe",
        "6 rows copied under another name ('manifold' for 'curves')",
        extended(BASE, renamed(BASE.rows[6:12], "curves", "manifold")),
        tuple(range(18, 24)),
    ),
    copies.shared_repetitions: (
        "suspect",
        "1 row with every repetition of another row",
        changed(changed(BASE, 2, test=FIVE), 11, test=FIVE),
        (11,),
    ),
    grid.off_the_grid: (
        "severe",
        "1 row with a test score that no split of its size can give",
        in_place(3, test=TRAINING),
        (3,),
    ),
    moments.contradicting_moments: (
        "severe",
        "1 row whose summary contradicts its repetitions",
        in_place(5, test_mean=0.99),
        (5,),
    ),
    training_scores.equal_to_training: (
        "severe",
        "1 row whose test scores equal the training scores",
        in_place(2, train=BASE.rows[2].test),
        (2,),
    ),
    training_scores.perfect_against_selection: (
        "suspect",
        "1 row without one error in training and test, against selection",
        in_place(7, test=(1.0,) * SEEDS, train=(1.0,) * SEEDS, selection=0.8),
        (7,),
    ),
    repetitions.repeated_seeds: (
        "severe",
        "1 row with a seed that is counted twice",
        in_place(1, seeds=("0", "1", "2", "2", "4")),
        (1,),
    ),
    repetitions.repeated_blocks: (
        "severe",
        "1 row with repetitions that are repeated",
        in_place(8, test=(*COUNTS[:10].tolist(),) * 2 + (*COUNTS[10:].tolist(),), train=()),
        (8,),
    ),
    repetitions.seeds_without_effect: (
        "suspect",
        "1 row in which seeds change nothing",
        in_place(9, test=(0.75,) * SEEDS, train=(0.8,) * SEEDS),
        (9,),
    ),
    budgets.unequal_trials: ("warn", "Trials unequal between arms: 12 to 36", in_place(0, trials=36), ()),
    budgets.failed_trials: ("warn", "7 failed trials of 1 arm", in_place(0, failed=7), (0,)),
    budgets.chosen_on_test: ("severe", "1 row chosen on the test split", in_place(6, chosen_on="test"), (6,)),
    budgets.best_of_test_curve: (
        "severe",
        "18 rows reported at the best epoch of the test curve",
        at_top(BASE),
        tuple(range(18)),
    ),
    provenance.missing_provenance: ("warn", "1 row without versions of packages", in_place(4, versions=""), (4,)),
}


def test_every_check_has_its_fault():
    assert set(PLANTED) == set(TABLE_CHECKS)


def test_a_sound_table_passes():
    assert [finding.level for finding in table_findings(BASE)] == ["pass"]


@pytest.mark.parametrize("check", TABLE_CHECKS, ids=lambda check: check.__name__)
def test_a_planted_fault_is_caught_by_its_check_alone(check):
    level, title, table, rows = PLANTED[check]
    found = [f for f in table_findings(table) if f.title.startswith(title)]
    assert [(f.level, f.rows) for f in found] == [(level, rows)]
    assert found[0].consequence or found[0].text
    left = table_findings(table, [other for other in TABLE_CHECKS if other is not check])
    assert not [f for f in left if f.title.startswith(title)]


@pytest.mark.parametrize("seed", range(20))
def test_sound_tables_of_any_size_have_nothing_severe(seed):
    table = sound(n_sets=60, arms=("a", "b", "c", "d"), seed=100 + seed)
    assert not [f for f in table_findings(table) if f.is_severe]


def test_the_grid_knows_how_a_column_is_rounded():
    rounded = changed(BASE, 0, test=(0.98, 0.85, 0.82, 0.97, 0.93))
    assert not list(grid.off_the_grid(replace(rounded, decimals={"test": 2, "train": 16})))[:-1]
    assert [f.level for f in grid.off_the_grid(replace(rounded, decimals={"test": 6}))] == ["severe"]


def test_rounding_coarser_than_a_row_is_said_and_not_judged():
    big = ResultTable((ResultRow(0, "a:2", "svm", "mnist", n_test=10_000, test=(0.97,)),), frozenset(), {"test": 2})
    assert [f.level for f in grid.off_the_grid(big)] == ["note"]


@pytest.mark.parametrize(
    ("score", "mixed", "level"),
    [
        (0.9667, True, None),  # 58 of 60 to four digits, beside others in full
        (0.9667, False, "severe"),  # the same where the column shows that zeros were written
        (0.9666, True, "suspect"),  # 58 of 60, cut off
        (0.9708, True, "severe"),
        (0.97, True, "note"),  # two digits of 1/60 say little
        (0.9, True, None),  # in full, without its zeros
    ],
)
def test_a_score_is_read_to_its_own_digits_where_a_column_is_mixed(score, mixed, level):
    rows = (ResultRow(0, "a:2", "svm", "wine", n_test=60, test=(score,)),)
    table = ResultTable(rows, frozenset(), {"test": 16}, mixed=frozenset(("test",) if mixed else ()))
    assert [f.level for f in grid.off_the_grid(table)] == ([level] if level else [])


def test_a_row_is_as_exact_as_its_longest_score():
    row = ResultRow(0, "a:2", "svm", "wine", n_test=60, test=(0.97, 0.883333))
    table = ResultTable((row,), frozenset(), {"test": 6}, mixed=frozenset(("test",)))
    assert [f.level for f in grid.off_the_grid(table)] == ["severe"]


@pytest.mark.parametrize(("assumed", "level"), [(True, "suspect"), (False, "severe")])
def test_a_table_that_is_off_as_a_whole_may_hold_another_metric(assumed, level):
    rows = tuple(ResultRow(n, f"a:{n}", "svm", str(n), n_test=60, test=(s,)) for n, s in enumerate((0.95734, 0.98331)))
    (found,) = grid.off_the_grid(ResultTable(rows, frozenset(), {"test": 5}, assumed=assumed))
    assert (found.level, found.rows) == (level, (0, 1))
    assert ("metric=auc" in found.consequence) == assumed


def test_a_mean_with_its_digits_cut_off_is_no_contradiction():
    row = ResultRow(0, "a:2", "svm", "wine", test=(0.95, 0.9833, 0.9667), test_mean=0.9666)
    table = ResultTable((row,), frozenset(), {"test": 4, "test_mean": 4})
    assert moments.contradiction(table, row) == ""
    mixed = replace(table, decimals={"test": 16, "test_mean": 16}, mixed=frozenset(("test", "test_mean")))
    assert moments.contradiction(mixed, row) == ""
    assert "a mean of 0.9633" in moments.contradiction(mixed, replace(row, test_mean=0.9633))


def test_means_stand_for_repetitions_that_are_not_listed():
    row = ResultRow(0, "a:2", "svm", "wine", n_test=60, n_seeds=5, test_mean=0.87)
    table = ResultTable((row,), frozenset(), {"test_mean": 6})
    assert list(grid.off_the_grid(table)) == []
    assert len(list(grid.off_the_grid(replace(table, rows=(replace(row, test_mean=0.8712),))))) == 1


def test_ceilings_are_no_copies():
    top = [
        replace(row, test=(1.0,) * SEEDS, train=(1.0,) * SEEDS, test_mean=1.0, test_sd=0.0, selection=1.0, cost_s=0.001)
        for row in BASE.rows
    ]
    assert list(copies.copied_rows(replace(BASE, rows=tuple(top)))) == []


def test_one_copied_row_is_severe_beyond_chance_and_suspect_below():
    one = extended(BASE, renamed(BASE.rows[:1], "curves", "manifold"))
    assert [(f.level, f.rows) for f in copies.copied_rows(one)] == [("severe", (18,))]
    plain = changed(BASE, 0, test=(0.8,) * SEEDS, train=(0.9,) * SEEDS, test_sd=0.0, test_mean=0.8)
    few = extended(plain, renamed(plain.rows[:1], "curves", "manifold"))
    assert [(f.level, f.rows) for f in copies.copied_rows(few)] == [("suspect", (18,))]


def test_equal_repetitions_are_told_beyond_chance_and_between_two_arms_or_data_sets():
    def told(first, second):
        return [f.rows for f in copies.shared_repetitions(changed(changed(BASE, 2, **first), 11, **second))]

    five, four = {"test": FIVE}, {"test": (*FIVE[:4], 1.0)}
    assert told(five, {**five, "cost_s": 3.2, "settings": "C=1", "train": TRAINING}) == [(11,)]
    assert told(four, four) == told(five, {"test": FIVE[::-1]}) == []
    again = {**five, "arm": BASE.rows[2].arm, "data": BASE.rows[2].data, "terms": "a longer training"}
    assert told(five, again) == []


def test_a_second_result_of_the_same_arm_is_suspect():
    more = extended(BASE, [replace(BASE.rows[4], test=BASE.rows[3].test, cost_s=7.0)])
    assert [(f.level, f.rows) for f in copies.listed_twice(more)] == [("suspect", (18,))]


def test_arms_without_chance_are_noted_and_not_suspected():
    rows = [replace(r, test=r.test[:1] * SEEDS, train=r.train[:1] * SEEDS) if r.arm == "svm" else r for r in BASE.rows]
    found = list(repetitions.seeds_without_effect(replace(BASE, rows=tuple(rows))))
    assert [(f.level, f.title) for f in found] == [("note", "Seeds change nothing for svm")]


def test_a_seed_written_in_two_ways_is_one():
    (found,) = repetitions.repeated_seeds(in_place(1, seeds=("0", "00", "0.0", "1", "first")))
    assert "has seed 0 3 times" in found.evidence
    assert not list(repetitions.repeated_seeds(in_place(1, seeds=("0", "1", "10", "first", "First"))))


def test_chance_makes_no_block():
    draw = np.random.default_rng(0)
    hits = sum(repetitions.longest_block((draw.integers(50, 60, 30) / 60).tolist()) is not None for _ in range(2000))
    assert hits <= 2


@pytest.mark.parametrize(
    ("words", "levels"),
    [
        *(
            (said, ["severe"])
            for said in ("test", "Test set", "test_acc", "the test split", "testAccuracy", "best-of-test")
        ),
        *((said, ["suspect"]) for said in ("validation, never test", "val and test", "test fold")),
        *((said, []) for said in ("validation", "latest epoch", "", "cv of training", "contest rows")),
    ],
)
def test_the_split_of_the_choice_is_read_in_any_words(words, levels):
    assert [f.level for f in budgets.chosen_on_test(in_place(6, chosen_on=words))] == levels


def test_trials_are_compared_on_each_data_set():
    """The most trials of both arms are 100, on different data sets; then the same numbers, data set by data set."""

    def table(counts):
        rows = [ResultRow(n, f"a:{n}", arm, data, trials=count) for n, (arm, data, count) in enumerate(counts)]
        return ResultTable(tuple(rows), frozenset(("trials",)))

    crossed = table([("svm", "a", 100), ("qnn", "a", 1), ("svm", "b", 90), ("qnn", "b", 100)])
    (found,) = budgets.unequal_trials(crossed)
    assert found.title == "Trials unequal between arms: 1 to 100"
    assert found.text == "On a, qnn tried 1 setting, svm 100; the numbers differ on 2 of 2 data sets."
    same = table([("svm", "a", 100), ("qnn", "a", 100), ("svm", "b", 12), ("qnn", "b", 12)])
    assert list(budgets.unequal_trials(same)) == []


def test_a_curve_belongs_to_its_repetition():
    """Three seeds of one row, each at the top of its own curve; then two at their ends, and all at their ends."""

    def told(*scores):
        curves = tuple((0.5, top, 0.75) for top in (0.9, 0.85, 0.88))
        row = replace(BASE.rows[0], test=scores, test_curve=curves)
        return [(f.level, f.rows, f.text) for f in budgets.best_of_test_curve(replace(BASE, rows=(row,)))]

    words = "3 of 3 curves that fall towards their end are reported at their top."
    assert told(0.9, 0.85, 0.88) == [("severe", (0,), words)]
    assert told(0.9, 0.75, 0.75) == [("suspect", (0,), words.replace("3", "1", 1))]
    assert told(0.75, 0.75, 0.75) == told(0.75, 0.85) == []


def test_a_score_is_at_the_top_of_its_curve_whatever_its_digits():
    curve, table = (0.5, 0.9167, 0.9), replace(BASE, decimals={"test_curve": 4, "test": 16})
    assert [
        bool(
            list(
                budgets.best_of_test_curve(
                    replace(table, rows=(replace(BASE.rows[0], test=(score,), test_curve=(curve,)),))
                )
            )
        )
        for score in (55 / 60, 0.9, 0.91)
    ] == [True, False, False]


def test_what_is_missing_is_said():
    bare = replace(BASE, fields=frozenset(("arm", "data", "test")))
    assert provenance.missing_provenance is TABLE_CHECKS[-1]
    assert (
        "Not recorded: versions of packages, the digest of the circuit"
        in next(iter(provenance.missing_provenance(bare))).title
    )


def test_a_table_without_a_score_does_not_pass():
    table = sound()
    rows = tuple(replace(row, test=(), test_mean=None, test_sd=None) for row in table.rows)
    found = {f.title: f.level for f in table_findings(replace(table, rows=rows))}
    assert found["No score was read in 18 rows"] == "warn"
    assert "pass" not in found.values()
    assert "pass" in {f.level for f in table_findings(table)}

"""From cells of several data sets to one table; cells of other terms are refused."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from sklearn.datasets import load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC

from qml.base.errors import ConfigError, DataError
from qml.bench.across import read
from qml.bench.protocol import Protocol
from qml.bench.report.suite import sentences
from qml.bench.report.suite.content import SuiteContent
from qml.bench.report.suite.view import SuiteView
from qml.bench.suite import Suite
from qml.bench.suite_scores import suite_scores
from qml.bench.summary import summarise
from tests.bench.conftest import fill
from tests.bench.contestants import EpochArm, PlainSource, WholeArm, digits_source, info
from tests.bench.made_cells import CLEAR, TRIALS, made_cells

CONTRASTS = (("hybrid", "removed"), ("hybrid", "champion"))
TERMS = Protocol("pair", "digits", epochs=2, seeds=(0, 1), contrasts=CONTRASTS)
SUITE = Suite.over("pair", TERMS, [{"data": "digits"}, {"data": "wine"}])


def wine_source(seed):
    inputs, targets = load_wine(return_X_y=True)
    return PlainSource(inputs, targets, seed, name="wine", labels=("0", "1", "2"))


def arms(more=()):
    return (
        EpochArm(info("hybrid", "hybrid", "Hybrid"), 4, 24),
        EpochArm(info("removed", "control", "Circuit removed"), 6),
        WholeArm(info("logistic", "baseline", "Logistic"), lambda s, seed: LogisticRegression(max_iter=3000)),
        *more,
    )


@pytest.fixture(scope="module")
def summaries(tmp_path_factory):
    svm = WholeArm(info("svm", "baseline", "SVM"), lambda s, seed: SVC())
    folder = tmp_path_factory.mktemp("suite")
    fill(folder, arms((svm,)), partial(digits_source, rows=300), SUITE.protocol("digits"))
    store = fill(folder, arms(), wine_source, SUITE.protocol("wine"))
    cells = tuple(store)
    return tuple(summarise(cells, protocol.hash) for protocol in SUITE.protocols)


def test_seeds_are_averaged_and_rows_are_the_data_sets(summaries):
    found = suite_scores(SUITE, summaries[::-1])
    assert found.scores.data == ("digits", "wine")
    for summary in summaries:
        row = found.scores.data.index(summary.protocol.data)
        for arm in ("hybrid", "removed", "logistic"):
            mean = np.mean(list(summary[arm].scores.values()))
            assert found.scores.column(arm)[row] == pytest.approx(mean)
        champion = summary.champion
        assert found.scores.column("champion")[row] == pytest.approx(np.mean(list(champion.scores.values())))


def test_an_arm_that_is_not_everywhere_is_left_out_and_named(summaries):
    found = suite_scores(SUITE, summaries)
    assert "svm" not in found.scores.arms
    assert ("svm", "absent on wine") in found.left_out
    assert found.contrasts(SUITE) == CONTRASTS
    across = read(found.scores, found.contrasts(SUITE), SUITE.rope)
    assert {c.word for c in across.contrasts} == {"open"}  # two data sets claim nothing


def test_cells_of_other_terms_are_refused(summaries):
    other = replace(summaries[0], protocol=replace(summaries[0].protocol, epochs=3))
    with pytest.raises(DataError, match=r"'digits' ran under protocol .*none of its own"):
        suite_scores(SUITE, [other, summaries[1]])


def test_a_part_of_a_suite_is_refused(summaries):
    with pytest.raises(DataError, match="no cells on wine"):
        suite_scores(SUITE, summaries[:1])


MADE = Suite.over(
    "made",
    Protocol("made", "set0", seeds=(0, 1, 2), trials=TRIALS, contrasts=CONTRASTS[:1]),
    [{"data": f"set{number}"} for number in range(8)],
    contrasts=(("hybrid", "removed"), ("hybrid", "twin"), ("hybrid", "champion")),
)
STRONG = {**CLEAR, "boosting": 0.97}


def made(levels, capped=None, **others):
    """The view of eight made sets; the cap is met on the second of them."""
    found = []
    for protocol in MADE.protocols:
        more = others | ({"capped": capped} if capped and protocol.data == "set1" else {})
        found.append(summarise(made_cells(protocol, levels, **more)))
    return SuiteView(MADE, tuple(found))


def test_a_capped_trial_that_was_not_chosen_changes_nothing_across_sets():
    free, capped = made(STRONG), made(STRONG, {("boosting", 1): (2,)})
    assert free.across.state == capped.across.state == "part"
    assert np.array_equal(free.table.scores.values, capped.table.scores.values)
    assert capped.table.cut == ()
    assert made(CLEAR).across.state == "yes"


def test_a_cut_champion_keeps_its_column_and_loses_its_contrast():
    view = made(STRONG, {("boosting", 1): (0,)})
    assert view.table.scores.column("champion").tolist() == made(STRONG).table.scores.column("champion").tolist()
    assert dict(view.table.cut) == dict.fromkeys(("champion", "boosting"), "cut by the cap of CPU seconds on set1")
    assert [c.against for c in view.contrasts] == ["removed", "twin"]
    assert sentences.state(view) == "lean"
    assert sentences.headline_text(view).endswith("Not judged: the comparison with the champion.")
    said = "Hybrid with Champion: not judged (Champion: cut by the cap of CPU seconds on set1)."
    assert sentences.contrast_texts(view)[-1] == said
    content = SuiteContent(view, ((),) * 8, MADE.data)
    (finding,) = [f for f in content.told if f[1].title == "No contrast of Hybrid with Champion"]
    assert finding[1].text.startswith("Champion: cut by the cap of CPU seconds on set1.")


def test_an_arm_without_a_score_keeps_its_name():
    view = made(STRONG)
    assert view.title("boosting") == "Boosting"

    def failed(arm):
        cells = tuple(replace(cell, chance={}, status="failed") for cell in arm.cells)
        return replace(arm, cells=(), failed=cells)

    bare = tuple(replace(s, arms=tuple(map(failed, s.arms))) for s in view.summaries)
    assert SuiteView(view.suite, bare).title("twin") == "Twin"


def test_a_contrast_that_fell_away_counts_in_holms_correction():
    two, three = made(STRONG, {("boosting", 1): (0,)}), made(STRONG)
    for role in ("removed", "twin"):
        fewer, all_of_them = two.across.contrast("hybrid", role), three.across.contrast("hybrid", role)
        assert fewer.p == pytest.approx(all_of_them.p) == pytest.approx(3 / 128)  # 2 / 2 ** 8, times three
        assert fewer.strictest == all_of_them.strictest == pytest.approx(0.05 / 3)
    with pytest.raises(ConfigError, match=r"named=1 was given with 2 contrasts"):
        read(two.table.scores, two.table.contrasts(MADE), 0.01, named=1)


@pytest.mark.parametrize(("role", "level", "state"), [("surrogate", 0.90, "part"), ("surrogate", 0.80, "yes")])
def test_a_stand_in_that_is_as_good_on_all_sets_takes_the_yes(role, level, state):
    view = made({**CLEAR, role: level})
    assert view.across.word("hybrid", role) == ("equal" if state == "part" else "better!")
    assert sentences.state(view) == state
    assert ("A classical stand-in of the circuit is" in sentences.lede(view)) == (state == "part")
    cut = made({**CLEAR, role: level}, {(role, 0): (0,)})
    assert (cut.across.word("hybrid", role), sentences.state(cut)) == (None, "lean")


@pytest.mark.parametrize(("sets", "state"), [(6, "part"), (4, "yes")])
def test_a_stand_in_is_read_on_the_sets_that_have_it(sets, state):
    levels = [{**CLEAR, "surrogate": 0.95} if number < sets else CLEAR for number in range(8)]
    found = [summarise(made_cells(p, level)) for p, level in zip(MADE.protocols, levels, strict=True)]
    view = SuiteView(MADE, tuple(found))
    assert "surrogate" not in view.table.scores.arms
    (part,) = view.table.parts
    assert (part.arms, part.data) == (("hybrid", "surrogate"), MADE.data[:sets])
    assert sentences.state(view) == state  # fewer than five sets say nothing
    assert ("Surrogate (clearly better)" in sentences.lede(view)) == (state == "part")


def test_less_of_the_circuit_is_said_across_sets():
    view = made({**CLEAR, "product": 0.95})
    assert sentences.state(view) == "yes"
    assert "With less of the circuit the model is better or practically equal: Product (clearly better)." in (
        sentences.lede(view)
    )


def test_hybrids_chosen_on_test_rows_are_not_credited_across_sets():
    levels = {**CLEAR, "large": 0.92}
    view = made(levels, hybrids=["large"])
    assert (view.across.state, sentences.state(view)) == ("yes", "lean")
    assert sentences.headline_text(view).endswith("chosen on rows of the test sets.")
    assert "2 hybrids were run" in sentences.lede(view)
    assert sentences.state(made(levels, hybrids=["large"], fixed=True)) == "yes"

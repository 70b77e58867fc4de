"""Growth read off cells: losses and their intervals, contrasts by size, rows for equal loss, and the sentence."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from qml.base.errors import DataError
from qml.bench.judged import left_out
from qml.bench.protocol import CHAMPION
from qml.bench.scaling import words
from qml.bench.scaling.draws import drawn_logs, ends
from qml.bench.scaling.growth import BEYOND, TWIN, Growth, SizeContrast, _curve, _ratio, check_alike
from qml.bench.scaling.law import Law
from qml.bench.scaling.readings import Measure, Reading, _by_sums, measures_of, reading_of
from qml.bench.statistics import Estimate, over_rows
from qml.bench.summary import summarise
from qml.learn.metrics import class_metrics
from tests.bench.scaling.made import SIZES, cells_at, protocol_of, summaries_of

LAW = Law("power", 0.0, 2.0, 0.25)
SHIFTED = Law("power", 0.0, 2.0 * 2**0.25, 0.25)  # needs twice the rows for the same loss
FLAT = Law("constant", 0.6, 0.0, 0.0)


@pytest.fixture(scope="module")
def growth():
    return Growth(summaries_of({"hybrid": LAW, "twin": SHIFTED, "frozen": FLAT, "logistic": LAW}))


def test_curves_have_the_losses_of_the_cells_and_find_the_law(growth):
    assert growth.sizes == SIZES
    assert [measure.name for measure in growth.measures] == ["log_loss", "error"]
    curve = growth.curve("hybrid")
    assert [reading.mean for reading in curve.readings] == pytest.approx([LAW(n) for n in SIZES], rel=0.03)
    assert curve.choice.law.form == "power"
    lo, hi = curve.parameter("exponent")
    assert lo < 0.25 < hi
    assert curve.choice.law.exponent == pytest.approx(0.25, abs=0.03)
    assert growth.curve("frozen").choice.kind == "constant"
    assert CHAMPION not in growth.roles
    assert growth.curve(CHAMPION).readings[0].mean == growth.curve("logistic").readings[0].mean


def test_an_error_is_one_less_the_metric_that_fits():
    (summary,) = summaries_of({"hybrid": LAW, "twin": LAW}, sizes=(300,), rank="accuracy")
    measures = measures_of(summary)
    assert measures == (Measure("log_loss", False), Measure("accuracy", True))
    arm = summary["hybrid"]
    found = reading_of(summary, arm, measures[1])
    assert found.losses == pytest.approx([1 - score for score in arm.scores.values()])
    (summary,) = summaries_of({"hybrid": LAW}, sizes=(300,), rank="auc")
    assert measures_of(summary)[1] == Measure("auc", True)


@pytest.mark.parametrize("name", ["log_loss", "accuracy", "balanced_accuracy"])
@pytest.mark.parametrize("rows", [37, 450])
def test_leaving_out_a_block_by_sums_is_the_metric_on_the_other_rows(name, rows):
    rng = np.random.default_rng(2)
    found, wanted = rng.dirichlet(np.ones(4), size=rows).astype(np.float32), rng.integers(0, 4, rows)
    metric = next(metric for metric in class_metrics(4) if metric.name == name)
    assert _by_sums(name, found, wanted) == pytest.approx(left_out(metric, found, wanted), rel=1e-6)


def test_an_interval_over_seeds_is_that_of_students_t():
    losses = np.array([0.30, 0.33, 0.31, 0.36])
    drawn = drawn_logs([Reading(100.0, losses, np.zeros(0), 1.0)], draws=200_000)[0]
    logs = np.log(losses)
    t = stats.t.interval(0.95, 3, logs.mean(), logs.std(ddof=1) / 2)
    assert ends(drawn) == pytest.approx(t, abs=0.01 * (t[1] - t[0]))


def test_an_interval_over_rows_is_that_of_the_jackknife(growth):
    summary, measure = growth.whole, growth.measures[0]
    arm = summary["hybrid"]
    reading = reading_of(summary, arm, measure)
    left = np.stack([cell.arrays["test_left_out"] for cell in arm.judged])
    blocks = len(reading.by_rows)
    mean = left.mean(axis=0)
    jackknife = np.sqrt((blocks - 1) / blocks * np.sum((mean - mean.mean()) ** 2))
    assert np.sqrt(np.sum(reading.by_rows**2)) == pytest.approx(jackknife)
    alike = replace(reading, losses=np.full(3, reading.mean))
    drawn = drawn_logs([alike], draws=100_000)[0]
    assert drawn.std() == pytest.approx(jackknife / reading.mean, rel=0.02)
    assert over_rows(list(arm.scores.values()), left).se <= np.exp(drawn_logs([reading], 100_000)[0]).std() * 1.3


def test_seeds_deviate_together_in_all_draws():
    one = Reading(100.0, np.array([0.30, 0.33, 0.36]), np.zeros(0), 1.0)
    first, second = drawn_logs([one, replace(one, rows=300.0, losses=one.losses / 2)])
    assert first - second == pytest.approx(np.full(len(first), np.log(2)))


def test_test_rows_of_their_own_widen_the_interval():
    fixed, own = (
        reading_of(s, s["hybrid"], measures_of(s)[0])
        for fixed in (True, False)
        for s in summaries_of({"hybrid": LAW, "twin": LAW}, sizes=(300,), fixed=fixed)
    )
    assert fixed.stretch == 1
    assert len(fixed.by_rows) == 100
    assert own.stretch == pytest.approx(np.sqrt(1 + 3 * 300 / 350))
    assert len(own.by_rows) == 0


def test_twice_the_rows_are_found(growth):
    ratio = growth.ratio(TWIN)
    assert ratio.value == pytest.approx(2.0, rel=0.25)
    assert 1 < ratio.lo < 2 < ratio.hi
    assert ratio.extrapolated
    assert ratio.at == 3000
    assert growth.ratio(CHAMPION).value == pytest.approx(1.0, rel=0.2)


def test_rows_for_equal_loss_are_not_told_without_a_law_or_far_outside(growth):
    assert "a constant fits as well" in growth.ratio("frozen").reason
    far = Law("power", 0.0, 8.0, 0.25)
    assert far.rows_for(LAW(3000)) > BEYOND * 3000
    found = Growth(summaries_of({"hybrid": LAW, "twin": far})).ratio(TWIN)
    assert found.value is None
    assert "more than 9000 rows" in found.reason
    near = Law("power", 0.0, 0.5, 0.25)
    assert "fewer than 33 rows" in Growth(summaries_of({"hybrid": LAW, "twin": near})).ratio(TWIN).reason


def test_contrasts_are_those_of_the_summaries(growth):
    for size, c in enumerate(growth.contrasts[TWIN]):
        summary = growth.summaries[size]
        wanted = summary.difference(summary["hybrid"], summary["twin"])
        assert c.estimate == wanted
        assert c.rows == SIZES[size]
    assert growth.contrasts["frozen"][-1].estimate.mean > 0


def test_sizes_are_read_in_any_order_and_under_the_same_terms_only():
    found = summaries_of({"hybrid": LAW, "twin": LAW}, sizes=(300, 100))
    assert Growth(found).sizes == (100, 300)
    with pytest.raises(DataError, match="trials is 1 at one size and 5 at another"):
        check_alike(protocol_of(100), protocol_of(300, trials=5))
    check_alike(protocol_of(100, epochs=9), protocol_of(300, epochs=3))
    with pytest.raises(DataError, match="no summary of any size"):
        Growth(())


def test_a_contestant_that_lacks_a_seed_at_a_size_has_no_reading_there():
    protocols = [protocol_of(rows) for rows in SIZES]
    made = [cells_at(p, {"hybrid": LAW(p.rows), "twin": LAW(p.rows)}) for p in protocols]
    made[1] = [cell for cell in made[1] if (cell.cell.arm.name, cell.cell.seed) != ("twin", 2)]
    found = Growth(tuple(summarise(cells, p.hash) for p, cells in zip(protocols, made, strict=True)))
    assert [reading.rows for reading in found.curve(TWIN).readings] == [100, 1000, 3000]
    assert [c.rows for c in found.contrasts[TWIN]] == [100, 1000, 3000]
    said = words.sentence(found)
    assert "at all" not in said
    assert "At 300 rows the comparison with the twin is not finished." in said


def test_seeds_in_which_every_trial_failed_are_named():
    protocols = [protocol_of(rows) for rows in SIZES]
    made = [cells_at(p, {"hybrid": LAW(p.rows), "twin": LAW(p.rows)}) for p in protocols]
    made[1] = [
        replace(cell, status="failed", reason="diverged") if cell.cell.arm.name == "twin" and cell.cell.seed else cell
        for cell in made[1]
    ]
    found = Growth(tuple(summarise(cells, p.hash) for p, cells in zip(protocols, made, strict=True)))
    said = words.sentence(found)
    assert said.endswith("Every trial failed for Twin at 300 rows (2 seeds), counted as a constant answer.")
    assert [reading.failed for reading in found.curve(TWIN).readings] == [0, 2, 0, 0]


def test_the_point_is_the_mean_that_its_interval_is_of():
    reading = Reading(100.0, np.array([0.305, 0.31, 4.0]), np.zeros(0), 1.0)
    assert np.log(reading.mean) == pytest.approx(np.median(drawn_logs([reading])), abs=0.1)
    assert Reading(100.0, np.array([0.0, 0.2]), np.zeros(0), 1.0).mean == 0.1


def test_a_loss_that_is_never_reached_has_its_interval():
    floored = Law("floored", 0.3, 8.0, 0.5)
    higher = Law("floored", floored(9000) + 0.01, 6.0, 0.6)
    found = Growth(summaries_of({"hybrid": floored, "twin": higher}, sizes=(100, 300, 1000, 3000, 9000), sd=0.03))
    ratio = found.ratio(TWIN)
    assert ratio.value == np.inf
    assert 1 < ratio.lo < np.inf
    said = f"95 % interval of the rows that it needs: {words.factor(ratio.lo)} times as many to no bound."
    assert f"the twin never reaches the hybrid's log-loss at 9\u202f000 rows; {said}" in words.sentence(found)


def test_nothing_is_never_reached_where_as_many_rows_are_within_the_interval():
    sizes, rng = np.array([1e3, 3e3, 1e4, 23967.0]), np.random.default_rng(25)  # one law, another draw of each
    losses = [(0.5 + 5 * sizes**-0.5) * np.exp(0.02 * rng.normal(size=(3, 4))) for _ in range(2)]
    readings = [[Reading(n, of, np.zeros(0), 1.0) for n, of in zip(sizes, each.T, strict=True)] for each in losses]
    ours, theirs = (_curve("made", Measure("log_loss", False), tuple(found)) for found in readings)
    assert theirs.choice.law.rows_for(ours.choice.law(sizes[-1])) == np.inf
    ratio = _ratio(ours, theirs, sizes[-1])
    assert (ratio.value, ratio.hi) == (None, np.inf)
    assert ratio.reason.endswith("but the 95 % interval begins at 0.31 times as many rows")


# words


def contrast(word, strict="open", known=True):
    estimate = Estimate((0.1, 0.2), 0.1, 0.02 if known else float("inf"), 2, "fixed")
    return SizeContrast(100.0, estimate, word, strict)


@pytest.mark.parametrize(
    ("found", "state"),
    [
        ([], "absent"),
        ([contrast("better"), contrast("better", known=False)], "unknown"),
        ([contrast("better"), contrast("better!")], "paid"),
        ([contrast("worse"), contrast("worse!")], "cost"),
        ([contrast("equal"), contrast("equal")], "nothing"),
        ([contrast("better", "better"), contrast("worse", "worse")], "crossing"),
        ([contrast("better!", "better"), contrast("equal", "equal")], "some_paid"),
        ([contrast("better!", "better"), contrast("worse")], "some_paid"),
        ([contrast("worse!", "worse"), contrast("open")], "some_cost"),
        ([contrast("better!"), contrast("open")], "open"),
        ([contrast("equal"), contrast("open")], "open"),
    ],
)
def test_states_follow_from_words(found, state):
    assert words.bought(found, len(found)) == state


@pytest.mark.parametrize(
    ("word", "strict", "state"),
    [("better!", "better", "some_paid"), ("worse!", "worse", "some_cost"), ("equal", "equal", "open")],
)
def test_no_word_of_every_size_is_said_of_some(word, strict, state):
    assert words.bought([contrast(word, strict)], 5) == state


def test_the_sentence_says_what_the_numbers_allow(growth):
    said = words.sentence(growth)
    means = [c.estimate.mean for c in growth.contrasts[TWIN]]
    assert words.bought(growth.contrasts[TWIN], len(SIZES)) == "paid"
    assert said.startswith("made: the circuit paid at all 4 sizes: the hybrid is better than its twin by ")
    assert growth.whole.scale.size(max(means)) in said
    assert "the twin needs" in said
    assert "Against the best baseline (Logistic) at 3\u202f000 rows" in said


def test_a_circuit_that_changes_nothing_buys_nothing():
    alike = Growth(summaries_of({"hybrid": LAW, "twin": LAW}, sd=0.001, rope=0.05))
    assert "bought nothing that matters: within ±0.05 nats of its twin at all 4 sizes" in words.sentence(alike)
    assert "an interval" not in words.sentence(alike).split("training rows.")[0]
    assert "which holds 1: no rows are saved or lost for certain" in words.sentence(alike)
    noisy = Growth(summaries_of({"hybrid": LAW, "twin": LAW}, sd=0.2))
    assert "no evidence either way from 100 to 3\u202f000 training rows" in words.sentence(noisy)


@pytest.mark.parametrize("sizes", [(100, 300, 1000), (100, 300, 1000, 3000, 9000)])
def test_one_seed_gives_points_and_no_law(sizes):
    lone = Growth(summaries_of({"hybrid": LAW, "twin": SHIFTED}, sizes=sizes, seeds=(0,)))
    assert np.isnan(lone.curve("hybrid").interval(0)).all()
    assert lone.curve("hybrid").choice.kind == "refused"
    assert "one seed gives no interval" in words.sentence(lone)
    assert "one seed: a law takes at least 2" in words.sentence(lone)


def test_two_sizes_are_compared_and_follow_no_law():
    two = Growth(summaries_of({"hybrid": LAW, "twin": SHIFTED}, sizes=(100, 300)))
    assert two.curve("hybrid").choice.kind == "refused"
    assert "two sizes: a law takes at least 3" in words.sentence(two)

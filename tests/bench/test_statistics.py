import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from qml.base.errors import ShapeError
from qml.bench.statistics import Estimate, calibration_error, confusion, over_rows, over_splits, reliability, wilson
from qml.bench.words import HEADLINES, STRIP, headline, phrase, rungs, word_of, word_of_interval


def test_corrected_interval_by_its_formula():
    d = np.array([0.01, 0.03, 0.02, 0.05, -0.01])
    e = over_splits(d, n_train=300, n_test=100)
    se = math.sqrt(d.var(ddof=1) * (1 / 5 + 1 / 3))
    t = stats.t.ppf(0.975, 4)
    assert e.mean == pytest.approx(d.mean())
    assert (e.lo, e.hi) == (pytest.approx(d.mean() - t * se), pytest.approx(d.mean() + t * se))
    assert e.visible == pytest.approx((t + stats.t.ppf(0.8, 4)) * se)


def test_posterior_is_the_correlated_t_test():
    d = np.array([0.01, 0.03, 0.02, 0.05, -0.01])
    e = over_splits(d, 300, 100)
    worse, equal, better = e.posterior(0.01)
    law = stats.t(4, e.mean, e.se)
    assert worse == pytest.approx(law.cdf(-0.01))
    assert better == pytest.approx(1 - law.cdf(0.01))
    assert worse + equal + better == pytest.approx(1)


def test_one_seed_has_no_interval():
    for e in (over_splits([0.3], 10, 10), over_rows([0.3], np.array([[0.2, 0.4]]))):
        assert not e.known
        assert (e.lo, e.hi, e.visible) == (-math.inf, math.inf, math.inf)
        assert word_of(e, 0.01) == "open"
        assert all(math.isnan(p) for p in e.posterior(0.01))


@pytest.mark.parametrize("value", [0.0, 0.02, -0.02])
def test_equal_numbers_in_every_seed_claim_nothing(value):
    """Two splits of few test rows often differ by the same number of rows; their spread is not known to be zero."""
    values = [value, value * (1 + 1e-15)]
    for e in (over_splits(values, 80, 20), over_rows(values, np.full((2, 5), value))):
        assert not e.known
        assert (e.lo, e.hi, e.visible) == (-math.inf, math.inf, math.inf)
        assert word_of(e, 0.01) == "open"


@pytest.mark.parametrize("bad", [[], [float("nan"), 1.0], [[1.0]]])
def test_bad_values_are_refused(bad):
    with pytest.raises(ShapeError, match="one finite number a seed"):
        over_splits(bad, 10, 10)


def test_bad_shapes_are_refused():
    with pytest.raises(ShapeError, match="n_train"):
        over_splits([1.0, 2.0], 0, 5)
    with pytest.raises(ShapeError, match="left_out"):
        over_rows([1.0, 2.0], np.zeros((3, 5)))


def _leave_out(table: np.ndarray) -> np.ndarray:
    """Mean of each row of `(J, n)` with one column left out: `(J, n)`."""
    n = table.shape[1]
    return (table.sum(1, keepdims=True) - table) / (n - 1)


def _crossed(rng, seeds, rows, by_seed, by_row, rest):
    return (
        by_seed * rng.normal(size=(seeds, 1))
        + by_row * rng.normal(size=(1, rows))
        + rest * rng.normal(size=(seeds, rows))
    )


def test_row_component_is_the_usual_standard_error_of_a_mean():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=200)
    table = np.repeat(rows[None], 4, axis=0)  # seeds change nothing: only the rows vary
    e = over_rows(table.mean(1), _leave_out(table))
    assert e.se == pytest.approx(rows.std(ddof=1) / math.sqrt(200))


def test_seed_component_is_the_usual_standard_error_of_a_mean():
    seeds = np.array([0.1, 0.2, 0.4, 0.2])
    table = np.repeat(seeds[:, None], 50, axis=1)
    e = over_rows(seeds, _leave_out(table))
    assert e.se == pytest.approx(seeds.std(ddof=1) / 2)
    assert e.df == pytest.approx(3)


@pytest.mark.parametrize(
    ("by_seed", "by_row", "rest"), [(0.2, 1.0, 1.0), (0.0, 1.0, 0.5), (0.3, 0.0, 1.0), (0.05, 1.0, 3.0)]
)
def test_fixed_test_interval_covers(by_seed, by_row, rest):
    """95 % intervals hold the truth in about 95 % of simulated crossed designs."""
    rng = np.random.default_rng(7)
    hits, trials = 0, 400
    for _ in range(trials):
        table = _crossed(rng, 5, 60, by_seed, by_row, rest)
        e = over_rows(table.mean(1), _leave_out(table))
        hits += e.lo <= 0 <= e.hi
    assert 0.92 <= hits / trials <= 0.995


@pytest.mark.parametrize(("seeds", "by_seed"), [(2, 0.05), (2, 0.01), (3, 0.05), (4, 0.02)])
def test_few_seeds_on_one_test_set_seldom_call_an_equal_better(seeds, by_seed):
    """One contestant against three that are no worse: "better" of any in at most 6 % of designs."""
    rng = np.random.default_rng(11)
    hits, trials = 0, 300
    for _ in range(trials):
        first, *others = (_crossed(rng, seeds, 200, by_seed, 0.0, 0.4) for _ in range(4))
        gaps = (first - other for other in others)
        hits += any(over_rows(gap.mean(1), _leave_out(gap)).lo > 0 for gap in gaps)
    assert hits / trials <= 0.06


def test_quantiles_of_seeds_and_rows_are_weighted_by_their_variances():
    """Equal variances of seeds and of rows: the quantile is the mean of both."""
    seeds, rows = np.array([-1.0, 1.0]), np.linspace(-1, 1, 50)
    rows *= np.sqrt(1 / (rows.var(ddof=1) / 50))  # var/J of the seeds is 1
    table = seeds[:, None] + rows[None]
    e = over_rows(table.mean(1), _leave_out(table))
    assert e.se == pytest.approx(math.sqrt(2))
    assert (e.hi - e.mean) / e.se == pytest.approx((stats.t.ppf(0.975, 1) + stats.t.ppf(0.975, 49)) / 2)


def test_seeds_alone_would_not_cover():
    """The check above can fail: leaving out the rows gives intervals that are far too short."""
    rng = np.random.default_rng(7)
    hits = 0
    for _ in range(400):
        table = _crossed(rng, 5, 60, 0.02, 1.0, 0.5)
        e = Estimate(tuple(table.mean(1)), table.mean(), table.mean(1).std(ddof=1) / math.sqrt(5), 4, "plain")
        hits += e.lo <= 0 <= e.hi
    assert hits / 400 < 0.8


def test_corrected_interval_covers_overlapping_splits():
    """Random splits of one data set: scores share rows, and the corrected interval still covers."""
    rng = np.random.default_rng(3)
    hits = 0
    for _ in range(300):
        rows = rng.normal(size=100)
        tests = [rng.permutation(100)[:20] for _ in range(6)]
        values = [rows[t].mean() for t in tests]
        e = over_splits(values, 80, 20)
        hits += e.lo <= 0 <= e.hi
    assert hits / 300 >= 0.9


@pytest.mark.parametrize(
    ("lo", "hi", "word"),
    [
        (-1, 1, "equal"),
        (0.2, 0.9, "equal"),
        (-0.5, -0.1, "equal"),
        (1.01, 5, "better!"),
        (0.1, 5, "better"),
        (1.0, 5, "better"),
        (-5, -1.01, "worse!"),
        (-5, -1.0, "worse"),
        (-5, -0.1, "worse"),
        (-5, 5, "open"),
        (0.0, 5, "open"),
        (-5, 0.0, "open"),
        (-0.5, 1.5, "open"),
    ],
)
def test_every_row_of_the_table_of_words(lo, hi, word):
    assert word_of_interval(lo, hi, 1.0) == word


def test_phrases():
    assert phrase("worse", "1 point") == "worse, perhaps by < 1 point"
    assert phrase("better!", "1 point") == "clearly better"
    assert phrase("worse!", "1 point") == "clearly worse"
    assert phrase("equal", "1 point") == "practically equal"
    assert phrase("open", "1 point") == "no evidence either way"
    found = rungs([("open", "A"), ("better!", "B"), ("worse!", "C"), ("equal", "D"), ("better", "E")], "accuracy")
    assert found == ("Helps: B, E. Costs accuracy: C. Makes no practical difference: D. No evidence either way: A.")
    assert rungs([], "accuracy") == ""


@pytest.mark.parametrize(
    ("removed", "twin", "champion", "state"),
    [
        ("better!", "better!", "better!", "yes"),
        ("better!", "better!", "better", "part"),
        ("better!", "better!", "worse!", "part"),
        ("better!", "better!", None, "lean"),
        ("equal", "equal", "worse!", "equal"),
        ("equal", "better", None, "equal"),
        ("equal", "better!", "open", "equal"),
        ("equal", "open", "open", "open"),
        ("better", "equal", "worse", "replaceable"),
        ("better!", "equal", None, "replaceable"),
        ("worse", "better!", "better!", "no"),
        ("worse!", None, None, "no"),
        ("better!", "worse", "better!", "no"),
        ("better", "better", "better!", "lean"),
        ("better", "open", "open", "lean"),
        ("open", "better!", "open", "lean"),
        (None, "better", None, "lean"),
        ("open", "open", "better!", "open"),
        ("open", "equal", "open", "open"),
        ("equal", None, None, "open"),
        (None, None, None, "open"),
    ],
)
def test_every_row_of_the_headline_rule(removed, twin, champion, state):
    assert headline(removed, twin, champion) == state
    assert HEADLINES[state]
    assert sum(state in states for states, _ in STRIP) == 1


def test_no_headline_uses_a_forbidden_word():
    text = " ".join(HEADLINES.values()).lower()
    for word in ("advantage", "outperform", "significant", "state of the art"):
        assert word not in text


def test_wilson_by_its_closed_form():
    lo, hi = wilson(0, 10)
    z = stats.norm.ppf(0.975) ** 2
    assert lo == pytest.approx(0, abs=1e-12)
    assert hi == pytest.approx(z / (10 + z))
    with pytest.raises(ShapeError):
        wilson(3, 2)


def test_calibration_by_hand():
    p = np.array([[0.95, 0.05], [0.95, 0.05], [0.35, 0.65], [0.65, 0.35]])
    y = np.array([0, 1, 1, 0])
    bins = reliability(p, y)
    assert [(b.rows, b.right) for b in bins] == [(2, 1.0), (2, 0.5)]
    assert calibration_error(p, y) == pytest.approx((2 * 0.35 + 2 * 0.45) / 4)
    assert reliability(np.array([[1.0, 0.0]]), np.array([0]))[0].rows == 1


def test_confusion_counts_rows_by_truth():
    p = np.eye(3)[[0, 1, 1, 2]]
    assert confusion(p, np.array([0, 1, 2, 2])).tolist() == [[1, 0, 0], [0, 1, 0], [0, 1, 1]]


def test_an_interval_ends_where_the_scale_does():
    wide = over_splits([-0.2, 0.3], n_train=200, n_test=359)
    assert wide.lo < -1
    assert wide.hi > 1
    cut = replace(wide, limit=1.0)
    assert (cut.lo, cut.hi, cut.visible) == (-1.0, 1.0, wide.visible)
    unknown = replace(over_splits([0.1], n_train=8, n_test=2), limit=1.0)
    assert (unknown.lo, unknown.hi) == (-math.inf, math.inf)

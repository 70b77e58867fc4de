"""Several data sets read together: every row of the table of words, and what few data sets may say."""

import math

import numpy as np
import pytest

from qml.base.errors import ConfigError, ShapeError
from qml.bench.across import all_pairs, read
from qml.bench.posterior import Posterior
from qml.bench.scale import Scale
from qml.bench.scores import Scores
from qml.bench.words import HEADLINES
from qml.bench.words_across import headline_across, sentence, word_across

ACCURACY = Scale.of("accuracy", {"higher_is_better": True, "unit": ""})


def table(gaps, n=10, noise=0.002, higher=True, seed=0):
    """Arms that lie below the first by `gaps`, with a little noise."""
    rng = np.random.default_rng(seed)
    base = rng.uniform(0.6, 0.9, n)
    sign = 1 if higher else -1
    columns = [base] + [base - sign * (gap + noise * rng.normal(size=n)) for gap in gaps]
    names = ("hybrid", *(f"arm{i}" for i in range(len(gaps))))
    return Scores(names, tuple(map(str, range(n))), np.array(columns).T, higher)


@pytest.mark.parametrize(
    ("p", "effect", "posterior", "n", "word"),
    [
        (0.001, 0.9, (0.00, 0.00, 1.00), 4, "open"),
        (0.001, 0.9, (0.00, 0.96, 0.04), 12, "equal"),
        (0.90, 0.0, (0.01, 0.98, 0.01), 12, "equal"),
        (0.01, 0.9, (0.00, 0.03, 0.97), 12, "better!"),
        (0.01, 0.9, (0.00, 0.40, 0.60), 12, "better"),
        (0.01, -0.9, (0.97, 0.03, 0.00), 12, "worse!"),
        (0.01, -0.9, (0.60, 0.40, 0.00), 12, "worse"),
        (0.05, 0.9, (0.00, 0.01, 0.99), 12, "open"),
        (0.20, 0.9, (0.00, 0.01, 0.99), 12, "open"),
        (0.90, 0.0, (0.48, 0.01, 0.51), 12, "open"),
        (0.90, 0.0, (0.03, 0.94, 0.03), 12, "open"),
    ],
)
def test_every_row_of_the_table_of_words(p, effect, posterior, n, word):
    assert word_across(p, effect, Posterior(*posterior, draws=1000), n) == word


@pytest.mark.parametrize("higher", [True, False])
def test_words_by_size(higher):
    found = read(table([0.05, 0.0, -0.05, 0.005], higher=higher), all_first(4), rope=0.01)
    assert [c.word for c in found.contrasts] == ["better!", "equal", "worse!", "equal"]
    assert found.contrasts[0].mean == pytest.approx(0.05, abs=0.003)


def all_first(count):
    return [("hybrid", f"arm{i}") for i in range(count)]


def test_a_difference_at_the_edge_of_the_band_is_better_perhaps():
    found = read(table([0.0105], noise=0.004, n=12), all_first(1), rope=0.01).contrasts[0]
    assert found.word == "better"


def test_holm_counts_the_contrasts():
    scores = table([0.02] * 5, noise=0.03, seed=4)
    one, five = read(scores, all_first(1), rope=0.001), read(scores, all_first(5), rope=0.001)
    assert five.contrasts[0].p >= one.contrasts[0].p
    assert five.contrasts[0].strictest == pytest.approx(0.01)
    assert five.contrasts[0].visible > one.contrasts[0].visible
    assert five.contrasts[0].test == one.contrasts[0].test


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_few_data_sets_claim_nothing(n):
    for gap in (0.3, 0.0):
        found = read(table([gap], n=n, noise=0.001), all_first(1), rope=0.01).contrasts[0]
        assert found.word == "open"
        assert found.blind
        assert found.visible == math.inf
        assert "could have shown no difference" in sentence(found, ACCURACY, "the hybrid", "the twin")


def test_ranks_need_three_arms_and_five_data_sets():
    assert read(table([0.1]), all_first(1), 0.01).ranking is None
    assert read(table([0.1, 0.2], n=4), all_first(2), 0.01).ranking is None
    found = read(table([0.1, 0.2], n=5), all_first(2), 0.01).ranking
    assert found is not None
    assert found.arms == ("hybrid", "arm0", "arm1")


def test_the_state_is_that_of_the_contrasts():
    scores = table([0.05, 0.05, 0.05])
    named = Scores(("hybrid", "removed", "twin", "champion"), scores.data, scores.values)
    found = read(named, [("hybrid", other) for other in named.arms[1:]], 0.01)
    assert found.state == "yes"
    assert read(named, [("hybrid", "removed"), ("hybrid", "twin")], 0.01).state == "lean"
    assert found.contrast("hybrid", "twin").word == "better!"
    with pytest.raises(ConfigError, match="contrast"):
        found.contrast("twin", "hybrid")


@pytest.mark.parametrize("bad", [[], [("hybrid", "hybrid")], [("hybrid", "arm0")] * 2])
def test_contrasts_that_cannot_be_meant(bad):
    with pytest.raises(ConfigError, match="at least one pair"):
        read(table([0.1]), bad, 0.01)


def test_bad_names_and_bands():
    with pytest.raises(ConfigError, match="svm"):
        read(table([0.1]), [("hybrid", "svm")], 0.01)
    with pytest.raises(ShapeError, match="rope"):
        read(table([0.1]), all_first(1), 0.0)


def test_all_pairs():
    assert len(all_pairs("abcdefghij")) == 45


def test_sentences_hold_their_numbers():
    found = read(table([0.05, 0.0], n=12), all_first(2), rope=0.01)
    better = sentence(found.contrasts[0], ACCURACY, "the hybrid", "circuit removed")
    assert better.startswith("The hybrid is clearly better than circuit removed over 12 data sets: +")
    assert f"{ACCURACY.signed(found.contrasts[0].mean)} points in the mean" in better
    assert "better on 12 of 12" in better
    assert "smallest difference that this design could have seen is" in better
    equal = sentence(found.contrasts[1], ACCURACY, "the hybrid", "the twin")
    assert equal.startswith("The hybrid and the twin are practically equal over 12 data sets, within 1 point: ")


def test_a_claim_smaller_than_what_could_be_seen_is_cautioned():
    rng = np.random.default_rng(0)
    for _ in range(200):
        d = np.abs(rng.normal(0.02, 0.02, 8)) + 1e-4
        d[0] = 0.2
        scores = Scores(("hybrid", "twin"), tuple("abcdefgh"), np.stack([0.7 + d, np.full(8, 0.7)], 1))
        found = read(scores, [("hybrid", "twin")], 0.001, draws=500).contrasts[0]
        text = sentence(found, ACCURACY, "the hybrid", "the twin")
        assert ("overstated" in text) == (found.word.startswith("better") and found.mean < found.visible)
        if "overstated" in text:
            return
    pytest.fail("no claim was smaller than what could be seen")


def test_headlines_speak_of_all_data_sets():
    for state in HEADLINES:
        text = headline_across(state, 7)
        assert "this data" not in text
    assert "these 7 data sets" in headline_across("yes", 7)
    assert "advantage" not in " ".join(HEADLINES.values())

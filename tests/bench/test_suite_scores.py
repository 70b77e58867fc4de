"""From cells of several data sets to one table; cells of other terms are refused."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from sklearn.datasets import load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC

from qml.base.errors import DataError
from qml.bench.across import read
from qml.bench.protocol import Protocol
from qml.bench.suite import Suite
from qml.bench.suite_scores import suite_scores
from qml.bench.summary import summarise
from tests.bench.conftest import fill
from tests.bench.contestants import EpochArm, PlainSource, WholeArm, digits_source, info

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

"""Which benchmarks have one test set: what row numbers and digests say, and how many rows are counted."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from qml.bench.facts import source_facts, total_rows
from qml.bench.protocol import Protocol
from qml.bench.statistics import over_splits
from qml.bench.summary import summarise
from qml.data import ArraySource, make_source
from qml.data.source import Batch
from qml.data.splits import Split
from qml.estimators.kept import KeptSource
from tests.bench.conftest import fill
from tests.bench.contestants import WholeArm, info

RNG = np.random.default_rng(0)
INPUTS, TARGETS = RNG.normal(size=(90, 3)).astype(np.float32), np.repeat([0, 1, 2], 30)
ARMS = [
    WholeArm(info(name, family, name), lambda s, seed, c=c: LogisticRegression(C=c))
    for name, family, c in (("hybrid", "hybrid", 1.0), ("removed", "control", 1e-3))
]
TERMS = Protocol("three", "sorted", seeds=(0, 1, 2))


class Unnumbered:
    """Arrays sorted by class whose rows have no numbers, so that every stratified split has equal test targets."""

    def __init__(self, seed, fixed=False):
        splits = {s: ArraySource.from_arrays(INPUTS, TARGETS, name="sorted", seed=s).split for s in (0, seed)}
        rest = np.setdiff1d(np.arange(90), splits[0]["test"])
        parts = {"train": rest[seed::3], "validation": np.setdiff1d(rest, rest[seed::3]), "test": splits[0]["test"]}
        split = Split({name: np.sort(rows) for name, rows in parts.items()}, "fixed") if fixed else splits[seed]
        self._below = ArraySource.from_arrays(INPUTS, TARGETS, name="sorted", split=split)
        self.schema = self._below.schema

    def batches(self, *args, **more):
        yield from self._below.batches(*args, **more)


class Renewed(Unnumbered):
    """The same, whose inputs are seen in another unit in every seed, as after a transform fitted anew."""

    def __init__(self, seed, fixed=False):
        super().__init__(seed, fixed)
        self._unit = 1 + seed

    def batches(self, *args, **more):
        for batch in super().batches(*args, **more):
            yield Batch(batch.inputs * self._unit, batch.targets, batch.rows)


def summary_of(folder, source):
    return summarise(fill(folder, ARMS, source, TERMS))


def test_equal_targets_in_order_are_no_sign_of_one_test_set(tmp_path):
    summary = summary_of(tmp_path, Unnumbered)
    targets = [cell.arrays["test_targets"] for cell in summary.cells]
    assert all(np.array_equal(targets[0], other) for other in targets)
    assert not summary.fixed_test
    comparison = summary.comparison("removed")
    assert comparison.estimate.design == "splits"
    assert comparison.estimate.se == pytest.approx(over_splits(comparison.estimate.values, 72, 18).se)
    assert summary.row_test(comparison) is None


def test_equal_test_rows_are_one_test_set(tmp_path):
    assert summary_of(tmp_path, lambda seed: Unnumbered(seed, fixed=True)).fixed_test


def test_unknown_is_no(tmp_path):
    assert not summary_of(tmp_path / "renewed", lambda seed: Renewed(seed, fixed=True)).fixed_test
    summary = summary_of(tmp_path / "earlier", lambda seed: Unnumbered(seed, fixed=True))
    earlier = [replace(c, data={k: v for k, v in c.data.items() if k != "test_digest"}) for c in summary.cells]
    assert not summarise(earlier).fixed_test


def test_numbers_go_before_what_the_rows_look_like(fixed_store, digits_store):
    assert summarise(fixed_store).fixed_test  # inputs are scaled by each seed's own training rows
    assert not summarise(digits_store).fixed_test


def test_rows_that_stay_in_training_are_counted_once():
    kept = KeptSource(make_source("wine", seed=0, validation=0.0), 0.2, seed=0)
    facts = source_facts(kept)
    assert sum(facts["rows"].values()) == 206
    assert total_rows(facts) == facts["total"] == 178
    assert np.isin(kept.rows("validation"), kept.rows("train")).all()
    assert np.array_equal(kept.rows("test"), make_source("wine", seed=0, validation=0.0).rows("test"))
    at = next(kept.batches("validation", 4))
    raw = make_source("wine", seed=0, validation=0.0)
    assert np.array_equal(at.inputs, raw.inputs[kept.rows("validation")[:4]])
    assert KeptSource(Unnumbered(0), 0.2, seed=0).rows("validation") is None


def test_a_digest_stands_only_where_rows_have_no_numbers():
    assert "test_digest" not in source_facts(make_source("wine", seed=0))
    first, second = source_facts(Unnumbered(0)), source_facts(Unnumbered(1))
    assert first["total"] == 90
    assert first["test_digest"] != second["test_digest"]
    assert first["test_digest"] == source_facts(Unnumbered(0))["test_digest"]


def test_sizes_of_splits_are_means_over_seeds(digits_store):
    """Splits by group differ in size; validation rows count as learnt from."""
    sizes = {0: (400, 100, 200), 1: (300, 100, 300), 2: (420, 140, 140)}

    def sized(cell):
        rows = dict(zip(("train", "validation", "test"), sizes[cell.cell.seed], strict=True))
        return replace(cell, data={**cell.data, "rows": rows, "total": 700})

    estimate = summarise([sized(cell) for cell in digits_store]).comparison("removed").estimate
    tested = (200 + 300 + 140) / 3
    assert estimate.se == pytest.approx(over_splits(estimate.values, 700 - tested, tested).se)

"""Every kept score is computed again from the predictions beside it: each metric, each split, and the one of choice."""

from dataclasses import replace

import numpy as np
import pytest

from qml.bench.checks.predictions import computed_again, scores_of_predictions
from qml.bench.judged import left_out
from qml.bench.summary import summarise
from qml.learn.metrics import class_metrics, number_metrics, scores
from tests.bench.contestants import ACCURACY

SPLITS = ("validation", "test")
CLASSES, NUMBERS = ([metric.name for metric in found] for found in (class_metrics(10), number_metrics()))


def with_all_metrics(store, rank):
    """The cells with every metric that the kept predictions give, ranked by one of them."""
    made = []
    for cell in store:
        arrays, known = dict(cell.arrays), class_metrics(10) if cell.data["labels"] else number_metrics()
        metrics = {split: scores(known, arrays[f"{split}_predictions"], arrays[f"{split}_targets"]) for split in SPLITS}
        facts = {m.name: {"higher_is_better": m.higher_is_better, "unit": m.unit} for m in known}
        ranking = next(metric for metric in known if metric.name == rank)
        arrays["test_left_out"] = left_out(ranking, arrays["test_predictions"], arrays["test_targets"])
        trials = [replace(trial, score=metrics["validation"][rank]) for trial in cell.trials]
        made.append(
            replace(
                cell,
                arrays=arrays,
                protocol=replace(cell.protocol, rank=rank),
                metrics=metrics,
                metric_facts=facts,
                trials=tuple(trials),
            )
        )
    return made


@pytest.fixture(scope="module")
def by_auc(digits_store):
    return with_all_metrics(digits_store, "auc")


@pytest.fixture(scope="module")
def by_error(diabetes_store):
    return with_all_metrics(diabetes_store, "rmse")


def forged(cells, split, metric, by):
    """One score of the first cell is another number."""
    values = {**cells[0].metrics[split], metric: cells[0].metrics[split][metric] + by}
    return [replace(cells[0], metrics={**cells[0].metrics, split: values}), *cells[1:]]


def told(cells):
    return [(f.level, f.title) for f in scores_of_predictions(summarise(cells))]


@pytest.mark.parametrize("metric", CLASSES)
@pytest.mark.parametrize("split", SPLITS)
def test_every_metric_of_classes_is_computed_again(by_auc, split, metric):
    assert told(forged(by_auc[:2], split, metric, 0.003)) == [("severe", "1 score that the predictions do not give")]


@pytest.mark.parametrize("metric", NUMBERS)
def test_every_metric_of_numbers_is_computed_again(by_error, metric):
    assert told(forged(by_error[:2], "test", metric, 0.003)) == [("severe", "1 score that the predictions do not give")]


def test_sound_scores_pass_and_the_last_bits_do_not_matter(by_auc, by_error):
    for cells in (by_auc, by_error):
        rank = cells[0].protocol.rank
        for some in (cells, forged(cells, "test", rank, 1e-9)):
            assert told(some) == [("pass", "Scores are those of the predictions")]


def test_the_score_of_the_chosen_trial_is_that_of_its_predictions(by_auc):
    cells = by_auc[:2]
    trials = [replace(t, score=0.9999) if t.number == cells[0].chosen else t for t in cells[0].trials]
    found = list(scores_of_predictions(summarise([replace(cells[0], trials=tuple(trials)), *cells[1:]])))
    assert [f.level for f in found] == ["severe"]
    assert f"validation auc of trial {cells[0].chosen} 0.9999, its predictions give" in found[0].evidence


def test_values_of_the_interval_are_those_of_the_predictions(by_auc):
    cells = by_auc[:2]
    narrow = np.full_like(cells[0].arrays["test_left_out"], cells[0].metrics["test"]["auc"])
    made = replace(cells[0], arrays={**cells[0].arrays, "test_left_out": narrow})
    (found,) = scores_of_predictions(summarise([made, *cells[1:]]))
    assert (found.level, found.title) == ("severe", "3 scores that the predictions do not give")
    assert "test auc without block 0" in found.evidence


def test_a_failed_cell_has_the_scores_of_its_constant_answer(digits_store):
    cells = with_all_metrics(digits_store, "accuracy")
    answer = {f"{split}_predictions": np.full((len(cells[0].arrays[f"{split}_targets"]), 10), 0.1) for split in SPLITS}
    arrays = {**cells[0].arrays, **answer}
    arrays |= {"test_left_out": left_out(ACCURACY, arrays["test_predictions"], arrays["test_targets"])}
    failed = replace(cells[0], status="failed", chosen=None, metrics={}, arrays=arrays)
    chance = {split: computed_again(replace(failed, chance=cells[0].metrics), split) or {} for split in SPLITS}
    assert told([replace(failed, chance=chance), *cells[1:]]) == [("pass", "Scores are those of the predictions")]
    better = {**chance, "test": {**chance["test"], "accuracy": 0.5}}
    assert told([replace(failed, chance=better), *cells[1:]])[0][0] == "severe"


def test_what_cannot_be_computed_again_is_said(digits_store):
    cells = with_all_metrics(digits_store, "accuracy")
    own = [replace(c, metrics={**c.metrics, "test": {**c.metrics["test"], "profit": 3.0}}) for c in cells]
    assert told(own) == [("pass", "Scores are those of the predictions"), ("note", "Not computed again: profit")]
    bare = [replace(cells[0], arrays={}), *cells[1:]]
    assert told(bare)[1] == ("warn", "2 splits without a kept prediction for each row")
    short = {**cells[0].arrays, "test_predictions": cells[0].arrays["test_predictions"][:-1]}
    assert told([replace(cells[0], arrays=short), *cells[1:]])[1] == (
        "warn",
        "1 split without a kept prediction for each row",
    )

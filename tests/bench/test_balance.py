"""Which metric ranks, by the shares of the classes, and what is said of accuracy where a class is rare."""

from dataclasses import replace

import pytest

from qml.bench.audit import findings
from qml.bench.balance import fitting_rank, is_balanced
from qml.bench.summary import summarise
from qml.estimators.data_choice import DataChoice, signature_of
from qml.estimators.terms import Terms


@pytest.mark.parametrize(
    ("shares", "rank"),
    [
        ([0.5, 0.5], "accuracy"),
        ([1 / 3, 2 / 3], "accuracy"),
        ([0.33, 0.67], "auc"),
        ([0.9, 0.1], "auc"),
        ([30, 30, 30], "accuracy"),
        ([60, 30, 19], "balanced_accuracy"),
        ([60, 30, 26], "accuracy"),
        ([5, 5, 0], "balanced_accuracy"),
    ],
)
def test_the_metric_fits_the_classes(shares, rank):
    assert fitting_rank(shares) == rank
    assert is_balanced(shares) == (rank == "accuracy")


def test_auto_looks_at_the_training_rows_of_the_first_seed():
    def rank(make, **terms):
        data = DataChoice("mine", make=f"tests.bench.test_balance:{make}")
        return Terms("t", **terms).protocol(data, signature_of(data.source(0))).rank

    assert rank("rare") == "auc"
    assert rank("even") == "accuracy"
    assert rank("numbers") == "r2"
    assert rank("rare", rank="accuracy") == "accuracy"


def rare(seed):
    return _source(seed, [80, 20])


def even(seed):
    return _source(seed, [50, 50])


def numbers(seed):
    import numpy as np

    from qml.data import ArraySource

    return ArraySource.from_arrays(np.arange(100.0)[:, None], np.linspace(0, 1, 100), seed=seed, split="random")


def _source(seed, counts):
    import numpy as np

    from qml.data import ArraySource

    return ArraySource.from_arrays(np.arange(100.0)[:, None], np.repeat([0, 1], counts), seed=seed)


def test_a_named_accuracy_on_rare_classes_is_a_finding(digits_store):
    def said(counts, rank="accuracy"):
        cells = [
            replace(
                cell,
                protocol=replace(cell.protocol, rank=rank),
                data={**cell.data, "classes": {**cell.data["classes"], "train": counts}},
            )
            for cell in digits_store
        ]
        return [f for f in findings(summarise(cells)) if f.title == "Accuracy on unbalanced classes"]

    even_counts = {str(label): 40 for label in range(10)}
    (found,) = said({**even_counts, "3": 4})
    assert found.level == "warn"
    assert "the most common class holds 11.0 %" in found.text
    assert "balanced_accuracy fits" in found.consequence
    assert said({label: 40 for label in even_counts if label != "3"})
    assert not said(even_counts)
    assert not said({**even_counts, "3": 4}, rank="log_loss")

"""One cell in two stores: counted once where both agree, refused where they do not, whatever their clocks say."""

from dataclasses import replace

import numpy as np
import pytest

from qml.base.errors import DataError
from qml.bench.merge import joined, merged
from qml.bench.store import Store

EARLY, LATE = "2026-01-01T01:00:00+00:00", "2026-01-01T02:00:00+00:00"


def at(cell, time):
    return replace(cell, provenance={**cell.provenance, "time": time})


def two_stores(cells, tmp_path, change, times=(EARLY, LATE)):
    """A store of the cells, and one in which `change` was made to the first of them."""
    stores = Store(tmp_path / "here"), Store(tmp_path / "there")
    for store, first, time in zip(stores, (cells[0], change(cells[0])), times, strict=True):
        for cell in (first, *cells[1:]):
            store.finish(at(cell, time))
    return stores


def better(cell):
    return replace(cell, metrics={**cell.metrics, "test": {**cell.metrics["test"], "accuracy": 0.999}})


def other_answers(cell):
    return replace(cell, arrays={**cell.arrays, "test_predictions": np.roll(cell.arrays["test_predictions"], 1, 0)})


def without_answers(cell):
    return replace(cell, arrays={name: a for name, a in cell.arrays.items() if name != "test_predictions"})


def failed(cell):
    return replace(cell, status="failed", reason="it stopped", chosen=None)


def last_bits(cell):
    return replace(cell, metrics={**cell.metrics, "test": {m: v + 1e-15 for m, v in cell.metrics["test"].items()}})


@pytest.fixture(scope="module")
def cells(digits_store):
    return tuple(digits_store)[:3]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (better, r"a test accuracy of 0\.\d+ and 0\.999"),
        (other_answers, "different test predictions"),
        (without_answers, "different test predictions"),
        (failed, "the status finished and failed"),
    ],
)
@pytest.mark.parametrize("times", [(EARLY, LATE), (LATE, EARLY)])
def test_contradicting_cells_are_refused_whichever_was_first(cells, tmp_path, change, words, times):
    stores = two_stores(cells, tmp_path, change, times)
    with pytest.raises(DataError, match=words) as caught:
        merged(stores)
    said = str(caught.value)
    name = f"{cells[0].cell.arm.name} on digits, seed {cells[0].cell.seed} ({cells[0].cell.digest[:12]})"
    assert all(str(part) in said for part in (*stores, name, "leave that store out"))


@pytest.mark.parametrize("times", [(EARLY, LATE), (LATE, EARLY)])
def test_cells_that_agree_are_one_and_the_order_of_stores_decides_nothing(cells, tmp_path, times):
    stores = two_stores(cells, tmp_path, last_bits, times)
    for order in (stores, stores[::-1]):
        found = merged(order)
        assert sorted(cell.cell.digest for cell in found) == sorted(cell.cell.digest for cell in cells)
        assert {cell.provenance["time"] for cell in found} == {EARLY}


def test_a_store_named_twice_is_one(cells, tmp_path):
    store = two_stores(cells, tmp_path, better)[0]
    assert len(merged([store, Store(store.folder)])) == len(joined({store: tuple(store)})) == len(cells)

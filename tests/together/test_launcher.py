"""Processes that a job starts itself: what they raise arrives, however long it is."""

from dataclasses import dataclass

import pytest

from qml.estimators.launcher import run_ranks
from qml.learn.diverged import DivergedError
from qml.learn.record import Record

ROWS = 4000  # pickled, more than any pipe holds


@dataclass
class Diverging:
    """Stands in for a job; it goes wrong with a long history."""

    devices: int = 2
    plugins: tuple = ()

    def run(self, progress):
        records = [Record("loss", 0.5, "train", step, float(step), 0.0, 0.0) for step in range(ROWS)]
        raise DivergedError("the loss is NaN", records)


@pytest.mark.timeout(120)
def test_an_error_longer_than_the_pipe_arrives():
    with pytest.raises(DivergedError, match="the loss is NaN") as told:
        run_ranks(Diverging(), False)
    assert len(told.value.records) == ROWS

import numpy as np
import pytest
from scipy import stats

from qml.base.errors import ShapeError
from qml.bench.spread import is_stuck, spread, stuck_at


def test_dead_runs_move_the_mean_and_not_the_median():
    found = spread([0.5366, 0.5366, 0.98, 0.99, 0.98, 0.97, 0.99, 0.98], stuck=2)
    assert found.mean < 0.88
    assert found.median == 0.98
    assert found.middle == pytest.approx(stats.trim_mean([0.5366, 0.5366, 0.98, 0.99, 0.98, 0.97, 0.99, 0.98], 0.25))
    assert (found.least, found.greatest, found.runs, found.stuck) == (0.5366, 0.99, 8, 2)


def test_one_run_is_its_own_spread():
    found = spread([0.7])
    assert found.lower == found.median == found.upper == found.mean == 0.7
    assert found.stuck is None


def test_a_run_is_stuck_when_every_answer_is_the_same():
    assert is_stuck(np.array([[0.2, 0.8], [0.4, 0.6]]))
    assert not is_stuck(np.array([[0.2, 0.8], [0.6, 0.4]]))
    assert is_stuck(np.array([3.0, 3.0]))
    with pytest.raises(ShapeError, match="predictions"):
        is_stuck(np.zeros((2, 2, 2)))


def test_accuracies_at_the_prior_are_counted():
    assert stuck_at([0.5, 0.5 + 0.4 / 60, 31 / 60], prior=0.5, rows=60) == 2
    with pytest.raises(ShapeError, match="share"):
        stuck_at([0.5], prior=50, rows=60)


@pytest.mark.parametrize("bad", [[], [np.nan], [[1.0]]])
def test_bad_scores_are_refused(bad):
    with pytest.raises(ShapeError, match="number a run"):
        spread(bad)
    with pytest.raises(ShapeError, match="told that 3"):
        spread([0.1, 0.2], stuck=3)

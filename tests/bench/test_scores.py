import numpy as np
import pytest

from qml.base.errors import ConfigError, DataError, ShapeError
from qml.bench.scores import Scores

ARMS, DATA = ("a", "b"), ("x", "y", "z")


def test_losses_turn_differences_and_ranks_round():
    values = [[0.1, 0.2], [0.3, 0.1], [0.2, 0.2]]
    up, down = Scores(ARMS, DATA, values, True), Scores(ARMS, DATA, values, False)
    assert up.differences("a", "b").tolist() == [-0.1, 0.2, 0.0]
    assert down.differences("a", "b").tolist() == [0.1, -0.2, 0.0]
    assert up.ranks().tolist() == [[2, 1], [1, 2], [1.5, 1.5]]
    assert down.ranks().tolist() == [[1, 2], [2, 1], [1.5, 1.5]]


def test_equal_numbers_by_different_sums_are_ties():
    """0.1 + 0.2 is not 0.3 in binary; as scores they are one number."""
    table = Scores(ARMS, ("x", "y"), [[0.1 + 0.2, 0.3], [0.85 - 0.05, 0.8]])
    assert (0.1 + 0.2) != 0.3
    assert table.differences("a", "b").tolist() == [0.0, 0.0]
    assert table.ranks().tolist() == [[1.5, 1.5], [1.5, 1.5]]
    sizes = Scores(ARMS, ("x", "y"), [[0.85, 0.80], [0.75, 0.70]]).differences("a", "b")
    assert 0.85 - 0.80 != 0.75 - 0.70
    assert sizes[0] == sizes[1]


@pytest.mark.parametrize("size", [1e-7, 1.0, 3e8])
def test_units_do_not_matter(size):
    table = Scores(ARMS, DATA, np.array([[1.0, 2.0], [3.0, 1.0], [2.0, 2.0 + 1e-9]]) * size)
    assert table.ranks().tolist() == [[2, 1], [1, 2], [2, 1]]


@pytest.mark.parametrize("hole", [np.nan, np.inf])
def test_a_hole_is_refused_and_named(hole):
    with pytest.raises(DataError, match=r"'b' on 'y'.*as chance"):
        Scores(ARMS, DATA, [[1, 2], [3, hole], [hole, 1]])


@pytest.mark.parametrize("shape", [(2, 3), (3,), (3, 3)])
def test_wrong_shapes_are_refused(shape):
    with pytest.raises(ShapeError, match=r"\(3, 2\)"):
        Scores(ARMS, DATA, np.ones(shape))


def test_names_stand_once():
    with pytest.raises(DataError, match="arm 'a' 2 times"):
        Scores(("a", "a"), DATA, np.ones((3, 2)))
    with pytest.raises(DataError, match="data set 'x' 2 times"):
        Scores(ARMS, ("x", "y", "x"), np.ones((3, 2)))


def test_an_unknown_arm_is_named_with_the_known():
    table = Scores(ARMS, DATA, np.ones((3, 2)))
    with pytest.raises(ConfigError, match="c"):
        table.column("c")
    assert table.only(["b"]).arms == ("b",)


def test_the_table_is_frozen_and_its_own():
    values = np.ones((3, 2))
    table = Scores(ARMS, DATA, values)
    values[0, 0] = 5
    assert table.values[0, 0] == 1
    with pytest.raises(ValueError, match="read-only"):
        table.values[0, 0] = 2

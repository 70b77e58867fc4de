"""One table of scores, a row a data set and a column an arm: where every statistic over several data sets starts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from qml.base.errors import DataError, ShapeError
from qml.base.registry import unknown

DIGITS = 12
"""Figures of a score that count: two numbers that agree in so many are equal, whatever their last bits say."""


@dataclass(frozen=True, eq=False)
class Scores:
    """Scores of several arms on several data sets, one number each.

    The unit of analysis is the data set: seeds, folds and repetitions are averaged before they come in here.
    Numbers are kept to 12 figures of the largest, so that equal scores are equal after different sums.

    Args:
        arms: names of the columns, each once.
        data: names of the rows, each once.
        values: `(D, A)` finite numbers.
        higher_is_better: which way is good.

    Raises:
        ShapeError: `values` does not have a row for each data set and a column for each arm.
        DataError: a name stands twice, or a number is missing (NaN) or infinite; the message names the first.

    Example:
        >>> table = Scores(("hybrid", "mlp"), ("wine", "digits"), [[0.9, 0.8], [0.7, 0.7]], higher_is_better=True)
        >>> table.differences("hybrid", "mlp").tolist(), table.ranks().tolist()
        ([0.1, 0.0], [[1.0, 2.0], [1.5, 1.5]])
    """

    arms: tuple[str, ...]
    data: tuple[str, ...]
    values: np.ndarray
    higher_is_better: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "arms", tuple(self.arms))
        object.__setattr__(self, "data", tuple(self.data))
        values = np.array(self.values, dtype=np.float64)
        wanted = (len(self.data), len(self.arms))
        if values.shape != wanted or not values.size:
            raise ShapeError(
                f"Scores of {wanted[0]} data sets and {wanted[1]} arms got values of shape {values.shape}; they need "
                f"{wanted}, at least (1, 1)."
            )
        for what, names in (("arm", self.arms), ("data set", self.data)):
            twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
            if twice:
                raise DataError(f"Scores name the {what} {twice[0]!r} {names.count(twice[0])} times; once is needed.")
        for row, column in np.argwhere(~np.isfinite(values))[:1]:
            raise DataError(
                f"Scores lack a number for {self.arms[column]!r} on {self.data[row]!r}: it is {values[row, column]}. "
                "Score a failed fit as chance, or leave out the arm or the data set, for all alike."
            )
        values = _to_figures(values)
        values.setflags(write=False)
        object.__setattr__(self, "values", values)

    @property
    def sign(self) -> float:
        """+1 when higher is better, else -1."""
        return 1.0 if self.higher_is_better else -1.0

    def column(self, arm: str) -> np.ndarray:
        """Scores of one arm `(D,)`.

        Raises:
            ConfigError: no arm of that name.
        """
        if arm not in self.arms:
            raise unknown("arm", arm, list(self.arms))
        return self.values[:, self.arms.index(arm)]

    def differences(self, arm: str, against: str) -> np.ndarray:
        """Differences `(D,)`, positive where `arm` is the better one."""
        difference = self.sign * (self.column(arm) - self.column(against))
        return _to_figures(difference, float(np.abs(self.values).max()))

    def ranks(self) -> np.ndarray:
        """Ranks of the arms on each data set `(D, A)`: 1 is the best, equal scores share their mean rank."""
        return stats.rankdata(-self.sign * self.values, axis=1)

    def only(self, arms: Sequence[str]) -> Scores:
        """The same table with these arms, in this order."""
        columns = [self.column(arm) for arm in arms]
        return Scores(tuple(arms), self.data, np.stack(columns, axis=1), self.higher_is_better)


def _to_figures(values: np.ndarray, size: float | None = None) -> np.ndarray:
    """Numbers rounded to `DIGITS` figures of the largest size; adding 0.0 turns -0.0 into 0.0."""
    size = float(np.abs(values).max()) if size is None else size
    decimals = DIGITS - (math.ceil(math.log10(size)) if size > 0 else 0)
    return np.round(values, decimals) + 0.0

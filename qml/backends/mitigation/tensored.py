"""Readout errors of each wire by itself undone: the inverse of its confusion matrix, shot by shot."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import numpy as np

from qml.backends.backend import Outcome
from qml.backends.counts import Counts
from qml.backends.mitigation.confusion import Confusion
from qml.backends.mitigation.terms import Part, mean_of, parts_of
from qml.circuits.readout import Probabilities, Readout


def unfolded(readout: Readout, counts: Sequence[Counts], confusion: Confusion, *, exact: bool) -> Outcome:
    """Values behind the inverse of each wire's confusion matrix, and their variances.

        Z of a shot with bit b:  ((1 - 2 b) - (e1 - e0)) / (1 - e0 - e1)

    with `e0` the chance to read 1 where 0 is, and `e1` to read 0 where 1 is; words are products over wires. The mean
    is unbiased where the confusion is known and wires err independently. The variance holds that of the shots and
    that of the calibration to first order.

    Args:
        readout: on the wires of `confusion`.
        counts: one a setting of `settings_of(readout)`.
        confusion: of every wire that is read.
        exact: whether `times_N` are exact probabilities; then there is no variance.
    """
    if isinstance(readout, Probabilities):
        return _probabilities(readout, counts[0], confusion, exact)
    constants, parts = parts_of(readout)
    n_rows = counts[0].n_rows if counts else 0
    values = np.tile(constants, (n_rows, 1))
    spread = np.zeros_like(values)
    slopes = np.zeros((*values.shape, 2, len(confusion.wires)))
    for part, counted in zip(parts, counts, strict=True):
        _add(part, counted, confusion, values, spread, slopes)
    if exact:
        return Outcome(values)
    variance = spread + np.einsum("rkeq,eq->rk", slopes**2, np.stack([confusion.variance0_Q, confusion.variance1_Q]))
    return Outcome(values, variance)


def _add(
    part: Part, counts: Counts, confusion: Confusion, values: np.ndarray, spread: np.ndarray, slopes: np.ndarray
) -> None:
    """Add what the terms of one setting bring: means, variances of the means, slopes by the errors of each wire."""
    places = [confusion.wires.index(wire) for wire in part.setting.wires]
    e0, e1 = confusion.e0_Q[places], confusion.e1_Q[places]
    signs = 1.0 - 2.0 * counts.bits_NM
    undone_NM = (signs - (e1 - e0)) / (1 - e0 - e1)
    of_value: dict[int, np.ndarray] = {}
    for term in part.terms:
        factors = undone_NM[:, list(term.columns)]
        line_N = term.coefficient * factors.prod(axis=1)
        of_value[term.k] = of_value.get(term.k, 0.0) + line_N
        whole, _ = mean_of(counts, line_N)
        for place, column in enumerate(term.columns):
            rest, _ = mean_of(counts, term.coefficient * np.delete(factors, place, axis=1).prod(axis=1))
            scale = 1 - e0[column] - e1[column]
            slopes[:, term.k, 0, places[column]] += (whole + rest) / scale
            slopes[:, term.k, 1, places[column]] += (whole - rest) / scale
    for k, line_N in of_value.items():
        mean, variance = mean_of(counts, line_N)
        values[:, k] += mean
        spread[:, k] += variance


def _probabilities(readout: Probabilities, counts: Counts, confusion: Confusion, exact: bool) -> Outcome:
    """All outcomes of the wires; each matrix acts along the axis of its wire."""
    ascending = sorted(readout.wires)
    shares_RO = counts.of_bits([ascending.index(wire) for wire in readout.wires]).frequencies_RO()
    chosen = confusion.of_wires(readout.wires)
    inverses = chosen.inverses_Q22()
    values = _along_all(shares_RO, inverses)
    if exact:
        return Outcome(values)
    shots = counts.shots_R[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.maximum(_along_all(shares_RO, inverses**2) - values**2, 0) / (shots - 1)
    variance = np.where(shots > 1, spread, np.nan)
    for place, inverse in enumerate(inverses):
        for slope, known in ((EDGE0, chosen.variance0_Q[place]), (EDGE1, chosen.variance1_Q[place])):
            variance = variance + known * _along(values, -inverse @ slope, place) ** 2
    return Outcome(values, variance)


EDGE0, EDGE1 = np.array([[-1.0, 0.0], [1.0, 0.0]]), np.array([[0.0, 1.0], [0.0, -1.0]])  # of a matrix by e0, by e1


def _along(table_RO: np.ndarray, matrix: np.ndarray, place: int) -> np.ndarray:
    """`matrix` `(2, 2)` on wire `place` of a table of outcomes `(R, 2**M)`."""
    split = table_RO.reshape(len(table_RO), 2**place, 2, -1)
    return np.einsum("ab,rlbm->rlam", matrix, split).reshape(table_RO.shape)


def _along_all(table_RO: np.ndarray, matrices_Q22: np.ndarray) -> np.ndarray:
    return reduce(lambda table, pair: _along(table, pair[1], pair[0]), enumerate(matrices_Q22), table_RO)

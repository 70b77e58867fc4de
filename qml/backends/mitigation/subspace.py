"""Readout errors of many wires undone on the observed strings alone (M3): a linear system no larger than the shots."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from qml.backends.backend import Outcome
from qml.backends.counts import Counts
from qml.backends.mitigation.confusion import Confusion
from qml.backends.mitigation.terms import parities, parts_of
from qml.base.errors import JobError
from qml.base.lazy import cached_property
from qml.circuits.readout import Probabilities, Readout

DIRECT = 256  # strings: fewer are solved by elimination, more by iteration
KEPT = 2048  # strings whose matrix is kept; of more it is computed in blocks, again in every iteration
TOLERANCE = 1e-10  # relative residual of the iteration
NEVER = 1e-12  # stands for an error that was not seen once


@dataclass(frozen=True, eq=False)
class Subspace:
    """The confusion of independent wires among `N` different strings, each column brought to the sum one.

        A_ij = prod_q P(i_q | j_q) / sum_k prod_q P(k_q | j_q)

    Args:
        bits_NM: the strings.
        confusion: of their wires, in the order of the bits.
    """

    bits_NM: np.ndarray
    confusion: Confusion
    direct: int = DIRECT
    kept: int = KEPT

    @cached_property
    def _logs(self) -> tuple[float, np.ndarray, np.ndarray, np.ndarray]:
        """Logarithm of a product of chances as a bilinear form of the bits read and the bits there."""
        e0, e1 = (np.clip(error, NEVER, 1 - NEVER) for error in (self.confusion.e0_Q, self.confusion.e1_Q))
        stay0, stay1, up, down = np.log1p(-e0), np.log1p(-e1), np.log(e0), np.log(e1)
        return float(stay0.sum()), up - stay0, down - stay0, stay0 - up - down + stay1

    def _raw(self, rows: slice) -> np.ndarray:
        constant, of_read, of_there, of_both = self._logs
        bits = self.bits_NM.astype(float)
        logs = (bits[rows] * of_both) @ bits.T + (bits[rows] @ of_read)[:, None] + bits @ of_there
        return np.exp(logs + constant)

    def _blocks(self) -> Iterator[slice]:
        size = max(1, self.kept**2 // len(self.bits_NM))
        return (slice(start, start + size) for start in range(0, len(self.bits_NM), size))

    @cached_property
    def _sums_N(self) -> np.ndarray:
        return np.sum([self._raw(rows).sum(axis=0) for rows in self._blocks()], axis=0)

    @cached_property
    def matrix_NN(self) -> np.ndarray:
        """All of it, `(N, N)`: read in the row, there in the column."""
        return self._raw(slice(None)) / self._sums_N

    @cached_property
    def _diagonal_N(self) -> np.ndarray:
        wires = np.where(self.bits_NM, 1 - self.confusion.e1_Q, 1 - self.confusion.e0_Q)
        return wires.prod(axis=1) / self._sums_N

    def times(self, there_NC: np.ndarray) -> np.ndarray:
        """`A` times columns `(N, C)`."""
        if len(self.bits_NM) <= self.kept:
            return self.matrix_NN @ there_NC
        scaled = there_NC / self._sums_N[:, None]
        return np.concatenate([self._raw(rows) @ scaled for rows in self._blocks()])

    def transposed(self, read_NC: np.ndarray) -> np.ndarray:
        """`A` transposed times columns `(N, C)`."""
        if len(self.bits_NM) <= self.kept:
            return self.matrix_NN.T @ read_NC
        total = np.sum([self._raw(rows).T @ read_NC[rows] for rows in self._blocks()], axis=0)
        return total / self._sums_N[:, None]

    def solve(self, read_NC: np.ndarray, *, transposed: bool = False) -> tuple[np.ndarray, int]:
        """Columns `(N, C)` whose image is `read_NC`, and the most iterations that one took; 0 by elimination.

        Raises:
            JobError: the iteration does not converge.
        """
        if len(self.bits_NM) <= self.direct:
            return np.linalg.solve(self.matrix_NN.T if transposed else self.matrix_NN, read_NC), 0
        image = self.transposed if transposed else self.times
        solved = [_iterated(image, self._diagonal_N, column) for column in read_NC.T]
        return np.stack([column for column, _ in solved], axis=1), max((steps for _, steps in solved), default=0)

    def slopes(self, there_N: np.ndarray) -> np.ndarray:
        """Derivatives of `A there_N` by `e0` of each wire, then by `e1` of each, `(N, 2 M)`."""
        bits = self.bits_NM.astype(float)
        ones_NM = self.transposed(bits)  # chance to read 1 of each wire, behind each string
        found = []
        for prepared, error in ((0, self.confusion.e0_Q), (1, self.confusion.e1_Q)):
            there = bits if prepared else 1 - bits
            wrong, right = 1 / np.maximum(error, NEVER), -1 / (1 - error)
            of_read_0, of_read_1 = (wrong, right) if prepared else (right, wrong)
            mean_NM = of_read_1 * ones_NM + of_read_0 * (1 - ones_NM)
            log_NM = np.where(self.bits_NM, of_read_1, of_read_0)
            weight = there * there_N[:, None]
            found.append(log_NM * self.times(weight) - self.times(weight * mean_NM))
        return np.concatenate(found, axis=1)


def _iterated(image, diagonal_N: np.ndarray, wanted_N: np.ndarray) -> tuple[np.ndarray, int]:
    """The solution by GMRES behind the diagonal, and its iterations."""
    from scipy.sparse.linalg import LinearOperator, gmres

    size, steps = len(wanted_N), []
    operator = LinearOperator((size, size), matvec=lambda v: image(v.reshape(-1, 1))[:, 0], dtype=float)  # pyright: ignore
    scaling = LinearOperator((size, size), matvec=lambda v: v.ravel() / diagonal_N, dtype=float)  # pyright: ignore
    found, status = gmres(
        operator,
        wanted_N,
        M=scaling,
        rtol=TOLERANCE,
        atol=0.0,
        restart=60,
        maxiter=10,
        callback=steps.append,
        callback_type="pr_norm",
    )
    if status:
        raise JobError(
            f"Readout mitigation on {size} observed strings did not converge in {len(steps)} iterations. The readout "
            'errors are too large for it; take method="twirled", which needs no inverse.'
        )
    return found, len(steps)


@dataclass
class _Effort:
    """What the solving took."""

    strings: int = 0
    iterations: int = 0

    def note(self, strings: int, iterations: int) -> None:
        self.strings, self.iterations = max(self.strings, int(strings)), max(self.iterations, iterations)


@dataclass(frozen=True, eq=False)
class _Sum:
    """Values, variances of the shots and slopes by the errors of each wire, summed over settings."""

    values_RK: np.ndarray
    variance_RK: np.ndarray
    slopes_RKE: np.ndarray
    quasi: list[Counts] = field(default_factory=list)


def solved(readout: Readout, counts: Sequence[Counts], confusion: Confusion, *, exact: bool) -> Outcome:
    """Values of the quasi-distribution on the observed strings, their variances, and that distribution as counts.

    Strings that were never seen are taken not to be there, which is an approximation: with few shots of a spread-out
    distribution it is biased. Where all strings are seen it is the tensored inverse.

    Args:
        readout: on the wires of `confusion`.
        counts: one a setting of `settings_of(readout)`.
        confusion: of every wire that is read.
        exact: whether `times_N` are exact probabilities; then there is no variance.

    References:
        Nation, Kang, Sundaresan and Gambetta, PRX Quantum 2, 040326 (2021). There the variance is a bound; here it
        is that of each value, through the transposed system, with the calibration's to first order.
    """
    n_rows, effort = (counts[0].n_rows if counts else 0), _Effort()
    size = (n_rows, readout.n_values)
    total = _Sum(np.zeros(size), np.zeros(size), np.zeros((*size, 2 * len(confusion.wires))))
    if isinstance(readout, Probabilities):
        ascending = sorted(readout.wires)
        counted = counts[0].of_bits([ascending.index(wire) for wire in readout.wires])
        powers = 1 << np.arange(len(readout.wires))[::-1]

        def outcomes(bits_NM: np.ndarray) -> np.ndarray:
            return np.eye(readout.n_values)[bits_NM.astype(np.int64) @ powers]

        _add(total, counted, confusion.of_wires(readout.wires), confusion, outcomes, effort)
    else:
        constants, parts = parts_of(readout)
        total.values_RK[:] = constants
        for part, counted in zip(parts, counts, strict=True):

            def words(bits_NM: np.ndarray, part=part) -> np.ndarray:
                lines_NK = np.zeros((len(bits_NM), readout.n_values))
                for term in part.terms:
                    lines_NK[:, term.k] += term.coefficient * parities(bits_NM, term.columns)
                return lines_NK

            _add(total, counted, confusion.of_wires(part.setting.wires), confusion, words, effort)
    record = {"strings": effort.strings, "iterations": effort.iterations}
    if exact:
        return Outcome(total.values_RK, None, tuple(total.quasi), record)
    known_E = np.concatenate([confusion.variance0_Q, confusion.variance1_Q])
    return Outcome(total.values_RK, total.variance_RK + total.slopes_RKE**2 @ known_E, tuple(total.quasi), record)


def _add(total: _Sum, counts: Counts, confusion: Confusion, whole: Confusion, of_strings, effort: _Effort) -> None:
    """Add the values of one setting to `total`, binding by binding."""
    seen = counts.times_N > 0
    row_N, bits_NM, times_N = counts.row_N[seen], counts.bits_NM[seen], counts.times_N[seen]
    places = [whole.wires.index(wire) for wire in confusion.wires]
    columns = np.array([*places, *(len(whole.wires) + place for place in places)])
    edges = np.searchsorted(row_N, np.arange(counts.n_rows + 1))
    quasi_N = np.zeros(len(row_N))
    for row, (start, stop) in enumerate(pairwise(edges)):
        subspace, shots = Subspace(bits_NM[start:stop], confusion), times_N[start:stop].sum()
        share_N = times_N[start:stop] / shots
        lines_NK = of_strings(bits_NM[start:stop])
        there_N1, forward = subspace.solve(share_N[:, None])
        undone_NK, backward = subspace.solve(lines_NK, transposed=True)
        effort.note(stop - start, max(forward, backward))
        values = share_N @ undone_NK
        total.values_RK[row] += values
        if shots > 1:
            total.variance_RK[row] += share_N @ (undone_NK - values) ** 2 / (shots - 1)
        else:
            total.variance_RK[row] = np.nan
        total.slopes_RKE[row][:, columns] -= undone_NK.T @ subspace.slopes(there_N1[:, 0])
        quasi_N[start:stop] = there_N1[:, 0] * shots
    total.quasi.append(Counts(counts.n_rows, row_N, bits_NM, quasi_N))

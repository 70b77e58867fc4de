"""The shifted bindings of a batch as one table, sent with equal shots or with shots where they count."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qml.backends.backend import Backend, Outcome
from qml.backends.shifts.directions import Directions
from qml.backends.shifts.sending import allotted, send
from qml.base.errors import DataError
from qml.base.seeds import generator
from qml.circuits.program import Program


@dataclass(frozen=True, eq=False)
class Bindings:
    """`R` angles to run, each with the place and the factor of its value in the derivatives.

    Args:
        slots_RS: the angles.
        row_R: of the batch.
        direction_R: in which the row was shifted.
        factor_R: what its value is multiplied by.
        n_rows: rows of the batch, `B`.
        n_directions: directions, `V`.
    """

    slots_RS: np.ndarray
    row_R: np.ndarray
    direction_R: np.ndarray
    factor_R: np.ndarray
    n_rows: int
    n_directions: int

    def of(self, chosen_R: np.ndarray) -> Bindings:
        """Some of the bindings, by a mask or by their numbers."""
        taken = (self.slots_RS[chosen_R], self.row_R[chosen_R], self.direction_R[chosen_R], self.factor_R[chosen_R])
        return Bindings(*taken, self.n_rows, self.n_directions)

    def derivatives(self, outcome: Outcome) -> tuple[np.ndarray, np.ndarray | None]:
        """Derivatives `(B, V, K)` and their variances from the values of all bindings."""
        place = (self.row_R, self.direction_R)
        shape = (self.n_rows, self.n_directions, outcome.values_RK.shape[1])
        slopes_BVK = np.zeros(shape)
        np.add.at(slopes_BVK, place, self.factor_R[:, None] * outcome.values_RK)
        if outcome.variance_RK is None:
            return slopes_BVK, None
        variance_BVK = np.zeros(shape)
        np.add.at(variance_BVK, place, self.factor_R[:, None] ** 2 * outcome.variance_RK)
        return slopes_BVK, variance_BVK


def shifted_bindings(slots_BS: np.ndarray, ways: Directions, chosen_BV: np.ndarray, scale: float = 1.0) -> Bindings:
    """Every shift of every chosen direction of every row.

    Args:
        slots_BS: angles of the batch.
        ways: directions and shifts.
        chosen_BV: which directions of which rows.
        scale: of all factors.
    """
    row_R, term_R = np.nonzero(chosen_BV[:, ways.direction_T])
    direction_R = ways.direction_T[term_R]
    slots_RS = slots_BS[row_R] + ways.shift_T[term_R, None] * ways.along_VS[direction_R]
    return Bindings(slots_RS, row_R, direction_R, scale * ways.factor_T[term_R], len(slots_BS), ways.n)


def drawn_directions(able_V: np.ndarray, n_rows: int, subset: int | None, seed: int | None) -> tuple[np.ndarray, float]:
    """`(B, V)`: `subset` of the able directions drawn for each row by itself, and by what to scale them up.

    Args:
        able_V: which may be drawn.
        n_rows: rows `B`.
        subset: how many; None takes all.
        seed: of the draw.
    """
    n_able = int(able_V.sum())
    chosen_BV = np.broadcast_to(able_V, (n_rows, len(able_V))).copy()
    if subset is None or subset >= n_able or seed is None:
        return chosen_BV, 1.0
    order_BV = generator(seed, "subset").random(chosen_BV.shape)
    order_BV[~chosen_BV] = np.inf
    chosen_BV[:] = False
    np.put_along_axis(chosen_BV, np.argsort(order_BV, axis=1)[:, :subset], True, axis=1)
    return chosen_BV, n_able / subset


def send_weighted(
    backend: Backend,
    program: Program,
    bindings: Bindings,
    weight_R: np.ndarray,
    shots: int | None,
    units: int,
    seed: int | None,
) -> tuple[Bindings, Outcome]:
    """One job in which a binding has shots in proportion to its weight; none where the weight is zero.

    A job has one number of shots for all of its bindings. So `shots` is cut into `units`, and a binding is sent as
    many times over as it has units of shots: the mean over its copies is its value, whose factor is cut likewise.
    Together they are `shots` for each binding that is sent at all.

    Args:
        backend: where to.
        program: what to run.
        bindings: all that could be sent.
        weight_R: of each, zero or more.
        shots: of an average binding; None sends each once.
        units: into which they are cut.
        seed: of the job.

    Raises:
        DataError: a weight is not finite; nothing was sent.
    """
    wrong = len(weight_R) - int(np.isfinite(weight_R).sum())
    if wrong:
        raise DataError(
            f"A gradient was asked for with a cotangent that is not finite in {wrong} of {len(weight_R)} shifted "
            "bindings; shots are given in proportion to it, and none were sent. Look for what made the loss infinite, "
            "or take plan='eager', which sends all shifts alike."
        )
    sent = bindings.of(weight_R > 0)
    if shots is not None:
        unit = max(1, shots // units)
        copies_R = allotted(weight_R[weight_R > 0], len(sent.row_R) * shots // unit)
        many = sent.of(np.repeat(np.arange(len(copies_R)), copies_R))
        factor_R = many.factor_R / np.repeat(copies_R, copies_R)
        sent = Bindings(many.slots_RS, many.row_R, many.direction_R, factor_R, many.n_rows, many.n_directions)
        shots = unit
    return sent, send(backend, program, sent.slots_RS, shots, seed)

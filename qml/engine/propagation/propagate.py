"""Expectation values of sums of Pauli words by propagation backwards through a Plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qml.base.errors import CapabilityError
from qml.engine.plan import Plan, Turn, Word
from qml.engine.propagation.operator import Operator


@dataclass(frozen=True)
class Propagated:
    """One expectation value with a bound on its error.

    Args:
        value: the expectation value.
        error: the exact value lies within `value +- error` (rounding apart).
        slopes_T: derivatives by the angles of the plan's turns in order of application; empty if not wanted.
        slope_errors_T: bounds on the errors of the derivatives.
        n_terms: most terms at any moment.
    """

    value: float
    error: float
    slopes_T: np.ndarray
    slope_errors_T: np.ndarray
    n_terms: int


def propagate(
    plan: Plan,
    angles_T: np.ndarray,
    words: Sequence[Word],
    coefficients: Sequence[float],
    *,
    max_error: float,
    max_bytes: int,
    slopes: bool = False,
) -> Propagated:
    """Carry `sum_k coefficients[k] * words[k]` back through the turns of `plan` and read it in |0...0>.

        exp(i a/2 P) Q exp(-i a/2 P) = cos(a) Q + sin(a) i P Q    where P and Q anticommute, Q where they commute

    Small terms are left out on the way. A word's expectation value is at most one in magnitude, so the value errs by at
    most the sum of the coefficients left out, and a derivative by the sum of their derivatives left out, plus the
    coefficients left out before its turn was met. All bounds stay within `max_error`.

    The number of terms grows with the turns that do not commute with them: exponentially in the depth for generic
    angles, slowly for small ones. It does not depend on the number of qubits outside the light cone. Do not use it for
    deep circuits or for probabilities.

    Args:
        plan: turns and qubits; its own words are not used.
        angles_T: radians, one a turn of `plan.turns`.
        words: `(x, z)` masks.
        coefficients: one a word.
        max_error: bound that all errors keep to; 0 leaves out nothing but zeros.
        max_bytes: memory for the terms.
        slopes: whether to differentiate.

    Raises:
        CapabilityError: the bound cannot be kept within the memory, or the plan starts from given amplitudes.

    References:
        Rall, Liang, Cook and Kretschmer, Phys. Rev. A 99, 062337 (2019); Rudolph et al., arXiv:2505.21606 (2025).
        Theirs truncate by weight, coefficient or frequency without a bound for the case at hand; this one bounds.

    Example:
        >>> from qml.engine.plan import Plan, Turn
        >>> turn = Turn(1, 1, "row", 0, 1.0)  # RY
        >>> plan = Plan(1, ((turn,),), (), ((0, 1),), n_shared=0, n_rows=1)
        >>> found = propagate(plan, np.array([0.3]), ((0, 1),), (1.0,), max_error=0.0, max_bytes=2**20, slopes=True)
        >>> bool(np.isclose(found.value, np.cos(0.3))), bool(np.isclose(found.slopes_T[0], -np.sin(0.3)))
        (True, True)
    """
    if plan.initial:
        raise CapabilityError(
            "Pauli propagation starts from |0...0>; this Program prepares amplitudes. Encode data in rotations instead."
        )
    turns = plan.turns
    operator = Operator(plan.n_qubits, words, coefficients, max_bytes)
    columns = _carry(operator, turns, angles_T, max_error, slopes)
    totals = operator.at_zero()
    slopes_T, errors_T = (np.zeros(len(turns) if slopes else 0) for _ in range(2))
    slopes_T[columns], errors_T[columns] = totals[1:], operator.left_out[1:]
    return Propagated(float(totals[0]), float(operator.left_out[0]), slopes_T, errors_T, operator.largest_count)


def _carry(
    operator: Operator, turns: Sequence[Turn], angles_T: np.ndarray, max_error: float, slopes: bool
) -> list[int]:
    """All turns, last first; returns which turn each column of derivatives belongs to."""
    columns: list[int] = []
    for place in range(len(turns) - 1, -1, -1):
        slope = slopes and turns[place].kind != "constant"
        try:
            acts = operator.turn_back(turns[place], float(angles_T[place]), slope)
        except CapabilityError as error:
            raise CapabilityError(
                f"{error} It got there at turn {len(turns) - place} of {len(turns)}, counted from the readout, with "
                f"errors bounded by {operator.left_out.max():.3g} where {max_error:.3g} is allowed. Allow a larger "
                "error or more memory, or take fewer layers or smaller angles."
            ) from error
        if acts and slope:
            columns.append(place)
        if acts:  # the allowance grows with the way gone, so that early turns do not spend it all
            operator.truncate(max_error * (len(turns) - place) / len(turns))
    return columns

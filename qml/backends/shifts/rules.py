"""Shift rules: which values of a trigonometric function give its derivative, and with which factors."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from qml.base.errors import CapabilityError

DIGITS = 9  # frequencies that agree so far are one
STRETCHES = np.linspace(0.3, 1.5, 121)


@dataclass(frozen=True, eq=False)
class ShiftRule:
    """f'(0) = sum_t factor_t f(shift_t), exact for every function of the frequencies it was made for.

    Args:
        shifts_T: where to evaluate, in radians.
        factors_T: what each value is multiplied by; the variance of the derivative is `sum_t factor_t^2 variance_t`.
    """

    shifts_T: np.ndarray
    factors_T: np.ndarray


@lru_cache(maxsize=256)
def shift_rule(frequencies: tuple[float, ...]) -> ShiftRule:
    """The rule for functions `sum_k a_k cos(w_k x) + b_k sin(w_k x) + c` with the `F` frequencies `w_k`: `2 F` values.

    Multiples of one frequency, `w_k = k w`, take the shifts `x_t = (2 t - 1) pi / (2 F w)`, `t = 1 .. 2 F`, with the
    factors `w (-1)^(t-1) / (4 F sin^2(w x_t / 2))`: the two-term rule for `F = 1`, the four-term rule for `F = 2`.
    Of other frequencies, pairs of shifts are spread evenly, their factors solved for, and the spread with the smallest
    sum of absolute factors is taken.

    Args:
        frequencies: positive, different from each other.

    Raises:
        CapabilityError: no frequency, or frequencies so close that no spread tells them apart.

    References:
        Wierichs, Izaac, Wang and Lin, Quantum 6, 677 (2022), general parameter-shift rules.

    Example:
        >>> rule = shift_rule((1.0,))
        >>> (rule.shifts_T / np.pi).tolist(), rule.factors_T.round(12).tolist()
        ([0.5, -0.5], [0.5, -0.5])
    """
    found = np.sort(np.asarray(frequencies, float))
    n = len(found)
    if not n or found[0] <= 0:
        raise CapabilityError(f"A shift rule was asked for the frequencies {frequencies}; they must be above zero.")
    if np.allclose(found, found[0] * np.arange(1, n + 1), atol=10.0**-DIGITS):
        t = np.arange(1, 2 * n + 1)
        x = (2 * t - 1) * np.pi / (2 * n)
        factors = found[0] * (-1.0) ** (t - 1) / (4 * n * np.sin(x / 2) ** 2)
        return ShiftRule(np.where(x > np.pi, x - 2 * np.pi, x) / found[0], factors)
    even = (2 * np.arange(1, n + 1) - 1) * np.pi / (2 * found[-1])
    best, least = None, np.inf
    for stretch in STRETCHES:
        shifts = stretch * even
        system = 2 * np.sin(found[:, None] * shifts)
        if np.linalg.cond(system) > 1e6:
            continue
        factors = np.linalg.solve(system, found)
        if (size := np.abs(factors).sum()) < least:
            best, least = (shifts, factors), size
    if best is None:
        raise CapabilityError(
            f"No shift rule tells the frequencies {frequencies} apart; shift each rotation by itself (rule='two_term')."
        )
    shifts, factors = best
    return ShiftRule(np.concatenate([shifts, -shifts]), np.concatenate([factors, -factors]))

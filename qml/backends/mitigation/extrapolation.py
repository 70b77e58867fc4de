"""From values at several sizes of the noise to none: fits, and what they make of the variance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qml.base.errors import ConfigError

METHODS = {"linear": 2, "quadratic": 3, "exponential": 2, "richardson": 2}  # and how many scales each needs
STEEPEST = 2.0
DISTINCT = 2.0  # standard errors from where noise leads: a value nearer to it has no logarithm worth fitting


@dataclass(frozen=True, eq=False)
class Extrapolated:
    """What a fit says of no noise.

    Args:
        values_RK: the fit at scale zero.
        variance_RK: None where the values it came from are exact.
        fell_back_RK: where the exponential fit was not possible and a line was fitted instead.
    """

    values_RK: np.ndarray
    variance_RK: np.ndarray | None
    fell_back_RK: np.ndarray


def check_method(scales: Sequence[int], method: str) -> None:
    """Raise `ConfigError` unless the method is known and there are enough different scales for it."""
    if method not in METHODS:
        raise ConfigError(f"Extrapolation by {method!r} is not known. Known: {', '.join(METHODS)}.")
    if len(set(scales)) != len(scales) or len(scales) < METHODS[method]:
        raise ConfigError(
            f"Extrapolation by {method!r} needs at least {METHODS[method]} different scales; got {tuple(scales)}. "
            "Take (1, 3) or (1, 3, 5)."
        )


def coefficients(scales: Sequence[int], degree: int) -> np.ndarray:
    """`(N,)` factors of the values at `N` scales whose sum is the least-squares polynomial at zero.

    Example:
        >>> coefficients((1, 3), 1).round(6).tolist(), coefficients((1, 3, 5), 2).round(6).tolist()
        ([1.5, -0.5], [1.875, -1.25, 0.375])
    """
    return np.linalg.pinv(np.vander(np.asarray(scales, float), degree + 1, increasing=True))[0]


def extrapolated(
    scales: Sequence[int],
    values_NRK: np.ndarray,
    variance_NRK: np.ndarray | None,
    method: str,
    limit_K: np.ndarray,
    steepest: float = STEEPEST,
) -> Extrapolated:
    """Values at scale zero from values at `N` scales, unweighted.

        "linear", "quadratic":  least squares;  "richardson":  the polynomial through all points
        "exponential":  y = limit + a exp(-b scale),  a line through log |y - limit|

    Polynomials are linear in the values, so that they keep no bias of their own. The exponential is fitted in
    logarithms; where values lie on both sides of the limit, one is not `DISTINCT` standard errors away from it, or the
    fit grows by more than `steepest` over the first value, a line takes its place, and `fell_back_RK` says where.

    Args:
        scales: of the noise.
        values_NRK: `(N, R, K)`.
        variance_NRK: of the values, independent of each other.
        method: a name of `METHODS`.
        limit_K: values behind endless noise.
        steepest: what an exponential may make of the distance of the first value to its limit, as a factor.
    """
    degree = {"linear": 1, "quadratic": 2, "exponential": 1, "richardson": len(scales) - 1}[method]
    factor_N = coefficients(scales, degree)
    values = np.einsum("n,nrk->rk", factor_N, values_NRK)
    variance = None if variance_NRK is None else np.einsum("n,nrk->rk", factor_N**2, variance_NRK)
    if method != "exponential":
        return Extrapolated(values, variance, np.zeros(values.shape, bool))
    away = values_NRK - limit_K
    error = np.zeros_like(away) if variance_NRK is None else np.sqrt(variance_NRK)
    fits = (np.abs(away) > DISTINCT * error).all(axis=0) & (np.abs(np.sign(away).sum(axis=0)) == len(scales))
    safe = np.where(fits, away, 1.0)
    found = np.sign(safe[0]) * np.exp(np.einsum("n,nrk->rk", factor_N, np.log(np.abs(safe))))
    fits &= np.abs(found) <= steepest * np.abs(safe[0])
    if variance is not None:
        spread = found**2 * np.einsum("n,nrk->rk", factor_N**2, (error / safe) ** 2)
        variance = np.where(fits, spread, variance)
    return Extrapolated(np.where(fits, found + limit_K, values), variance, ~fits)

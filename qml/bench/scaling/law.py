"""Power laws of a loss in the number of training rows, fitted by least squares of its logarithm, many at once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from qml.base.errors import DataError, ShapeError
from qml.base.registry import unknown

Form = Literal["constant", "power", "floored"]
FORMS: tuple[Form, ...] = ("constant", "power", "floored")
"""From the simplest to the richest; each holds the one before as a limit."""
PARAMETERS: dict[Form, int] = {"constant": 1, "power": 2, "floored": 3}
STEPS, ENOUGH, STUCK = 120, 1e-9, 1e5
"""Steps of a fit at most; the relative gain, and the damping, at which it ends."""
BOUNDS = np.array([[-80.0, -80.0, -7.0], [80.0, 80.0, 3.0]])
"""Of the logarithms of floor, scale and exponent: beyond them nothing changes within double precision."""


@dataclass(frozen=True)
class Law:
    """A loss as a function of the number of training rows n.

        L(n) = floor + scale * n ** -exponent

    The form "constant" has scale 0, "power" has floor 0, "floored" has all three numbers.

    Args:
        form: one of `FORMS`.
        floor: what is left with any number of rows, in units of the loss.
        scale: what one row would cost above the floor, in units of the loss.
        exponent: per factor e of rows; below 0 only in a "power" law of a loss that grows.

    Example:
        >>> law = Law("floored", floor=0.2, scale=3.0, exponent=0.5)
        >>> law(100), round(law.rows_for(0.5), 6), law.rows_for(0.1)
        (0.5, 100.0, inf)
    """

    form: Form
    floor: float
    scale: float
    exponent: float

    def __call__(self, rows: float) -> float:
        """The loss at so many training rows."""
        return float(self.at(np.array([rows], dtype=np.float64))[0])

    def at(self, rows: np.ndarray | Sequence[float]) -> np.ndarray:
        """The loss at each number of training rows, `(S,)`."""
        rows = np.asarray(rows, dtype=np.float64)
        return self.floor + (self.scale * rows**-self.exponent if self.scale else np.zeros_like(rows))

    def rows_for(self, level: float) -> float:
        """Training rows at which the loss is `level`: infinite at or below the floor, and for a law that never falls.

        Example:
            >>> Law("constant", 0.3, 0.0, 0.0).rows_for(0.2)
            inf
        """
        above = level - self.floor
        if above <= 0 or self.scale <= 0 or self.exponent <= 0:
            return math.inf
        power = math.log(self.scale / above) / self.exponent
        return math.exp(power) if power < 700 else math.inf

    @property
    def falls(self) -> bool:
        """Whether more rows lower the loss."""
        return self.scale > 0 and self.exponent > 0


def fit(rows: np.ndarray | Sequence[float], losses: np.ndarray | Sequence[float], form: Form) -> Law:
    """The law of one form nearest to points, by least squares of the logarithm of the loss.

    Relative errors of a loss are about as large with few rows as with many, absolute ones are not; hence the logarithm.
    Of replicates at one number of rows only the mean logarithm counts, weighted by their number.

    Args:
        rows: `(N,)` training rows of each point, repeated for replicates.
        losses: `(N,)` above 0.
        form: one of `FORMS`.

    Raises:
        ConfigError: an unknown form.
        ShapeError: not as many losses as numbers of rows.
        DataError: a loss that is not above 0, or fewer different numbers of rows than the form has parameters.

    Example:
        >>> found = fit([100, 400, 1600, 6400], [0.4, 0.3, 0.25, 0.225], "floored")
        >>> round(found.floor, 6), round(found.scale, 6), round(found.exponent, 6)
        (0.2, 2.0, 0.5)
    """
    sizes, means, counts = grouped(rows, losses)
    if form not in FORMS:
        raise unknown("form of a law", form, list(FORMS))
    if len(sizes) < PARAMETERS[form]:
        raise DataError(
            f"A {form} law has {PARAMETERS[form]} parameters; it was asked for with {len(sizes)} different numbers of "
            "training rows. Give as many at least, or ask for a simpler form."
        )
    return law_of(form, fit_many(sizes, means[None], form, counts)[0])


def grouped(
    rows: np.ndarray | Sequence[float], losses: np.ndarray | Sequence[float]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Different numbers of rows `(S,)`, the mean logarithm of the loss at each `(S,)`, and how many points `(S,)`.

    Raises:
        ShapeError: not as many losses as numbers of rows.
        DataError: a number of rows or a loss that is not above 0.

    Example:
        >>> sizes, means, counts = grouped([10, 10, 30], [1.0, 1.0, 0.5])
        >>> sizes.tolist(), counts.tolist()
        ([10.0, 30.0], [2, 1])
    """
    rows, losses = np.asarray(rows, np.float64), np.asarray(losses, np.float64)
    if rows.shape != losses.shape or rows.ndim != 1 or not len(rows):
        raise ShapeError(
            f"A law takes a loss for each number of training rows; it got shapes {losses.shape} and {rows.shape}. "
            "Give two (N,) arrays."
        )
    for what, values in (("number of training rows", rows), ("loss", losses)):
        bad = values[~(np.isfinite(values) & (values > 0))]
        if len(bad):
            raise DataError(
                f"A law is fitted to logarithms; one {what} is {bad[0]:g}. Leave that point out, or fit no law."
            )
    sizes, place, counts = np.unique(rows, return_inverse=True, return_counts=True)
    return sizes, np.bincount(place, weights=np.log(losses)) / counts, counts


def fit_many(sizes_S: np.ndarray, logs_DS: np.ndarray, form: Form, counts_S: np.ndarray | None = None) -> np.ndarray:
    """Laws of one form for D draws of the same points: floor, scale and exponent of each, `(D, 3)`.

    Args:
        sizes_S: `(S,)` different numbers of training rows.
        logs_DS: `(D, S)` mean logarithm of the loss.
        form: one of `FORMS`.
        counts_S: `(S,)` weights; None weighs all alike.

    Example:
        >>> draws = np.log([[4.0, 2.0, 1.0], [3.0, 1.5, 0.75]])
        >>> fit_many(np.array([1.0, 2.0, 4.0]), draws, "power").round(6).tolist()
        [[0.0, 4.0, 1.0], [0.0, 3.0, 1.0]]
    """
    weights = np.ones(len(sizes_S)) if counts_S is None else np.asarray(counts_S, np.float64)
    weights = weights / weights.sum()
    if form == "constant":
        level = np.exp(logs_DS @ weights)
        return np.stack([level, np.zeros_like(level), np.zeros_like(level)], axis=1)
    middle = float(weights @ np.log(sizes_S))
    away = np.log(sizes_S) - middle
    slope = (logs_DS * weights) @ away / (weights @ away**2)
    level = np.exp(logs_DS @ weights)
    if form == "power":
        exponent = -slope + 0.0
        return np.stack([np.zeros_like(level), level * np.exp(exponent * middle), exponent], axis=1)
    found = np.exp(_floored(away, logs_DS, weights, level, -slope))
    return np.stack([found[:, 0], found[:, 1] * np.exp(found[:, 2] * middle), found[:, 2]], axis=1)


def rows_for_many(laws_D3: np.ndarray, levels_D: np.ndarray) -> np.ndarray:
    """As `Law.rows_for`, for D laws from `fit_many` and a level each: `(D,)`, infinite where it is never reached.

    Example:
        >>> rows_for_many(np.array([[0.2, 3.0, 0.5], [0.2, 3.0, 0.5]]), np.array([0.5, 0.1])).round(6).tolist()
        [100.0, inf]
    """
    floor, scale, exponent = laws_D3.T
    above = levels_D - floor
    reached = (above > 0) & (scale > 0) & (exponent > 0)
    power = np.log(np.where(reached, scale / np.where(reached, above, 1.0), 1.0)) / np.where(reached, exponent, 1.0)
    return np.where(reached & (power < 700), np.exp(np.minimum(power, 700)), np.inf)


def law_of(form: Form, parameters: np.ndarray) -> Law:
    """The law of one row of `fit_many`.

    Args:
        form: one of `FORMS`.
        parameters: `(P,)` floor, scale and exponent.

    Example:
        >>> law_of("power", np.array([0.0, 2.0, 0.5]))(4)
        1.0
    """
    floor, scale, exponent = (float(value) for value in parameters)
    return Law(form, floor, scale, exponent)


def _floored(
    away: np.ndarray, logs_DS: np.ndarray, weights: np.ndarray, level: np.ndarray, exponent: np.ndarray
) -> np.ndarray:
    """Logarithms of floor, scale (at the middle size) and exponent `(D, 3)`: the best end of a few starts."""
    least, best = np.exp(logs_DS.min(axis=1)), None
    for share, steeper in ((1e-3, 1.0), (0.3, 1.5), (0.6, 2.0), (0.9, 3.0)):
        floor = np.maximum(share * least, 1e-12)
        start = np.log([floor, np.maximum(level - floor, 1e-3 * level), np.maximum(steeper * exponent, 1e-2)]).T
        found, cost = _marquardt(start, away, logs_DS, weights)
        if best is None:
            best = found, cost
            continue
        better = cost < best[1]
        best = np.where(better[:, None], found, best[0]), np.where(better, cost, best[1])
    if best is None:
        raise ShapeError("No start of a fit was given.")
    return best[0]


def _marquardt(
    start: np.ndarray, away: np.ndarray, logs_DS: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Levenberg and Marquardt's steps from `start` `(D, 3)` for all draws at once; ends and their costs `(D,)`."""
    here = np.clip(start, *BOUNDS)
    damping = np.full(len(here), 1e-2)
    left, slopes = _residuals(here, away, logs_DS)
    cost = (left**2) @ weights
    ended = np.zeros(len(here), bool)
    for _ in range(STEPS):
        normal = np.einsum("dsk,s,dsl->dkl", slopes, weights, slopes)
        push = np.einsum("dsk,s,ds->dk", slopes, weights, left)
        diagonal = np.einsum("dkk->dk", normal).copy()
        np.einsum("dkk->dk", normal)[...] += damping[:, None] * (diagonal + 1e-12)
        there = np.clip(here + np.linalg.solve(normal, push[..., None])[..., 0], *BOUNDS)
        left_there, slopes_there = _residuals(there, away, logs_DS)
        cost_there = (left_there**2) @ weights
        better = cost_there < cost
        gain = np.where(better, cost - cost_there, 0.0)
        here = np.where(better[:, None], there, here)
        left = np.where(better[:, None], left_there, left)
        slopes = np.where(better[:, None, None], slopes_there, slopes)
        cost = np.where(better, cost_there, cost)
        damping = np.clip(np.where(better, damping / 5, damping * 4), 1e-12, 1e12)
        ended |= (better & (gain <= ENOUGH * cost)) | (damping > STUCK)
        if ended.all():
            break
    return here, cost


def _residuals(here: np.ndarray, away: np.ndarray, logs_DS: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What the law leaves of the logarithms `(D, S)`, and slopes of its logarithm by the parameters `(D, S, 3)`."""
    floor, scale, exponent = (part[:, None] for part in np.exp(here).T)
    falling = scale * np.exp(-exponent * away)
    whole = floor + falling
    slopes = np.stack([floor / whole, falling / whole, -exponent * away * falling / whole], axis=2)
    return logs_DS - np.log(whole), slopes

"""Which law a curve follows, if any: constant, power law or floored one, by AICc and by what seeds leave open."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from qml.base.errors import DataError, ShapeError
from qml.bench.scaling.draws import drawn_logs, ends
from qml.bench.scaling.law import FORMS, PARAMETERS, Form, Law, fit_many, law_of
from qml.bench.scaling.readings import Reading

Kind = Literal["law", "constant", "rises", "refused"]
FEWEST_SIZES, FEWEST_SEEDS = 3, 2
"""Different numbers of training rows, and seeds, below which no law is looked for."""
MARGIN = 2.0
"""A richer form must lower AICc by more than this."""
LEAST = 1e-3
"""An exponent below this is none: the fit of a floored law cannot go to 0, only near it."""
ROUNDING = 1e-9
"""Relative errors below this are rounding: two exact fits are equally good."""


@dataclass(frozen=True)
class Choice:
    """What a curve follows.

    Args:
        kind: "law"; "constant", where none is better than no dependence at all; "rises", where the loss grows with
            more rows; "refused", where the points allow no answer.
        law: what is nearest: the chosen form, a constant, or the rising power law; None where refused.
        aicc: form -> Akaike's criterion with correction, lower is better; only forms that the points can carry.
        reason: why there is no law; empty with one.
    """

    kind: Kind
    law: Law | None
    aicc: Mapping[Form, float]
    reason: str = ""

    @property
    def margin(self) -> float:
        """By how much AICc prefers the best form with a dependence on rows to a constant; NaN where not compared."""
        others = [value for form, value in self.aicc.items() if form != "constant"]
        return self.aicc["constant"] - min(others) if others else math.nan


def choose(
    rows_S: np.ndarray | Sequence[float],
    losses_SJ: np.ndarray | Sequence[Sequence[float]],
    logs_SD: np.ndarray | None = None,
) -> Choice:
    """The form that the losses of J seeds at S numbers of training rows call for.

    From "constant" on, the next form is taken where it lowers AICc by more than `MARGIN`: within that both fit as well,
    and the simpler one stands. A form needs one more different number of rows than it has parameters, and
    `FEWEST_SIZES` in any case.

    AICc counts every seed at every size as a point of its own. The points of one seed are not: its training rows are
    nested, and it may have a slope of its own. So the exponent is fitted to draws in which seeds deviate as a whole
    (`qml.bench.scaling.draws`), and a form stands only where its 95 % interval, and that of a plain power law, lies on
    one side of 0.

    Args:
        rows_S: training rows at each size.
        losses_SJ: such as log-loss or share of errors, the seeds in the same order at each size.
        logs_SD: drawn logarithms of the mean losses; by default those that seeds alone leave open.

    Raises:
        ShapeError: not a row of losses for each size.
        DataError: a number of rows that is not above 0.

    Example:
        >>> sizes = [100, 300, 1000, 3000]
        >>> choose(sizes, [[n**-0.4, 1.01 * n**-0.4] for n in sizes]).law.form
        'power'
        >>> choose(sizes, [[0.30, 0.31], [0.31, 0.30], [0.30, 0.29], [0.29, 0.30]]).kind
        'constant'
        >>> choose([100, 300], [[0.5, 0.5], [0.4, 0.4]]).reason
        'two sizes: a law takes at least 3'
    """
    rows, losses = np.asarray(rows_S, np.float64), np.asarray(losses_SJ, np.float64)
    if losses.ndim != 2 or rows.shape != losses.shape[:1]:
        raise ShapeError(f"Losses of seeds at {rows.shape} numbers of rows were expected; they are {losses.shape}.")
    if not (rows > 0).all():
        raise DataError(f"A law in the number of rows was asked for; one is {rows.min():g}. Give numbers above 0.")
    n_sizes, seeds = len(np.unique(rows)), losses.shape[1]
    if n_sizes < FEWEST_SIZES:
        return Choice("refused", None, {}, f"{_counted(n_sizes)}: a law takes at least {FEWEST_SIZES}")
    if seeds < FEWEST_SEEDS:
        return Choice("refused", None, {}, f"one seed: a law takes at least {FEWEST_SEEDS}, to know their scatter")
    if not (np.isfinite(losses) & (losses > 0)).all():
        return Choice("refused", None, {}, "a loss of 0 or none at all, which has no logarithm")
    logs = np.log(losses)
    means, inside = logs.mean(axis=1), float(np.sum((logs - logs.mean(axis=1, keepdims=True)) ** 2))
    laws: dict[Form, Law] = {}
    aicc: dict[Form, float] = {}
    for form in FORMS:
        if n_sizes <= PARAMETERS[form] or logs.size - PARAMETERS[form] < 3:
            continue
        laws[form] = law_of(form, fit_many(rows, means[None], form)[0])
        left = seeds * float(np.sum((means - np.log(laws[form].at(rows))) ** 2))
        aicc[form] = criterion(inside + left, logs.size, PARAMETERS[form])
    taken: list[Form] = ["constant"]
    for form in FORMS[1:]:
        if form in aicc and aicc[form] < aicc[taken[-1]] - MARGIN:
            taken.append(form)
    if taken == ["constant"]:
        return Choice("constant", laws["constant"], aicc, "a constant fits as well")
    if logs_SD is None:
        logs_SD = drawn_logs([Reading(n, found, np.zeros(0), 1.0) for n, found in zip(rows, losses, strict=True)])
    if not _one_sided(rows, logs_SD, "power"):
        return Choice("constant", laws["constant"], aicc, "the interval of its exponent holds 0")
    standing: list[Form] = ["power", *(form for form in taken[1:] if _one_sided(rows, logs_SD, form))]
    chosen = standing[-1]
    if not laws[chosen].falls:
        return Choice("rises", laws[chosen], aicc, "the loss does not fall with more rows")
    return Choice("law", laws[chosen], aicc)


def _one_sided(rows_S: np.ndarray, logs_SD: np.ndarray, form: Form) -> bool:
    """Whether the 95 % interval of the exponent of a form lies on one side of 0."""
    lo, hi = ends(fit_many(rows_S, logs_SD.T, form)[:, 2])
    return lo > LEAST or hi < -LEAST


def criterion(squares: float, points: int, parameters: int) -> float:
    """Akaike's criterion with the correction for few points, of a least-squares fit; lower is better.

        AICc = N log(S / N) + 2 k + 2 k (k + 1) / (N - k - 1),    k = parameters + 1

    Args:
        squares: S, sum of squared residuals.
        points: N.
        parameters: of the curve; the scatter is one more.

    References:
        Hurvich and Tsai, Biometrika 76, 297 (1989).

    Example:
        >>> round(criterion(2.0, points=10, parameters=1), 4)
        -10.3801
    """
    k = parameters + 1
    scatter = max(squares / points, ROUNDING**2)
    return points * math.log(scatter) + 2 * k + 2 * k * (k + 1) / (points - k - 1)


def _counted(sizes: int) -> str:
    return {1: "one size", 2: "two sizes"}.get(sizes, f"{sizes} sizes")

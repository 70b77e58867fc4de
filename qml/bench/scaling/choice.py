"""Which law a curve follows, if any: constant, power law or power law with a floor, by AICc; simpler wins a draw."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from qml.bench.scaling.law import FORMS, PARAMETERS, Form, Law, fit_many, grouped, law_of

Kind = Literal["law", "constant", "rises", "refused"]
FEWEST_SIZES = 3
"""Different numbers of training rows below which no law is looked for."""
MARGIN = 2.0
"""A richer form must lower AICc by more than this."""
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


def choose(rows: np.ndarray | Sequence[float], losses: np.ndarray | Sequence[float]) -> Choice:
    """The form that points call for.

    From "constant" on, the next form is taken where it lowers AICc by more than `MARGIN`: within that both fit as well,
    and the simpler one stands. A form needs one more different number of rows than it has parameters, and
    `FEWEST_SIZES` in any case. Replicates (seeds) are counted as points; where one seed is better at all sizes, that
    makes the scatter look larger than it is for a slope, so laws are claimed less often, not more.

    Args:
        rows: `(N,)` training rows of each point, repeated for replicates.
        losses: `(N,)`, such as log-loss or share of errors.

    Raises:
        ShapeError: not as many losses as numbers of rows.
        DataError: a number of rows that is not above 0.

    Example:
        >>> sizes = [100, 300, 1000, 3000]
        >>> choose(sizes * 2, [n**-0.4 for n in sizes] + [1.01 * n**-0.4 for n in sizes]).law.form
        'power'
        >>> choose(sizes * 2, [0.30, 0.31, 0.30, 0.29, 0.31, 0.30, 0.29, 0.30]).kind
        'constant'
        >>> choose([100, 300], [0.5, 0.4]).reason
        'two sizes: a law takes at least 3'
    """
    rows, losses = np.asarray(rows, np.float64), np.asarray(losses, np.float64)
    n_sizes = len(np.unique(rows))
    if n_sizes < FEWEST_SIZES:
        return Choice("refused", None, {}, f"{_counted(n_sizes)}: a law takes at least {FEWEST_SIZES}")
    if not (np.isfinite(losses) & (losses > 0)).all():
        return Choice("refused", None, {}, "a loss of 0 or none at all, which has no logarithm")
    sizes, means, counts = grouped(rows, losses)
    inside = float(np.sum((np.log(losses) - means[np.searchsorted(sizes, rows)]) ** 2))
    laws: dict[Form, Law] = {}
    aicc: dict[Form, float] = {}
    for form in FORMS:
        if n_sizes <= PARAMETERS[form] or len(rows) - PARAMETERS[form] < 3:
            continue
        laws[form] = law_of(form, fit_many(sizes, means[None], form, counts)[0])
        left = float(counts @ (means - np.log(laws[form].at(sizes))) ** 2)
        aicc[form] = criterion(inside + left, len(rows), PARAMETERS[form])
    chosen: Form = "constant"
    for form in FORMS[1:]:
        if form in aicc and aicc[form] < aicc[chosen] - MARGIN:
            chosen = form
    if chosen == "constant":
        return Choice("constant", laws["constant"], aicc, "a constant fits as well")
    if not laws[chosen].falls:
        return Choice("rises", laws[chosen], aicc, "the loss does not fall with more rows")
    return Choice("law", laws[chosen], aicc)


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

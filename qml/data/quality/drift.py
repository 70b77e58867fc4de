"""Parts that are not alike: column by column, and by how well a classifier tells their rows apart."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from qml.base.extras import require
from qml.base.words import plural
from qml.data.quality.checks import CHECKS, Check
from qml.data.quality.examined import NUMERIC, Examined
from qml.data.quality.features import numbers_of, sampled
from qml.data.quality.finding import Finding, Level
from qml.data.quality.limits import Limits
from qml.data.source import Column

FOLDS = 3
FEW = 5
"""Least expected count of a cell of a table; rarer values are taken together."""


@dataclass(frozen=True)
class Moved:
    """One column, or the target, compared between training and another part.

    Args:
        column: its name.
        test: "KS" for numbers, "chi2" for categories.
        effect: the Kolmogorov-Smirnov distance, or Cramer's V; both 0 .. 1.
        p: corrected by Holm over the columns.
        is_target: whether it is the target.
    """

    column: str
    test: str
    effect: float
    p: float
    is_target: bool = False


def drift(examined: Examined, limits: Limits) -> Iterator[Finding]:
    """Columns and the target whose distribution differs between training and a later part."""
    for part in examined.split.parts:
        if part == "train" or "train" not in examined.split.parts:
            continue
        found = moved(examined, "train", part)
        told = [item for item in found if item.p < limits.drift_alpha and item.effect >= limits.drift_effect]
        if told:
            worst = sorted(told, key=lambda item: -item.effect)
            said = [f"{item.column}: {item.test} {item.effect:.3f}, p {item.p:.1e}" for item in worst]
            yield Finding(
                "drift",
                "warn",
                f"{_who(told, found)} between train and {part}",
                f"The farthest: {'; '.join(said[:3])} (p corrected by Holm over {len(found)} columns; told from an "
                f"effect of {limits.drift_effect:g} on).",
                {"columns": len(told), "of": len(found), **{f"effect of {i.column}": i.effect for i in worst[:20]}},
                f"Judge on rows like those to come. Where {part} is a later time or another place, say so.",
                columns=tuple(item.column for item in worst),
                examples=tuple(said[: limits.shown]),
                part=part,
            )


def _who(told: list[Moved], found: list[Moved]) -> str:
    """Which differ, in words: so many input columns, the target, or both."""
    columns, of = (sum(not item.is_target for item in items) for items in (told, found))
    if columns == len(told):
        return f"{columns} of {plural(of, 'column')} {'differs' if columns == 1 else 'differ'}"
    return f"{columns} of {plural(of, 'column')} and the target differ" if columns else "the target differs"


def moved(examined: Examined, before: str, after: str) -> list[Moved]:
    """Every column of numbers or categories, and the target, compared between two parts.

    Numbers by the two-sample Kolmogorov-Smirnov test, categories by the chi-square test of their counts, values that
    are expected fewer than five times taken together. The p of rows that are not independent (copies, repeated
    subjects, moments) is too small, which is why a finding needs an effect as well.

    Args:
        examined: table and parts.
        before: name of a part.
        after: name of the other.
    """
    first, second = examined.split[before], examined.split[after]
    found: list[Moved] = []
    for column in examined.inputs:
        if column.kind in NUMERIC and np.asarray(examined.table[column.name]).ndim == 1:
            found.append(_moved(column, np.asarray(examined.table[column.name]), first, second))
    targets, target = examined.table.targets, examined.table.target
    if target is not None and targets is not None:
        kind = "category" if target.kind == "classes" else "number"
        item = _moved(Column(f"{target.name} (the target)", kind), targets, first, second)
        found.append(replace(item, is_target=True))
    corrected = holm(np.array([item.p for item in found]))
    return [replace(item, p=float(p)) for item, p in zip(found, corrected, strict=True)]


def holm(p: np.ndarray) -> np.ndarray:
    """`(K,)` p values corrected for `K` tests.

    References:
        Holm, Scand. J. Statist. 6, 65 (1979).

    Example:
        >>> holm(np.array([0.01, 0.04, 0.03]))
        array([0.03, 0.06, 0.06])
    """
    order = np.argsort(p)
    steps = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    out = np.empty(len(p))
    out[order] = np.minimum(steps, 1.0)
    return out


def _moved(column: Column, values: np.ndarray, first: np.ndarray, second: np.ndarray) -> Moved:
    """One column in two parts, its p not corrected."""
    if column.kind == "category":
        effect, p = cramer(values[first], values[second])
        return Moved(column.name, "chi2", effect, p)
    a, b = (part[np.isfinite(part)].astype(np.float64) for part in (values[first], values[second]))
    if not len(a) or not len(b):
        return Moved(column.name, "KS", float(len(a) != len(b)), 0.0 if len(a) != len(b) else 1.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # the exact p overflows for many rows; scipy then approximates
        distance, p = tuple(stats.ks_2samp(a, b, method="asymp"))[:2]
    return Moved(column.name, "KS", float(distance), float(p))


def cramer(first: np.ndarray, second: np.ndarray) -> tuple[float, float]:
    """Cramer's V and the p of the chi-square test of two samples of codes, of shapes `(N,)` and `(M,)`.

    Example:
        >>> cramer(np.repeat([0, 1], 50), np.repeat([0, 1], 50))
        (0.0, 1.0)
    """
    values, place = np.unique(np.concatenate([first, second]), return_inverse=True)
    counts = np.stack([np.bincount(part, minlength=len(values)) for part in np.split(place, [len(first)])])
    least = counts.sum(axis=0) * min(len(first), len(second)) / (len(first) + len(second))
    rare = least < FEW
    table = np.concatenate([counts[:, ~rare], counts[:, rare].sum(axis=1, keepdims=True)], axis=1)
    table = table[:, table.sum(axis=0) > 0]
    if table.shape[1] < 2:
        return 0.0, 1.0
    result = stats.chi2_contingency(table, correction=False)
    return float(np.sqrt(result.statistic / table.sum())), float(result.pvalue)  # pyright: ignore


def told_apart(examined: Examined, limits: Limits) -> Iterator[Finding]:
    """How well a classifier that sees the inputs alone tells training from test rows, out of fold."""
    parts = examined.split.parts
    others = [part for part in ("test", "validation") if part in parts]
    if "train" not in parts or not others:
        return
    other = others[0]
    half = limits.sample // 2
    first, second = (sampled(parts[name], half, f"apart/{name}") for name in ("train", other))
    inputs = numbers_of(examined, np.concatenate([first, second]))
    if inputs is None:
        return
    area = area_between(inputs, np.repeat([0, 1], [len(first), len(second)]))
    if area < limits.told_apart:
        return
    level: Level = "suspect" if area >= limits.wholly_apart else "warn"
    yield Finding(
        "told_apart",
        level,
        f"train and {other} rows can be told apart (AUC {area:.3f})",
        f"Boosted trees that see the inputs alone tell {len(first)} train from {len(second)} {other} rows, out of "
        f"fold, with an area under the curve of {area:.3f}; 0.5 is chance.",
        {"auc": area},
        f"Scores on {other} are about rows of another kind than those learnt from. See which columns differ.",
    )


def area_between(inputs: np.ndarray, labels: np.ndarray) -> float:
    """Out-of-fold area under the curve of boosted trees, of `(N, D)` inputs with `(N,)` labels 0 and 1."""
    require("sklearn", extra="data", purpose="telling parts apart")
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    trees = HistGradientBoostingClassifier(max_iter=50, max_leaf_nodes=15, random_state=0)
    deal = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    scores = np.asarray(cross_val_predict(trees, inputs, labels, cv=deal, method="predict_proba"))
    return float(roc_auc_score(labels, scores[:, 1]))


CHECKS.add("drift", Check("parts that differ column by column", drift))
CHECKS.add("told_apart", Check("parts that a classifier tells apart", told_apart, slow=True))

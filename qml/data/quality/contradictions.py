"""Equal inputs with different labels: no model can be right on all of them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from qml.base.words import plural
from qml.data.duplicates import numbered
from qml.data.quality.checks import CHECKS, Check, without_classes
from qml.data.quality.examined import Examined
from qml.data.quality.finding import Finding
from qml.data.quality.limits import Limits


def contradictions(examined: Examined, limits: Limits) -> Iterator[Finding]:
    """Distinct inputs that occur with more than one label."""
    if examined.classes is None:
        return
    rows = examined.rows[examined.classes[examined.rows] >= 0]
    classes = examined.classes[rows]
    group, sizes = numbered(examined.keys[rows])
    table = np.zeros((len(sizes), len(examined.labels)), np.int64)
    np.add.at(table, (group, classes), 1)
    both = (table > 0).sum(axis=1) > 1
    if not both.any():
        return
    inputs, concerned = int(both.sum()), rows[both[group]]
    lost = int((table.sum(axis=1) - table.max(axis=1)).sum())
    share = len(concerned) / len(rows)
    shown = []
    for number in np.flatnonzero(both)[: limits.shown]:
        labels = [f"{examined.labels[c]} x {table[number, c]}" for c in np.flatnonzero(table[number])]
        shown.append(f"{examined.shown(int(rows[np.flatnonzero(group == number)[0]]))}: {', '.join(labels)}")
    yield Finding(
        "contradictions",
        "suspect" if share >= limits.contradictions else "warn",
        f"{plural(inputs, 'input occurs', 'inputs occur')} with more than one label",
        f"{plural(inputs, 'input', 'different inputs')}, {len(concerned)} rows ({share:.2%}), "
        f"{'has' if inputs == 1 else 'have'} more than one label. The best possible answer is wrong on {lost} of "
        f"{len(rows)} rows: no accuracy above {1 - lost / len(rows):.4f} is real.",
        {"inputs": inputs, "rows": len(concerned), "share": share, "unavoidable errors": lost},
        "See which label is right, or predict a share; where a column is missing that tells them apart, add it.",
        rows=tuple(concerned[: limits.listed].tolist()),
        examples=tuple(shown),
    )


def _unfit(examined: Examined) -> str:
    return without_classes(examined) if examined.inputs else "the set has no input column"


CHECKS.add("contradictions", Check("equal inputs with different labels", contradictions, _unfit))

"""Classes: absent from a part, rare in it, or in other shares than in training."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from qml.base.words import plural
from qml.data.quality.checks import CHECKS, Check, without_classes
from qml.data.quality.examined import Examined
from qml.data.quality.finding import Finding
from qml.data.quality.limits import Limits

COMMON = 0.5
"""Share of the commonest class over that of an even draw, above which accuracy misleads: 1 / (C COMMON)."""


def balance(examined: Examined, limits: Limits) -> Iterator[Finding]:
    """Rows of each class in each part."""
    classes = examined.classes
    if classes is None:
        return
    n_classes = len(examined.labels)
    counts = {
        part: np.bincount(classes[rows][classes[rows] >= 0], minlength=n_classes)
        for part, rows in examined.split.parts.items()
    }
    yield from _absent(examined, counts, limits)
    for part, found in counts.items():
        rare = [place for place in range(n_classes) if 0 < found[place] < limits.rare]
        if rare:
            said = ", ".join(f"{examined.labels[place]}: {found[place]}" for place in rare)
            yield Finding(
                "balance",
                "warn",
                f"{plural(len(rare), 'class has', 'classes have')} fewer than {limits.rare} rows in {part}",
                f"Rows in {part}: {said}. A score of such a class rests on single rows.",
                {f"{examined.labels[place]} in {part}": int(found[place]) for place in rare},
                "Join them with another class, leave them out, or give them no weight in a conclusion.",
            )
    total = np.sum(list(counts.values()), axis=0)
    shares = total / max(total.sum(), 1)
    if shares.max() >= 1 - COMMON / n_classes and n_classes > 1:
        most = int(shares.argmax())
        yield Finding(
            "balance",
            "note",
            f"{shares[most]:.1%} of the rows are {examined.labels[most]}",
            f"Always answering {examined.labels[most]} has an accuracy of {shares[most]:.4f}.",
            {"commonest": float(shares[most]), "rarest": float(shares.min())},
            "Judge by area under the curve, average precision or balanced accuracy.",
        )


def _absent(examined: Examined, counts: dict[str, np.ndarray], limits: Limits) -> Iterator[Finding]:
    """Classes that a part lacks; one that training lacks cannot be learnt."""
    train = counts.get("train")
    for part, found in counts.items():
        if train is not None and part != "train":
            unseen = [place for place in np.flatnonzero(found > 0) if train[place] == 0]
            if unseen:
                names, rows = [examined.labels[place] for place in unseen], int(found[unseen].sum())
                yield Finding(
                    "balance",
                    "severe" if rows >= limits.unseen * found.sum() else "warn",
                    f"{plural(len(unseen), f'class of {part} does', f'classes of {part} do')} not occur in training",
                    f"{', '.join(names)}: {plural(rows, 'row')} of {part} ({rows / found.sum():.2%}), which no model "
                    "can get right.",
                    {f"{examined.labels[place]} in {part}": int(found[place]) for place in unseen},
                    "Split by class, or leave these classes out of both.",
                )
        absent = [
            place for place in np.flatnonzero(found == 0) if train is None or (train[place] > 0 and part != "train")
        ]
        if len(absent):
            names = [examined.labels[place] for place in absent]
            yield Finding(
                "balance",
                "warn",
                f"{plural(len(absent), 'class does', 'classes do')} not occur in {part}",
                f"{', '.join(names)}: a score on {part} says nothing about them.",
                {"classes": len(absent)},
                "Split by class.",
            )


CHECKS.add("balance", Check("classes that are rare or absent", balance, without_classes))

"""Which classes are taken for which: errors coloured, the diagonal as plain numbers."""

from __future__ import annotations

import numpy as np

from qml.base.words import plural
from qml.bench.contestant import Contestant
from qml.bench.report.canvas import Canvas, digits, esc
from qml.bench.report.view import WIDE, Figure, View
from qml.bench.statistics import confusion

MOST = 30


def confusion_figure(view: View) -> Figure | None:
    """The hybrid and the champion, pooled over seeds; None for numbers and for more than thirty classes."""
    labels = view.summary.labels
    arms = [arm for arm in (view.hero, view.summary.champion) if arm is not None and arm.cells]
    arms = arms or [arm for arm in view.summary.ranked if arm.cells][:1]
    if not labels or len(labels) > MOST or not arms:
        return None
    found = [(arm, pooled(arm, len(labels))) for arm in arms]
    wrong = [int(counts.sum() - np.trace(counts)) for _, counts in found]
    first = found[0][1]
    title = f"{arms[0].title} errs on {wrong[0]} of {first.sum()} test predictions"
    if len(arms) > 1:
        title += f", {arms[1].title} on {wrong[1]}"
    errors = first - np.diag(np.diag(first))
    if errors.sum() and not arms[0].stuck:  # of one answer to every row it would only name the largest other class
        i, j = np.unravel_index(int(errors.argmax()), errors.shape)
        title += f"; the most frequent error of {arms[0].spoken}: {labels[i]} read as {labels[j]}"
    how = (
        "Per cent of the true class; only errors are coloured (full colour from 10\u00a0%). Cells under "
        "1\u00a0% carry no number. "
        f"Predictions of {plural(len(view.summary.protocol.seeds), 'seed')} pooled; a row can occur in several."
    )
    if _key(labels):
        how += " Classes: " + ", ".join(f"{k} {label}" for k, label in enumerate(labels)) + "."
    rows = tuple((a.title, labels[i], *map(str, c[i].tolist())) for a, c in found for i in range(len(labels)))
    return Figure("confusion", title, how, lambda wide: _draw(view, found, wide), ("arm", "true", *labels), rows)


def pooled(arm: Contestant, classes: int) -> np.ndarray:
    """Counts `(C, C)` over all seeds of an arm."""
    pairs = zip(arm.array("test_predictions"), arm.array("test_targets"), strict=True)
    counts = sum((confusion(p, t) for p, t in pairs), np.zeros((classes, classes), np.int64))
    return np.asarray(counts)


def _key(labels: tuple[str, ...]) -> bool:
    """Whether the axes carry numbers, with the names in the reading note."""
    return max(map(len, labels)) > 3


def _draw(view: View, found: list[tuple[Contestant, np.ndarray]], wide: bool) -> Canvas:
    classes = len(view.summary.labels)
    side = min(64.0, (310 if wide else 320) / classes)
    panel = side * classes
    width = WIDE if wide else 360
    height = panel + 70 if wide else len(found) * (panel + 76)
    canvas = Canvas(
        width, height, "Confusion matrices; rows: true class, columns: predicted class, per cent of each true class."
    )
    for number, (arm, counts) in enumerate(found):
        left, top = (34 + number * 390, 44) if wide else (34, 44 + number * (panel + 76))
        canvas.add(view.marks.glyph(arm, left + 6, top - 32, 5.5))
        canvas.text(left + 18, top - 28, view.name(arm, wide), "t b")
        wrong = int(counts.sum() - np.trace(counts))
        canvas.text(left + max(panel, 310), top - 28, f"{wrong} wrong of {counts.sum()}", "t s", "end")
        _matrix(canvas, view.summary.labels, counts, left, top, side)
        canvas.text(left + panel / 2, top + panel + 17, "predicted (rows: true)", "t s", "middle")
    return canvas


def _matrix(canvas: Canvas, labels: tuple[str, ...], counts: np.ndarray, left: float, top: float, side: float) -> None:
    named = [str(k) for k in range(len(labels))] if _key(labels) else labels
    for i, name in enumerate(named):
        if side >= 14 or i % 5 == 0:
            canvas.text(left - 8, top + side * (i + 0.5) + 4, name, "t s", "end")
            canvas.text(left + side * (i + 0.5), top - 6, name, "t s", "middle")
        total = max(1, int(counts[i].sum()))
        for j in range(len(labels)):
            share = 100 * counts[i, j] / total
            x, y = left + side * j, top + side * i
            if i == j:
                canvas.rect(x + 0.5, y + 0.5, side - 1, side - 1, "diag")
            elif counts[i, j]:
                tip = esc(f"true {labels[i]}, predicted {labels[j]}: {counts[i, j]} rows, {share:.1f} %")
                canvas.add(
                    f'<rect x="{digits(x + 0.5)}" y="{digits(y + 0.5)}" '
                    f'width="{digits(side - 1)}" height="{digits(side - 1)}" '
                    f'class="err m" fill-opacity="{0.6 * min(1, share / 10):.2f}" data-t="{tip}"/>'
                )
            if side >= 22 and (i == j or share >= 1):
                kind = "t s" if i == j else "t s b" if share >= 5 else "t s k"
                canvas.text(x + side / 2, y + side / 2 + 4, f"{share:.0f}", kind, "middle")

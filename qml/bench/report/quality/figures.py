"""Drawings of an inspection: shares of the classes by part, and how far columns moved between parts."""

from __future__ import annotations

from collections.abc import Sequence

from qml.bench.report.canvas import Canvas, linear
from qml.bench.report.marks import drawn
from qml.bench.report.view import NARROW, WIDE, Figure
from qml.data.quality.checks import Inspection

LINE = 22
MOST = 30
MARKS = {"train": ("disc", "q"), "validation": ("square", "c"), "test": ("diamond", "b")}


def balance_figure(inspection: Inspection) -> Figure | None:
    """Shares of the classes in each part; None without classes."""
    counts = {part: found for part, found in inspection.class_counts.items() if sum(found)}
    if not counts:
        return None
    labels = inspection.labels[:MOST]
    shares = {part: [number / sum(found) for number in found] for part, found in counts.items()}
    rows = tuple(
        (label, *(text for part in counts for text in (str(counts[part][i]), f"{shares[part][i]:.4f}")))
        for i, label in enumerate(inspection.labels)
    )
    heads = ("class", *(text for part in counts for text in (f"rows of {part}", f"share of {part}")))
    every = [share for found in shares.values() for share in found]
    title = f"{len(inspection.labels)} classes hold between {min(every):.1%} and {max(every):.1%} of a part"
    more = f" The first {MOST} of {len(inspection.labels)} are drawn." if len(inspection.labels) > MOST else ""
    how = f"Share of each class within each part; marks that lie apart are parts of another mix.{more}"

    def draw(wide: bool) -> Canvas:
        return _dots(labels, {part: found[:MOST] for part, found in shares.items()}, "share of the part", wide)

    return Figure("balance", title, how, draw, heads, rows)


def drift_figure(inspection: Inspection) -> Figure | None:
    """Effects of the columns that differ between training and later parts; None where none does."""
    found: dict[str, dict[str, float]] = {}
    for finding in inspection.of("drift"):
        effects = {name: finding.counts.get(f"effect of {name}") for name in finding.columns}
        found[finding.part] = {name: value for name, value in effects.items() if value is not None}
    names = list(dict.fromkeys(name for effects in found.values() for name in effects))
    if not names:
        return None
    names.sort(key=lambda name: -max(effects.get(name, 0.0) for effects in found.values()))
    shown = names[:MOST]
    rows = tuple((name, *(f"{effects.get(name, float('nan')):.4f}" for effects in found.values())) for name in names)
    how = (
        "Kolmogorov-Smirnov distance of numbers, Cramér's V of categories, between training and the part; 0 is alike, "
        f"1 wholly apart. Only columns from {inspection.limits.drift_effect:g} on are drawn."
    )
    title = f"{names[0]} moved farthest from training"

    def draw(wide: bool) -> Canvas:
        values = {part: [effects.get(name, float("nan")) for name in shown] for part, effects in found.items()}
        return _dots(shown, values, "effect", wide)

    return Figure("drift", title, how, draw, ("column", *found), rows)


def _dots(names: Sequence[str], values: dict[str, list[float]], axis: str, wide: bool) -> Canvas:
    """One line a name, one mark a part."""
    width, left = (WIDE, 220) if wide else (NARROW, 130)
    bottom = 34 + LINE * len(names)
    top = max((v for found in values.values() for v in found if v == v), default=1.0) * 1.08 or 1.0
    alt = f"{axis} of {len(names)} rows by part: {', '.join(values)}"
    canvas = Canvas(width, bottom + 40, alt)
    x = linear(0.0, top, left, width - 16)
    for step in range(5):
        at = top * step / 4
        canvas.line(x(at), 26, x(at), bottom, "hair")
        canvas.text(x(at), bottom + 16, f"{at:.2f}", "t s", "middle")
    canvas.text((left + width) / 2, bottom + 34, axis, "t s", "middle")
    place = float(left)
    for part in values:
        shape, letter = MARKS.get(part, ("cross", "b"))
        canvas.add(drawn(shape, letter, place + 5, 11, 4.5))
        canvas.text(place + 15, 15, part, "t s")
        place += 30 + 7.2 * len(part)
    room = int(left / 7.4)
    for number, name in enumerate(names):
        y = 38 + LINE * number
        shown = name if len(name) <= room else name[: room - 1] + "…"
        canvas.text(left - 10, y + 4, shown, "t", "end")
        known = [found[number] for found in values.values() if found[number] == found[number]]
        canvas.line(x(min(known)), y, x(max(known)), y, "thin")
        for part, found in values.items():
            if found[number] == found[number]:
                shape, letter = MARKS.get(part, ("cross", "b"))
                canvas.add(drawn(shape, letter, x(found[number]), y, 4.5, f"{name}, {part}: {found[number]:.4g}"))
    return canvas

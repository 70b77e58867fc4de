"""What the comparison varies: one model with a slot, and what fills it."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping
from typing import Any

from qml.base.words import plural
from qml.bench.contestant import Contestant
from qml.bench.report.canvas import Canvas
from qml.bench.report.view import WIDE, Figure, View
from qml.bench.scale import three

NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def fillings(view: View) -> tuple[Contestant, ...]:
    """The hero and every ablation of it that was run, from the smallest to the largest removal."""
    s = view.summary
    own = (c.against for c in s.ladder if c.role != "shuffled")  # the same filling on other labels
    return () if s.hero is None else (s.hero, *own)


def own_name(arm: Contestant) -> str:
    """The name without what tells it from other circuits: all fillings are of one model."""
    return arm.title.partition(" (")[0]


def filling_text(arm: Contestant) -> str:
    """What stands in the slot, from the arm's details."""
    for key in ("summary", "slot", "twin", "removed"):
        if key in arm.details:
            return str(arm.details[key])
    trained = int(arm.parameters.get("quantum", 0))
    if trained:
        return plural(trained, "weight")
    return f"{plural(int(arm.details['n_weights']), 'weight')}, not trained" if "n_weights" in arm.details else ""


def slot_figure(view: View) -> Figure | None:
    """The slot drawing; None when there is nothing beside the hybrid to put into the slot."""
    arms = fillings(view)
    if len(arms) < 2:
        return None
    count = NUMBERS[len(arms)] if len(arms) < len(NUMBERS) else str(len(arms))
    how = (
        "The comparison is controlled: only the block in the slot differs; features, head, optimiser, budget "
        "and splits are "
        "the same. A difference between two fillings is therefore due to the slot. Baselines replace the whole model."
    )
    rows = tuple(
        (a.title, filling_text(a), *(three(a.parameters.get(p)) for p in ("quantum", "classical"))) for a in arms
    )
    columns = ("arm", "slot", "quantum parameters", "classical parameters")
    title = f"One model, one slot, {count} fillings"
    return Figure("slot", title, how, lambda wide: _draw(view, arms, wide), columns, rows)


def _draw(view: View, arms: tuple[Contestant, ...], wide: bool) -> Canvas:
    names = ", ".join(arm.title for arm in arms)
    alt = f"The model: inputs, features, a slot, a head, an output. The slot holds one of: {names}."
    columns = min(len(arms), 4 if len(arms) in (4, 7, 8) else 3)
    lines = -(-len(arms) // columns) if wide else len(arms)
    canvas = Canvas(WIDE if wide else 360, 104 + 86 * lines if wide else 80 + 46 * lines, alt)
    x, width = _flow(canvas, view, wide)
    if wide:
        _grid(canvas, view, arms, x + width / 2, columns)
    else:
        _list(canvas, view, arms, x + width / 2)
    return canvas


def _boxes(view: View) -> list[tuple[str, str]]:
    """Title and second line of the five boxes."""
    s = view.summary
    shape = [int(n) for n in s.data["input_shape"]]
    size = " × ".join(map(str, shape)) if len(shape) > 1 else str(math.prod(shape))
    details = s.hero.details if s.hero else {}
    output = f"{len(s.labels)} classes" if s.labels else "a number"
    return [
        ("inputs", size),
        ("features", str(details.get("features", ""))),
        ("the slot", _slot_size(details)),
        ("head", str(details.get("head", ""))),
        ("output", output),
    ]


def _slot_size(details: Mapping[str, Any]) -> str:
    """How many numbers go into the slot and come out of it."""
    if "slot_size" in details:
        return str(details["slot_size"])
    return f"{details['n_inputs']} → {details['n_values']}" if {"n_inputs", "n_values"} <= details.keys() else ""


def _flow(canvas: Canvas, view: View, wide: bool) -> tuple[float, float]:
    """The row of boxes; gives left edge and width of the slot."""
    widths, gap = ((112, 130, 168, 130, 112), 27) if wide else ((56, 66, 66, 56, 60), 14)
    x, slot = 0.0, (0.0, 0.0)
    for number, ((title, below), width) in enumerate(zip(_boxes(view), widths, strict=True)):
        is_slot = title == "the slot"
        slot = (x, width) if is_slot else slot
        canvas.rect(x + 0.5, 8.5, width - 1, 50, "slot" if is_slot else "box", 5)
        room = int(width / 6.6)
        below = below if len(below) <= room else ""
        title = title if wide else title.removeprefix("the ")
        canvas.text(x + width / 2, 30 if below else 38, title, "t b", "middle")
        canvas.text(x + width / 2, 48, below, "t s", "middle")
        if number:
            canvas.line(x - gap + 3, 33.5, x - 4, 33.5, "wire")
            canvas.path([(x - 9, 29.5), (x - 4, 33.5), (x - 9, 37.5)], "wire")
        x += width + gap
    return slot


def _grid(canvas: Canvas, view: View, arms: tuple[Contestant, ...], middle: float, columns: int) -> None:
    gap = 14
    width = min(220.0, (WIDE - gap * (columns - 1)) / columns)
    start = (WIDE - columns * width - gap * (columns - 1)) / 2
    for number, arm in enumerate(arms):
        x, y = start + (number % columns) * (width + gap), 104 + 86 * (number // columns)
        if number < columns:
            canvas.path([(middle, 60), (middle, 84), (x + width / 2, 84), (x + width / 2, y)], "thin")
        canvas.rect(x + 0.5, y + 0.5, width - 1, 74, "box", 5)
        canvas.add(view.marks.glyph(arm, x + 16, y + 20, 5.5))
        room = int((width - 34) / 7.2)
        name = own_name(arm)
        canvas.text(x + 28, y + 24.5, name if len(name) <= room else name[: room - 1].rstrip() + "…", "t b")
        room = int((width - 16) / 6.7)
        for k, line in enumerate(textwrap.wrap(filling_text(arm), room, max_lines=2, placeholder=" …")):
            canvas.text(x + 10, y + 45 + 16 * k, line, "t s")


def _list(canvas: Canvas, view: View, arms: tuple[Contestant, ...], middle: float) -> None:
    for number, arm in enumerate(arms):
        y = 84 + number * 46
        canvas.path([(middle, 60), (middle, 72), (9, 72), (9, y + 18), (22, y + 18)], "thin")
        canvas.rect(22.5, y + 0.5, 337, 36, "box", 5)
        canvas.add(view.marks.glyph(arm, 40, y + 18, 5.5))
        name = own_name(arm)
        canvas.text(54, y + 23, name, "t b")
        room = int((352 - 54 - 8 * len(name) - 10) / 6.5)
        text = filling_text(arm)
        canvas.text(
            352, y + 23, text if len(text) <= room else text[: max(0, room - 1)].rstrip(" ,") + "…", "t s", "end"
        )

"""Power curves of the null experiment as a picture: what each design finds, against the true difference."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from qml.bench.null import BETTER
from qml.bench.statistics import POWER, wilson

COLOURS = (
    "#0072b2",
    "#d55e00",
    "#009e73",
    "#cc79a7",
    "#56b4e9",
    "#e69f00",
    "#000000",
    "#f0e442",
)  # Okabe and Ito: told apart by all eyes
MARKERS = "osD^vPX*"


def draw(kept: Mapping[str, Any], path: Path) -> None:
    """Write the picture of a record of `benchmarks.null`.

    Args:
        kept: the record; a line a design, from the null (difference zero) to its largest difference.
        path: a file `.png` or `.svg`.
    """
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(8.4, 4.4), layout="constrained")
    for number, (null, curve) in enumerate(zip(kept["null"], kept["power"], strict=True)):
        shifts, shares, low, high = [], [], [], []
        for tally in (null, *curve):
            share = better(tally)
            ends = wilson(round(share * tally["benchmarks"]), tally["benchmarks"])
            shifts.append(100 * tally["shift"])
            shares.append(100 * share)
            low.append(100 * ends[0])
            high.append(100 * ends[1])
        colour = COLOURS[number % len(COLOURS)]
        axes.plot(shifts, shares, marker=MARKERS[number % len(MARKERS)], color=colour, label=null["title"])
        axes.fill_between(shifts, low, high, color=colour, alpha=0.15, linewidth=0)
    axes.axhline(100 * POWER, color="#777777", linewidth=0.8, linestyle="--")
    axes.axhline(100 * kept["bar"], color="#777777", linewidth=0.8, linestyle=":")
    axes.set_xlabel("true difference, points of accuracy")
    axes.set_ylabel('"better" than the twin, % of benchmarks')
    axes.set_ylim(0, 101)
    axes.set_xlim(left=-0.1)
    axes.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    marks = f"dashed: {100 * POWER:.0f} %; dotted: {100 * kept['bar']:.0f} %, allowed where there is no difference"
    axes.set_title(marks, fontsize=9)
    figure.savefig(path, dpi=150)
    plt.close(figure)


def better(tally: Mapping[str, Any], role: str = "twin") -> float:
    """Share of benchmarks of a kept tally that say "better" of the hybrid against `role`."""
    return sum(tally["words"][role].get(word, 0) for word in BETTER) / tally["benchmarks"]

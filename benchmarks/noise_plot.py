"""The record of `benchmarks.noise` as a picture: errors of random Programs, and CPU seconds of a step."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

COLOURS = {"values": "#0072b2", "slopes": "#d55e00"}
LEAST = 1e-17  # an error of zero is drawn here


def draw(kept: Mapping[str, Any], path: Path) -> None:
    """Write the picture of a record.

    Args:
        kept: the record.
        path: a file `.png` or `.svg`.
    """
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(9.6, 3.8), layout="constrained")
    for kind, colour in COLOURS.items():
        errors = sorted(max(program[kind], LEAST) for program in kept["programs"])
        name = "values" if kind == "values" else "gradients"
        left.semilogy(errors, ".", color=colour, label=f"{name}; allowed {kept['bars'][name]:.0e}")
        left.axhline(kept["bars"][name], color=colour, linewidth=0.8, linestyle="--")
    left.set_xlabel(f"{len(kept['programs'])} random noisy Programs, sorted")
    left.set_ylabel("largest difference from Aer")
    left.legend(frameon=False, fontsize=8)
    step = kept["step"]
    bars = {"Aer + shifts": step["aer_cpu"]} | {f"noisy, {d}": cpu["both"] for d, cpu in step["ours_cpu"].items()}
    right.bar(list(bars), list(bars.values()), color=["#777777", "#0072b2", "#56b4e9"])
    right.set_yscale("log")
    for place, seconds in enumerate(bars.values()):
        right.text(place, seconds, f"{seconds:.3g} s", ha="center", va="bottom", fontsize=9)
    right.set_ylabel("CPU seconds, forward and backward")
    right.margins(y=0.15)
    qubits, layers, rows = step["size"]
    told = "extrapolated" if step["extrapolated"] else "measured"
    right.set_title(f"{rows} x {qubits} qubits x {layers} layers, {step['noise']}; Aer {told}", fontsize=9)
    figure.savefig(path, dpi=150)
    plt.close(figure)

"""`python -m benchmarks.plot FILE...`: time of a step against qubits, batch and depth, from kept records.

A panel is drawn for every question that the records answer: the sizes of the runs side by side, and, where sizes
differ in one number only (as those of `benchmarks.step --sweep` do), time against that number.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.peers import NAMES, peer_named
from benchmarks.peers.peer import Peer
from benchmarks.record import read
from benchmarks.workload import Size

AXES = {
    "qubits": ("n_qubits", "depth", "rows"),
    "batch": ("rows", "n_qubits", "depth"),
    "depth": ("depth", "n_qubits", "rows"),
}
COLOURS = {
    "jax": ("#1f5fa8", "#5b9bd5", "#9cc3e6"),
    "torch": ("#b3541e", "#d9822b", "#e8a95b", "#8c6d1f", "#c2a34f", "#a3512b", "#d06b5c", "#7a4b3a", "#b98b73"),
    "other": ("#6b7a4a", "#8d9a6b", "#4f6b5d"),
}
MARKERS = "osD^vPX<>ph*"
LONG_NAMES = {"n_qubits": "qubits", "rows": "rows of a batch", "depth": "layers"}


@dataclass(frozen=True)
class Style:
    """How a peer's line looks."""

    colour: str
    marker: str
    width: float
    line: str


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; writes `NAME.png` and `NAME.svg`."""
    options = _options(arguments)
    records = [read(path) for path in options.files]
    times = times_of(records, options.peers)
    if not times:
        raise SystemExit("None of these records holds a time of the peers asked for.")
    figure = draw(times, records)
    out = options.out or options.files[0].with_suffix("")
    for suffix in (".png", ".svg"):
        path = out.with_name(out.name + suffix)
        figure.savefig(path, dpi=150, bbox_inches="tight")
        print(path)
    return 0


def times_of(records: Sequence[dict[str, Any]], peers: Sequence[str] | None = None) -> dict[str, dict[Size, float]]:
    """Median milliseconds by peer and size; of a size in several records the last counts."""
    times: dict[str, dict[Size, float]] = defaultdict(dict)
    for kept in records:
        for entry in kept["sizes"]:
            for result in entry["results"]:
                name = result["peer"]
                wanted = name in peers if peers else name in NAMES and peer_named(name).kind != "floor"
                if result.get("median_s") is not None and wanted:
                    times[name][Size(*entry["size"])] = result["median_s"] * 1e3
    return {name: times[name] for name in NAMES if name in times}


def family(sizes: Sequence[Size], axis: str) -> list[Size]:
    """The most sizes that differ along `axis` only, in order; fewer than three are none.

    Example:
        >>> sizes = [Size(4, 2, 32), Size(8, 4, 64), Size(8, 4, 8), Size(8, 4, 512)]
        >>> [size.rows for size in family(sizes, "batch")], family(sizes, "qubits")
        ([8, 64, 512], [])
    """
    varied, *fixed = AXES[axis]
    groups: dict[tuple[int, ...], set[Size]] = defaultdict(set)
    for size in sizes:
        groups[tuple(getattr(size, name) for name in fixed)].add(size)
    largest = max(groups.values(), key=len)
    return sorted(largest, key=lambda size: getattr(size, varied)) if len(largest) >= 3 else []


def styles(names: Sequence[str]) -> dict[str, Style]:
    """Ours thick, hand-fused dashed and black, libraries in the colours of their framework."""
    found: dict[str, Style] = {}
    counts: dict[str, int] = defaultdict(int)
    for number, name in enumerate(names):
        peer: Peer = peer_named(name)
        marker = MARKERS[number % len(MARKERS)]
        if peer.kind == "ours":
            colour = {"qml-torch": "#c2185b", "qml-jax": "#6a1b9a"}.get(name, "#9575cd")
            found[name] = Style(colour, marker, 3.0, "-")
        elif peer.kind == "hand":
            found[name] = Style("#111111" if peer.framework == "jax" else "#666666", marker, 1.8, "--")
        else:
            palette = COLOURS[peer.framework]
            found[name] = Style(palette[counts[peer.framework] % len(palette)], marker, 1.3, "-")
            counts[peer.framework] += 1
    return found


def draw(times: dict[str, dict[Size, float]], records: Sequence[dict[str, Any]]) -> Any:
    """The figure: a panel a question, one legend below."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    plt.rcParams["svg.hashsalt"] = "benchmarks"  # the same file from the same records
    sizes = sorted(
        {size for of_peer in times.values() for size in of_peer}, key=lambda s: (s.n_qubits, s.depth, s.rows)
    )
    panels = {axis: family(sizes, axis) for axis in AXES}
    swept = {size for found in panels.values() for size in found}
    shown = [axis for axis in AXES if panels[axis]]
    alone = [size for size in sizes if size not in swept] if shown else sizes
    count = len(shown) + bool(alone)
    widths = [max(1.0, len(alone) / 5)] * bool(alone) + [1.0] * len(shown)
    figure, axes = plt.subplots(
        1,
        count,
        figsize=(5.2 * sum(widths), 5.4),
        sharey=True,
        squeeze=False,
        width_ratios=widths,
        layout="constrained",
    )
    look = styles(list(times))
    if alone:
        _side_by_side(axes[0][0], alone, times, look)
    for panel, axis in zip(axes[0][bool(alone) :], shown, strict=True):
        _against(panel, axis, panels[axis], times, look)
    axes[0][0].set_ylabel("milliseconds a training step")
    handles = [_handle(name, style) for name, style in look.items()]
    figure.legend(
        handles=handles, loc="outside lower center", ncols=max(1, min(4, 2 * count)), fontsize=8, frameon=False
    )
    figure.suptitle(_caption(records), fontsize=9, x=0.01, ha="left")
    return figure


def _side_by_side(
    panel: Any, sizes: Sequence[Size], times: dict[str, dict[Size, float]], look: dict[str, Style]
) -> None:
    """The sizes of a run, from left to right as they grow; lines only lead the eye."""
    ordered = sorted(sizes, key=lambda size: size.n_amplitudes * size.depth)
    for name, of_peer in times.items():
        points = [(place, of_peer[size]) for place, size in enumerate(ordered) if size in of_peer]
        _line(panel, points, look[name])
    panel.set_xticks(range(len(ordered)), [f"{s.n_qubits}, {s.depth}\n{s.rows:,}" for s in ordered], fontsize=8)
    _dress(panel, "qubits, layers / rows", "sizes of the run")


def _against(
    panel: Any, axis: str, sizes: Sequence[Size], times: dict[str, dict[Size, float]], look: dict[str, Style]
) -> None:
    """Time against one number, the others fixed."""
    varied, *fixed = AXES[axis]
    for name, of_peer in times.items():
        _line(panel, [(getattr(size, varied), of_peer[size]) for size in sizes if size in of_peer], look[name])
    values = [getattr(size, varied) for size in sizes]
    if axis != "qubits":
        panel.set_xscale("log", base=2)
    panel.set_xticks(values, [f"{value:,}" for value in values], fontsize=8)
    panel.minorticks_off()
    held = ", ".join(f"{getattr(sizes[0], name):,} {LONG_NAMES[name]}" for name in fixed)
    _dress(panel, LONG_NAMES[varied], held)


def _line(panel: Any, points: Sequence[tuple[float, float]], style: Style) -> None:
    if points:
        panel.plot(
            *zip(*points, strict=True),
            color=style.colour,
            marker=style.marker,
            linewidth=style.width,
            linestyle=style.line,
            markersize=4.5 if style.width < 2.5 else 6.5,
            zorder=3 if style.width > 2.5 else 2,
        )


def _handle(name: str, style: Style) -> Any:
    from matplotlib.lines import Line2D

    shape = {"color": style.colour, "marker": style.marker, "linewidth": style.width, "linestyle": style.line}
    return Line2D([], [], label=peer_named(name).title, markersize=5, **shape)


def _dress(panel: Any, below: str, above: str) -> None:
    panel.set_yscale("log")
    panel.set_xlabel(below, fontsize=9)
    panel.set_title(above, fontsize=9, loc="left")
    panel.grid(True, which="major", axis="y", color="#dddddd", linewidth=0.8)
    panel.set_axisbelow(True)
    for side in ("top", "right"):
        panel.spines[side].set_visible(False)


def _caption(records: Sequence[dict[str, Any]]) -> str:
    machine = records[-1]["machine"]
    return (
        "Forward, loss and gradients to weights and inputs, float32; every library on the same "
        f"{len(machine['cores'])} cores of {machine['cpu']}, {machine['date'][:10]}, commit {machine['commit']}"
    )


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.plot",
        description="Draw records of `python -m benchmarks.step --json FILE` as FILE.png and FILE.svg: time of a step "
        "against qubits, batch and depth where the sizes differ in that number only, and side by side otherwise.",
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="records; later ones count")
    parser.add_argument("--peers", nargs="+", choices=NAMES, default=None, metavar="PEER", help="only these")
    parser.add_argument("--out", type=Path, default=None, metavar="NAME", help="default: the first FILE's name")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())

"""Results as text: a table a size, the bars, and what of the machine's bounds is reached."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from benchmarks.bars import GROUPS, Verdict
from benchmarks.peers.peer import Peer
from benchmarks.roofline import Roof, shares
from benchmarks.rounds import Result
from benchmarks.workload import Size


def milliseconds(seconds: float) -> str:
    """Three digits that count.

    Example:
        >>> milliseconds(0.0000512), milliseconds(0.5), milliseconds(12.5)
        ('0.0512', '500', '12,500')
    """
    value = seconds * 1e3
    digits = 4 if value < 0.1 else 3 if value < 1 else 2 if value < 10 else 1 if value < 100 else 0
    return f"{value:,.{digits}f}"


def times(ratio: float) -> str:
    """A ratio with as many digits as it deserves.

    Example:
        >>> times(0.64), times(12.34), times(1775.2)
        ('0.64x', '12.3x', '1,775x')
    """
    digits = 2 if ratio < 10 else 1 if ratio < 100 else 0
    return f"{ratio:,.{digits}f}x"


def size_table(size: Size, peers: Mapping[str, Peer], results: Sequence[Result]) -> str:
    """Every peer at a size, fastest first, those without times last with their reason."""
    layers = {r.peer: r for r in results if r.measured and r.peer in ("qml-torch", "qml-jax")}
    lines = [
        f"(qubits, layers, rows) = {size}; milliseconds a step; times our layers",
        "  "
        + f"{'':52}{'median':>10}{'best':>10}{'build s':>9}{'first s':>9}{'peak MiB':>10}{'qml torch':>11}{'JAX':>9}",
    ]
    for result in sorted(results, key=lambda r: r.median_s if r.measured else float("inf")):
        peer = peers[result.peer]
        title = peer.title + (f" ({peer.note.split(';')[0]})" if peer.note and len(peer.title) < 36 else "")
        if not result.measured:
            lines.append(f"  {title[:51]:52}{'-':>10}  {result.reason or 'not measured'}")
            continue
        faster = [
            times(result.median_s / ours.median_s) for ours in (layers.get("qml-torch"), layers.get("qml-jax")) if ours
        ]
        row = f"  {title[:51]:52}{milliseconds(result.median_s):>10}{milliseconds(result.best_s):>10}"
        row += f"{result.build_s or 0:9.2f}{result.first_s or 0:9.2f}{result.peak_mib or 0:10.0f}"
        few = f"  ({len(result.rounds)} rounds)" if len(result.rounds) < max(len(r.rounds) for r in results) else ""
        lines.append(row + "".join(f"{text:>10}" for text in faster) + few)
    return "\n".join(lines)


def bars_table(found: Sequence[Verdict]) -> str:
    """One line a size, layer and group."""
    lines = [f"  {'size':16}{'layer':11}{'beside':20}{'rival':24}{'ratio':>8}{'rounds':>17}{'bar':>7}"]
    for verdict in found:
        spread = f"{verdict.low:.1f} to {verdict.high:.1f}"
        bar = "" if verdict.bar is None else f"{verdict.bar:g}"
        said = {None: "", True: "met", False: "MISSED"}[verdict.met]
        start = f"  {verdict.size!s:16}{verdict.layer:11}{GROUPS[verdict.group]:20}{verdict.rival:24}"
        lines.append(f"{start}{verdict.ratio:8.1f}{spread:>17}{bar:>7}  {said}")
    return "\n".join(lines)


def bound_line(size: Size, name: str, seconds: float, roof: Roof) -> str:
    """What share of the measured bounds a step reaches."""
    arithmetic, memory = shares(size, seconds, roof)
    cores = "1 thread" if roof.threads == 1 else f"{roof.threads} threads"
    reached = f"{arithmetic:8.1%} of arithmetic" + (f"{memory:8.0%} of memory" if memory is not None else "")
    return f"  {size!s:16}{name:12}{cores:10}{milliseconds(seconds):>10} ms{reached}"

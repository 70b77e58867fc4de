"""What our layers must reach beside the best peer of each kind, and whether they did."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.peers.peer import Peer
from benchmarks.rounds import Result
from benchmarks.workload import Size

GROUPS = {"jax": "best JAX library", "torch": "best torch library", "hand": "best hand-fused"}


@dataclass(frozen=True)
class Bars:
    """Times faster than the best of each group that a layer must be; None is no promise."""

    jax: float | None
    torch: float | None
    hand: float | None


TORCH_LAYER: dict[Size, Bars] = {
    Size(4, 2, 32): Bars(2, 40, 0.8),
    Size(4, 2, 1024): Bars(8, 60, 3),
    Size(8, 4, 128): Bars(25, 120, 10),
    Size(8, 4, 1024): Bars(60, 100, 15),
    Size(12, 4, 64): Bars(60, 100, 25),
    Size(16, 4, 16): Bars(20, 10, 8),
    Size(20, 4, 1): Bars(12, 20, 6),
}
JAX_SHARE = 0.75  # of the torch layer's bars; at the first size the JAX layer has one bar of its own
JAX_LAYER: dict[Size, Bars] = {
    size: Bars(*(JAX_SHARE * bar if bar else None for bar in (bars.jax, bars.torch, bars.hand)))
    for size, bars in TORCH_LAYER.items()
} | {Size(4, 2, 32): Bars(None, None, 3)}
SIZES = tuple(TORCH_LAYER)


@dataclass(frozen=True)
class Verdict:
    """One of our layers beside the best peer of a group, at one size.

    Args:
        size: the workload.
        layer: our peer's name.
        group: a key of GROUPS.
        rival: the best peer's name.
        ratio: median over rounds of the rival's time over ours.
        low: the least of any round.
        high: the greatest of any round.
        bar: what was promised, or None.
    """

    size: Size
    layer: str
    group: str
    rival: str
    ratio: float
    low: float
    high: float
    bar: float | None

    @property
    def met(self) -> bool | None:
        """Whether the bar is met; None without a bar."""
        return None if self.bar is None else self.ratio >= self.bar


def ratios(ours: Result, theirs: Result) -> list[float]:
    """Their time over ours in each round that both had."""
    return [b["median_s"] / a["median_s"] for a, b in zip(ours.rounds, theirs.rounds, strict=False)]


def group_of(peer: Peer) -> str | None:
    """The group whose best is sought: by framework for a library, "hand" for hand-fused; None counts for none."""
    if peer.kind == "hand":
        return "hand"
    return peer.framework if peer.kind == "library" and peer.framework in GROUPS else None


def best_of(group: str, peers: Mapping[str, Peer], results: Sequence[Result]) -> Result | None:
    """The fastest measured peer of a group."""
    found = [r for r in results if r.measured and group_of(peers[r.peer]) == group]
    return min(found, key=lambda result: result.median_s, default=None)


def verdicts(size: Size, peers: Mapping[str, Peer], results: Sequence[Result]) -> list[Verdict]:
    """Our layers beside the best of each group at a size; nothing of a layer or group that was not measured."""
    measured = {result.peer: result for result in results if result.measured}
    found = []
    for layer, bars in (("qml-torch", TORCH_LAYER), ("qml-jax", JAX_LAYER)):
        for group in GROUPS if layer in measured else ():
            rival = best_of(group, peers, results)
            if rival is not None:
                each = ratios(measured[layer], rival)
                bar = getattr(bars[size], group) if size in bars else None
                middle = statistics.median(each)
                found.append(Verdict(size, layer, group, rival.peer, middle, min(each), max(each), bar))
    return found

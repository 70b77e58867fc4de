"""From blocks of a Plan to passes over tiles: which turns run together, on which index masks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from qml.engine.gpu.bits import Span
from qml.engine.plan import Plan, Turn

LOW_BITS = 3  # index bits that every tile keeps together, so that global memory is read in runs of eight amplitudes


@dataclass(frozen=True)
class Pass:
    """Turns that run in one coordinate system: a phase table, phases made on the fly, then rotations.

    Args:
        table: turns of shared diagonal blocks, as one table.
        phases: other turns without `x`.
        rotations: at most `K` turns whose `x` are independent.
    """

    table: tuple[Turn, ...]
    phases: tuple[Turn, ...]
    rotations: tuple[Turn, ...]

    @property
    def turns(self) -> tuple[Turn, ...]:
        """In order of application."""
        return self.table + self.phases + self.rotations


@dataclass(frozen=True)
class Sweep:
    """Passes over one kind of tile.

    Args:
        tile: independent index masks that span a tile; the first are single low bits.
        outer: single bits that complete them.
        passes: in order.
    """

    tile: tuple[int, ...]
    outer: tuple[int, ...]
    passes: tuple[Pass, ...]


def small_schedule(plan: Plan, register_bits: int) -> tuple[Sweep, ...]:
    """One sweep whose tile is the whole state; shared diagonal blocks become tables."""
    passes: list[Pass] = []
    table: list[Turn] = []
    phases: list[Turn] = []
    for block in plan.blocks:
        if block.kind != "mixing":
            (table if block.kind == "shared_diagonal" else phases).extend(block.turns)
            continue
        for rotations in chunks(block.turns, register_bits):
            passes.append(Pass(tuple(table), tuple(phases), rotations))
            table, phases = [], []
    if table or phases or not passes:
        passes.append(Pass(tuple(table), tuple(phases), ()))
    return (Sweep(tuple(1 << bit for bit in range(plan.n_qubits)), (), tuple(passes)),)


def large_schedule(plan: Plan, register_bits: int, tile_bits: int) -> tuple[Sweep, ...]:
    """As few sweeps as a greedy choice finds; every phase is made on the fly.

    Turns of a mixing block commute, so that those that fit the tile of the current sweep go first.
    """
    sweeps: list[Sweep] = []
    low = [1 << bit for bit in range(min(LOW_BITS, tile_bits - 1))]
    span, passes, phases = Span(low), [], []
    for block in plan.blocks:
        if block.kind != "mixing":
            phases.extend(block.turns)
            continue
        left = list(block.turns)
        while left:
            taken = [turn for turn in left if _fits(span, turn.x, tile_bits)]
            for rotations in chunks(taken, register_bits):
                passes.append(Pass((), tuple(phases), rotations))
                phases = []
            chosen = set(map(id, taken))
            left = [turn for turn in left if id(turn) not in chosen]
            if left:
                sweeps.append(_sweep(span, passes, plan.n_qubits, tile_bits))
                span, passes = Span(low), []
    if phases or (not passes and not sweeps):
        passes.append(Pass((), tuple(phases), ()))
    if passes:
        sweeps.append(_sweep(span, passes, plan.n_qubits, tile_bits))
    return tuple(sweeps)


def chunks(turns: Iterable[Turn], size: int) -> list[tuple[Turn, ...]]:
    """Commuting turns in groups of at most `size` with independent `x`, as even as the first groups allow.

    Example:
        >>> [len(group) for group in chunks([Turn(1 << k, 0, "constant") for k in range(9)], 4)]
        [3, 3, 3]
    """
    left, groups = list(turns), []
    while left:
        wanted = -(-len(left) // -(-len(left) // size))
        span, taken, rest = Span(), [], []
        for turn in left:
            (taken if len(taken) < wanted and span.add(turn.x) else rest).append(turn)
        groups.append(tuple(taken))
        left = rest
    return groups


def _fits(span: Span, x: int, tile_bits: int) -> bool:
    """Whether `x` lies in the span, which grows by it while there is room."""
    return span.holds(x) or (len(span) < tile_bits and span.add(x))


def _sweep(span: Span, passes: Sequence[Pass], n_qubits: int, tile_bits: int) -> Sweep:
    """The span filled up with low bits to a whole tile, and the bits outside."""
    whole = span.copy()
    outer = []
    for bit in range(n_qubits):
        if len(whole) < tile_bits:
            whole.add(1 << bit)
        elif not whole.holds(1 << bit):
            outer.append(1 << bit)
    everything = whole.copy()
    outer = [mask for mask in outer if everything.add(mask)]
    return Sweep(tuple(whole.masks), tuple(outer), tuple(passes))

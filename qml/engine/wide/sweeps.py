"""How a Plan falls into sweeps over memory: each takes all turns that its tiles hold and that may come so early."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from qml.engine.frame import Span
from qml.engine.plan import Plan, Turn

PAGE_BITS = 5  # vectors of a tile that lie in one page of the nearest cache's sets, as a power of two
WINDOW = 6  # blocks of n_qubits turns that a sweep looks at beyond the last one it took


@dataclass(frozen=True)
class Numbered:
    """A turn and its place in `plan.turns`."""

    number: int
    turn: Turn


@dataclass
class Step:
    """Commuting turns of one sweep: all diagonal, or all mixing."""

    diagonal: bool
    turns: list[Numbered] = field(default_factory=list)


@dataclass(frozen=True)
class Sweep:
    """One pass over memory.

    Args:
        basis: x masks that span a tile beyond its lanes, lowest first; bit `j` of a place in the tile adds `basis[j]`.
        steps: what is done to each tile, in order.
    """

    basis: tuple[int, ...]
    steps: tuple[Step, ...]


class Subspace:
    """Masks modulo the lane bits, over GF(2), up to a number of dimensions.

    Args:
        lane_bits: index bits that are lanes; every tile holds them.
        most: dimensions beyond the lanes.
    """

    def __init__(self, lane_bits: int, most: int):
        self.lane_bits, self.most = lane_bits, most
        self.basis: list[int] = []
        self._rows: list[int] = []  # reduced echelon form of basis >> lane_bits

    def rest(self, mask: int) -> int:
        """What is left of `mask` beyond the lanes and this subspace; 0 if it lies inside."""
        mask >>= self.lane_bits
        for row in self._rows:
            mask = min(mask, mask ^ row)
        return mask

    def add(self, mask: int) -> bool:
        """Add a dimension if there is room; whether `mask` lies inside afterwards."""
        left = self.rest(mask)
        if left and len(self.basis) < self.most:
            self.basis.append(mask)
            self._rows = sorted([*self._rows, left], reverse=True)
            return True
        return left == 0


def sweeps(plan: Plan, lane_bits: int, tile_bits: int) -> list[Sweep]:
    """Cut the blocks of `plan` into sweeps whose tiles hold `2**tile_bits` vectors of `2**lane_bits` amplitudes.

    A sweep starts with no dimensions, takes what it can, and grows by the mask of the first turn that it had to leave,
    until its tiles are full. Diagonal turns fit any tile; they wait until a mixing turn needs them done, and then all
    that wait are done at once.

    Args:
        plan: any plan of at least `lane_bits + tile_bits` bits.
        lane_bits: index bits of a vector.
        tile_bits: further index bits of a tile.

    Returns:
        At least one sweep; together they apply every turn of every block once.

    Example:
        >>> from qml.engine.plan import Block
        >>> turns = tuple(Turn(1 << bit, 0, "shared", bit, 1.0) for bit in range(6))
        >>> plan = Plan(6, ((),) * 6, (Block("mixing", turns),), (), n_shared=6, n_rows=0)
        >>> [sweep.basis for sweep in sweeps(plan, lane_bits=2, tile_bits=2)]
        [(4, 8), (16, 32)]
    """
    first = sum(map(len, plan.prefix))
    turns = [turn for block in plan.blocks for turn in block.turns]
    waiting = [Numbered(first + place, turn) for place, turn in enumerate(turns)]
    result: list[Sweep] = []
    while waiting or not result:
        subspace = Subspace(lane_bits, tile_bits)
        if plan.n_qubits == lane_bits + tile_bits:
            for bit in range(lane_bits, plan.n_qubits):
                subspace.add(1 << bit)
        scan = _Scan(plan.n_qubits, subspace, waiting)
        while scan.missed is not None and subspace.add(scan.missed.x):
            scan = _Scan(plan.n_qubits, subspace, waiting)
        for bit in range(lane_bits, plan.n_qubits):
            subspace.add(1 << bit)
        scan = _Scan(plan.n_qubits, subspace, waiting)  # the bits that fill a tile up may hold some more
        basis = _spread(sorted(subspace.basis, key=lambda mask: mask >> lane_bits))
        result.append(Sweep(tuple(basis), tuple(scan.steps)))
        waiting = scan.left
    return result


def _spread(basis: list[int]) -> list[int]:
    """The same span by masks that also move a vector within its page: sixteen vectors at multiples of a page would
    compete for twelve ways of one set of the nearest cache.
    """
    return [mask ^ basis[place % PAGE_BITS] if place >= PAGE_BITS else mask for place, mask in enumerate(basis)]


class _Scan:
    """What one sweep over tiles of a given subspace can take of the turns that wait.

    Attributes:
        steps: what it takes.
        left: what it leaves, in order.
        missed: the first turn that it left only because its mask lies outside; None if there is none.
    """

    def __init__(self, n_qubits: int, subspace: Subspace, waiting: Sequence[Numbered]):
        self.steps: list[Step] = []
        self.missed: Turn | None = None
        self._n_qubits = n_qubits
        self._last = Span(n_qubits)
        self._put_off: list[Numbered] = []
        hard, last_taken, left = Span(n_qubits), 0, set[int]()
        for place, item in enumerate(waiting):
            x, z = item.turn.x, item.turn.z
            if place - last_taken > WINDOW * n_qubits and len(hard) >= n_qubits:
                left.update(other.number for other in waiting[place:])
                break
            if hard.clashes(x, z):
                hard.add(x, z)
                left.add(item.number)
            elif x == 0:
                self._put_off.append(item)
            elif subspace.rest(x) == 0:
                self._take(item)
                last_taken = place
            else:
                self.missed = self.missed or item.turn
                hard.add(x, z)
                left.add(item.number)
        if not left:
            self._do_diagonals()
        left.update(item.number for item in self._put_off)
        self.left = [item for item in waiting if item.number in left]

    def _take(self, item: Numbered) -> None:
        x, z = item.turn.x, item.turn.z
        if any((x & other.turn.z).bit_count() & 1 for other in self._put_off):
            self._do_diagonals()
        if not self.steps or self.steps[-1].diagonal or self._last.clashes(x, z):
            self.steps.append(Step(False))
            self._last = Span(self._n_qubits)
        self.steps[-1].turns.append(item)
        self._last.add(x, z)

    def _do_diagonals(self) -> None:
        if self._put_off:
            self.steps.append(Step(True, self._put_off))
            self._put_off = []

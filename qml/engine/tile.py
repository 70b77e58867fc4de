"""How turns fall into segments, groups and cosets: what the kernels sweep, worked out once a plan."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from qml.engine.kernels import MAX_WIDTH
from qml.engine.plan import Plan, Turn, Word
from qml.engine.vector import VECTOR_BYTES

# Turns in tangent form whose cosines no table has taken up; each makes the kets larger by at most sqrt(2).
MOST_BARE_TURNS = 24
PAGE_AMPLITUDES = 4096 // (2 * VECTOR_BYTES)  # addresses that are equal modulo a page share a set of the nearest cache
MOST_TURNS = 64  # of one segment, whose cosines one table takes up: 2 ** -32 is far from the end of float32's range


@dataclass
class Segment:
    """At most one shared table and one row diagonal, then mixing turns; the unit between two kept kets."""

    table: tuple[Turn, ...] | None = None
    lane: tuple[Turn, ...] | None = None
    mixing: list[Turn] = field(default_factory=list)


@dataclass(frozen=True)
class Cosets:
    """The cosets of one group: `bases[i] ^ offsets[a]` are the amplitudes of coset `i`.

    `signs[i]` holds a bit a turn: set where the turn has the opposite sign on coset `i`.
    """

    bases: np.ndarray
    offsets: np.ndarray
    signs: np.ndarray


def odd(bits: int) -> int:
    """1 if an odd number of bits is set."""
    return bits.bit_count() & 1


@dataclass(frozen=True)
class Reading:
    """An order of the amplitudes in which independent words of Z are plain bits.

    Amplitude `bases[i] ^ offsets[a]` has word `k` odd where bit `k` of `a + len(offsets) * i` is set.
    """

    bases: np.ndarray
    offsets: np.ndarray


def segments(plan: Plan, most_bare: int = MOST_BARE_TURNS) -> list[Segment]:
    """The blocks of a plan, gathered so that each segment needs one sweep of diagonals at most.

    Args:
        plan: what to run.
        most_bare: shared turns in tangent form that may go without a table that takes up their cosines; segments
            beyond get an empty table.
    """
    result = _gathered(plan)
    bare = 0
    for segment in result:
        turns = sum(turn.kind != "row" for turn in segment.mixing)
        if segment.table is None and turns:
            bare += turns
            if bare > most_bare:
                segment.table, bare = (), bare - turns
    return result


def _gathered(plan: Plan) -> list[Segment]:
    result: list[Segment] = []
    for block in plan.blocks:
        if not block.turns:
            continue
        last = result[-1] if result else None
        diagonal_free = last is not None and not last.mixing
        if block.kind == "mixing":
            if last is None or last.mixing:
                last = _added(result)
            for first in range(0, len(block.turns), MOST_TURNS):
                (last if first == 0 else _added(result)).mixing.extend(block.turns[first : first + MOST_TURNS])
        elif block.kind == "shared_diagonal":
            if last is None or not diagonal_free or last.table is not None:
                last = _added(result)
            last.table = block.turns
        else:
            if last is None or not diagonal_free or last.lane is not None:
                last = _added(result)
            last.lane = block.turns
    return result


def _added(segments: list[Segment]) -> Segment:
    segments.append(Segment())
    return segments[-1]


def coupling(turn: Turn) -> int:
    """0: an odd number of Y makes the rotation real, re and im stay apart. 1: it couples re with im."""
    return 1 - odd(turn.x & turn.z)


def pivots(masks: list[int]) -> list[int] | None:
    """Pivot bits of masks that are linearly independent over GF(2), else None.

    Example:
        >>> pivots([0b011, 0b110]), pivots([0b011, 0b110, 0b101])
        ([1, 2], None)
    """
    places: list[int] = []
    reduced: list[int] = []
    for mask in masks:
        for place, row in zip(places, reduced, strict=True):
            if mask >> place & 1:
                mask ^= row
        if mask == 0:
            return None
        place = mask.bit_length() - 1
        reduced = [row ^ mask if row >> place & 1 else row for row in reduced]
        places.append(place)
        reduced.append(mask)
    return places


def groups(turns: list[Turn]) -> list[tuple[Turn, ...]]:
    """Commuting turns in groups of at most `MAX_WIDTH` that one kernel can apply to a coset at once.

    A group has independent x masks, one coupling, no sign pattern inside a coset (`z_i . x_j` even), and
    holds either only turns that differ from row to row or none of them. At most 8 amplitudes of a coset lie at the
    same place of a page: nearest caches have 8 or 12 ways, and a coset that needs 16 falls out while it is read.
    """
    result: list[list[Turn]] = []
    for turn in turns:
        for group in result:
            if len(group) < MAX_WIDTH and _fits(turn, group):
                group.append(turn)
                break
        else:
            result.append([turn])
    return [tuple(group) for group in result]


def _fits(turn: Turn, group: list[Turn]) -> bool:
    alike = coupling(turn) == coupling(group[0]) and (turn.kind == "row") == (group[0].kind == "row")
    if not alike or any(odd(turn.z & other.x) or odd(other.z & turn.x) for other in group):
        return False
    masks = [other.x for other in group] + [turn.x]
    return pivots(masks) is not None and len(masks) - _rank(mask % PAGE_AMPLITUDES for mask in masks) <= 3


def _rank(masks: Iterable[int]) -> int:
    """How many of the masks are independent over GF(2)."""
    kept: list[int] = []
    for mask in masks:
        if pivots([*kept, mask]) is not None:
            kept.append(mask)
    return len(kept)


def cosets(n_qubits: int, group: tuple[Turn, ...]) -> Cosets:
    """The cosets of the span of a group's x masks.

    For a real rotation the base can be chosen so that its sign is +; otherwise cosets come in sign classes.
    """
    masks = [turn.x for turn in group]
    taken = pivots(masks) or []
    free = [bit for bit in range(n_qubits) if bit not in taken]
    number = np.arange(1 << len(free), dtype=np.int64)
    bases = np.zeros(len(number), np.int64)
    for place, bit in enumerate(free):
        bases |= ((number >> place) & 1) << bit
    for turn in group:
        if odd(turn.z & turn.x):
            bases ^= _odd(bases & turn.z) * turn.x
    signs = np.zeros(len(number), np.int64)
    for place, turn in enumerate(group):
        signs |= _odd(bases & turn.z) << place
    return Cosets(bases, _spanned(masks), signs)


def reading(n_qubits: int, words: list[Word]) -> Reading | None:
    """How to read `words` by sums alone; None where they are no independent words of Z, or too few amplitudes."""
    masks = [z for x, z in words if x == 0]
    taken = pivots(masks)
    if not masks or taken is None:
        return None
    width = min(n_qubits, MAX_WIDTH)
    rows = masks + [1 << bit for bit in range(n_qubits) if bit not in taken]
    columns = _inverse(rows)
    return Reading(_spanned(columns[width:]), _spanned(columns[:width]))


def _inverse(rows: list[int]) -> list[int]:
    """Columns of the inverse of a matrix over GF(2), given by its rows.

    Column `k` has an odd number of bits in common with row `k`, and with no other.

    Example:
        >>> _inverse([0b01, 0b11])
        [3, 2]
    """
    work = [(row, 1 << place) for place, row in enumerate(rows)]
    for bit in range(len(rows)):
        pivot = next(place for place in range(bit, len(rows)) if work[place][0] >> bit & 1)
        work[bit], work[pivot] = work[pivot], work[bit]
        left, right = work[bit]
        work = [
            (a ^ left, b ^ right) if place != bit and a >> bit & 1 else (a, b) for place, (a, b) in enumerate(work)
        ]
    return [sum((work[bit][1] >> k & 1) << bit for bit in range(len(rows))) for k in range(len(rows))]


def _spanned(masks: list[int]) -> np.ndarray:
    """The sum over GF(2) of each selection of masks, the first mask being bit 0 of the selection."""
    result = np.zeros(1, np.int64)
    for mask in masks:
        result = np.concatenate([result, result ^ mask])
    return result


def _odd(values: np.ndarray) -> np.ndarray:
    return (np.bitwise_count(values) & 1).astype(np.int64)


def normal_sign(turn: Turn) -> int:
    """P acts on a pair of amplitudes as +-Y or +-X; the sign that `i^popcount(x & z)` gives it."""
    return 1 if (turn.x & turn.z).bit_count() % 4 in (0, 1) else -1

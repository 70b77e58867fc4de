"""Coordinates of a tile: what masks over the whole index become inside one, and the cosets that a kernel sweeps.

Vector `u` of a tile with base `b` holds the amplitudes `b ^ basis[j] (for each bit j of u) ^ lane`: where a basis mask
has lane bits, the lanes of a vector are permuted on the way in, so that rotations about the basis see none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import xor
from typing import NamedTuple

import numpy as np

from qml.engine.plan import Turn
from qml.engine.tile import coupling, odd, pivots
from qml.engine.wide.sweeps import Numbered, Sweep


class Local(NamedTuple):
    """A Pauli word inside a tile.

    Attributes:
        flips: bits of the vector number that it flips.
        swap: lane bits that it flips.
        signs: bits of the vector number whose sign it takes.
        lanes: lane bits whose sign it takes.
        base: the mask whose parity with the base gives the sign of the whole tile.
    """

    flips: int
    swap: int
    signs: int
    lanes: int
    base: int


@dataclass(frozen=True)
class Item:
    """A turn inside the tiles of one sweep."""

    number: int
    turn: Turn
    local: Local

    @property
    def coupling(self) -> int:
        """0: re and im stay apart. 1: re is coupled with im."""
        return coupling(self.turn)


@dataclass(frozen=True)
class Share:
    """Cosets of one sign class: coset `i` is `bases[i] ^ offsets[a]`; `signs` has a bit a turn, set for the minus."""

    bases: np.ndarray
    offsets: np.ndarray
    signs: int


class Coordinates:
    """The tiles of one sweep.

    Args:
        sweep: whose basis spans them.
        n_qubits: bits of the amplitude index.
        lane_bits: index bits that are lanes.
    """

    def __init__(self, sweep: Sweep, n_qubits: int, lane_bits: int):
        self.basis, self.lane_bits, self.n_qubits = sweep.basis, lane_bits, n_qubits
        self.bits, self._lane_mask = len(sweep.basis), (1 << lane_bits) - 1
        self._echelon: list[tuple[int, int]] = []  # (mask over vectors, combination of basis masks)
        for place, mask in enumerate(sweep.basis):
            left, made = self._reduced(mask >> lane_bits)
            self._echelon.append((left, made ^ 1 << place))
            self._echelon.sort(reverse=True)

    def _reduced(self, mask: int) -> tuple[int, int]:
        """What is left of a mask over vectors, and the basis masks that took the rest away."""
        made = 0
        for row, combination in self._echelon:
            if mask ^ row < mask:
                mask, made = mask ^ row, made ^ combination
        return mask, made

    def local(self, x: int, z: int) -> Local:
        """The word `(x, z)` inside a tile; `x` lies in the tile's subspace."""
        _, flips = self._reduced(x >> self.lane_bits)
        chosen = [mask for place, mask in enumerate(self.basis) if flips >> place & 1]
        swap = reduce(xor, chosen, x) & self._lane_mask
        signs = sum(odd(z & mask) << place for place, mask in enumerate(self.basis))
        return Local(flips, swap, signs, z & self._lane_mask, z)

    def item(self, numbered: Numbered) -> Item:
        """A turn inside a tile."""
        return Item(numbered.number, numbered.turn, self.local(numbered.turn.x, numbered.turn.z))

    def offsets(self) -> np.ndarray:
        """Vector number in memory of each vector of the tile with base 0."""
        return _combinations([mask >> self.lane_bits for mask in self.basis])

    def shears(self) -> np.ndarray:
        """How the lanes of each vector of a tile are permuted on the way in: lane `l` comes from `l ^ shear`."""
        return _combinations([mask & self._lane_mask for mask in self.basis])

    def bases(self) -> np.ndarray:
        """First vector number in memory of each tile."""
        taken = {row.bit_length() - 1 for row, _ in self._echelon}
        free = [1 << bit for bit in range(self.n_qubits - self.lane_bits) if bit not in taken]
        return _combinations(free)


def _combinations(masks: Sequence[int]) -> np.ndarray:
    """The XOR of the masks that each number names by its bits."""
    result = np.zeros(1 << len(masks), np.int64)
    for place, mask in enumerate(masks):
        result[1 << place : 2 << place] = result[: 1 << place] ^ mask
    return result


def shares(bits: int, items: Sequence[Item]) -> list[Share]:
    """The cosets that turns with independent flips (or with none at all) split `2**bits` vectors into.

    A flip that takes its own sign lets the first member of each coset be the one with the plus; every other turn has
    one sign on a whole coset, and cosets of equal signs make a share.
    """
    masks = [item.local.flips for item in items if item.local.flips]
    taken = pivots(masks) or []
    bases = _combinations([1 << bit for bit in range(bits) if bit not in taken])
    for item in items:
        if odd(item.local.flips & item.local.signs):
            bases ^= _odd(bases & item.local.signs) * item.local.flips
    signs = np.zeros(len(bases), np.int64)
    for place, item in enumerate(items):
        signs |= _odd(bases & item.local.signs) << place
    offsets = _combinations(masks)
    return [Share(bases[signs == value], offsets, int(value)) for value in np.unique(signs)]


def groups(items: Sequence[Item], width: int) -> list[tuple[Item, ...]]:
    """Commuting turns in groups of at most `width` that one kernel applies at once.

    A group is either turns that flip no lanes, with independent flips, one coupling, and no sign pattern inside a
    coset; or turns that flip lanes alone; or a single turn that flips both.
    """
    result: list[list[Item]] = []
    for item in items:
        for group in result:
            if len(group) < width and _fits(item, group):
                group.append(item)
                break
        else:
            result.append([item])
    return [tuple(group) for group in result]


def _fits(item: Item, group: list[Item]) -> bool:
    if item.coupling != group[0].coupling or any(bool(other.local.flips) != bool(item.local.flips) for other in group):
        return False
    if not item.local.flips:
        return True
    if item.local.swap or group[0].local.swap:
        return False
    signed = (odd(item.local.signs & o.local.flips) or odd(o.local.signs & item.local.flips) for o in group)
    return not any(signed) and pivots([o.local.flips for o in group] + [item.local.flips]) is not None


def _odd(values: np.ndarray) -> np.ndarray:
    return (np.bitwise_count(values) & 1).astype(np.int64)

"""Coordinate systems of passes: which masks are register bits, which are thread bits, and where amplitudes lie.

In the coordinates of a pass every rotation acts on one register bit. Thread masks are taken from the masks along which
no turn of the pass changes sign, where there are enough of them; and so that neighbouring lanes, whose amplitudes lie
in shared memory at an invertible linear function of their index, meet no bank twice.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from qml.engine.gpu.bits import Span, combined, null_space

TRIALS = 64  # address maps that are drawn; the first is nearly always free of conflicts
DRAWS = 48  # masks that are drawn for one lane
LANES = ((3, 7), (4, 15))  # lanes that must lie apart modulo 8 (128-bit accesses) and 16 (64-bit)


@dataclass(frozen=True)
class Coordinates:
    """Masks of one pass, in the bits of a tile."""

    register: tuple[int, ...]
    thread: tuple[int, ...]
    conflicts: bool

    @property
    def masks(self) -> tuple[int, ...]:
        """Register masks, then thread masks."""
        return self.register + self.thread


@dataclass(frozen=True)
class AddressMap:
    """An invertible linear map of tile indices to places in the exchange."""

    columns: tuple[int, ...]

    def place(self, mask: int) -> int:
        """Where the amplitude of that index lies; linear, so also the place of a mask."""
        return combined(self.columns, mask)


def address_map(n_bits: int, number: int) -> AddressMap:
    """The identity for number 0, else a random one that depends on its number alone."""
    if number == 0:
        return AddressMap(tuple(1 << bit for bit in range(n_bits)))
    draw, span = random.Random(number), Span()
    while len(span) < n_bits:
        span.add(draw.randrange(1, 1 << n_bits))
    return AddressMap(tuple(span.masks))


def coordinates(
    xs: Sequence[int], zs: Sequence[int], register_bits: int, n_bits: int, address: AddressMap
) -> Coordinates:
    """The coordinates of a pass whose turns have masks `xs` and `zs` over the bits of a tile."""
    basis = null_space(zs, n_bits)
    draw = random.Random(1)
    drawn = [combined(basis, draw.randrange(1, 1 << len(basis))) for _ in range(DRAWS)] if basis else []
    span, thread = Span(xs), []
    n_threads = n_bits - register_bits
    for lanes, modulus in LANES:
        apart = Span(address.place(mask) & modulus for mask in thread)
        for mask in basis + drawn:
            if len(thread) >= min(lanes, n_threads):
                break
            place = address.place(mask) & modulus
            if not span.holds(mask) and not apart.holds(place):
                thread.append(mask)
                span.add(mask)
                apart.add(place)
    conflicts = len(thread) < min(LANES[-1][0], n_threads)
    register = list(xs)
    for mask in basis + [1 << bit for bit in range(n_bits)]:
        if span.add(mask):
            (thread if len(thread) < n_threads else register).append(mask)
    return Coordinates(tuple(register), tuple(thread), conflicts)


def single_bits(register_bits: int, n_bits: int, address: AddressMap, in_order: bool) -> Coordinates:
    """Coordinates whose masks are single bits; low bits are threads when they must be in order."""
    orders = [list(range(n_bits)) for _ in range(1 if in_order else TRIALS)]
    for number, bits in enumerate(orders[1:], 1):
        random.Random(number).shuffle(bits)
    drawn = [_of_order(bits, n_bits - register_bits, address) for bits in orders]
    return next((found for found in drawn if not found.conflicts), drawn[0])


def _of_order(bits: Sequence[int], n_threads: int, address: AddressMap) -> Coordinates:
    """The first bits as threads, the others as registers."""
    thread, register = ([1 << bit for bit in part] for part in (bits[:n_threads], bits[n_threads:]))
    apart = [len(Span(address.place(mask) & modulus for mask in thread[:lanes])) for lanes, modulus in LANES]
    conflicts = any(count < min(lanes, n_threads) for count, (lanes, _) in zip(apart, LANES, strict=True))
    return Coordinates(tuple(register), tuple(thread), conflicts)

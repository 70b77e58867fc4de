"""Linear algebra over GF(2): masks of index bits as integers, spans of masks, coordinates in a basis."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def parity(mask: int) -> int:
    """1 when `mask` has an odd number of bits.

    Example:
        >>> parity(0b111), parity(0b101)
        (1, 0)
    """
    return mask.bit_count() & 1


def combined(masks: Sequence[int], choice: int) -> int:
    """XOR of those `masks` whose bit is set in `choice`."""
    result = 0
    for position, mask in enumerate(masks):
        if choice >> position & 1:
            result ^= mask
    return result


def signature(z: int, masks: Iterable[int]) -> int:
    """Bit `k` is the sign that the word `z` takes along mask `k`.

    Example:
        >>> bin(signature(0b011, [0b001, 0b011, 0b110]))
        '0b101'
    """
    return sum(parity(z & mask) << position for position, mask in enumerate(masks))


class Span:
    """A growing space of masks; each member knows its coordinates in the masks that were added.

    Example:
        >>> span = Span([0b011, 0b110])
        >>> span.add(0b101), span.coordinates(0b101)
        (False, 3)
    """

    def __init__(self, masks: Iterable[int] = ()):
        self.masks: list[int] = []
        self._rows: dict[int, tuple[int, int]] = {}  # leading bit -> (mask, coordinates)
        for mask in masks:
            self.add(mask)

    def __len__(self) -> int:
        return len(self.masks)

    def copy(self) -> Span:
        """An independent copy."""
        other = Span()
        other.masks, other._rows = list(self.masks), dict(self._rows)
        return other

    def _reduced(self, mask: int) -> tuple[int, int]:
        coordinates = 0
        while mask:
            row = self._rows.get(mask.bit_length())
            if row is None:
                break
            mask, coordinates = mask ^ row[0], coordinates ^ row[1]
        return mask, coordinates

    def holds(self, mask: int) -> bool:
        """Whether `mask` is a combination of the masks."""
        return self._reduced(mask)[0] == 0

    def add(self, mask: int) -> bool:
        """Add `mask` unless it is held already; whether it was added."""
        rest, coordinates = self._reduced(mask)
        if not rest:
            return False
        self._rows[rest.bit_length()] = (rest, coordinates ^ (1 << len(self.masks)))
        self.masks.append(mask)
        return True

    def coordinates(self, mask: int) -> int:
        """Which masks, as bits, combine to `mask`, which must be held."""
        return self._reduced(mask)[1]


def null_space(zs: Iterable[int], n_bits: int) -> list[int]:
    """A basis of the masks along which no word of `zs` changes sign.

    Example:
        >>> [bin(mask) for mask in null_space([0b011], 3)]
        ['0b11', '0b100']
    """
    rows: dict[int, int] = {}  # pivot bit -> fully reduced row
    for z in zs:
        for pivot, row in rows.items():
            if z >> pivot & 1:
                z ^= row
        if z:
            pivot = z.bit_length() - 1
            rows = {p: row ^ z if row >> pivot & 1 else row for p, row in rows.items()} | {pivot: z}
    free = [bit for bit in range(n_bits) if bit not in rows]
    return [1 << bit | sum(1 << pivot for pivot, row in rows.items() if row >> bit & 1) for bit in free]

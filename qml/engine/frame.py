"""Pauli words as bit masks, and the frame that absorbs Cliffords: they rewrite what comes later and are never run."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

from qml.base.errors import ProgramError
from qml.circuits.readout import PauliWord


class Pauli(NamedTuple):
    """`i^phase X^x Z^z` over the bits of the amplitude index; `phase` counts modulo 4."""

    x: int
    z: int
    phase: int

    @property
    def sign(self) -> int:
        """+1 or -1: the factor in front of the Hermitian word `i^popcount(x & z) X^x Z^z`."""
        return 1 if (self.phase - (self.x & self.z).bit_count()) & 3 == 0 else -1


IDENTITY = Pauli(0, 0, 0)


def multiply(left: Pauli, right: Pauli) -> Pauli:
    """The operator product of `left` and `right`."""
    crossing = 2 * (left.z & right.x).bit_count()
    return Pauli(left.x ^ right.x, left.z ^ right.z, (left.phase + right.phase + crossing) & 3)


def anticommute(x: int, z: int, other_x: int, other_z: int) -> bool:
    """Whether two words anticommute; otherwise they commute."""
    return bool(((x & other_z).bit_count() + (z & other_x).bit_count()) & 1)


class Span:
    """What a set of words generates by multiplication, kept as at most `2 * n_qubits` of them.

    A word commutes with every member of the set exactly when it commutes with these, so that one test does not
    grow with the set.
    """

    def __init__(self, n_qubits: int, words: Iterable[tuple[int, int]] = ()):
        self.n_qubits = n_qubits
        self._pivots: list[tuple[int, int]] = []
        self._crossed: list[int] = []
        for x, z in words:
            self.add(x, z)

    def __len__(self) -> int:
        return len(self._pivots)

    def add(self, x: int, z: int) -> None:
        """Take a word in."""
        n = self.n_qubits
        vector = x | z << n
        for pivot, member in self._pivots:
            if vector >> pivot & 1:
                vector ^= member
        if vector:
            self._pivots.append((vector.bit_length() - 1, vector))
            self._crossed.append(vector >> n | (vector & (1 << n) - 1) << n)

    def clashes(self, x: int, z: int) -> bool:
        """Whether the word anticommutes with a member."""
        vector = x | z << self.n_qubits
        return any((vector & crossed).bit_count() & 1 for crossed in self._crossed)


class Frame:
    """The image `C^-1 P C` of every Pauli word under the Cliffords `C` absorbed so far.

    A circuit that ends in `C` and then turns about `P` is the circuit that turns about `C^-1 P C` and then ends in
    `C`; at the very end `C` is absorbed by the words that are read. X, Y, Z, S, Sdg, CX, CZ and SWAP keep the image
    of a word of Z a word of Z. A Hadamard does not, and is refused here: `lower` makes it a Z and a constant turn.

    Images leave the phase of `C` open. It is kept by one row of it, which has a single entry:
    `<0...0| C = exp(i phase) <origin|`.

    Args:
        n_qubits: wires; wire `w` is bit `n_qubits - 1 - w`.

    Example:
        >>> frame = Frame(2)
        >>> frame.absorb("CX", (0, 1))
        >>> frame.image(((1, "Z"),))
        Pauli(x=0, z=3, phase=0)
    """

    def __init__(self, n_qubits: int):
        self.n_qubits = n_qubits
        bits = [1 << n_qubits - 1 - wire for wire in range(n_qubits)]
        self._x = [Pauli(bit, 0, 0) for bit in bits]
        self._z = [Pauli(0, bit, 0) for bit in bits]
        self.changed = False
        self.origin, self.phase = 0, 0.0

    def image(self, word: PauliWord) -> Pauli:
        """The image of letters on wires."""
        result = IDENTITY
        for wire, letter in word:
            if letter != "Z":
                result = multiply(result, self._x[wire])
            if letter != "X":
                result = multiply(result, self._z[wire])
            if letter == "Y":
                result = result._replace(phase=(result.phase + 1) & 3)
        return result

    def image_of_masks(self, x: int, z: int) -> Pauli:
        """The image of the Hermitian word with masks `x` and `z`."""
        if not self.changed:
            return Pauli(x, z, (x & z).bit_count() & 3)
        product = multiply(self._product(self._x, x), self._product(self._z, z))
        return product._replace(phase=(product.phase + (x & z).bit_count()) & 3)

    def _product(self, images: list[Pauli], mask: int) -> Pauli:
        """The product of the images of the bits of `mask`, the highest first."""
        result = IDENTITY
        while mask:
            bit = mask.bit_length() - 1
            mask ^= 1 << bit
            result = multiply(result, images[self.n_qubits - 1 - bit])
        return result

    def row_of(self, bits: int) -> tuple[int, float]:
        """`<bits| C = exp(i phase) <other|`: the other bits, and the phase in radians."""
        other, phase = _times(self.origin, self._product(self._x, bits))
        return other, self.phase + phase

    def absorb(self, name: str, wires: tuple[int, ...]) -> None:
        """Put the Clifford `name` behind those absorbed so far.

        Raises:
            ProgramError: the Clifford is not one that keeps words of Z words of Z.
        """
        x, z, first, last = self._x, self._z, wires[0], wires[-1]
        self.changed = True
        if name in ("X", "Y"):  # <0| X = <1| and <0| Y = -i <1|; all others leave <0...0| as it is
            self.origin, self.phase = self.row_of(1 << self.n_qubits - 1 - first)
            self.phase -= math.pi / 2 if name == "Y" else 0.0
        if name in ("X", "Y"):
            z[first] = _negative(z[first])
        if name in ("Z", "Y"):
            x[first] = _negative(x[first])
        elif name in ("S", "Sdg"):
            product = multiply(x[first], z[first])
            x[first] = product._replace(phase=(product.phase + (3 if name == "S" else 1)) & 3)
        elif name == "CX":
            x[first], z[last] = multiply(x[first], x[last]), multiply(z[first], z[last])
        elif name == "CZ":
            x[first], x[last] = multiply(x[first], z[last]), multiply(x[last], z[first])
        elif name == "SWAP":
            x[first], x[last] = x[last], x[first]
            z[first], z[last] = z[last], z[first]
        elif name != "X":
            raise ProgramError(f"A frame cannot absorb {name!r} on wires {wires}: it absorbs X Y Z S Sdg CX CZ SWAP.")

    def absorb_turn(self, axis: Pauli, quarters: int) -> None:
        """Put `exp(-i quarters pi/4 axis)` *in front of* the Cliffords absorbed so far.

        `axis` is an image already: it is where the turn stands in the circuit that is really run. It is Hermitian,
        and a word of Z where `quarters`, counted modulo 8, is odd.
        """
        if quarters & 1:
            self.phase -= quarters * math.pi / 4 * (-1) ** (axis.z & self.origin).bit_count()
        else:
            self.phase -= quarters * math.pi / 4
            if quarters & 2:
                self.origin, more = _times(self.origin, axis)
                self.phase += more
        # I exp(-i quarters pi/2 axis) for every image I that anticommutes: phases (-i)^quarters, and axis if odd.
        self.changed = True
        for images in (self._x, self._z):
            for wire, image in enumerate(images):
                if anticommute(image.x, image.z, axis.x, axis.z):
                    product = multiply(image, axis) if quarters & 1 else image
                    images[wire] = product._replace(phase=(product.phase - quarters) & 3)


def _times(bits: int, pauli: Pauli) -> tuple[int, float]:
    """`<bits| pauli = exp(i phase) <other|`: the other bits, and the phase in radians."""
    other = bits ^ pauli.x
    return other, math.pi / 2 * ((pauli.phase + 2 * (pauli.z & other).bit_count()) & 3)


def _negative(pauli: Pauli) -> Pauli:
    return pauli._replace(phase=(pauli.phase + 2) & 3)

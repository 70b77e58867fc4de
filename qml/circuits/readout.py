"""What a circuit returns: K numbers a row, expectation values of Pauli sums or probabilities of outcomes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from qml.base.errors import ProgramError
from qml.circuits.counting import whole_number

PauliWord = tuple[tuple[int, str], ...]  # ((wire, "X" | "Y" | "Z"), ...) sorted by wire; () is the identity


def pauli_word(letters: Mapping[int, str] | Iterable[tuple[int, str]]) -> PauliWord:
    """A Pauli word in normal form: sorted by wire, identities left out.

    Raises:
        ProgramError: a letter is not one of I, X, Y, Z, or a wire is named twice.

    Example:
        >>> pauli_word({2: "X", 0: "Z", 1: "I"})
        ((0, 'Z'), (2, 'X'))
    """
    pairs: list[tuple[int, str]] = [*(letters.items() if isinstance(letters, Mapping) else letters)]  # pyright: ignore
    wires = [wire for wire, _ in pairs]
    if len(set(wires)) != len(wires):
        raise ProgramError(f"A Pauli word names a wire twice: {pairs}. Multiply the letters first.")
    for _, letter in pairs:
        if letter not in "IXYZ" or len(letter) != 1:
            raise ProgramError(f"A Pauli letter must be one of I, X, Y, Z; got {letter!r}.")
    return tuple(sorted((whole_number("A wire", wire), letter) for wire, letter in pairs if letter != "I"))


@dataclass(frozen=True)
class PauliSum:
    """A Hermitian observable: a real combination of Pauli words, in normal form.

    Example:
        >>> PauliSum(((1.0, ((0, "Z"),)), (0.5, ((0, "X"), (1, "X"))))).wires
        (0, 1)
    """

    terms: tuple[tuple[float, PauliWord], ...]

    def __post_init__(self):
        merged: dict[PauliWord, float] = {}
        for coefficient, word in self.terms:
            key = pauli_word(word)
            merged[key] = merged.get(key, 0.0) + float(coefficient)
        if not all(map(math.isfinite, merged.values())):
            raise ProgramError(f"The coefficients of a PauliSum must be finite; got {self.terms}.")
        object.__setattr__(self, "terms", tuple((c, w) for w, c in sorted(merged.items())))

    @property
    def wires(self) -> tuple[int, ...]:
        """Wires that the sum acts on, sorted."""
        return tuple(sorted({wire for _, word in self.terms for wire, _ in word}))

    def __str__(self) -> str:
        words = [(c, " ".join(f"{letter}{wire}" for wire, letter in word) or "I") for c, word in self.terms]
        return " + ".join(word if c == 1 else f"{c:.4g} {word}" for c, word in words).replace("+ -", "- ") or "0"


@dataclass(frozen=True)
class Expectations:
    """`K` expectation values, one a Pauli sum, each in `[-norm, norm]`."""

    observables: tuple[PauliSum, ...]

    def __post_init__(self):
        object.__setattr__(self, "observables", tuple(self.observables))

    @property
    def n_values(self) -> int:
        """Numbers a row."""
        return len(self.observables)

    @property
    def wires(self) -> tuple[int, ...]:
        """Wires that are read, sorted."""
        return tuple(sorted({wire for observable in self.observables for wire in observable.wires}))


@dataclass(frozen=True)
class Probabilities:
    """`2 ** len(wires)` probabilities of the outcomes of `wires`, the first wire most significant."""

    wires: tuple[int, ...]

    def __post_init__(self):
        object.__setattr__(self, "wires", tuple(whole_number("A wire of Probabilities", wire) for wire in self.wires))

    @property
    def n_values(self) -> int:
        """Numbers a row."""
        return 2 ** len(self.wires)


Readout = Expectations | Probabilities


def z_each(wires: Iterable[int]) -> Expectations:
    """<Z> of each wire: the default readout of a Program."""
    return Expectations(tuple(PauliSum(((1.0, ((wire, "Z"),)),)) for wire in wires))

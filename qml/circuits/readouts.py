"""What to read by name, and Pauli sums from text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from qml.base.errors import ProgramError
from qml.base.registry import Registry
from qml.circuits.entangling import entangling_pairs
from qml.circuits.readout import Expectations, PauliSum, Probabilities, Readout, z_each

READOUTS: Registry[Callable[..., Readout]] = Registry("readout")

_TERM = re.compile(r"([+-]?)\s*((?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)?\s*\*?\s*((?:[IXYZ]\d*\s*)*)")


def pauli_sum(text: str) -> PauliSum:
    """A Pauli sum from text: terms joined by + and -, each a coefficient and letters with their wires.

    Raises:
        ProgramError: the text cannot be read; it is quoted from where reading stopped.

    Example:
        >>> print(pauli_sum("Z0 Z1 - 0.5 X2 + 2 I"))
        2 I + Z0 Z1 - 0.5 X2
    """
    rest, terms = text.strip(), []
    while rest:
        match = _TERM.match(rest)
        sign, number, letters = match.groups() if match else ("", None, "")
        names = letters.split()
        bad = [name for name in names if name != "I" and not name[1:]]
        if not match or (number is None and not names) or (terms and not sign) or bad:
            raise ProgramError(f"Cannot read a Pauli sum from {rest!r} in {text!r}; write it like 'Z0 Z1 - 0.5 X2'.")
        value = float(number or 1.0) * (-1 if sign == "-" else 1)
        terms.append((value, tuple((int(name[1:]), name[0]) for name in names if name[0] != "I")))
        rest = rest[match.end() :].strip()
    if not terms:
        raise ProgramError("A Pauli sum needs one term or more, like 'Z0 Z1'; got an empty text.")
    return PauliSum(tuple(terms))


@READOUTS.register("z")
def z(n_qubits: int) -> Expectations:
    """<Z> of each wire, `K = n_qubits`."""
    return z_each(range(n_qubits))


@READOUTS.register("zz")
def zz(n_qubits: int, entangle: str | Iterable[tuple[int, int]] = "ring") -> Expectations:
    """<Z> of each wire, then <Z Z> of each pair of an entangling map."""
    pairs = [PauliSum(((1.0, ((a, "Z"), (b, "Z"))),)) for a, b in entangling_pairs(n_qubits, entangle)]
    return Expectations((*z_each(range(n_qubits)).observables, *pairs))


@READOUTS.register("xyz")
def xyz(n_qubits: int) -> Expectations:
    """<X>, <Y> and <Z> of each wire, wire by wire: the Bloch vectors, `K = 3 n_qubits`."""
    return Expectations(tuple(PauliSum(((1.0, ((q, letter),)),)) for q in range(n_qubits) for letter in "XYZ"))


@READOUTS.register("mean_z")
def mean_z(n_qubits: int) -> Expectations:
    """The mean of <Z> over the wires, one number."""
    return Expectations((PauliSum(tuple((1.0 / n_qubits, ((wire, "Z"),)) for wire in range(n_qubits))),))


@READOUTS.register("pauli")
def pauli(n_qubits: int, sums: Iterable[str | PauliSum] = ("Z0",)) -> Expectations:
    """Any Pauli sums, as text such as `"Z0 Z1 - 0.5 X2"` or as values; wires are checked by the Program."""
    return Expectations(tuple(pauli_sum(item) if isinstance(item, str) else item for item in sums))


@READOUTS.register("probabilities")
def probabilities(n_qubits: int, wires: Iterable[int] | None = None) -> Probabilities:
    """The probability of each outcome of `wires`, all when left out; the first wire most significant."""
    return Probabilities(tuple(range(n_qubits)) if wires is None else tuple(int(wire) for wire in wires))

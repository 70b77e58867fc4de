"""Which wires an entangling layer joins."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations

from qml.base.errors import ProgramError
from qml.base.registry import Registry

Pair = tuple[int, int]
ENTANGLING: Registry = Registry("entangling map")


@ENTANGLING.register("linear")
def linear(n_qubits: int) -> list[Pair]:
    """Each wire with the next."""
    return [(wire, wire + 1) for wire in range(n_qubits - 1)]


@ENTANGLING.register("ring")
def ring(n_qubits: int) -> list[Pair]:
    """Each wire with the next, the last with the first; two wires are joined once."""
    return linear(n_qubits) + ([(n_qubits - 1, 0)] if n_qubits > 2 else [])


@ENTANGLING.register("full")
def full(n_qubits: int) -> list[Pair]:
    """Each wire with every later one."""
    return list(combinations(range(n_qubits), 2))


@ENTANGLING.register("pairs")
def pairs(n_qubits: int) -> list[Pair]:
    """Even wires with the next, then odd wires with the next: two steps on hardware, whatever the width."""
    return [(wire, wire + 1) for start in (0, 1) for wire in range(start, n_qubits - 1, 2)]


def entangling_pairs(n_qubits: int, entangle: str | Iterable[Pair]) -> list[Pair]:
    """The pairs of a named map, or explicit pairs, checked.

    Raises:
        ConfigError: a name that is not in `ENTANGLING`.
        ProgramError: a pair that names one wire twice or a wire that is not there.

    Example:
        >>> entangling_pairs(3, "ring")
        [(0, 1), (1, 2), (2, 0)]
    """
    if isinstance(entangle, str):
        return ENTANGLING[entangle](n_qubits)
    chosen = [tuple(pair) for pair in entangle]
    for pair in chosen:
        if len(set(pair)) != 2 or len(pair) != 2 or not all(0 <= wire < n_qubits for wire in pair):
            raise ProgramError(f"An entangling pair must be two distinct wires within 0..{n_qubits - 1}; got {pair}.")
    return [(int(first), int(second)) for first, second in chosen]

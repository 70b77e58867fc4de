"""Rows of the gate table that act on two wires alike: Ising rotations, swaps and excitations."""

from __future__ import annotations

import math

import numpy as np

from qml.circuits.gate import GateType
from qml.circuits.gates_controlled import SWAP
from qml.circuits.rows import called, fixed_row, rotation_matrix, turning_row


def _middle(block: np.ndarray, first: complex = 1.0, last: complex = 1.0) -> np.ndarray:
    """`block` on |01>, |10>; phases `first` and `last` on |00> and |11>."""
    matrix = np.diag([first, 0, 0, last]).astype(complex)
    matrix[1:3, 1:3] = block
    return matrix


def _givens(theta: float) -> np.ndarray:
    return rotation_matrix("Y", theta)


def _ising_row(word: str) -> GateType:
    return turning_row(f"Ising{word}", lambda theta: rotation_matrix(word, theta), [(word, 1.0)], draw=word)


def _pswap(theta: float) -> np.ndarray:
    return _middle(np.array([[0, np.exp(1j * theta)], [np.exp(1j * theta), 0]]))


def _pswap_row() -> GateType:
    """A swap and a ZZ rotation, which commute: the one row that is a turn and a Clifford."""
    phases = turning_row("PSWAP", _pswap, [("ZZ", 1.0)], phase=0.5)
    swap = fixed_row("SWAP", SWAP, [("SWAP", 0, 1)])
    return GateType(
        "PSWAP",
        2,
        1,
        phases.matrix,
        lambda gate: phases.steps(gate) + swap.steps(gate),
        phases.inverse,
        phase=phases.phase,
    )


def _fermionic_swap(theta: float) -> np.ndarray:
    half = np.exp(0.5j * theta)
    return _middle(half * rotation_matrix("X", theta), last=half * half)


def _excitation_row(suffix: str, sign: int) -> GateType:
    """A Givens rotation on |01>, |10>; with a sign, the outer states turn by a phase."""

    def matrix(theta: float) -> np.ndarray:
        outer = np.exp(0.5j * sign * theta)
        return _middle(_givens(theta), first=outer, last=outer)

    turns = [("YX", 0.5), ("XY", -0.5)]
    if sign:
        turns.append(("ZZ", -0.5 * sign))
    return turning_row(
        f"SingleExcitation{suffix}",
        matrix,
        turns,
        draw=f"G{suffix[:1]}".replace("P", "+").replace("M", "-"),
        phase=0.25 * sign,
    )


_HALF = math.sqrt(0.5)
_ISWAP = _middle(np.array([[0, 1j], [1j, 0]]))
_SISWAP = _middle(_HALF * np.array([[1, 1j], [1j, 1]]))
_ECR = _HALF * np.array([[0, 0, 1, 1j], [0, 0, 1j, 1], [1, -1j, 0, 0], [-1j, 1, 0, 0]])


def _root_turns(sign: int) -> list[tuple]:
    return [("turn", "XX", -sign * math.pi / 4), ("turn", "YY", -sign * math.pi / 4)]


ROWS = (
    fixed_row("SWAP", SWAP, [("SWAP", 0, 1)]),
    fixed_row("ISWAP", _ISWAP, [("S", 0), ("S", 1), ("CZ", 0, 1), ("SWAP", 0, 1)], inverse=called("ISWAPdg")),
    fixed_row(
        "ISWAPdg",
        _ISWAP.conj(),
        [("SWAP", 0, 1), ("CZ", 0, 1), ("Sdg", 0), ("Sdg", 1)],
        inverse=called("ISWAP"),
        draw="ISWAP†",
    ),
    fixed_row("SISWAP", _SISWAP, _root_turns(1), inverse=called("SISWAPdg")),
    fixed_row("SISWAPdg", _SISWAP.conj(), _root_turns(-1), inverse=called("SISWAP"), draw="SISWAP†"),
    fixed_row("ECR", _ECR, [("turn", "ZX", math.pi / 2), ("X", 0)]),
    *(_ising_row(word) for word in ("XX", "YY", "ZZ")),
    turning_row(
        "IsingXY", lambda theta: _middle(rotation_matrix("X", -theta)), [("XX", -0.5), ("YY", -0.5)], draw="XY"
    ),
    _pswap_row(),
    _excitation_row("", 0),
    _excitation_row("Plus", 1),
    _excitation_row("Minus", -1),
    turning_row(
        "FermionicSWAP",
        _fermionic_swap,
        [("XX", 0.5), ("YY", 0.5), ("ZI", 0.5), ("IZ", 0.5)],
        draw="fSWAP",
        phase=0.5,
    ),
)

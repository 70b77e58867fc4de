"""Which gate of Qiskit is which row of the gate table, and what the rows without a counterpart are made of."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from qml.base.extras import require
from qml.circuits.angle import Angle
from qml.circuits.gate import Gate

require("qiskit", extra="qiskit", purpose="The bridge to Qiskit")
from qiskit.circuit.library import standard_gates as standard

ALIKE: dict[str, type] = {
    "Identity": standard.IGate,
    "Hadamard": standard.HGate,
    "PauliX": standard.XGate,
    "PauliY": standard.YGate,
    "PauliZ": standard.ZGate,
    "S": standard.SGate,
    "Sdg": standard.SdgGate,
    "T": standard.TGate,
    "Tdg": standard.TdgGate,
    "SX": standard.SXGate,
    "SXdg": standard.SXdgGate,
    "RX": standard.RXGate,
    "RY": standard.RYGate,
    "RZ": standard.RZGate,
    "PhaseShift": standard.PhaseGate,
    "U1": standard.U1Gate,
    "U2": standard.U2Gate,
    "U3": standard.UGate,
    "CNOT": standard.CXGate,
    "CY": standard.CYGate,
    "CZ": standard.CZGate,
    "CH": standard.CHGate,
    "CRX": standard.CRXGate,
    "CRY": standard.CRYGate,
    "CRZ": standard.CRZGate,
    "ControlledPhaseShift": standard.CPhaseGate,
    "CCZ": standard.CCZGate,
    "Toffoli": standard.CCXGate,
    "CSWAP": standard.CSwapGate,
    "SWAP": standard.SwapGate,
    "ISWAP": standard.iSwapGate,
    "ECR": standard.ECRGate,
    "IsingXX": standard.RXXGate,
    "IsingYY": standard.RYYGate,
    "IsingZZ": standard.RZZGate,
}
"""Rows whose matrix is that of a Qiskit gate on the same qubits in the same order, angles in the same order."""

ROW_OF: dict[type, str] = {kind: name for name, kind in ALIKE.items()} | {
    standard.U3Gate: "U3",
    standard.CU1Gate: "ControlledPhaseShift",
}

Placed = tuple[Any, tuple[int, ...]]  # a Qiskit gate and its qubits
Made = tuple[list[Placed], Any]  # the gates, and the global phase beside them
Values = list[Any]  # numbers or ParameterExpressions, one an angle


def _rx_middle(theta: Any, beta: float = 0.0) -> Any:
    """On |01>, |10>: [[cos, -i sin e^(i beta)], [-i sin e^(-i beta), cos]] of half of theta."""
    return standard.XXPlusYYGate(theta, beta)


def _rot(wires: tuple[int, ...], values: Values) -> Made:
    return [(gate(value), wires) for gate, value in zip(_ZYZ, values, strict=True)], 0.0


def _controlled_rot(wires: tuple[int, ...], values: Values) -> Made:
    return [(gate(value), wires) for gate, value in zip(_CONTROLLED_ZYZ, values, strict=True)], 0.0


def _phase_where(zeros: tuple[int, ...]) -> Callable[[tuple[int, ...], Values], Made]:
    """A controlled phase between PauliX on the wires at positions `zeros`."""

    def make(wires: tuple[int, ...], values: Values) -> Made:
        flips: list[Placed] = [(standard.XGate(), (wires[position],)) for position in zeros]
        return [*flips, (standard.CPhaseGate(values[0]), wires), *flips], 0.0

    return make


def _root_of_iswap(theta: float) -> Callable[[tuple[int, ...], Values], Made]:
    return lambda wires, values: ([(_rx_middle(theta), wires)], 0.0)


def _excitation(sign: int) -> Callable[[tuple[int, ...], Values], Made]:
    """A Givens rotation; with a sign, phases exp(i sign theta/2) on |00> and |11>."""

    def make(wires: tuple[int, ...], values: Values) -> Made:
        theta = values[0]
        gates: list[Placed] = [(_rx_middle(theta, -math.pi / 2), wires)]
        if sign:
            gates.append((standard.RZZGate(-sign * theta / 2), wires))
        return gates, sign * theta / 4

    return make


def _fermionic_swap(wires: tuple[int, ...], values: Values) -> Made:
    half = values[0] / 2
    pairs: list[Placed] = [(standard.RXXGate(half), wires), (standard.RYYGate(half), wires)]
    return [*pairs, *((standard.RZGate(half), (wire,)) for wire in wires)], half


_ZYZ = (standard.RZGate, standard.RYGate, standard.RZGate)
_CONTROLLED_ZYZ = (standard.CRZGate, standard.CRYGate, standard.CRZGate)

COMPOSED: dict[str, Callable[[tuple[int, ...], Values], Made]] = {
    "Rot": _rot,
    "CRot": _controlled_rot,
    "CPhaseShift00": _phase_where((0, 1)),
    "CPhaseShift01": _phase_where((0,)),
    "CPhaseShift10": _phase_where((1,)),
    "ISWAPdg": _root_of_iswap(math.pi),
    "SISWAP": _root_of_iswap(-math.pi / 2),
    "SISWAPdg": _root_of_iswap(math.pi / 2),
    "IsingXY": lambda wires, values: ([(_rx_middle(-values[0]), wires)], 0.0),
    "PSWAP": lambda wires, values: (
        [(standard.SwapGate(), wires), (standard.RZZGate(values[0]), wires)],
        values[0] / 2,
    ),
    "SingleExcitation": _excitation(0),
    "SingleExcitationPlus": _excitation(1),
    "SingleExcitationMinus": _excitation(-1),
    "FermionicSWAP": _fermionic_swap,
}
"""Rows that Qiskit has no gate of its own for: `make(wires, values) -> gates and global phase`."""


def middle_turn(theta: Angle, beta: Angle, wires: tuple[int, ...]) -> Gate | None:
    """The row that XXPlusYYGate(theta, beta) on `wires` is, where beta is 0 or a quarter turn; else None."""
    if beta == Angle():
        return Gate("IsingXY", wires, (-theta,))
    if beta == Angle(-math.pi / 2):
        return Gate("SingleExcitation", wires, (theta,))
    if beta == Angle(math.pi / 2):
        return Gate("SingleExcitation", wires, (-theta,))
    return None

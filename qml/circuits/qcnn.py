"""The quantum convolutional networks of a published comparison."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from qml.base.errors import ProgramError
from qml.base.registry import unknown
from qml.circuits.builder import Circuit
from qml.circuits.program import Program
from qml.circuits.readout import Probabilities

Block = Literal["su4", "u9"]
Layout = Literal["pyramid", "chain"]
N_QUBITS = 8
READ = 4  # the wire whose outcome is the class
SIZES = {"su4": 15, "u9": 2}
OUTER, INNER = [(0, 1), (2, 3), (4, 5), (6, 7)], [(1, 2), (3, 4), (5, 6)]
PAIRS = {  # layout -> pairs of each layer, in the order of the study
    "pyramid": ([(0, 7), *OUTER, *INNER], [(0, 6), (0, 2), (4, 6), (2, 4)], [(0, 4)]),
    "chain": ([*OUTER, *INNER], [(2, 3), (4, 5)], [(3, 4)]),
}
POOLED = ([(1, 0), (3, 2), (5, 4), (7, 6)], [(2, 0), (6, 4)], [(0, 4)])  # dropped wire, wire that is left


def qcnn(block: Block = "su4", layout: Layout = "pyramid", *, pooling: bool = False) -> Program:
    """Eight features as RY turns, three layers of a shared two-wire block each, probabilities of wire 4.

    | layout | layer 1 | layer 2 | layer 3 |
    |---|---|---|---|
    | pyramid | a ring over 8 wires | a ring over 0, 2, 4, 6 | (0 4) |
    | chain | a chain over 8 wires | (2 3) (4 5) | (3 4) |

    Args:
        block: "su4" (15 numbers a layer), or "u9" (2 numbers: Hadamards, CZ, RX).
        layout: which pairs a layer takes.
        pooling: of the pyramid: behind each layer the wires that are left turn by those that are dropped, by two
            numbers a layer.

    Returns:
        A Program with blocks `weights` `(3, n)` and, with pooling, `pooling` `(3, 2)`; it returns the probabilities of
        0 and 1.

    Raises:
        ConfigError: no such block or layout.
        ProgramError: pooling of a chain.

    References:
        Hur, Kim and Park, Quantum Machine Intelligence 4, 3 (2022).

    Example:
        >>> qcnn("su4").n_weights, qcnn("u9", pooling=True).n_weights, qcnn("u9", "chain").n_weights
        (45, 12, 6)
    """
    for what, name, known in (("block", block, SIZES), ("layout", layout, PAIRS)):
        if name not in known:
            raise unknown(what, name, list(known))
    if pooling and layout != "pyramid":
        raise ProgramError("Pooling drops wires of a pyramid; a chain has none to drop. Leave pooling out.")
    circuit = Circuit(N_QUBITS)
    for wire in range(N_QUBITS):
        circuit.ry(wire, circuit.input(wire))
    weights = circuit.weights("weights", (3, SIZES[block]))
    turns = circuit.weights("pooling", (3, 2)) if pooling else ()
    put = _su4 if block == "su4" else _u9
    for layer, pairs in enumerate(PAIRS[layout]):
        for first, second in pairs:
            put(circuit, first, second, weights[layer])
        for dropped, left in POOLED[layer] if pooling else ():
            circuit.crz([dropped, left], turns[layer][0]).x(dropped).crx([dropped, left], turns[layer][1])
    words = f"qcnn({block}, {layout}{', pooling' if pooling else ''})"
    return circuit.build(Probabilities((READ,)), name=words)


def _su4(circuit: Circuit, first: int, second: int, w: Sequence[Any]) -> None:
    """Any turn of two qubits, in the order of the study; U3(a, b, c) is `RZ(b) RY(a) RZ(c)` up to a phase."""
    circuit.rot(first, w[2], w[0], w[1]).rot(second, w[5], w[3], w[4])
    circuit.cnot([first, second]).ry(first, w[6]).rz(second, w[7])
    circuit.cnot([second, first]).ry(first, w[8]).cnot([first, second])
    circuit.rot(first, w[11], w[9], w[10]).rot(second, w[14], w[12], w[13])


def _u9(circuit: Circuit, first: int, second: int, w: Sequence[Any]) -> None:
    """Hadamards, CZ, and a turn about x of each."""
    circuit.h(first).h(second).cz([first, second]).rx(first, w[0]).rx(second, w[1])

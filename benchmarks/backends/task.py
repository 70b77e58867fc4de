"""The step that every route is asked for: 4 qubits, 8 rows, 2 layers, gradients to weights and inputs."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from qml.backends.reference import ReferenceExecutor
from qml.circuits import Circuit, Program

N_QUBITS, DEPTH, ROWS = 4, 2, 8


@dataclass(frozen=True)
class Task:
    """Numbers of the step, as plain lists: what a peer in another environment is handed.

    Args:
        n_qubits: wires; as many inputs.
        depth: layers of RX encoding, RY and RZ weights and a ring of CX.
        inputs: `(B, D)` radians.
        weights: `(P,)` radians, by layer, then wire, then RY before RZ.
        cotangent: `(B, K)`; the loss is the sum of values times these.
        shots: of each circuit, where a route draws.
    """

    n_qubits: int
    depth: int
    inputs: list[list[float]]
    weights: list[float]
    cotangent: list[list[float]]
    shots: int

    def plain(self) -> dict[str, Any]:
        """As JSON data."""
        return asdict(self)


def task(shots: int, seed: int = 0) -> Task:
    """The step with `shots` shots, its numbers drawn with `seed`."""
    rng = np.random.default_rng(seed)
    return Task(
        N_QUBITS,
        DEPTH,
        rng.uniform(0, np.pi, (ROWS, N_QUBITS)).tolist(),
        rng.uniform(-np.pi, np.pi, 2 * N_QUBITS * DEPTH).tolist(),
        rng.normal(size=(ROWS, N_QUBITS)).tolist(),
        shots,
    )


def program() -> Program:
    """The circuit as a Program: 24 rotations, <Z> of each wire."""
    circuit = Circuit(N_QUBITS)
    theta = circuit.weights("theta", (DEPTH, N_QUBITS, 2))
    for layer in range(DEPTH):
        for wire in range(N_QUBITS):
            circuit.rx(wire, circuit.input(wire))
        for wire in range(N_QUBITS):
            circuit.ry(wire, theta[layer, wire, 0]).rz(wire, theta[layer, wire, 1])
        for wire in range(N_QUBITS):
            circuit.cnot([wire, (wire + 1) % N_QUBITS])
    return circuit.build()


@dataclass(frozen=True)
class Answer:
    """Values `(B, K)` and gradients `(B, D)` and `(P,)` of the loss."""

    values: np.ndarray
    inputs: np.ndarray
    weights: np.ndarray

    def errors(self, exact: Answer) -> tuple[float, float, float]:
        """Root mean square differences of values, input gradients and weight gradients."""
        pairs = ((self.values, exact.values), (self.inputs, exact.inputs), (self.weights, exact.weights))
        return tuple(float(np.sqrt(np.mean((mine - theirs) ** 2))) for mine, theirs in pairs)  # pyright: ignore


def exact(asked: Task) -> Answer:
    """Without noise or shots, by the dense reference."""
    inputs, weights, cotangent = (np.array(part) for part in (asked.inputs, asked.weights, asked.cotangent))
    found = ReferenceExecutor().vjp(program(), inputs, weights, cotangent)
    return Answer(ReferenceExecutor().forward(program(), inputs, weights).values_BK, found.inputs_BD, found.weights)

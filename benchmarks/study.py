"""`python -m benchmarks.study`: a Gram matrix and a quantum Fisher information beside PennyLane's own.

Both libraries run in this process on the same cores, in turns; their numbers are compared before anything is timed.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pennylane as qp

from qml.base.threads import available_cores
from qml.circuits import Circuit, Program
from qml.study import fidelity_gram, quantum_fisher

QUBITS, LAYERS = 8, 4
ROWS, PART = 1000, 8
TOLERANCE = 1e-8


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns 0 if the libraries agree."""
    options = _options(arguments)
    print(f"{platform.machine()}, {available_cores()} cores, Python {platform.python_version()}, ", end="")
    print(f"NumPy {np.__version__}, PennyLane {version('pennylane')}; float64, medians of {options.rounds} rounds")
    found = {"gram": gram_figures(options.rows, options.rounds), "fisher": fisher_figures(options.rounds)}
    if options.json:
        options.json.write_text(json.dumps(found, indent=1), encoding="utf-8")
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.study",
        description="Seconds of a fidelity Gram matrix at 8 qubits, and of the quantum Fisher information of all "
        "weights at 8 qubits and 4 layers, in turns with PennyLane: qp.kernels on "
        "lightning.qubit (a circuit a pair, on a few rows), states of default.qubit for all rows at once with the same "
        "matrix product behind, and qp.adjoint_metric_tensor.",
    )
    parser.add_argument("--rows", type=int, default=ROWS, help=f"rows of the Gram matrix (default: {ROWS})")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each library (default: 5)")
    parser.add_argument("--json", type=Path, default=None, metavar="FILE", help="write the figures there")
    return parser.parse_args(arguments)


def circuit(n_qubits: int, n_layers: int) -> Program:
    """RY of each input, then layers of RZ RY RZ on each wire and a ring of CNOTs."""
    made = Circuit(n_qubits)
    weights = made.weights("weights", (n_layers, n_qubits, 3))
    for wire in range(n_qubits):
        made.ry(wire, made.input(wire))
    for layer in range(n_layers):
        for wire in range(n_qubits):
            made.rz(wire, weights[layer, wire, 0]).ry(wire, weights[layer, wire, 1]).rz(wire, weights[layer, wire, 2])
        for wire in range(n_qubits):
            made.cnot([wire, (wire + 1) % n_qubits])
    return made.build()


def numbers(program: Program, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Inputs `(rows, D)` and weights."""
    random = np.random.default_rng(0)
    return random.uniform(-np.pi, np.pi, (rows, program.n_inputs)), random.uniform(-np.pi, np.pi, program.n_weights)


def gram_figures(rows: int, rounds: int) -> dict[str, float]:
    """Seconds of the Gram matrix of all rows, ours and PennyLane's in two ways."""
    program = circuit(QUBITS, LAYERS)
    inputs, weights = numbers(program, rows)
    kernel, states = _pennylane_kernel(weights), _pennylane_states(weights)
    ours = partial(fidelity_gram, program, inputs, weights=weights)
    pairs = partial(qp.kernels.square_kernel_matrix, inputs[:PART], kernel, assume_normalized_kernel=True)
    whole = partial(_fidelities_of, states, inputs)
    _agree("Gram matrix", ours()[:PART, :PART], pairs())
    _agree("Gram matrix", ours(), whole())
    own, by_pairs, by_states = _in_turns((ours, pairs, whole), rounds)
    scaled = by_pairs * (rows * (rows - 1) / 2) / (PART * (PART - 1) / 2)
    print(f"Gram matrix, {rows} rows, {QUBITS} qubits, {LAYERS} layers: qml {own * 1e3:.1f} ms")
    print(f"  qp.kernels.square_kernel_matrix, lightning.qubit: {by_pairs:.3f} s for {PART} rows, ", end="")
    print(f"{scaled:,.0f} s for {rows} at the same time a pair: ratio {scaled / own:,.0f}")
    print(f"  default.qubit states of all rows and the same product: {by_states:.3f} s: ratio {by_states / own:.1f}")
    return {"qml_s": own, "pennylane_pairs_s": scaled, "pennylane_states_s": by_states}


def fisher_figures(rounds: int) -> dict[str, float]:
    """Seconds of the quantum Fisher information of one row, and of a hundred rows of ours.

    PennyLane needs the better part of a minute, so it has one turn, which is also the one that is compared.
    """
    program = circuit(QUBITS, LAYERS)
    inputs, weights = numbers(program, 100)
    metric = _pennylane_metric(inputs[0])
    trained = qp.numpy.array(weights, requires_grad=True)
    ours = partial(quantum_fisher, program, inputs[:1], weights)
    many = partial(quantum_fisher, program, inputs, weights)
    matrix, _ = ours(), many()
    start = time.perf_counter()
    wanted = 4 * np.asarray(metric(trained))
    other = time.perf_counter() - start
    _agree("quantum Fisher information", matrix[0], wanted)
    own, all_rows = _in_turns((ours, many), rounds)
    print(f"Quantum Fisher information, {QUBITS} qubits, {LAYERS} layers, {program.n_weights} weights: ", end="")
    print(f"qml {own * 1e3:.2f} ms a row alone, {all_rows * 10:.2f} ms a row among 100")
    print(f"  qp.adjoint_metric_tensor: {other:.1f} s in one turn: ratio {other / own:,.0f}")
    return {"qml_s": own, "qml_100_rows_s": all_rows, "pennylane_s": other}


def _in_turns(calls: Sequence[Callable[[], object]], rounds: int) -> list[float]:
    """Median seconds of each call; they take turns."""
    seconds: list[list[float]] = [[] for _ in calls]
    for _ in range(rounds):
        for call, own in zip(calls, seconds, strict=True):
            start = time.perf_counter()
            call()
            own.append(time.perf_counter() - start)
    return [statistics.median(own) for own in seconds]


def _agree(what: str, found: np.ndarray, wanted: np.ndarray) -> None:
    gap = float(np.abs(found - wanted).max())
    if not gap <= TOLERANCE:
        raise SystemExit(f"qml and PennyLane disagree in the {what} by {gap:.3g}; nothing was timed.")


def _fidelities_of(states_of: Callable, inputs: np.ndarray) -> np.ndarray:
    states = states_of(inputs)
    return np.abs(states.conj() @ states.T) ** 2


def _layers(inputs, weights) -> None:
    """The circuit as a PennyLane user writes it."""
    for wire in range(QUBITS):
        qp.RY(inputs[..., wire], wires=wire)
    for layer in qp.math.reshape(weights, (LAYERS, QUBITS, 3)):
        for wire in range(QUBITS):
            qp.RZ(layer[wire, 0], wires=wire)
            qp.RY(layer[wire, 1], wires=wire)
            qp.RZ(layer[wire, 2], wires=wire)
        for wire in range(QUBITS):
            qp.CNOT(wires=[wire, (wire + 1) % QUBITS])


def _pennylane_kernel(weights: np.ndarray):
    @qp.qnode(qp.device("lightning.qubit", wires=QUBITS), diff_method=None)
    def overlap(x, y):
        _layers(x, weights)
        qp.adjoint(_layers)(y, weights)
        return qp.probs(wires=range(QUBITS))

    return lambda x, y: overlap(x, y)[0]


def _pennylane_states(weights: np.ndarray):
    @qp.qnode(qp.device("default.qubit", wires=QUBITS), diff_method=None)
    def states(inputs):
        _layers(inputs, weights)
        return qp.state()

    return states


def _pennylane_metric(inputs_D: np.ndarray):
    @qp.qnode(qp.device("default.qubit", wires=QUBITS), interface="autograd")
    def node(weights):
        _layers(inputs_D, weights)
        return qp.expval(qp.Z(0))

    return qp.adjoint_metric_tensor(node)


if __name__ == "__main__":
    raise SystemExit(main())

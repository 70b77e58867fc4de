"""lightning.qubit handed the loss itself as one observable a row, sum of c_i Z_i: the fewest sweeps it can do."""

from __future__ import annotations

from typing import Any

from benchmarks.peers.lightning import gates
from benchmarks.peers.peer import Peer, Step
from benchmarks.workload import Answer, Numbers, Size

PEER = Peer(
    "lightning-sum",
    "PennyLane lightning.qubit, adjoint, one observable",
    "other",
    "library",
    ("pennylane-lightning", "pennylane"),
    growth="rows",
    note="told the cotangent beforehand, which no layer of a network knows",
)


def build(size: Size, given: Numbers, device: str) -> Step:
    """The device is called directly with a tape a row: no interface between."""
    import numpy as np
    import pennylane as qp
    from pennylane.devices import ExecutionConfig

    simulator = qp.device("lightning.qubit", wires=size.n_qubits, c_dtype=np.complex64)
    config = ExecutionConfig(gradient_method="adjoint", use_device_gradient=True)
    weights = given.weights_P.reshape(size.depth, size.n_qubits, 3)
    tapes = []
    for inputs, cotangent in zip(given.inputs_BD, given.cotangent_BK, strict=True):
        with qp.queuing.AnnotatedQueue() as queue:
            gates(qp, size, inputs, weights)
            qp.expval(qp.dot(cotangent.astype(float), [qp.PauliZ(wire) for wire in range(size.n_qubits)]))
        tape = qp.tape.QuantumScript.from_queue(queue)
        tape.trainable_params = range(size.n_qubits + size.n_weights)  # not the coefficients of the observable
        tapes.append(tape)

    def run() -> Any:
        return simulator.execute_and_compute_derivatives(tapes, config)

    def answer(result: Any) -> Answer:
        losses, jacobians = result
        rows = np.array(jacobians, dtype=float).reshape(size.rows, -1)
        return Answer(float(np.sum(losses)), None, rows[:, : size.n_qubits], rows[:, size.n_qubits :].sum(axis=0))

    return Step(run, answer)

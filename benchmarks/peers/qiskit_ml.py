"""Qiskit Machine Learning's EstimatorQNN on Aer's estimator: parameter shifts, double precision."""

from __future__ import annotations

from benchmarks.peers.in_torch import torch_step
from benchmarks.peers.peer import Peer, Step
from benchmarks.workload import Numbers, Size

PEER = Peer(
    "qiskit-ml",
    "Qiskit Machine Learning, EstimatorQNN + Aer",
    "torch",
    "library",
    ("qiskit-machine-learning", "qiskit", "qiskit-aer", "torch"),
    environment="qiskit_ml",
    growth="shifts",
    note="complex128, parameter shifts",
)


def build(size: Size, given: Numbers, device: str) -> Step:
    """A TorchConnector."""
    from qiskit import QuantumCircuit
    from qiskit.circuit import ParameterVector
    from qiskit.quantum_info import SparsePauliOp
    from qiskit_aer.primitives import EstimatorV2
    from qiskit_machine_learning.connectors import TorchConnector
    from qiskit_machine_learning.gradients import ParamShiftEstimatorGradient
    from qiskit_machine_learning.neural_networks import EstimatorQNN

    n = size.n_qubits
    inputs, weights = ParameterVector("x", n), ParameterVector("y", size.n_weights)  # bound in this order of names
    circuit, slots = QuantumCircuit(n), iter(weights)
    for wire in range(n):
        circuit.ry(inputs[wire], wire)
    for _ in range(size.depth):
        for wire in range(n):
            circuit.rz(next(slots), wire)
            circuit.ry(next(slots), wire)
            circuit.rz(next(slots), wire)
        for wire in range(n):
            circuit.cx(wire, (wire + 1) % n)
    estimator = EstimatorV2(options={"default_precision": 0.0, "backend_options": {"method": "statevector"}})
    network = EstimatorQNN(
        circuit=circuit,
        estimator=estimator,
        observables=[SparsePauliOp.from_sparse_list([("Z", [wire], 1.0)], n) for wire in range(n)],
        input_params=list(inputs),
        weight_params=list(weights),
        gradient=ParamShiftEstimatorGradient(estimator),
        input_gradients=True,
        default_precision=0.0,
    )

    layer = TorchConnector(network)
    return torch_step(lambda inputs, _: layer(inputs), size, given, device, double=True, parameter=layer.weight)

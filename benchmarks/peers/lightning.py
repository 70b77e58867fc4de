"""PennyLane's lightning.qubit in three ways; it runs each row of a batch as a circuit of its own."""

from __future__ import annotations

import warnings
from typing import Any

from benchmarks.peers.in_torch import torch_step
from benchmarks.peers.peer import Step
from benchmarks.workload import Numbers, Size


def gates(qp: Any, size: Size, inputs: Any, weights: Any) -> None:
    """Queue the circuit; a batch stands in the last axis but one of the inputs."""
    n = size.n_qubits
    for wire in range(n):
        qp.RY(inputs[..., wire], wires=wire)
    for layer in range(size.depth):
        for wire in range(n):
            for angle, gate in enumerate((qp.RZ, qp.RY, qp.RZ)):
                gate(weights[layer, wire, angle], wires=wire)
        for wire in range(n):
            qp.CNOT(wires=[wire, (wire + 1) % n])


def adjoint_step(size: Size, given: Numbers, device: str, *, device_vjp: bool) -> Step:
    """The step through a torch QNode with `diff_method="adjoint"`.

    Args:
        size: the workload.
        given: its numbers.
        device: "cpu".
        device_vjp: let the device contract with the cotangent, in place of a Jacobian a row.
    """
    import numpy as np
    import pennylane as qp
    import torch

    warnings.filterwarnings("ignore", category=UserWarning)  # lightning: complex64 numbers handed to torch as float32

    @qp.qnode(
        qp.device("lightning.qubit", wires=size.n_qubits, c_dtype=np.complex64),
        interface="torch",
        diff_method="adjoint",
        device_vjp=device_vjp,
    )
    def circuit(inputs, weights):
        gates(qp, size, inputs, weights)
        return [qp.expval(qp.PauliZ(wire)) for wire in range(size.n_qubits)]

    each = qp.transforms.broadcast_expand(circuit) if size.rows > 1 else circuit

    def values_of(inputs, weights):
        if size.rows == 1:
            return torch.stack(each(inputs[0], weights))[None]
        return torch.stack(each(inputs, weights), dim=1)

    return torch_step(values_of, size, given, device)

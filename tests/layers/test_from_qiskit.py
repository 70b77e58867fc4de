"""The torch layer of a Qiskit circuit: the values and derivatives that Qiskit has."""

import numpy as np
import pytest
import torch
from qiskit import QuantumCircuit
from qiskit.circuit import ParameterVector
from qiskit.quantum_info import SparsePauliOp, Statevector

from qml.base.errors import ProgramError
from qml.layers.torch import CircuitLayer

OBSERVABLES = ["ZI", SparsePauliOp(["IZ", "XX"], [0.5, 2.0])]


def circuit_of(x, w):
    circuit = QuantumCircuit(2)
    for n in range(2):
        circuit.ry(x[n], n)
        circuit.rz(w[n] * x[n] + w[2], n)
    circuit.cx(1, 0)
    circuit.rxx(w[3], 0, 1)
    return circuit


@pytest.mark.parametrize("executor", ["reference", "engine_cpu"])
def test_values_and_derivatives(executor):
    x, w = ParameterVector("x", 2), ParameterVector("w", 4)
    circuit = circuit_of(x, w)
    layer = CircuitLayer.from_qiskit(circuit, x, w, observables=OBSERVABLES, executor=executor, seed=0).double()
    inputs = torch.randn(3, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0), requires_grad=True)
    values = layer(inputs)
    assert list(layer.state_dict()) == ["weights"]

    def expected(row, weights):
        named = dict(zip([*x, *w], [*row, *weights], strict=True))
        state = Statevector(circuit.assign_parameters(named))
        return [state.expectation_value(SparsePauliOp(observable)).real for observable in OBSERVABLES]

    weights = layer.get_parameter("weights").detach().numpy()
    rows = inputs.detach().numpy()
    np.testing.assert_allclose(values.detach().numpy(), [expected(row, weights) for row in rows], atol=1e-12)
    values.sum().backward()
    step = 1e-5
    for n in range(4):
        shift = step * np.eye(4)[n]
        slope = sum(np.sum(expected(r, weights + shift)) - np.sum(expected(r, weights - shift)) for r in rows)
        assert layer.get_parameter("weights").grad[n].item() == pytest.approx(slope / (2 * step), abs=1e-8)


def test_what_is_no_program_is_refused():
    x, w = ParameterVector("x", 2), ParameterVector("w", 4)
    with pytest.raises(ProgramError, match=r"'w\[0\]' is neither an input nor a weight"):
        CircuitLayer.from_qiskit(circuit_of(x, w), x)

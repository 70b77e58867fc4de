"""PennyLane's Lightning as an Executor, against the dense reference."""

import pickle

import numpy as np
import pytest

pytest.importorskip("pennylane_lightning")

from qml.backends.lightning import LightningExecutor
from qml.base.errors import CapabilityError, ConfigError, MissingExtraError, ShapeError
from qml.circuits import Circuit, Expectations, PauliSum, amplitude, angle, basic
from qml.circuits.gates import GATES, PREPARATIONS
from qml.engine import reference
from tests.programs import random_program, random_values

NAMES = [name for name in GATES if name not in PREPARATIONS]


@pytest.mark.parametrize("number", range(6))
def test_random_programs(number):
    """Every gate of the table, sums of words, probabilities, constant preparations; weights shared and by row."""
    rng = np.random.default_rng(number)
    readout = ("sums", "probabilities", "pauli_words")[number % 3]
    prepared = "State" if number > 3 else "none"
    program = random_program(rng, 4, 8, names=NAMES[number::6], readout=readout, preparation=prepared)
    inputs, weights = random_values(rng, program, 2, row_weights=number % 2 == 1)
    cotangent = rng.normal(size=(2, program.n_values))
    executor = LightningExecutor()
    found = executor.forward(program, inputs, weights).values_BK
    np.testing.assert_allclose(found, reference.values(program, inputs, weights), atol=1e-10)
    gradients, wanted = (one(program, inputs, weights, cotangent) for one in (executor.vjp, reference.gradients))
    np.testing.assert_allclose(gradients.inputs_BD, wanted.inputs_BD, atol=1e-10)
    np.testing.assert_allclose(gradients.weights, wanted.weights, atol=1e-10)


def test_a_constant_readout():
    program = Circuit(1).build(Expectations((PauliSum(((2.0, ()),)),)))
    executor = LightningExecutor()
    assert executor.forward(program, np.zeros((2, 0)), np.zeros(0)).values_BK.tolist() == [[2.0], [2.0]]
    assert executor.vjp(program, np.zeros((2, 0)), np.zeros(0), np.ones((2, 1))).weights.shape == (0,)


def test_a_layer_trains_through_it():
    torch = pytest.importorskip("torch")
    from qml.layers.torch import CircuitLayer

    found = []
    for executor in ("lightning", "engine_cpu"):
        inputs = torch.linspace(-1, 1, 6).reshape(3, 2).requires_grad_()
        layer = CircuitLayer(angle(2) + basic(2, depth=1), executor=executor, seed=0)
        layer(inputs).square().sum().backward()
        found.append([inputs.grad, *(p.grad for p in layer.parameters())])
    for mine, wanted in zip(*found, strict=True):
        torch.testing.assert_close(mine, wanted, atol=1e-5, rtol=0)


def test_the_shift_rule_of_pennylane_refuses_batches_whose_inputs_are_trained():
    """Why `ShiftedExecutor` exists beside it: there a trainable layer in front of a circuit is no matter."""
    qp, torch = pytest.importorskip("pennylane"), pytest.importorskip("torch")

    @qp.qnode(qp.device("default.qubit", wires=1, shots=None), interface="torch", diff_method="parameter-shift")
    def circuit(inputs):
        qp.RX(inputs[:, 0], wires=0)
        return qp.expval(qp.Z(0))

    inputs = torch.ones((4, 1), dtype=torch.float64, requires_grad=True)
    with pytest.raises(NotImplementedError, match="broadcasted"):
        circuit(inputs).sum().backward()


def test_refusals():
    with pytest.raises(ConfigError, match="Did you mean 'qubit'"):
        LightningExecutor("qubits")
    with pytest.raises(MissingExtraError, match=r"pip install .*pennylane-lightning-no-such"):
        missing()
    with pytest.raises(CapabilityError, match="amplitudes"):
        LightningExecutor().forward(amplitude(2), np.ones((1, 4)), np.zeros(0))
    with pytest.raises(ShapeError, match="cotangent"):
        LightningExecutor().vjp(angle(1), np.ones((2, 1)), np.zeros(0), np.ones((2, 2)))
    assert pickle.loads(pickle.dumps(LightningExecutor())) == LightningExecutor()  # noqa: S301


def missing():
    """A simulator that nobody has installed."""
    from qml.backends import lightning

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(lightning.SIMULATORS, "nosuch", "pennylane-lightning-no-such")
        LightningExecutor("nosuch")

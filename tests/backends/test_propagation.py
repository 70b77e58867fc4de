"""The Executor for wide, shallow circuits."""

import numpy as np
import pytest

from qml.backends import executor_named
from qml.backends.propagation import PropagationExecutor
from qml.base.errors import CapabilityError, ConfigError, ShapeError
from qml.circuits import CIRCUITS, angle, hardware_efficient, light_cone
from qml.circuits.readouts import READOUTS
from qml.engine import reference
from tests.programs import random_program, random_values

EXACT = PropagationExecutor(max_error=0.0, max_mib=64)


@pytest.mark.parametrize("per_row", [False, True])
@pytest.mark.parametrize("seed", range(15))
def test_any_program_of_the_gate_table(seed, per_row):
    rng = np.random.default_rng(seed)
    readout = ("z_each", "z_words", "pauli_words", "sums")[seed % 4]
    program = random_program(rng, 4, 9, readout=readout, preparation="none")
    inputs, weights = random_values(rng, program, batch=3)
    if per_row:
        weights = rng.uniform(-2, 2, (3, program.n_weights))
    cotangent = rng.normal(size=(3, program.n_values))
    values = EXACT.forward(program, inputs, weights).values_BK
    assert np.allclose(values, reference.values(program, inputs, weights), atol=1e-11)
    found, wanted = (ask(program, inputs, weights, cotangent) for ask in (EXACT.vjp, reference.gradients))
    assert np.allclose(found.inputs_BD, wanted.inputs_BD, atol=1e-10)
    assert np.allclose(found.weights, wanted.weights, atol=1e-10)


def test_fifty_qubits_beside_the_engine_on_each_light_cone():
    program = angle(50) + hardware_efficient(50, depth=2)
    rng = np.random.default_rng(0)
    inputs, weights = rng.uniform(-3, 3, (1, 50)), rng.uniform(-3, 3, program.n_weights)
    found = PropagationExecutor(max_error=1e-3).bounded(program, inputs, weights)
    assert found.errors_BK.max() > 0
    for value in range(0, 50, 7):
        cone = light_cone(program, value)
        exact = executor_named("engine_cpu").forward(cone, inputs, weights).values_BK[0, 0]
        assert abs(found.values_BK[0, value] - exact) <= found.errors_BK[0, value] + 1e-13
    assert found.errors_BK.max() <= 1e-3


def test_it_trains_a_layer_of_forty_qubits():
    torch = pytest.importorskip("torch")
    from qml.layers.torch import CircuitLayer

    program = (angle(40) + hardware_efficient(40, depth=1)).with_readout(READOUTS["mean_z"](40))
    layer = CircuitLayer(program, executor=PropagationExecutor(max_error=1e-5), seed=0)
    inputs = torch.zeros(2, 40, requires_grad=True)
    loss = layer(inputs).sum()
    loss.backward()
    (weights,) = layer.parameters()
    before = loss.item()
    with torch.no_grad():
        weights -= 0.05 * weights.grad
    assert layer(inputs).sum().item() < before


def test_results_do_not_depend_on_threads():
    program = CIRCUITS["sel"](5, 2)
    rng = np.random.default_rng(3)
    inputs, weights = rng.normal(size=(4, 5)), rng.normal(size=program.n_weights)
    cotangent = rng.normal(size=(4, 5))
    one, two = (PropagationExecutor(max_error=1e-2, threads=threads) for threads in (1, 2))
    assert (one.forward(program, inputs, weights).values_BK == two.forward(program, inputs, weights).values_BK).all()
    gradients = [executor.vjp(program, inputs, weights, cotangent) for executor in (one, two)]
    assert (gradients[0].weights == gradients[1].weights).all()


def test_a_row_that_is_not_finite_stays_alone():
    program = CIRCUITS["sel"](3, 1)
    inputs = np.array([[0.1, 0.2, 0.3], [0.1, np.nan, 0.3]])
    out = EXACT.forward(program, inputs, np.full(program.n_weights, 0.4)).values_BK
    assert np.isfinite(out[0]).all()
    assert np.isnan(out[1]).all()


def test_what_it_refuses():
    program = angle(30) + hardware_efficient(30, depth=12)
    rng = np.random.default_rng(0)
    with pytest.raises(CapabilityError, match="Allow a larger error or more memory"):
        PropagationExecutor(max_mib=4).forward(
            program, rng.uniform(-3, 3, (1, 30)), rng.uniform(-3, 3, program.n_weights)
        )
    with pytest.raises(CapabilityError, match="readout Probabilities"):
        EXACT.forward(random_program(rng, 2, 2, readout="probabilities"), np.zeros((1, 3)), np.zeros(5))
    for options in ({"max_error": -1}, {"max_error": float("nan")}, {"max_mib": 0}, {"threads": 0}):
        with pytest.raises(ConfigError, match="needs"):
            PropagationExecutor(**options)
    with pytest.raises(ShapeError, match="cotangent"):
        EXACT.vjp(angle(2), np.zeros((1, 2)), np.zeros(0), np.zeros((1, 3)))

"""Executors by name, and the two-term rule over a Backend: exact without shots, an estimate with them."""

import numpy as np
import pytest

from qml.backends import DEFAULT, EXECUTORS, executor_named
from qml.backends.assembling import assembled
from qml.backends.reference import ReferenceBackend, ReferenceExecutor
from qml.backends.shifts import ShiftedExecutor
from qml.base.errors import CapabilityError, ConfigError
from qml.circuits import Gate, Program, amplitude, angle, basic, z_each
from qml.engine import reference
from tests.programs import random_programs, random_values

PROGRAMS = [
    p for p in random_programs(9, 30, max_qubits=4, max_gates=8) if all(g.name != "Amplitudes" for g in p.gates)
]


def test_executors_by_name():
    assert executor_named().capabilities.name == DEFAULT
    assert isinstance(executor_named("reference"), ReferenceExecutor)
    mine = ShiftedExecutor(ReferenceBackend())
    assert executor_named(mine) is mine
    assert set(EXECUTORS) >= {"engine_cpu", "reference", "shifted"}
    with pytest.raises(ConfigError, match="Did you mean 'engine_cpu'"):
        executor_named("engine")
    assert executor_named("shifted").capabilities.exact


@pytest.mark.parametrize("row_weights", [False, True])
@pytest.mark.parametrize("program", PROGRAMS)
def test_shifts_are_exact(program, row_weights):
    rng = np.random.default_rng(1)
    inputs, weights = random_values(rng, program, 2, row_weights=row_weights)
    cotangent = rng.normal(size=(2, program.n_values))
    executor = ShiftedExecutor(ReferenceBackend())
    values = executor.forward(program, inputs, weights)
    np.testing.assert_allclose(values.values_BK, reference.values(program, inputs, weights), atol=1e-12)
    assert values.variance_BK is None
    found = executor.vjp(program, inputs, weights, cotangent)
    wanted = reference.gradients(program, inputs, weights, cotangent)
    np.testing.assert_allclose(found.inputs_BD, wanted.inputs_BD, atol=1e-11)
    np.testing.assert_allclose(found.weights, wanted.weights, atol=1e-11)


def test_shots_estimate():
    program = angle(2) + basic(2, depth=1)
    inputs, weights = random_values(np.random.default_rng(2), program, 50)
    executor = ShiftedExecutor(ReferenceBackend(), shots=400)
    assert not executor.capabilities.exact
    assert not executor.capabilities.second_order
    out = executor.forward(program, inputs, weights, seed=7)
    again = executor.forward(program, inputs, weights, seed=7)
    other = executor.forward(program, inputs, weights, seed=8)
    assert (out.values_BK == again.values_BK).all()
    assert (out.values_BK != other.values_BK).any()
    spread = (out.values_BK - reference.values(program, inputs, weights)) / np.sqrt(out.variance_BK + 1e-4)
    assert abs(spread).max() < 6
    assert 0.5 < spread.std() < 1.5


def test_refusals():
    executor = ShiftedExecutor(ReferenceBackend(), shots=10)
    with pytest.raises(CapabilityError, match="without a seed"):
        executor.forward(angle(1), np.zeros((1, 1)), np.zeros(0))
    with pytest.raises(CapabilityError, match="rotation angles only"):
        executor.forward(amplitude(2), np.ones((1, 4)), np.zeros(0), seed=1)
    with pytest.raises(ConfigError, match="shots >= 1"):
        ShiftedExecutor(shots=0)
    with pytest.raises(CapabilityError, match="at most 2"):
        ShiftedExecutor(ReferenceBackend(2)).forward(Program(3), np.zeros((1, 0)), np.zeros(0), seed=1)


def test_bits_of_every_qubit_from_a_machine():
    program = Program(3, (Gate("Hadamard", (0,)), Gate("CNOT", (0, 1)), Gate("PauliX", (2,))), readout=z_each([0]))
    executor = ShiftedExecutor(ReferenceBackend())
    assert executor.capabilities.samples
    none = np.zeros((2, 0)), np.zeros(0)
    bits = executor.sample(program, *none, 400, seed=3)
    assert (bits.shape, bits.dtype) == ((2, 400, 3), np.uint8)
    assert (bits[:, :, 0] == bits[:, :, 1]).all()
    assert (bits[:, :, 2] == 1).all()
    early = bits[:, :200, 0].mean(axis=1)  # of counts that stay sorted, all zeros
    assert (np.abs(early - 0.5) < 0.2).all()
    assert (bits[0] != bits[1]).any()
    np.testing.assert_array_equal(bits, executor.sample(program, *none, 400, seed=3))
    assert executor.sample(program, none[0][:0], none[1], 4, seed=1).shape == (0, 4, 3)
    with pytest.raises(ConfigError, match=r"shots=10\.5"):
        executor.sample(program, *none, 10.5, seed=1)


def test_mitigated_outcomes_are_no_samples():
    executor = assembled("aer", noise="fake_manila", shots=50, mitigation=["readout"])
    program = angle(2)
    for one, said in ((executor, "does not give them"), (executor.executor, "mitigation leaves no outcomes")):
        with pytest.raises(CapabilityError, match=said):
            one.sample(program, np.zeros((1, 2)), np.zeros(0), 20, seed=1)

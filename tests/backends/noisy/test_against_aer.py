"""The noisy Executor against Aer's density matrix: random noisy Programs, devices, every readout; values and slopes."""

import numpy as np
import pytest

pytest.importorskip("qiskit_aer")
from benchmarks.noise_oracle import ROWS, TWO, AerJudge, random_noise, random_noisy_program
from qml.backends.aer import AerBackend
from qml.backends.noise import NOISES, GateNoise, NoiseModel, amplitude_damping, depolarising
from qml.backends.noisy import NoisyExecutor
from qml.backends.reference import ReferenceExecutor
from qml.backends.shifts import ShiftedExecutor
from qml.backends.slotted import slotted
from qml.circuits import Gate, Probabilities, Program, angle, basic, input_slot, z_each
from qml.circuits.slots import slots, slots_vjp


def case(seed: int):
    rng = np.random.default_rng(seed)
    n_qubits = 1 + seed % 4
    program = random_noisy_program(rng, n_qubits, 12, "probabilities" if seed % 3 == 2 else "sums")
    inputs, weights = rng.normal(size=(2, program.n_inputs)), rng.normal(size=program.n_weights)
    return program, random_noise(rng, n_qubits), inputs, weights, rng.normal(size=(2, program.n_values))


def judged(program, noise, inputs, weights):
    """Values of Aer: of the Program's rotations as gates of their own, which is what every machine runs."""
    return AerJudge(slotted(program), noise).values(slots(program, inputs, weights), np.zeros(0))


@pytest.mark.parametrize("seed", range(8))
def test_values_of_random_noisy_programs(seed):
    program, noise, inputs, weights, _ = case(seed)
    found = NoisyExecutor(noise).forward(program, inputs, weights).values_BK
    assert np.abs(found - judged(program, noise, inputs, weights)).max() < 1e-10


@pytest.mark.parametrize("seed", [2, 3])
def test_gradients_of_random_noisy_programs(seed):
    program, noise, inputs, weights, cotangent = case(seed)
    judge = AerJudge(slotted(program), noise)
    by_slot, _ = judge.gradients(slots(program, inputs, weights), np.zeros(0), cotangent)
    wanted = slots_vjp(program, inputs, weights, by_slot)
    found = NoisyExecutor(noise).vjp(program, inputs, weights, cotangent)
    assert np.abs(found.inputs_BD - wanted[0]).max() < 1e-8
    assert np.abs(found.weights - wanted[1]).max() < 1e-8


def test_the_judge_tells_wrong_noise():
    program, noise, inputs, weights, _ = case(1)
    wanted = judged(program, noise, inputs, weights)
    read_right = NoisyExecutor(noise.without_readout()).forward(program, inputs, weights).values_BK
    assert np.abs(read_right - wanted).max() > 1e-4
    more = NoisyExecutor(noise + NoiseModel((GateNoise(depolarising(1e-4)),))).forward(program, inputs, weights)
    assert np.abs(more.values_BK - wanted).max() > 1e-7


@pytest.mark.parametrize("name", TWO)
def test_the_judge_runs_every_gate(name):
    """Those that Aer has no density matrix of, and those whose parameters it binds wrongly, are right as well."""
    angles = tuple(input_slot(n) + 0.2 for n in range(ROWS[name][1]))
    gates = (Gate("RY", (0,), (0.4,)), Gate("RX", (1,), (1.3,)), Gate(name, (1, 0), angles), Gate("RX", (0,), (0.9,)))
    program = Program(2, gates, Probabilities((0, 1)), max(1, len(angles)))
    inputs, none = np.array([[0.7], [-1.1]]), np.zeros(0)
    expected = ReferenceExecutor().forward(program, inputs, none).values_BK
    np.testing.assert_allclose(AerJudge(program, NoiseModel()).values(inputs, none), expected, atol=1e-12)
    noise = NoiseModel((GateNoise(depolarising(0.2, 2), name),))
    noisy = AerJudge(program, noise).values(inputs, none)
    assert np.abs(noisy - expected).max() > 1e-2  # the noise stands behind a gate that is handed over as a matrix
    mixed = NoisyExecutor(noise).forward(program, inputs, none).values_BK
    if not angles or name.startswith("Ising"):  # others become several gates, each with noise of its own
        np.testing.assert_allclose(noisy, mixed, atol=1e-12)


def test_the_judge_lets_aer_bind_only_what_it_binds_rightly():
    program = Program(2, (Gate("ControlledPhaseShift", (0, 1), (input_slot(0),)),), n_inputs=1)
    with pytest.raises(ValueError, match="ControlledPhaseShift"):
        AerJudge(program, NoiseModel(), bound_by_aer=True)
    allowed = Program(2, (Gate("RX", (0,), (input_slot(0),)),), n_inputs=1)
    values = AerJudge(allowed, NoiseModel(), bound_by_aer=True).values(np.array([[0.0], [np.pi]]), np.zeros(0))
    np.testing.assert_allclose(values, [[1, 1], [-1, 1]], atol=1e-12)


def test_order_of_gate_and_noise_and_of_wires():
    """X then damping of the first wire alone: what no symmetric error would show."""
    noise = NoiseModel((GateNoise(amplitude_damping(0.3).beside(depolarising(0.0)), "CNOT"),))
    program = Program(2, (Gate("PauliX", (0,)), Gate("CNOT", (0, 1))), z_each([0, 1]))
    found = NoisyExecutor(noise).forward(program, np.zeros((1, 0)), np.zeros(0)).values_BK
    assert np.allclose(found, [[2 * 0.3 - 1, -1.0]])
    assert np.allclose(AerJudge(program, noise).values(np.zeros((1, 0)), np.zeros(0)), found)


def test_a_device():
    """Transpiled for the device: gates and wires of the machine, an affine angle a slot, the calibration's readout."""
    pytest.importorskip("qiskit")
    program, noise = angle(3) + basic(3, depth=1), NOISES["fake_manila"]()
    noisy, rng = NoisyExecutor("fake_manila"), np.random.default_rng(3)
    inputs, weights = rng.normal(size=(2, 3)), rng.normal(size=program.n_weights)
    native = noisy.native(program)
    assert native.n_qubits == 5
    assert {gate.name for gate in native.gates} <= set(noise.target.gate_set)
    judge = AerJudge(native, noise)
    angles, cotangent = slots(program, inputs, weights), rng.normal(size=(2, 3))
    wanted = judge.values(angles, np.zeros(0))
    assert np.abs(noisy.forward(program, inputs, weights).values_BK - wanted).max() < 1e-10
    by_slot, _ = judge.gradients(angles, np.zeros(0), cotangent)
    found = noisy.vjp(program, inputs, weights, cotangent)
    for mine, theirs in zip(
        (found.inputs_BD, found.weights), slots_vjp(program, inputs, weights, by_slot), strict=True
    ):
        assert np.abs(mine - theirs).max() < 1e-8


def test_gradients_on_a_device_are_those_of_the_shift_rule():
    program, rng = angle(2) + basic(2, depth=1), np.random.default_rng(4)
    arrays = rng.normal(size=(2, 2)), rng.normal(size=program.n_weights), rng.normal(size=(2, 2))
    shifted = ShiftedExecutor(AerBackend(noise=NOISES["fake_manila"]())).vjp(program, *arrays)
    found = NoisyExecutor("fake_manila").vjp(program, *arrays)
    assert np.abs(found.inputs_BD - shifted.inputs_BD).max() < 1e-10
    assert np.abs(found.weights - shifted.weights).max() < 1e-10
    exact = NoisyExecutor().vjp(program, *arrays)
    assert np.abs(exact.weights - shifted.weights).max() > 1e-3

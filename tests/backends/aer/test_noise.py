"""Noise through Aer: against density matrices by hand, Aer's own readout errors, and shots."""

from dataclasses import replace

import numpy as np
import pytest

from qml.backends.aer import AerBackend
from qml.backends.backend import Target
from qml.backends.noise import GateNoise, NoiseModel, ReadoutError, depolarising, device_noise
from qml.backends.noisy import NoisyExecutor
from qml.backends.reference import ReferenceBackend
from qml.base.errors import CapabilityError, ConfigError
from qml.circuits import (
    Angle,
    Circuit,
    Expectations,
    PauliSum,
    Probabilities,
    Program,
    angle,
    input_slot,
    sel,
    weight_slot,
    z_each,
)
from qml.circuits.gate import Gate
from qml.circuits.slots import slots
from qml.contracts import check_backend

LINE = Target("line", 4, ("RZ", "SX", "PauliX", "CNOT"), ((0, 1), (1, 2), (2, 3)))
READ = (ReadoutError(0.02, 0.1), ReadoutError(0.05, 0.01, wire=2))
NOISE = NoiseModel((GateNoise(depolarising(0.01)), GateNoise(depolarising(0.03, 2), "CNOT")), READ, LINE)
SUMS = Expectations((PauliSum(((1.0, ((0, "X"), (2, "Z"))), (0.5, ((1, "Y"),)))), PauliSum(((2.0, ((2, "Z"),)),))))


def turned(program, rows=3):
    n_slots = sum(len(gate.angles) for gate in program.gates)
    return np.random.default_rng(5).normal(size=(rows, n_slots))


def test_depolarising_shrinks_as_the_formula_says():
    """An X gate and a depolarising of p behind it: <Z> is -(1 - p), and bits are read by the confusion matrix."""
    noise = NoiseModel((GateNoise(depolarising(0.12)),), (ReadoutError(0.02, 0.1),))
    program = Circuit(1).x(0).build()
    for readout, expected in (
        (program.readout, lambda z: [0.88 * z + 0.08]),
        (Probabilities((0,)), lambda z: [(1 + 0.88 * z + 0.08) / 2, (1 - 0.88 * z - 0.08) / 2]),
    ):
        backend = AerBackend(noise=noise)
        found = backend.run(program.with_readout(readout), np.zeros((2, 0)), shots=None, seed=None).values_RK
        shrunk = 1 - noise.channel_of(program.gates[0]).matrix[0][0] + noise.channel_of(program.gates[0]).matrix[3][3]
        assert shrunk == pytest.approx(0.88)
        np.testing.assert_allclose(found, [expected(-0.88)] * 2, atol=1e-9)


@pytest.mark.parametrize("readout", [SUMS, Probabilities((2, 0, 1)), z_each(range(3))])
def test_exact_values_are_the_mean_of_shots(readout):
    program = (angle(3) + sel(3)).with_readout(readout)
    turns = turned(program)
    backend = AerBackend(noise=NOISE)
    exact = backend.run(program, turns, shots=None, seed=None).values_RK
    drawn = backend.run(program, turns, shots=10_000, seed=3)
    assert (np.abs(drawn.values_RK - exact) < 5 * np.sqrt(drawn.variance_RK) + 1e-4).all()
    ideal = ReferenceBackend().run(program, turns, shots=None, seed=None).values_RK
    assert np.abs(exact - ideal).max() > 0.02


def test_trajectories_have_the_same_mean():
    program = (angle(3) + sel(3)).with_readout(z_each([2]))
    turns = turned(program, rows=1)
    exact = AerBackend(noise=NOISE).run(program, turns, shots=None, seed=None).values_RK
    other = AerBackend("statevector", noise=NOISE)
    assert not other.target.exact
    drawn = other.run(program, turns, shots=2000, seed=3)
    assert (np.abs(drawn.values_RK - exact) < 5 * np.sqrt(drawn.variance_RK) + 1e-3).all()


def test_the_noise_is_that_of_the_wires_a_program_ends_up_on():
    """Two qubits of a device of seven: its own noise, whichever wires are chosen."""
    noise = device_noise("fake_lagos")
    backend = AerBackend(noise=noise)
    assert backend.target.n_qubits == 7
    program = angle(2) + sel(2)
    turns = turned(program)
    found = backend.run(program, turns, shots=None, seed=None).values_RK
    ideal = ReferenceBackend().run(program, turns, shots=None, seed=None).values_RK
    assert 0.005 < np.abs(found - ideal).max() < 0.3


@pytest.mark.parametrize("noise", [NOISE, replace(NOISE, target=None), device_noise("fake_manila")])
def test_the_noisy_executor_gives_the_same_values(noise):
    program = (
        angle(3) + sel(3) + Program(3, (Gate("U3", (1,), (input_slot(0), weight_slot(0), Angle(0.2))),), SUMS, 3, 9)
    )
    rng = np.random.default_rng(4)
    inputs, weights = rng.normal(size=(3, 3)), rng.normal(size=program.n_weights)
    expected = NoisyExecutor(noise).forward(program, inputs, weights).values_BK
    found = AerBackend(noise=noise).run(program, slots(program, inputs, weights), shots=None, seed=None).values_RK
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_noise_is_part_of_the_target():
    assert AerBackend(noise=NOISE).target.digest != AerBackend(machine=LINE).target.digest
    assert AerBackend(noise=NoiseModel()).target == AerBackend().target
    only_reading = AerBackend(noise=NoiseModel((), READ, LINE))
    assert only_reading.chosen == "statevector"
    assert only_reading.target.exact
    assert AerBackend(noise=NOISE).chosen == "density_matrix"


def test_a_machine_that_is_not_the_one_of_the_noise():
    for other in (Target("wider", 5, LINE.gate_set), Target("others", 4, ("RX", "CZ")), Target("all", 4)):
        with pytest.raises(ConfigError, match="noise of 'line'"):
            AerBackend(noise=NOISE, machine=other)
    smaller = Target("smaller", 2, LINE.gate_set, ((0, 1),))
    assert AerBackend(noise=NOISE, machine=smaller).target.n_qubits == 2
    assert AerBackend(noise="fake_manila").noise == device_noise("fake_manila")


def test_what_noise_cannot_follow():
    noise = NoiseModel((GateNoise(depolarising(0.01)),))
    with pytest.raises(CapabilityError, match="says nothing of Toffoli"):
        AerBackend(noise=noise).run(Circuit(3).toffoli([0, 1, 2]).build(), np.zeros((1, 7)), shots=None, seed=None)
    with pytest.raises(CapabilityError, match="Name the machine"):
        AerBackend(noise=noise).run(
            Circuit(3).add("PauliRot", (0, 1, 2), 0.3, word="XYZ").build(), np.zeros((1, 1)), shots=None, seed=None
        )


@pytest.mark.slow
def test_promises_hold_with_noise():
    report = check_backend(AerBackend(noise=NOISE), ideal=False).raise_if_failed()
    assert "exact values of circuit sel" in report.names("not applicable")


@pytest.mark.parametrize(
    "make", [lambda machine: AerBackend(noise=NOISE, machine=machine), lambda m: NoisyExecutor(NOISE, m)]
)
@pytest.mark.parametrize("coupling", [((0, 3),), ((0, 1), (1, 3)), None])
def test_a_machine_with_pairs_that_the_noise_does_not_know_is_refused(make, coupling):
    """The noise of these pairs would silently be none."""
    with pytest.raises(ConfigError, match=r"left out where they differ"):
        make(replace(LINE, name="other", coupling=coupling))
    assert make(replace(LINE, name="part", coupling=((2, 1),)))

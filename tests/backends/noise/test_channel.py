"""Channels: completely positive, trace-preserving, and those of Aer."""

import pickle

import numpy as np
import pytest

from qml.backends.noise.channel import (
    Channel,
    amplitude_damping,
    depolarising,
    identity,
    over_rotation,
    phase_damping,
    thermal_relaxation,
    transfer_matrix,
)
from qml.base.digest import digest
from qml.base.errors import ConfigError

aer = pytest.importorskip("qiskit_aer.noise")
from qml.backends.noise.qiskit_aer_noise import channel_of_aer

NAMED = {
    "depolarising": (depolarising(0.07), lambda: aer.depolarizing_error(0.07, 1)),
    "depolarising 2": (depolarising(0.2, 2), lambda: aer.depolarizing_error(0.2, 2)),
    "amplitude damping": (amplitude_damping(0.3), lambda: aer.amplitude_damping_error(0.3)),
    "phase damping": (phase_damping(0.3), lambda: aer.phase_damping_error(0.3)),
    "relaxation, t2 < t1": (thermal_relaxation(50.0, 30.0, 4.0), lambda: aer.thermal_relaxation_error(50, 30, 4)),
    "relaxation, t2 > t1": (
        thermal_relaxation(50.0, 90.0, 4.0, 0.1),
        lambda: aer.thermal_relaxation_error(50, 90, 4, 0.1),
    ),
    "Paulis": (
        Channel.of_paulis({"XZ": 0.1, "IY": 0.2}),
        lambda: aer.pauli_error([("ZX", 0.1), ("YI", 0.2), ("II", 0.7)]),  # Qiskit's order is the other one
    ),
    "over-rotation": (
        over_rotation("ZX", 0.3),
        lambda: aer.coherent_unitary_error(
            np.cos(0.15) * np.eye(4) - 1j * np.sin(0.15) * np.kron([[0, 1], [1, 0]], np.diag([1, -1]))
        ),
    ),
}


def is_channel(matrix: np.ndarray) -> bool:
    try:
        Channel.of_array(matrix)
    except ConfigError:
        return False
    return True


@pytest.mark.parametrize("name", NAMED)
def test_is_the_channel_of_aer(name):
    ours, theirs = NAMED[name]
    assert np.abs(ours.array - channel_of_aer(theirs()).array).max() < 1e-9


@pytest.mark.parametrize("name", NAMED)
def test_kraus_matrices_there_and_back(name):
    channel = NAMED[name][0]
    kraus = channel.kraus()
    assert np.abs(sum(k.conj().T @ k for k in kraus) - np.eye(2**channel.n_wires)).max() < 1e-12
    assert np.abs(transfer_matrix(kraus) - channel.array).max() < 1e-12


def test_what_is_no_channel_is_refused():
    assert is_channel(np.diag([1, 0.5, 0.5, 0.5]))
    transposition = np.diag([1.0, 1, -1, 1])  # positive, and not completely
    assert not is_channel(transposition)
    assert not is_channel(np.diag([1, 1.1, 1.1, 1]))
    leaking = np.eye(4)
    leaking[0, 3] = 0.1
    assert not is_channel(leaking)
    for shape in ((4, 3), (8, 8), (1, 1), (4,)):
        assert not is_channel(np.zeros(shape))


def test_probabilities_out_of_range_are_refused():
    wrong = [
        lambda: depolarising(1.4),
        lambda: depolarising(-0.1, 2),
        lambda: amplitude_damping(1.1),
        lambda: phase_damping(-0.1),
        lambda: thermal_relaxation(1.0, 2.1, 0.1),
        lambda: thermal_relaxation(0.0, 1.0, 0.1),
        lambda: Channel.of_paulis({"X": 0.7, "Y": 0.4}),
        lambda: Channel.of_paulis({"X": 0.1, "XX": 0.1}),
        lambda: Channel.of_paulis({"Q": 0.1}),
        lambda: over_rotation("A", 0.1),
        lambda: Channel.of_kraus([]),
        lambda: Channel.of_kraus([np.eye(3)]),
        lambda: Channel.of_kraus([0.5 * np.eye(2)]),
        lambda: depolarising(0.1).then(depolarising(0.1, 2)),
    ]
    for make in wrong:
        with pytest.raises(ConfigError):
            make()


def test_channels_join():
    both = depolarising(0.1).then(amplitude_damping(0.2))
    assert np.abs(both.array - amplitude_damping(0.2).array @ depolarising(0.1).array).max() < 1e-15
    pair = depolarising(0.1).beside(identity())
    rho = np.zeros((4, 4))
    rho[3, 3] = 1  # |11>: only the first wire is mixed
    after = sum(k @ rho @ k.conj().T for k in pair.kraus())
    assert np.allclose(np.diag(after), [0, 0.05, 0, 0.95])


def test_is_a_value():
    assert depolarising(0.1) == depolarising(0.1)
    assert hash(depolarising(0.1)) == hash(depolarising(0.1))
    assert digest(depolarising(0.1)) != digest(depolarising(0.2))
    assert pickle.loads(pickle.dumps(depolarising(0.1))) == depolarising(0.1)  # noqa: S301


def test_infidelity_is_that_of_qiskit():
    from qiskit.quantum_info import Kraus, average_gate_fidelity

    channel = thermal_relaxation(50.0, 30.0, 4.0).beside(depolarising(0.1))
    assert abs(1 - average_gate_fidelity(Kraus(channel.kraus())) - channel.infidelity) < 1e-12

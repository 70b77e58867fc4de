"""Noise models: which entry counts, joining, and the same channel in Aer."""

import pickle

import numpy as np
import pytest

from qml.backends.noise import NOISES, GateNoise, NoiseModel, ReadoutError, noise_named
from qml.backends.noise.channel import amplitude_damping, depolarising, over_rotation
from qml.base.errors import ConfigError
from qml.circuits.gate import Gate

A, B, C, D = (depolarising(p) for p in (0.01, 0.02, 0.03, 0.04))
SPECIFIC = NoiseModel(
    (
        GateNoise(A),
        GateNoise(B, wires=(1,)),
        GateNoise(C, "SX"),
        GateNoise(D, "SX", (1,)),
        GateNoise(depolarising(0.1, 2)),
    )
)


def test_the_most_specific_entry_counts():
    expected = {("SX", 1): D, ("SX", 0): C, ("RZ", 1): B, ("RZ", 0): A}
    for (name, wire), channel in expected.items():
        assert SPECIFIC.channel_of(Gate(name, (wire,), (0.1,) if name == "RZ" else ())) == channel
    assert SPECIFIC.channel_of(Gate("CNOT", (3, 1))) == depolarising(0.1, 2)
    assert NoiseModel((GateNoise(depolarising(0.1, 2), "CNOT", (0, 1)),)).channel_of(Gate("CNOT", (1, 0))) is None
    assert SPECIFIC.speaks_of(Gate("CNOT", (0, 1)))
    assert not SPECIFIC.speaks_of(Gate("Toffoli", (0, 1, 2)))


def test_joined_noise_is_the_noise_of_both():
    other = NoiseModel((GateNoise(over_rotation("X", 0.2), "RZ"), GateNoise(amplitude_damping(0.3), wires=(2,))))
    joined = SPECIFIC + other
    for name in ("SX", "RZ", "PauliX"):
        for wire in range(4):
            gate = Gate(name, (wire,), (0.1,) if name == "RZ" else ())
            expected = np.eye(4)
            for model in (SPECIFIC, other):
                channel = model.channel_of(gate)
                expected = expected if channel is None else channel.array @ expected
            assert np.abs(joined.channel_of(gate).array - expected).max() < 1e-14, (name, wire)
    assert SPECIFIC.joined(other, other) == SPECIFIC + other + other
    assert SPECIFIC.joined() == SPECIFIC


def test_joined_readout_errors_stand_behind_each_other():
    first = NoiseModel(readout=(ReadoutError(0.1, 0.2), ReadoutError(0.3, 0.0, 1)))
    second = NoiseModel(readout=(ReadoutError(0.05, 0.06, 0),))
    joined = first + second
    for wire in range(3):
        wanted = first.readout_of(wire).confusion
        if wire == 0:
            wanted = second.readout_of(0).confusion @ wanted
        assert np.allclose(joined.readout_of(wire).confusion, wanted)
    slope, offset = joined.readout_of(0).z_map
    assert np.isclose(slope * 0.4 + offset, [1, -1] @ joined.readout_of(0).confusion @ [0.7, 0.3])


def test_is_a_value():
    twin = pickle.loads(pickle.dumps(SPECIFIC))  # noqa: S301
    assert twin == SPECIFIC
    assert hash(twin) == hash(SPECIFIC)
    assert twin.digest == SPECIFIC.digest
    assert SPECIFIC.renamed("other") == SPECIFIC
    assert SPECIFIC.renamed("other").digest == SPECIFIC.digest
    assert (SPECIFIC + NoiseModel((GateNoise(A),))).digest != SPECIFIC.digest
    assert NoiseModel(tuple(reversed(SPECIFIC.gates))) == SPECIFIC
    assert NOISES["none"]().is_trivial
    assert not SPECIFIC.is_trivial
    assert not NoiseModel(readout=(ReadoutError(0.1, 0.1),)).is_trivial


def test_what_does_not_fit_is_refused():
    wrong = [
        lambda: GateNoise(A, "CNOT"),
        lambda: GateNoise(A, wires=(0, 1)),
        lambda: GateNoise(A, "PauliRot"),
        lambda: GateNoise(A, "Nothing"),
        lambda: GateNoise(depolarising(0.1, 2), wires=(1, 1)),
        lambda: ReadoutError(1.2, 0.0),
        lambda: NoiseModel((GateNoise(A), GateNoise(B))),
        lambda: NoiseModel(readout=(ReadoutError(0.1, 0.1), ReadoutError(0.2, 0.1))),
        lambda: noise_named("fake_manilla"),
        lambda: noise_named("depolarising", p3=0.1),
        lambda: noise_named("fake_manila", readout="loud"),
        lambda: noise_named("snapshot"),
        lambda: noise_named("fake_manila") + noise_named("fake_lagos"),
    ]
    for make in wrong:
        with pytest.raises(ConfigError):
            make()


def test_aer_runs_the_same_channels():
    pytest.importorskip("qiskit_aer")
    from qml.backends.noise.qiskit_aer_noise import channel_of_aer

    theirs = SPECIFIC.to_aer()
    local, default = theirs._local_quantum_errors, theirs._default_quantum_errors
    names = {"sx": "SX", "rz": "RZ", "cx": "CNOT"}
    for name, row in names.items():
        for wires in [(0, 1), (1, 0)] if name == "cx" else [(0,), (1,)]:
            error = local.get(name, {}).get(wires, default.get(name))
            gate = Gate(row, wires, (0.1,) if name == "rz" else ())
            assert np.abs(channel_of_aer(error).array - SPECIFIC.channel_of(gate).array).max() < 1e-12
    read = NoiseModel(readout=(ReadoutError(0.1, 0.2), ReadoutError(0.3, 0.0, 1))).to_aer()
    assert np.allclose(read._default_readout_error.probabilities, [[0.9, 0.1], [0.2, 0.8]])
    assert np.allclose(read._local_readout_errors[(1,)].probabilities, [[0.7, 0.3], [0.0, 1.0]])

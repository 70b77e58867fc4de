"""Noise models: which entry counts, joining, and the same channel in Aer."""

import pickle

import numpy as np
import pytest

from qml.backends.backend import Target
from qml.backends.noise import NOISES, GateNoise, NoiseModel, ReadoutError, noise_named
from qml.backends.noise.channel import amplitude_damping, depolarising, over_rotation
from qml.backends.noisy import NoisyExecutor
from qml.base.errors import ConfigError
from qml.circuits import GATES, READOUTS, Circuit
from qml.circuits.angle import Angle
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


ONE_SIDED = amplitude_damping(0.4).beside(over_rotation("X", 0.3))  # the two wires of a gate fare differently


@pytest.mark.parametrize(("name", "alike"), [("CZ", True), ("SWAP", True), ("IsingXX", True), ("CNOT", False)])
def test_gates_that_do_not_tell_their_wires_apart_have_one_noise(name, alike):
    noise = NoiseModel((GateNoise(ONE_SIDED, name, (0, 1)),))
    angles = (Angle(0.2),) * (GATES[name].n_angles or 0)
    found = noise.channel_of(Gate(name, (1, 0), angles))
    if alike:
        assert found == over_rotation("X", 0.3).beside(amplitude_damping(0.4)) != ONE_SIDED
    else:
        assert found is None
    assert noise.channel_of(Gate(name, (0, 1), angles)) == ONE_SIDED


def test_an_entry_of_its_own_decides_for_the_other_order():
    own = depolarising(0.1, 2)
    noise = NoiseModel((GateNoise(ONE_SIDED, "CZ", (0, 1)), GateNoise(own, "CZ", (1, 0))))
    assert noise.channel_of(Gate("CZ", (1, 0))) == own
    assert len(noise.gates) == 2
    with pytest.raises(ConfigError, match="no other order"):
        _ = depolarising(0.1).exchanged


def test_symmetric_noise_acts_in_both_orders():
    line = Target("a line of CZ", 2, ("RZ", "SX", "PauliX", "CZ"), ((0, 1),))
    noise = NoiseModel((GateNoise(depolarising(0.3, 2), "CZ", (0, 1)),), target=line)
    found = []
    for wires in ((0, 1), (1, 0)):
        program = Circuit(2).h(0).h(1).cz(wires).h(1).build(READOUTS["pauli"](2, ["Z0 Z1", "X0 Z1"]))
        found.append(NoisyExecutor(noise).forward(program, np.zeros((1, 0)), np.zeros(0)).values_BK)
    np.testing.assert_allclose(found[0], found[1], atol=1e-12)
    assert np.abs(found[0]).max() < 0.75


def test_a_pair_without_noise_is_told_once(caplog):
    caplog.set_level("WARNING", "qml")
    target = Target("a line of three", 3, ("RZ", "SX", "PauliX", "CNOT"), ((0, 1), (1, 2)))
    entry = GateNoise(depolarising(0.3, 2), "CNOT", (0, 1))
    for _ in range(2):
        NoiseModel((entry,), target=target)
    (record,) = caplog.records
    assert "a line of three says nothing of gates on the pairs (1, 2)" in record.message
    caplog.clear()
    NoiseModel((entry, GateNoise(depolarising(0.1, 2))), target=target)  # the others have this
    NoiseModel((entry, GateNoise(depolarising(0.1, 2), "CNOT", (2, 1))), target=target)
    NoiseModel((GateNoise(depolarising(0.1)),), target=target)
    for name in NOISES:
        if name != "snapshot":
            NOISES[name]()
    assert not caplog.records

"""Calibrations: the noise that Aer makes of the same backend, snapshots in the package, and files that are damaged."""

import json

import numpy as np
import pytest

from qml.backends.noise import NOISES, Calibration, GateCalibration, NoiseModel, QubitCalibration, noise_named
from qml.backends.noisy import NoisyExecutor
from qml.backends.transpiling import transpile
from qml.base.errors import ConfigError
from qml.circuits import Circuit
from qml.circuits.gate import Gate

DEVICES = ("fake_manila", "fake_lagos", "fake_guadalupe")
ROWS = {"id": "Identity", "rz": "RZ", "sx": "SX", "x": "PauliX", "cx": "CNOT"}
SMALL = Calibration(
    "two",
    (QubitCalibration(1e-4, 3e-4, 0.02), QubitCalibration(None, None, None, 0.01, 0.03)),
    (GateCalibration("SX", (0,), 1e-3, 4e-8), GateCalibration("CNOT", (0, 1), 1e-2, 3e-7), GateCalibration("RZ", (1,))),
    "2026-01-01",
    "a test",
)


SLOW = [pytest.param(name, marks=pytest.mark.slow) for name in DEVICES[1:]]


@pytest.fixture(scope="module", params=[DEVICES[0], *SLOW])
def device(request):
    pytest.importorskip("qiskit_ibm_runtime")
    from qml.backends.noise.qiskit_snapshot import fake_backend

    return request.param, fake_backend(request.param)


def test_the_snapshot_is_that_of_the_fake_backend(device):
    name, backend = device
    kept = Calibration.of_qiskit(backend, name=name)
    assert NOISES[name]() == kept.noise()
    assert NOISES[name](readout="symmetric") == NoiseModel.of_qiskit(backend, readout="symmetric", name=name)
    assert NOISES[name]().target.n_qubits == backend.num_qubits
    assert set(NOISES[name]().target.gate_set) == set(ROWS.values())
    pairs = {tuple(sorted(pair)) for pair in backend.coupling_map}
    assert set(NOISES[name]().target.coupling) == pairs


def test_the_noise_is_that_of_aer(device):
    pytest.importorskip("qiskit_aer")
    from qiskit_aer.noise import NoiseModel as AerNoise

    from qml.backends.noise.qiskit_aer_noise import channel_of_aer

    name, backend = device
    theirs, ours = AerNoise.from_backend(backend), NOISES[name](readout="symmetric")
    compared = 0
    for operation, of_wires in theirs._local_quantum_errors.items():
        for wires, error in of_wires.items() if operation in ROWS else ():
            gate = Gate(ROWS[operation], wires, (0.1,) if operation == "rz" else ())
            assert np.abs(channel_of_aer(error).array - ours.channel_of(gate).array).max() < 1e-12
            compared += 1
    assert compared == len(ours.gates)
    for (wire,), error in theirs._local_readout_errors.items():
        assert np.allclose(error.probabilities, ours.readout_of(wire).confusion.T)


def test_asymmetric_readout_is_that_of_the_calibration():
    calibrated, taken = NOISES["fake_manila"]().readout_of(0), NOISES["fake_manila"](readout="symmetric").readout_of(0)
    assert (calibrated.one_given_zero, round(calibrated.zero_given_one, 6)) == (0.0158, 0.0548)
    assert taken.one_given_zero == taken.zero_given_one == 0.0353
    assert NOISES["fake_manila"](readout="none").readout == ()
    assert "asymmetric" in NOISES["fake_manila"]().source


def test_figures_that_are_not_given_are_no_noise():
    noise = SMALL.noise()
    assert noise.channel_of(Gate("RZ", (1,), (0.1,))) is None
    assert abs(noise.channel_of(Gate("SX", (0,))).infidelity - 1e-3) < 1e-12
    assert abs(noise.channel_of(Gate("CNOT", (0, 1))).infidelity - 1e-2) < 1e-12
    assert noise.readout_of(0).one_given_zero == noise.readout_of(0).zero_given_one == 0.02
    assert noise.readout_of(1).one_given_zero == 0.01
    assert SMALL.noise(readout="symmetric").readout_of(1) is None
    assert SMALL.target.gate_set == ("SX", "CNOT", "RZ")
    assert SMALL.target.coupling == ((0, 1),)


def test_a_gate_measured_in_one_order_has_its_noise_in_the_other():
    """A Program for another target with the same pairs may have gates in the order that was not measured."""
    qubits = (QubitCalibration(t1=5e-5, t2=3e-5), QubitCalibration(t1=9e-5, t2=8e-5), QubitCalibration())
    one = GateCalibration("CNOT", (0, 1), error=0.02, duration=4e-7)
    made = Calibration("directed", qubits, (one, GateCalibration("CNOT", (1, 2)))).noise()
    there, back = (made.channel_of(Gate("CNOT", wires)) for wires in ((0, 1), (1, 0)))
    swapped = np.asarray(there.matrix).reshape(4, 4, 4, 4).transpose(1, 0, 3, 2).reshape(16, 16)
    np.testing.assert_allclose(back.matrix, swapped, atol=1e-12)
    assert np.abs(np.asarray(back.matrix) - there.matrix).max() > 1e-3
    assert made.channel_of(Gate("CNOT", (2, 1))) is None
    other = GateCalibration("CNOT", (1, 0), error=0.05)
    both = Calibration("both", qubits, (one, other)).noise()
    assert both.channel_of(Gate("CNOT", (1, 0))).infidelity == pytest.approx(0.05)


def test_gates_measured_in_one_order_make_a_directed_machine(tmp_path):
    qubits = (QubitCalibration(), QubitCalibration(), QubitCalibration())

    def machine(*gates):
        return Calibration("mine", qubits, tuple(GateCalibration(*gate, error=0.02) for gate in gates)).target

    one_way = machine(("ECR", (1, 0)), ("ECR", (1, 2)))
    assert (one_way.directed, one_way.coupling) == (True, ((1, 0), (1, 2)))
    for gates in (
        (("CNOT", (1, 0)), ("CNOT", (0, 1))),
        (("CZ", (1, 0)),),
        (("IsingZZ", (1, 0)), ("SX", (2,))),
    ):
        assert (machine(*gates).directed, machine(*gates).coupling) == (False, ((0, 1),))
    noise = Calibration("mine", qubits, (GateCalibration("ECR", (1, 0), error=0.02),)).noise()
    noise.save(tmp_path / "noise.json")
    again = NoiseModel.load(tmp_path / "noise.json").target
    assert again == noise.target
    assert again.directed
    text = (tmp_path / "noise.json").read_text()
    (tmp_path / "older.json").write_text(text.replace(', "directed": true', ""))
    assert not NoiseModel.load(tmp_path / "older.json").target.directed
    (tmp_path / "odd.json").write_text(text.replace('"directed": true', '"directed": 1'))
    with pytest.raises(ConfigError, match="directed is 1, which is not what it must be: true or false"):
        NoiseModel.load(tmp_path / "odd.json")


def test_a_directed_machine_has_its_noise_behind_its_own_gates():
    """Two qubits, one ECR that is noisy: the noisy Executor, and Aer, run it in its order, with gates that turn it."""
    aer = pytest.importorskip("qml.backends.aer", exc_type=ImportError)
    qubits = (QubitCalibration(t1=5e-5, t2=3e-5), QubitCalibration(t1=9e-5, t2=8e-5))
    gates = (
        GateCalibration("ECR", (1, 0), 0.05, 6e-7),
        *(GateCalibration(name, (wire,), 1e-3, 5e-8) for name in ("RZ", "SX", "PauliX") for wire in (0, 1)),
    )
    noise = Calibration("mine", qubits, gates).noise()
    program = Circuit(2).ry(0, 0.4).cnot([0, 1]).cnot([1, 0]).build()
    native = transpile(program, noise.target)
    assert {gate.wires for gate in native.gates if gate.name == "ECR"} == {(1, 0)}
    found = NoisyExecutor(noise).forward(program, np.zeros((1, 0)), np.zeros(0)).values_BK
    again = aer.AerBackend(noise=noise).run(program, np.zeros((1, 1)), shots=None, seed=None).values_RK
    np.testing.assert_allclose(found, again, atol=1e-10)


def test_files_there_and_back(tmp_path):
    SMALL.save(tmp_path / "calibration.json")
    assert Calibration.load(tmp_path / "calibration.json") == SMALL
    assert NoiseModel.load(tmp_path / "calibration.json") == SMALL.noise()
    symmetric = noise_named("snapshot", path=tmp_path / "calibration.json", readout="symmetric")
    assert symmetric == SMALL.noise(readout="symmetric")
    whole = SMALL.noise() + noise_named("depolarising", readout=0.01)
    whole.save(tmp_path / "noise.json")
    again = noise_named("snapshot", path=tmp_path / "noise.json")
    assert (again, again.digest, again.source, again.target) == (whole, whole.digest, whole.source, whole.target)
    with pytest.raises(ConfigError, match="not a calibration"):
        Calibration.load(tmp_path / "noise.json")


DAMAGE = {
    "no such file": lambda kept: None,
    "schema 7": lambda kept: kept.update(schema=7),
    "'kind' must be": lambda kept: kept.update(kind="cheese"),
    "lacks": lambda kept: kept.pop("qubits"),
    "not known": lambda kept: kept.update(colour="red"),
    "qubits[1]": lambda kept: kept["qubits"].__setitem__(1, {"t1": "long"}),
    "Times are above 0": lambda kept: kept["qubits"][0].update(t1=-1.0),
    "gates[0].wires": lambda kept: kept["gates"][0].update(wires=["a"]),
    "gate 'SSX' is not known": lambda kept: kept["gates"][0].update(gate="SSX"),
    "on wires among": lambda kept: kept["gates"][0].update(wires=[9]),
    "its number of wires": lambda kept: kept["gates"][0].update(wires=[0, 1]),
    "gates[1].error": lambda kept: kept["gates"][1].update(error=float("nan")),
}


@pytest.mark.parametrize("message", DAMAGE)
def test_damaged_files_say_where(message, tmp_path):
    path = tmp_path / "damaged.json"
    SMALL.save(path)
    kept = json.loads(path.read_text())
    DAMAGE[message](kept)
    path.unlink()
    if message != "no such file":
        path.write_text(json.dumps(kept))
    with pytest.raises(ConfigError) as refusal:
        noise_named("snapshot", path=path)
    assert message in str(refusal.value)
    assert str(path) in str(refusal.value)


def test_half_a_file_is_refused(tmp_path):
    SMALL.save(tmp_path / "half.json")
    text = (tmp_path / "half.json").read_text()
    (tmp_path / "half.json").write_text(text[: len(text) // 2])
    with pytest.raises(ConfigError, match="cannot be read as JSON"):
        noise_named("snapshot", path=tmp_path / "half.json")


def test_damaged_channels_say_where(tmp_path):
    noise_named("depolarising").save(tmp_path / "noise.json")
    kept = json.loads((tmp_path / "noise.json").read_text())
    for damage, message in (([1, 1, 3.0], "preserving"), ([1, 99, 0.0], "entries"), ([1, 1], "entries")):
        broken = json.loads(json.dumps(kept))
        broken["gates"][0]["channel"]["entries"][1] = damage
        if message == "preserving":
            message = "completely positive"
        (tmp_path / "noise.json").write_text(json.dumps(broken))
        with pytest.raises(ConfigError, match=message) as refusal:
            noise_named("snapshot", path=tmp_path / "noise.json")
        assert "gates[0]" in str(refusal.value)


@pytest.mark.parametrize(("error", "duration", "t1"), [(0.9, 1e-3, 1e-6), (0.5, 1.0, 1e-9), (0.9, 1e-5, 1e-6)])
def test_gates_whose_wires_relax_completely(error, duration, t1):
    qubit = QubitCalibration(t1, t1, 0.02)
    gates = (GateCalibration("SX", (0,), error, duration), GateCalibration("CNOT", (0, 1), error, duration))
    noise = Calibration("slow", (qubit, qubit), gates).noise()
    for entry in noise.gates:
        ground = 1.0 if entry.channel.n_wires == 1 else 0.9  # what nothing but the end of relaxation leaves
        assert entry.channel.array[-1, 0] > ground - 0.1
        assert np.abs(entry.channel.array[:, 1:]).max() < 1e-3

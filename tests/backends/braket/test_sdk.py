"""Amazon Braket's real SDK: its simulators against the reference, its clients against the stand-in on localhost."""

import json
import os
import pickle
import subprocess
import time

import numpy as np
import pytest

from qml.backends.braket import BraketBackend, LocalBraketBackend
from qml.backends.braket.interpreter import VARIABLE
from qml.backends.jobs.stored import StoredBackend
from qml.backends.reference import ReferenceBackend, ReferenceExecutor
from qml.backends.remote import AmbiguousSubmitError, JobStatus, Request, TransientError
from qml.backends.shifts import ShiftedExecutor
from qml.base.errors import CapabilityError, ConfigError, CredentialsError, JobError
from qml.circuits import READOUTS, Gate, PauliSum, Program, angle, basic, input_slot, sel
from qml.circuits.readout import Expectations
from qml.circuits.slots import slots
from qml.contracts import check_backend
from tests.programs import random_programs, random_values

pytestmark = pytest.mark.skipif(
    not os.environ.get(VARIABLE),
    reason=f"Amazon Braket's SDK lives in an environment of its own, which {VARIABLE} names: run `make test-braket`",
)
TAG = "qml-" + "5a" * 16


@pytest.fixture(scope="module")
def local():
    member = LocalBraketBackend()
    yield member
    member.worker.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    from tests.servers.braket import BraketServer

    server = BraketServer(tmp_path_factory.mktemp("braket"))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in server.environment.items():
            patch.setenv(name, value)
        yield server
    server.close()


@pytest.fixture(scope="module")
def shared(server):
    from tests.servers.braket import BUCKET, DEVICE

    member = BraketBackend(DEVICE, s3=f"{BUCKET}/runs")
    yield member
    member.worker.close()


@pytest.fixture
def remote(server, shared):
    server.machine.reset()
    return shared


def small(n_rows=3):
    program = (angle(2) + basic(2, depth=1)).with_readout(READOUTS["xyz"](2))
    inputs, weights = random_values(np.random.default_rng(1), program, n_rows)
    return Request(program, slots(program, inputs, weights), 200, 1)


def waited(member, job, until=JobStatus.DONE):
    for _ in range(100):
        if (status := member.status(job)) == until:
            return status
        time.sleep(0.02)
    pytest.fail(f"{job} is {status}")


def test_versions(local):
    versions = local.worker.ask("hello", {}).data
    assert versions["amazon-braket-sdk"] == "1.127.5"
    done = subprocess.run([os.environ[VARIABLE], "-m", "pip", "check"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "No broken requirements found.")


def test_its_simulator_gives_the_values_of_the_reference_for_the_whole_table(local):
    for program in random_programs(3, 60, max_qubits=4, max_gates=6):
        if any(angle.terms for gate in program.gates if gate.name == "Amplitudes" for angle in gate.angles):
            continue
        inputs, weights = random_values(np.random.default_rng(1), program, 1)
        turns = slots(program, inputs, weights)
        expected = ReferenceBackend().run(program, turns, shots=None, seed=None).values_RK
        found = local.run(program, turns, shots=None, seed=None).values_RK
        np.testing.assert_allclose(found, expected, atol=1e-12)


def test_its_shots(local):
    request = small()
    exact = ReferenceBackend().run(request.program, request.slots_RS, shots=None, seed=None).values_RK
    runs = [local.run(request.program, request.slots_RS, shots=400, seed=seed) for seed in (3, 3, 4)]
    assert (np.abs(runs[0].values_RK - exact) < 5 * np.sqrt(runs[0].variance_RK) + 1e-9).all()
    np.testing.assert_array_equal(runs[0].values_RK, runs[1].values_RK)
    assert (runs[0].values_RK != runs[2].values_RK).any()


def test_it_keeps_what_a_backend_promises(local):
    check_backend(local).raise_if_failed()


def test_order_of_qubits_and_idle_wires(local):
    program = Program(4, (Gate("PauliX", (2,)),), READOUTS["z"](4))
    for shots in (None, 5):
        values = local.run(program, np.zeros((1, 0)), shots=shots, seed=1).values_RK
        np.testing.assert_allclose(values, [[1, 1, -1, 1]], atol=1e-12)


def test_adjoint_gradient_of_the_local_simulator_is_refused(local):
    text = "OPENQASM 3.0;\ninput float x_0;\nqubit[1] q;\nrx(x_0) q[0];\n"
    text += "#pragma braket result adjoint_gradient expectation(z(q[0])) all\n"
    asked = {"simulator": "braket_sv", "texts": [text], "names": ["x_0"]}
    with pytest.raises(CapabilityError, match="in place of the gradient"):
        local.worker.ask("exact", asked, {"values": np.array([[0.3]])})
    code = (
        "from braket.devices import LocalSimulator; from braket.ir.openqasm import Program\n"
        f"print(LocalSimulator().run(Program(source={text!r}, inputs={{'x_0': 0.3}}), shots=0).result().values)"
    )
    stock = subprocess.run([os.environ[VARIABLE], "-c", code], capture_output=True, text=True, check=True).stdout
    assert "0.955336" in stock  # cos(0.3), the value; the gradient is -sin(0.3) = -0.2955


def test_one_task_for_all_bindings_and_settings(server, remote):
    from tests.servers.braket import DEVICE

    request = small()
    cost = remote.estimate(request)
    first, second = (remote.submit(request, TAG) for _ in range(2))
    assert first == second
    (task,) = server.machine.tasks()
    assert (task["token"], task["tags"], task["device"]) == (TAG, {"qml": TAG}, DEVICE)
    assert (task["circuits"], task["shots"]) == (cost.circuits, cost.executions) == (9, 1800)
    action = json.loads(task["action"])
    assert [len(program["inputs"]) for program in action["programs"]] == [4] * 3
    assert all(list(p["inputs"]) == sorted(p["inputs"]) for p in action["programs"])
    assert all("result" not in program["source"] for program in action["programs"])
    assert server.machine.asked("POST /quantum-task") == 2
    assert remote.find(TAG) == (first,)
    assert remote.find("qml-other") == ()
    waited(remote, first)
    delivery = remote.result(first, request)
    exact = ReferenceBackend().run(request.program, request.slots_RS, shots=None, seed=None).values_RK
    sigma = np.sqrt(delivery.outcome.variance_RK)
    assert (np.abs(delivery.outcome.values_RK - exact) < 5 * sigma + 1e-9).all()
    assert delivery.billed.executions == 1800
    assert delivery.calibration["updatedAt"] == "2026-01-02T03:04:05"


def test_values_and_gradients_of_an_eager_step_are_one_task(server, remote, tmp_path):
    program = angle(2) + basic(2, depth=1)
    inputs, weights = random_values(np.random.default_rng(2), program, 3)
    cotangent = np.random.default_rng(3).normal(size=(3, 2))
    stored = StoredBackend(remote, str(tmp_path / "jobs.sqlite"), first_s=0.05)
    executor = ShiftedExecutor(stored, shots=2000, plan="eager")
    values = executor.forward(program, inputs, weights, seed=1, keep=True)
    found = executor.vjp(program, inputs, weights, cotangent, seed=1, residual=values.residual)
    (task,) = server.machine.tasks()
    assert task["circuits"] == 3 * (1 + 2 * 4)
    exact = ReferenceExecutor().vjp(program, inputs, weights, cotangent)
    assert np.abs(found.inputs_BD - exact.inputs_BD).max() < 0.15
    assert np.abs(found.weights - exact.weights).max() < 0.25
    assert np.abs(exact.weights).max() > 0.3


def test_a_device_without_program_sets_takes_one_circuit(server, remote):
    from tests.servers.braket import BUCKET, SINGLE

    member = BraketBackend(SINGLE, s3=BUCKET)
    program = angle(2)
    request = Request(program, np.array([[0.4, 1.0]]), 500, 1)
    assert member.target.limits.circuits == 1
    job = member.submit(request, TAG)
    waited(member, job)
    np.testing.assert_allclose(member.result(job, request).outcome.values_RK, np.cos([[0.4, 1.0]]), atol=0.2)
    assert json.loads(server.machine.tasks()[0]["action"])["inputs"].keys() == {"x_0", "x_1"}
    member.worker.close()


@pytest.mark.parametrize(
    ("fault", "error", "tasks"),
    [
        ("accepted_502", AmbiguousSubmitError, 1),
        ("dropped", AmbiguousSubmitError, 1),
        ("storm_submit", TransientError, 0),
    ],
)
def test_a_submission_is_made_once(server, remote, fault, error, tasks):
    server.machine.reset(fault)
    with pytest.raises(error) as caught:
        remote.submit(small(), TAG)
    assert server.machine.asked("POST /quantum-task") == 1
    assert len(server.machine.tasks()) == len(remote.find(TAG)) == tasks
    if error is TransientError:
        assert caught.value.after_s == 0.01


def test_polling_storms_garbage_failures_and_cancelling(server, remote):
    request = small()
    server.machine.reset("storm_poll")
    job = remote.submit(request, TAG)
    with pytest.raises(TransientError):
        remote.status(job)
    server.machine.reset("stuck")
    job = remote.submit(request, TAG)
    time.sleep(0.05)
    assert remote.status(job) == JobStatus.QUEUED
    remote.cancel(job)
    assert remote.status(job) == JobStatus.CANCELLED
    assert remote.billed(job).executions == 0
    remote.cancel(job)
    server.machine.reset("garbage")
    job = remote.submit(request, TAG)
    waited(remote, job)
    with pytest.raises(JobError, match="cannot be read"):
        remote.result(job, request)
    server.machine.reset("failed")
    job = remote.submit(request, TAG)
    waited(remote, job, JobStatus.FAILED)
    assert remote.error(job) == "the device heated up (token=***)"
    with pytest.raises(JobError, match="not found"):
        remote.status(job[:-4] + "0000")


def test_accounts_and_devices(server, remote, monkeypatch):
    from tests.servers.braket import DEVICE, KEY

    with pytest.raises(ConfigError, match="Ten"):
        BraketBackend(DEVICE.replace("Nine", "Ten")).check(small())
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAOTHER00000000000")
    with pytest.raises(CredentialsError, match=r"~/\.aws") as caught:
        BraketBackend(DEVICE).check(small())
    assert "AKIA" not in str(caught.value)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(CredentialsError, match="Unable to locate credentials"):
        BraketBackend(DEVICE).check(small())
    with pytest.raises(CredentialsError, match="nobody"):
        BraketBackend(DEVICE, profile="nobody").check(small())
    assert not server.machine.tasks()
    assert KEY


def test_no_key_is_kept(server, remote, tmp_path, caplog):
    from tests.servers.braket import KEY, SECRET

    caplog.set_level("DEBUG", "qml")  # the server here has a client of its own, which says its key at DEBUG
    request, path = small(), tmp_path / "jobs.sqlite"
    stored = StoredBackend(remote, str(path), first_s=0.05)
    outcome = stored.run(request.program, request.slots_RS, shots=100, seed=2)
    server.machine.reset("failed")
    with pytest.raises(JobError) as caught:
        stored.run(request.program, request.slots_RS, shots=100, seed=3)
    kept = [each.read_bytes() for each in tmp_path.iterdir()]
    kept += [repr(remote).encode(), pickle.dumps(remote), str(outcome.record).encode(), str(caught.value).encode()]
    kept += [caplog.text.encode(), *(task["action"].encode() for task in server.machine.tasks())]
    for secret in (KEY, SECRET):
        assert not any(secret.encode() in each for each in kept)
    assert any(KEY in value for value in os.environ.values())


def test_noise_behind_each_gate(local):
    channels = pytest.importorskip("qml.backends.noise")
    damping, mixing = channels.amplitude_damping(0.1), channels.depolarising(0.05)
    noise = channels.NoiseModel(
        (
            channels.GateNoise(damping, "RX"),
            channels.GateNoise(mixing, "RY"),
            channels.GateNoise(mixing.beside(damping)),
        ),
        (channels.ReadoutError(0.03, 0.08),),
    )
    gates = (Gate("RX", (0,), (input_slot(0),)), Gate("RY", (1,), (input_slot(1),)), Gate("CNOT", (0, 1)))
    words = Expectations(tuple(PauliSum(((1.0, word),)) for word in (((0, "Z"),), ((1, "Z"),), ((0, "Z"), (1, "Z")))))
    program = Program(2, gates, words, n_inputs=2)
    member = LocalBraketBackend("braket_dm", noise=noise)
    turns = np.array([[0.4, 1.1], [2.0, -0.3]])
    found = member.run(program, turns, shots=None, seed=None).values_RK
    np.testing.assert_allclose(found, [dense(program, row, noise) for row in turns], atol=1e-10)
    drawn = member.run(program, turns, shots=600, seed=2)
    assert (np.abs(drawn.values_RK - found) < 5 * np.sqrt(drawn.variance_RK)).all()
    bare = local.run(program, turns, shots=None, seed=None).values_RK
    assert np.abs(bare - found).max() > 0.05
    member.worker.close()


def dense(program, row, noise):
    """<Z0>, <Z1>, <Z0 Z1> of two qubits by density matrices, one Kraus matrix after the other."""
    from tests.circuits.matrices import gates_matrix, on_wires

    state = np.zeros((4, 4), complex)
    state[0, 0] = 1
    for gate in program.gates:
        unitary = gates_matrix((gate,), 2, row)
        state = unitary @ state @ unitary.conj().T
        matrices = [on_wires(matrix, gate.wires, 2) for matrix in noise.channel_of(gate).kraus()]
        state = sum(matrix @ state @ matrix.conj().T for matrix in matrices)
    confusion = noise.readout_of(0).confusion
    read = np.kron(confusion, confusion) @ np.diag(state).real
    return read @ np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]])


def test_the_same_text_is_read_by_its_circuits(local):
    from qml.circuits.bridges.braket import from_braket_qasm, to_braket_qasm

    program = angle(3) + sel(3, depth=1)
    code = (
        "import sys; from braket.circuits import Circuit; from braket.circuits.serialization import IRType\n"
        "print(Circuit.from_ir(sys.stdin.read()).to_ir(IRType.OPENQASM).source)"
    )
    done = subprocess.run(
        [os.environ[VARIABLE], "-c", code], input=to_braket_qasm(program), capture_output=True, text=True, check=True
    )
    back = from_braket_qasm(done.stdout)
    inputs, weights = random_values(np.random.default_rng(4), program, 2)
    expected = ReferenceExecutor().forward(program, inputs, weights).values_BK
    np.testing.assert_allclose(ReferenceExecutor().forward(back, inputs, weights).values_BK, expected, atol=1e-12)

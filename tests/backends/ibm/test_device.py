"""IbmBackend over IBM's real client against the stand-in for its service."""

import copy
import json
import pickle

import numpy as np
import pytest

from qml.backends.ibm import FakeIbmBackend, IbmBackend
from qml.backends.reference import ReferenceBackend, ReferenceExecutor
from qml.backends.remote import JobStatus, Request
from qml.backends.shifts import ShiftedExecutor
from qml.base.errors import CapabilityError, ConfigError, CredentialsError, DataError, ShapeError
from qml.circuits import READOUTS, Circuit, amplitude, angle, sel
from tests.backends.ibm.conftest import Waiting, request_of


def submitted(server, tag):
    (job,) = server.tagged(tag)
    return job


def option(job, *words):
    """An option as it went over the wire, where IBM's client keeps the options of a primitive."""
    found = json.dumps(job["params"])
    text = job["params"]["quantum_program"]["passthrough_data"]
    value = text["post_processor"]["options"] if isinstance(text, dict) else json.loads(found)
    for word in words:
        value = value[word]
    return value


def test_a_job_from_submission_to_values(device, server, request3):
    tag = "qml-whole"
    job = device.submit(request3, tag)
    assert device.find(tag) == (job,)
    assert device.find("qml-another") == ()
    delivery = Waiting(device, tag).fetched(job, request3)
    assert device.status(job) is JobStatus.DONE
    exact = ReferenceBackend().run(request3.program, request3.slots_RS, shots=None, seed=None).values_RK
    assert np.abs(delivery.outcome.values_RK - exact).max() < 0.35
    assert np.corrcoef(delivery.outcome.values_RK.ravel(), exact.ravel())[0, 1] > 0.97
    np.testing.assert_array_equal(delivery.outcome.counts[0].shots_R, 400)
    assert delivery.billed is not None
    assert (delivery.billed.circuits, delivery.billed.executions) == (3, 1200)
    assert delivery.billed.seconds == pytest.approx(2.0 + 1200 * 250e-6)
    assert delivery.calibration["backend_name"] == "ibm_manila"
    json.dumps(delivery.calibration)
    assert delivery.outcome.record["jobs"] == [job]
    sent = submitted(server, tag)
    assert (sent["cost"], sent["program_id"], sent["backend"]) == (300, "executor", "ibm_manila")
    assert sent["session_id"] in [session["id"] for session in server.sessions if session["mode"] == "batch"]


def test_bits_are_the_wires_they_are_measured_on(device, server):
    program = Circuit(3).add("PauliX", 0).build(READOUTS["z"](3))
    outcome = Waiting(device, "qml-bits").run(program, np.zeros((2, 0)), shots=200, seed=1)
    assert (np.abs(outcome.values_RK - [-1, 1, 1]) < 0.5).all()


def test_settings_are_one_job_of_several_pubs(device, server):
    asked = request_of((angle(2) + sel(2, depth=1)).with_readout(READOUTS["xyz"](2)), n_rows=2, shots=300)
    outcome = Waiting(device, "qml-xyz").run(asked.program, asked.slots_RS, shots=300, seed=1)
    assert len(submitted(server, "qml-xyz")["params"]["quantum_program"]["items"]) == 3
    exact = ReferenceBackend().run(asked.program, asked.slots_RS, shots=None, seed=None).values_RK
    assert np.abs(outcome.values_RK - exact).max() < 0.35


def test_values_and_all_shifts_of_a_step_are_one_job_and_one_transpilation(device, server):
    program = angle(2) + sel(2, depth=1) + sel(2, depth=1)
    rng = np.random.default_rng(3)
    inputs, weights = rng.uniform(0, 3, (2, 2)), rng.uniform(-2, 2, program.n_weights)
    executor = ShiftedExecutor(Waiting(device, "qml-gradient"), shots=500)
    before = device._primitive.compiler.transpilations
    values = executor.forward(program, inputs, weights, seed=5, keep=True)
    found = executor.vjp(program, inputs, weights, np.ones((2, 2)), seed=5, residual=values.residual)
    exact = ReferenceExecutor().vjp(program, inputs, weights, np.ones((2, 2)))
    assert np.abs(found.inputs_BD - exact.inputs_BD).max() < 0.35
    assert np.abs(found.weights - exact.weights).max() < 0.5
    assert device._primitive.compiler.transpilations == before + 1
    assert len(server.tagged("qml-gradient")) == 1
    device.submit(request_of(program, shots=10), "qml-next-step")
    assert device._primitive.compiler.transpilations == before + 1


def test_mitigation_of_the_vendor_is_in_what_is_submitted(connected, server, request3):
    place = {"account": "mine", "account_file": connected.account_file, "max_execution_time": 3000}
    sampler = IbmBackend("ibm_manila", **place, mode="job", dynamical_decoupling="XY4", twirling=True)
    sampler.submit(request3, "qml-dd")
    sent = submitted(server, "qml-dd")
    assert option(sent, "dynamical_decoupling", "enable") is True
    assert option(sent, "dynamical_decoupling", "sequence_type") == "XY4"
    assert (option(sent, "twirling", "enable_gates"), option(sent, "twirling", "enable_measure")) == (True, True)
    assert (sent["session_id"], sent["cost"]) == (None, 3000)
    assert all(item["item_type"] == "samplex" for item in sent["params"]["quantum_program"]["items"])


def test_a_dry_run_goes_to_the_mock(connected, server, request3):
    mock = IbmBackend("ibm_manila", "mine", connected.account_file, mode="job", dry_run=True)
    mock.submit(request3, "qml-dry")
    assert submitted(server, "qml-dry")["backend"] == "mock_manila"
    assert mock.find("qml-dry")
    assert mock.target.digest != connected.target.digest


def test_a_copy_has_no_client_and_the_same_key(connected):
    again = pickle.loads(pickle.dumps(connected))  # noqa: S301  made a line above
    assert again == connected
    assert copy.copy(connected).__dict__.keys() == {each for each in again.__dict__}
    assert "_connection" not in again.__dict__


def test_estimate_is_executions_times_delay_and_circuit(device, request3):
    cost = device.estimate(request3)
    assert (cost.circuits, cost.executions) == (3, 1200)
    assert 2.0 + 1200 * 250e-6 < cost.seconds < 2.0 + 1200 * 270e-6
    assert "250 us" in cost.basis
    assert "idle" not in cost.basis


def test_an_estimate_says_that_a_session_costs_more(connected, request3):
    in_session = IbmBackend("ibm_manila", "mine", connected.account_file, mode="session", session_s=120)
    assert in_session.estimate(request3).basis.endswith(
        "; without the idle time of the session, which is billed until it is closed, 120 s at most"
    )


def changed(asked, **values):
    return Request(**{**asked.__dict__, **values})


def test_what_cannot_run_is_refused_and_nothing_is_sent(device, server, request3):
    wide = request_of(angle(6))
    vary = Request(amplitude(2), np.zeros((1, 0)), 10, 1)
    for asked, error, words in (
        (changed(request3, shots=None), CapabilityError, "exact values"),
        (changed(request3, shots=0), ConfigError, "shots=0"),
        (changed(request3, seed=0), ConfigError, "read 0 as none"),
        (changed(request3, shots=10_000_000), CapabilityError, "30,000,000 shots"),
        (changed(request3, shots=1_000_000), CapabilityError, "max_execution_time=300"),
        (changed(request3, slots_RS=request3.slots_RS[:, 1:]), ShapeError, r"needs \(R, "),
        (changed(request3, slots_RS=request3.slots_RS * np.nan), DataError, "not finite"),
        (wide, CapabilityError, "6 qubits; it has 5"),
        (vary, CapabilityError, "depend on inputs"),
    ):
        with pytest.raises(error, match=words):
            device.check(asked)
        with pytest.raises(error, match=words):
            device.submit(asked, "qml-refused")
    assert server.tagged("qml-refused") == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"primitive": "both"}, "it knows sampler, estimator"),
        ({"mode": "fast"}, "it knows batch, job, session"),
        ({"max_execution_time": 0}, "max_execution_time"),
        ({"device": ""}, "the name of a device"),
        ({"account": "a" * 44}, "looks like a key"),
        ({"options": {"environment": {"job_tags": []}}}, "the tag of the job"),
        ({"options": {"execution": {"api_key": "secret-value"}}}, "Keys are no options"),
        ({"resilience_level": 1}, "primitive='estimator'"),
    ],
)
def test_wrong_options_are_refused_at_once(options, words):
    with pytest.raises(ConfigError, match=words) as caught:
        IbmBackend(**{"device": "ibm_manila", **options})
    assert "secret-value" not in str(caught.value)
    assert "a" * 44 not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"twirlling": {}}, ConfigError, "twirlling"),
        ({"dynamical_decoupling": {"sequence_type": "ZZ"}}, ConfigError, "sequence_type"),
    ],
)
def test_options_that_the_primitive_does_not_take(options, error, words, request3):
    fake = FakeIbmBackend(options=options)
    with pytest.raises(error, match=words):
        fake.run(request3.program, request3.slots_RS, shots=10, seed=1)


@pytest.mark.parametrize(
    "resilience", [{"pec_mitigation": True}, {"zne_mitigation": True, "zne": {"amplifier": "pea"}}]
)
def test_mitigation_that_needs_a_noise_model_says_so(resilience, request3):
    fake = FakeIbmBackend(primitive="estimator", options={"resilience": resilience})
    with pytest.raises(CapabilityError, match="NoiseLearnerV3"):
        fake.run(request3.program, request3.slots_RS, shots=10, seed=1)


def test_no_account(server, tmp_path, monkeypatch):
    monkeypatch.delenv("QISKIT_IBM_TOKEN", raising=False)
    for name, path in (("nobody", server.accounts), ("", str(tmp_path / "none.json"))):
        with pytest.raises(CredentialsError, match="save_account"):
            _ = IbmBackend("ibm_manila", account=name, account_file=path).target
    assert server.requests == []


def test_an_unknown_device_is_told_with_near_names(connected):
    other = IbmBackend("ibm_manilla", account="mine", account_file=connected.account_file)
    with pytest.raises(ConfigError, match="Did you mean 'ibm_manila'"):
        _ = other.target


def test_a_snapshot_runs_the_same_here(request3):
    fake = FakeIbmBackend()
    outcome = fake.run(request3.program, request3.slots_RS, shots=400, seed=7)
    again = fake.run(request3.program, request3.slots_RS, shots=400, seed=7)
    other = fake.run(request3.program, request3.slots_RS, shots=400, seed=8)
    np.testing.assert_array_equal(outcome.values_RK, again.values_RK)
    assert np.abs(outcome.values_RK - other.values_RK).max() > 0
    exact = ReferenceBackend().run(request3.program, request3.slots_RS, shots=None, seed=None).values_RK
    assert np.abs(outcome.values_RK - exact).max() < 0.35
    with pytest.raises(ConfigError, match="Did you mean 'fake_manila'"):
        _ = FakeIbmBackend("fake_manilla").target
    with pytest.raises(CapabilityError, match="exact values"):
        fake.run(request3.program, request3.slots_RS, shots=None, seed=1)


def test_what_is_paid_and_was_never_reached_is_said(device):
    able = ShiftedExecutor(Waiting(device, "qml-price"), shots=10).capabilities
    assert able.price == "seconds of the device, to IBM"
    assert not able.measured
    here = ShiftedExecutor(ReferenceBackend()).capabilities
    assert (here.price, here.measured) == ("", True)

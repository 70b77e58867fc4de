"""Both members over a worker without the SDK: values, draws, texts, limits, what is submitted, and refusals."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from qml.backends import BACKENDS
from qml.backends.braket import BraketBackend, LocalBraketBackend, braket
from qml.backends.braket.devices import limits_of, target_of
from qml.backends.braket.process import Answer
from qml.backends.braket.texts import texts_of
from qml.backends.jobs import GuardedBackend, StoredBackend
from qml.backends.jobs.plain import from_text, to_text
from qml.backends.mitigation import mitigated
from qml.backends.reference import ReferenceBackend
from qml.backends.remote import Request
from qml.backends.transpiling import transpile
from qml.base.errors import CapabilityError, ConfigError, DataError, JobError
from qml.circuits import READOUTS, Expectations, Gate, PauliSum, Probabilities, Program, angle, input_slot, sel
from qml.circuits.bridges.braket import from_braket_qasm
from qml.circuits.slots import slots
from tests.programs import random_programs, random_values
from tests.servers.braket import DEVICE, capabilities

FAKE = Path(__file__).with_name("fake_worker")


@pytest.fixture(scope="module", autouse=True)
def worker_without_the_sdk():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("qml.backends.braket.process.WORKER", FAKE)
        yield


@pytest.fixture(scope="module")
def local():
    member = LocalBraketBackend(python=sys.executable)
    yield member
    member.worker.close()


@pytest.fixture(scope="module")
def remote():
    member = BraketBackend(DEVICE, s3="bucket/folder", python=sys.executable)
    yield member
    member.worker.close()


def bindings(program, n_rows=2):
    inputs, weights = random_values(np.random.default_rng(1), program, n_rows)
    return slots(program, inputs, weights)


def small_programs():
    chosen = random_programs(7, 25, max_qubits=3, max_gates=6, preparation="none")
    return [*chosen, Program(2, (Gate("Hadamard", (0,)),)), angle(2).with_readout(Probabilities((1, 0)))]


def test_exact_values_are_those_of_the_reference(local):
    for program in small_programs():
        turns = bindings(program)
        found = local.run(program, turns, shots=None, seed=None)
        expected = ReferenceBackend().run(program, turns, shots=None, seed=None).values_RK
        np.testing.assert_allclose(found.values_RK, expected, atol=1e-12)
        assert found.variance_RK is None
        assert not found.counts


def test_counts_are_drawn_from_the_right_distribution(local):
    program = (angle(3) + sel(3, depth=1)).with_readout(READOUTS["xyz"](3))
    turns = bindings(program, 3)
    outcome = local.run(program, turns, shots=4000, seed=5)
    exact = ReferenceBackend().run(program, turns, shots=None, seed=None).values_RK
    assert (np.abs(outcome.values_RK - exact) < 5 * np.sqrt(outcome.variance_RK) + 1e-9).all()
    assert len(outcome.counts) == 3
    assert outcome.counts[0].shots_R.tolist() == [4000] * 3
    again = local.run(program, turns, shots=4000, seed=5)
    np.testing.assert_array_equal(again.values_RK, outcome.values_RK)
    assert (local.run(program, turns, shots=4000, seed=6).values_RK != outcome.values_RK).any()


def test_nothing_to_measure_asks_nobody():
    member = LocalBraketBackend(python="/nowhere")
    constant = angle(1).with_readout(Expectations((PauliSum(((2.5, ()),)),)))
    assert member.run(constant, np.zeros((2, 1)), shots=None, seed=None).values_RK.tolist() == [[2.5], [2.5]]
    empty = member.run(angle(2), np.zeros((0, 2)), shots=10, seed=1)
    assert empty.values_RK.shape == empty.variance_RK.shape == (0, 2)


def test_a_text_is_made_once_and_asks_for_no_observables():
    program = (angle(3) + sel(3, depth=1)).with_readout(READOUTS["xyz"](3))
    native = transpile(program, LocalBraketBackend().target)
    texts = texts_of(native, exact=False)
    assert texts is texts_of(native, exact=False)
    assert len(texts.sources) == 3
    assert all("result" not in text and text.count("measure") == 3 for text in texts.sources)
    assert texts.names == tuple(sorted(texts.names))
    assert texts.values(np.zeros((5, native.n_inputs))).shape == (5, len(texts.names))
    assert "result probability q[0], q[1], q[2]" in texts_of(native, exact=True).sources[0]
    read = from_braket_qasm(texts.sources[0], texts.names)
    assert read.n_inputs == len(texts.names)


def test_angles_that_do_not_vary_are_no_inputs():
    native = Program(1, (Gate("RX", (0,), (0.3,)), Gate("RZ", (0,), (2 * input_slot(1) + 0.5,))), n_inputs=2)
    texts = texts_of(native, exact=False)
    assert texts.names == ("x_0",)
    assert texts.values(np.array([[9.0, 1.0], [9.0, -1.0]])).tolist() == [[2.5], [-1.5]]


def test_what_is_submitted(remote):
    asked = {}

    class Spy:
        def ask(self, what, data, arrays=None, *, sending=False):
            asked.update({"what": what, "sending": sending, **data, **(arrays or {})})
            return Answer({"task": "arn:task"}, {})

    assert remote.target.gate_set
    spied = replace(remote, tags=(("team", "mine"),))
    spied.__dict__.update({"said": remote.said, "worker": Spy()})
    program = (angle(2) + sel(2)).with_readout(READOUTS["xyz"](2))
    assert spied.submit(Request(program, bindings(program, 5), 100, 1), "qml-" + "0" * 32) == "arn:task"
    assert (asked["what"], asked["sending"], asked["token"]) == ("submit", True, "qml-" + "0" * 32)
    assert (asked["shots"], asked["program_set"], asked["s3"]) == (100, True, "bucket/folder")
    assert (asked["region"], asked["profile"], asked["tags"]) == ("us-east-1", None, {"team": "mine"})
    assert len(asked["texts"]) == 3
    assert asked["values"].shape == (5, len(asked["names"]))


def test_a_result_must_fit_the_request(remote):
    program = Program(2, (Gate("Hadamard", (0,)),))
    good = Request(program, bindings(program), 2, 1)
    native = transpile(program, remote.target)
    sent = {"texts": texts_of(replace(native, n_qubits=2), exact=False).sources, "names": []}

    class Answering:
        def ask(self, what, data, arrays=None, *, sending=False):
            return remote.worker.ask(what, {**data, "as": sent} if what == "result" else data, arrays)

    member = replace(remote)
    member.__dict__.update({"said": remote.said, "worker": Answering()})
    with pytest.raises(JobError, match=r"2 bindings of 2 shots in 1 settings; it brought .*\[\(1, 2\)\]"):
        member.result("arn:task", good)
    delivery = member.result("arn:task", replace(good, slots_RS=good.slots_RS[:1]))
    assert delivery.outcome.counts[0].shots_R.tolist() == [2]
    assert delivery.billed.executions == 8
    assert delivery.outcome.record["jobs"] == ["arn:task"]
    with pytest.raises(JobError, match=r"other qubits|settings"):
        member.result("arn:task", replace(good, program=program.with_readout(READOUTS["xyz"](2))))


def test_estimates(remote):
    program = (angle(2) + sel(2)).with_readout(READOUTS["xyz"](2))
    request = Request(program, bindings(program, 5), 100, 1)
    cost = remote.estimate(request)
    assert (cost.circuits, cost.executions, cost.amount) == (15, 1500, None)
    assert "0.0004 USD a shot" in cost.basis
    assert "not all" in cost.basis
    priced = replace(remote, task_price=0.3)
    priced.__dict__["said"] = remote.said
    assert priced.estimate(request).amount == pytest.approx(0.3 + 1500 * 0.0004)


def test_limits():
    assert limits_of(capabilities()).circuits == 1000
    assert limits_of(capabilities(several=False)).circuits == 1
    target = target_of(DEVICE, {"properties": capabilities()}, (("a", 1),))
    assert "to AWS" in target.price
    assert not target.measured
    assert (target.name, target.n_qubits, target.exact, target.queued) == ("maker/Nine", 9, False, True)
    assert "CNOT" in target.gate_set


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"shots": None}, "only draws shots"),
        ({"shots": 20_001}, "at most 20,000"),
        ({"slots_RS": np.zeros((1001, 2))}, "at most 1,000"),
        ({"slots_RS": np.zeros((0, 2))}, "no circuits"),
        ({"program": angle(10), "slots_RS": np.zeros((1, 10))}, "10 qubits; it has 9"),
        ({"slots_RS": np.zeros((900, 2)), "shots": 2000}, "at most 1,000,000"),
    ],
)
def test_what_the_device_does_not_take(remote, change, message):
    request = replace(Request(angle(2), np.zeros((1, 2)), 100, 1), **change)
    with pytest.raises(CapabilityError, match=message):
        remote.check(request)


def test_fewest_shots_and_retired_devices(remote):
    member = replace(remote)
    said = {**remote.said, "properties": {**remote.said["properties"]}}
    said["properties"]["service"] = {**said["properties"]["service"], "shotsRange": [100, 200]}
    member.__dict__.update({"said": said, "worker": remote.worker})
    with pytest.raises(CapabilityError, match="at least 100 a circuit"):
        member.check(Request(angle(2), np.zeros((1, 2)), 99, 1))
    said["deviceStatus"] = "RETIRED"
    with pytest.raises(CapabilityError, match="retired"):
        member.check(Request(angle(2), np.zeros((1, 2)), 100, 1))


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: BACKENDS["braket"]("sv1"), ConfigError, "'sv1' is not known. Known: local:braket_sv"),
        (lambda: BraketBackend("sv1"), ConfigError, "ARN"),
        (lambda: LocalBraketBackend("braket_sw"), ConfigError, "Did you mean 'braket_sv'"),
        (lambda: LocalBraketBackend("braket_sv", noise=object()), CapabilityError, "Take braket_dm"),
        (lambda: BraketBackend(DEVICE, tags=(("api_key", "x"),)), ConfigError, "looks like a key"),
        (lambda: BraketBackend(DEVICE, tags=(("a", "AKIAPLANTED0KEY00000"),)), ConfigError, "looks like a key"),
    ],
)
def test_refusals(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_by_name():
    assert braket() == LocalBraketBackend()
    assert BACKENDS["braket"]("local:braket_dm") == LocalBraketBackend("braket_dm")
    assert BACKENDS["braket"](DEVICE, s3="a") == BraketBackend(DEVICE, s3="a")


def test_a_service_that_compiles_anew_is_not_extrapolated(remote, local, tmp_path):
    assert not remote.target.verbatim
    assert local.target.verbatim
    with pytest.raises(CapabilityError, match=r"compiles gates anew.*Leave zne out"):
        mitigated(StoredBackend(GuardedBackend(remote), str(tmp_path / "jobs.sqlite")), ["zne"])
    mitigated(local, ["zne"])


def test_a_file_names_no_program_to_run(remote):
    text = to_text(remote)
    assert sys.executable not in text
    assert from_text(text) == remote
    planted = text.replace('"fields":{', '"fields":{"python":"/tmp/planted",', 1)
    with pytest.raises(ConfigError, match="python of BraketBackend, which is of one machine"):
        from_text(planted)
    with pytest.raises(DataError, match="cannot be read"):
        from_text(text[:-3])

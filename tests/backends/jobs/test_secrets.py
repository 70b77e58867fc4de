"""A planted token is in no file, log, record, error, pickle or traceback."""

import json
import logging
import pickle
import traceback
from dataclasses import dataclass

import numpy as np
import pytest

from qml.backends.backend import Outcome
from qml.backends.jobs.packing import outcome_bytes, outcome_from, plain
from qml.backends.jobs.plain import from_text, to_text
from qml.base.errors import ConfigError, CredentialsError, JobError
from qml.base.redacting import RedactingFilter, is_secret_name, redact_error, redact_logging, redacted
from tests.planted import planted_in
from tests.programs import random_program
from tests.servers.machine import SECRET, FileBackend


@dataclass(frozen=True)
class Careless(FileBackend):
    """Its errors, records and calibrations show its key."""

    def find(self, tag):
        raise CredentialsError(f"401 for Authorization: Bearer {SECRET}")

    def result(self, job, request):
        delivery = super().result(job, request)
        outcome = delivery.outcome
        record = {"headers": {"Authorization": f"Bearer {SECRET}"}, "api_key": SECRET}
        return type(delivery)(
            Outcome(outcome.values_RK, outcome.variance_RK, outcome.counts, record),
            delivery.billed,
            {"url": f"https://me:{SECRET}@host/x", "token": SECRET},
        )


@dataclass(frozen=True)
class Carried(Careless):
    """As `Careless`, but its jobs are found."""

    def find(self, tag):
        return FileBackend.find(self, tag)


def test_nothing_keeps_a_planted_token(rig, caplog):
    caplog.set_level("DEBUG", "qml")
    texts = []
    rig.machine.reset("accepted_502")
    with pytest.raises(CredentialsError) as found:
        rig.run(member=Careless(rig.machine.folder))
    texts.append("".join(traceback.format_exception(found.value)))
    rig.machine.reset("cancelled")
    with pytest.raises(JobError) as found:
        rig.run(seed=2)
    texts.append("".join(traceback.format_exception(found.value)))
    rig.machine.reset()
    outcome = rig.run(seed=3, member=Carried(rig.machine.folder))
    texts += [caplog.text, json.dumps(outcome.record), str(pickle.dumps(outcome)), str(pickle.dumps(rig.backend()))]
    assert "***" in caplog.text
    assert planted_in(SECRET, [*rig.folder.glob("jobs.sqlite*")], texts) == []


def test_the_search_for_a_planted_token_finds_one(tmp_path):
    (tmp_path / "a.log").write_text(f"x {SECRET} y")
    found = planted_in(SECRET, [tmp_path], [f"{SECRET}", "clean"])
    assert found == [str(tmp_path / "a.log"), "text 0"]
    (tmp_path / "b.npz").write_bytes(outcome_bytes(Outcome(np.zeros((1, 1)), record={"note": f"of {SECRET}"})))
    assert str(tmp_path / "b.npz") in planted_in(SECRET, [tmp_path], [])  # also where it is compressed


@pytest.mark.parametrize(
    "text",
    [
        f"Authorization: Bearer {SECRET}",
        f"{{'Authorization': 'apikey {SECRET}'}}",
        f"Bearer {SECRET}",
        f'{{"apikey": "{SECRET}"}}',
        f"token={SECRET}, code 401",
        f"IBM_API_KEY={SECRET}",
        f"aws_secret_access_key = {SECRET}",
        f"https://user:{SECRET}@host/path",
        f"https://host/path?X-Amz-Signature={SECRET}",
        f"x-amz-security-token: {SECRET}",
        f"client_secret:{SECRET}",
        f"service says {SECRET}",
        f'{{"error": "{{\\"token\\": \\"{SECRET}\\", \\"code\\": 1}}"}}',
        f'body: \\\\"api_key\\\\": \\\\"{SECRET}\\\\"',
        f"grant_type=apikey&apikey%3D{SECRET}",
        f"POST /token?body=%7B%22apikey%22%3A%22{SECRET}%22%7D",
        f"authorization%3A{SECRET}",
        f"Bearer%20{SECRET}",
        f"Authorization: Bearer\n {SECRET}",
        f"api_key: b'{SECRET}'",
    ],
)
def test_tokens_are_hidden_and_words_stay(text):
    safe = redacted(f"before {text}\nafter", {"QISKIT_IBM_TOKEN": SECRET} if "says" in text else {})
    assert SECRET not in safe
    assert safe.startswith("before ")
    assert safe.endswith("after")


IBM_KEY, AWS_SECRET = "kR8sT9uVwXyZ0123456789abcdefghijKLM-OPQRST_V", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


@pytest.mark.parametrize("text", ["AKIA" + "A" * 16, "eyJhbGciOiJI.eyJzdWIiOiIx.c2ln", IBM_KEY, AWS_SECRET])
def test_keys_are_known_by_their_form(text):
    assert redacted(f"key {text} is refused", {}) == "key *** is refused"
    assert redacted(f"Provided API key '{text}', which was not found", {}).endswith("'***', which was not found")


@pytest.mark.parametrize(
    "text",
    [
        "0123456789abcdef" * 2 + "01234567",  # a digest
        "0123456789ABCDEF" * 2 + "0123456789AB",
        "arn:aws:braket:us-east-1:123456789012:quantum-task/0b5c2d1e-1111-2222-3333-444455556666",
        "qml.backends.ibm.primitives.SomeVeryLongNameOfAnErrorIn3Parts",
        "/home/Someone/qml/results/2026/run1/Records/x",
        "QuantumProgramResultItemModelOfTheClient",
    ],
)
def test_what_only_looks_long_is_left(text):
    assert redacted(f"see {text} there", {}) == f"see {text} there"


@pytest.mark.parametrize("text", ["job d3b07384d113edec49eaa6238ad5ff00 failed", "shots=100 seed=1", "basic circuits"])
def test_other_words_are_left(text):
    assert redacted(text, {}) == text


def test_short_values_of_the_environment_hide_nothing():
    assert redacted("a token of one", {"TOKEN": "one"}) == "a token of one"
    assert not is_secret_name("max_tokens_seen")


def test_a_log_shows_no_token_in_words_arguments_or_tracebacks(caplog):
    logger = logging.getLogger("qml.example_of_redacting")
    lines = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(logging.Formatter("%(message)s").format(record))
    logger.addHandler(handler)
    redact_logging(logger.name)
    redact_logging(logger.name)
    assert sum(isinstance(one, RedactingFilter) for one in handler.filters) == 1
    logger.error("with %s", f"Bearer {SECRET}")
    try:
        raise ValueError(f"token={SECRET}")
    except ValueError:
        logger.exception("it failed")
    logger.removeHandler(handler)
    assert SECRET not in "".join(lines)
    assert "ValueError: token=***" in lines[1]


def test_an_error_keeps_its_kind_and_a_cause_that_shows_a_key_is_cut():
    error = JobError("no answer", 7)
    error.__cause__ = OSError(f"Bearer {SECRET}")
    assert SECRET in "".join(traceback.format_exception(error))
    redact_error(error)
    assert error.args == ("no answer", 7)
    assert SECRET not in "".join(traceback.format_exception(error))


@pytest.mark.parametrize("seed", range(5))
def test_programs_and_members_are_plain_text(seed, tmp_path):
    program = random_program(np.random.default_rng(seed), n_qubits=3, n_gates=10)
    again = from_text(to_text(program))
    assert again == program
    assert again.digest == program.digest
    member = FileBackend(str(tmp_path), noise={"rate": 0.1})
    assert from_text(to_text(member), {"qml", "tests"}) == member
    with pytest.raises(ConfigError, match=r"plugins=\[tests\]"):
        from_text(to_text(member))


@dataclass(frozen=True)
class WithKey:
    api_key: str


def test_a_member_with_a_key_is_not_kept():
    with pytest.raises(ConfigError, match=r"WithKey.api_key holds a secret") as found:
        to_text(WithKey(SECRET))
    assert SECRET not in str(found.value)
    with pytest.raises(ConfigError, match="A function was to be kept"):
        to_text(lambda: 0)


def test_only_dataclasses_are_made_from_a_text():
    for address in ("qml.base.files:write_json", "qml.nowhere:Thing", "qml.base.registry:Registry"):
        with pytest.raises(ConfigError, match=r"is not there|is no dataclass"):
            from_text(json.dumps({"class": address, "fields": {}}))


def test_an_outcome_goes_round():
    record = {"a": [1, 2.5, None, True], "b": {"c": "d"}, "e": np.int64(3), "f": float("nan")}
    again = outcome_from(outcome_bytes(Outcome(np.eye(2), None, (), record)))
    assert again.variance_RK is None
    assert again.record == {"a": [1, 2.5, None, True], "b": {"c": "d"}, "e": 3, "f": "nan"}
    assert plain({1, 2}) == [1, 2]

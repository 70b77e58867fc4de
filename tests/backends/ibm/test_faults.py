"""IBM's real client against a service that misbehaves: nothing is sent twice, and every failure says what it means."""

import pytest
import requests

from qml.backends.ibm import IbmBackend
from qml.backends.remote import AmbiguousSubmitError, BillingBackend, JobStatus, TransientError
from qml.base.errors import CredentialsError, JobError
from tests.backends.ibm.conftest import Waiting
from tests.servers.ibm import KEY

POST = {"method": "POST", "path": "/jobs$", "times": 1}
POLL = {"method": "GET", "path": "/jobs/[^/]+$", "times": 1}


@pytest.mark.parametrize(
    ("action", "accepted"),
    [
        ("accept_then_502", 1),
        ("accept_then_drop", 1),
        ("accept_then_garbage", 1),
        ("drop", 0),
        (500, 0),
        (408, 0),
    ],
)
def test_a_submission_without_a_clear_answer_is_not_repeated(device, server, request3, action, accepted):
    tag = f"qml-unclear-{action}".replace("_", "-")
    server.queue(30)
    server.fault({**POST, "action": action, "times": 9})
    with pytest.raises(AmbiguousSubmitError):
        device.submit(request3, tag)
    assert len([one for one in server.requests if one["method"] == "POST" and one["path"].endswith("/jobs")]) == 1
    assert len(server.tagged(tag)) == accepted
    server.fault()
    assert device.find(tag) == tuple(job["id"] for job in server.tagged(tag))
    for job in device.find(tag):
        device.cancel(job)


def test_a_submission_that_was_refused_may_be_repeated(device, server, request3):
    server.fault({**POST, "action": {"status": 429, "after": 7}})
    with pytest.raises(TransientError) as caught:
        device.submit(request3, "qml-storm")
    assert caught.value.after_s == 7
    assert server.tagged("qml-storm") == []


@pytest.mark.parametrize(("status", "error"), [(400, JobError), (401, CredentialsError), (403, CredentialsError)])
def test_a_submission_that_is_refused_for_good(device, server, request3, status, error):
    server.fault({**POST, "action": status})
    with pytest.raises(error, match="injected"):
        device.submit(request3, "qml-refused-for-good")
    assert server.tagged("qml-refused-for-good") == []


def test_an_answer_that_takes_too_long(server, connected, request3):
    hasty = IbmBackend("ibm_manila", "mine", connected.account_file, mode="job", timeout_s=0.6)
    hasty.check(request3)
    server.queue(30)
    server.fault({**POST, "action": {"accept_then_stall": 1.2}})
    with pytest.raises(AmbiguousSubmitError, match="ReadTimeout"):
        hasty.submit(request3, "qml-slow")
    (job,) = hasty.find("qml-slow")
    hasty.cancel(job)


def test_what_fails_after_acceptance_does_not_count(connected):
    connection = connected._connection

    def start(place):
        connection.adapter.accepted.append("d123")
        raise TransientError("reading what the device is failed")

    assert connection.run(start, "job", 10) == "d123"


def test_reads_are_repeated_and_then_told(device, server, request3):
    server.queue(30)
    job = device.submit(request3, "qml-reads")
    assert device.status(job) is JobStatus.QUEUED
    server.fault({**POLL, "action": 500, "times": 2})
    assert device.status(job) is JobStatus.QUEUED
    server.fault({**POLL, "action": 503, "times": 9})
    with pytest.raises(TransientError):
        device.status(job)
    server.fault({**POLL, "action": {"status": 429, "after": 3}, "times": 9})
    with pytest.raises(TransientError) as caught:
        device.status(job)
    assert caught.value.after_s == 3
    server.fault({**POLL, "action": "drop", "times": 9})
    with pytest.raises(TransientError):
        device.status(job)
    server.fault()
    assert isinstance(device, BillingBackend)
    assert device.billed(job) is None
    device.cancel(job)
    assert device.status(job) is JobStatus.CANCELLED
    assert device.billed(job).seconds == 0.0
    device.cancel(job)
    with pytest.raises(JobError, match="cancelled"):
        device.result(job, request3)


def test_garbage_is_no_answer(device, server, request3):
    waiting = Waiting(device, "qml-garbage")
    job = device.submit(request3, waiting.tag)
    server.fault({"method": "GET", "path": "/results$", "action": "garbage", "times": 1})
    with pytest.raises(JobError, match="no answer to its request"):
        waiting.fetched(job, request3)
    assert waiting.fetched(job, request3).outcome.values_RK.shape == (3, 3)
    other = type(request3)(request3.program, request3.slots_RS[:2], request3.shots, request3.seed)
    with pytest.raises(JobError, match="no answer to its request"):
        device.result(job, other)


def test_a_job_that_the_operator_cancels(device, server, request3):
    server.queue(30)
    server.fault({**POST, "action": "accept_then_cancel"})
    job = device.submit(request3, "qml-cancelled")
    assert device.status(job) is JobStatus.CANCELLED


def test_a_batch_that_has_ended_is_opened_anew(device, server, request3):
    server.queue(30)
    first = device.submit(request3, "qml-batch-1")
    same = device.submit(request3, "qml-batch-2")
    device.close()
    other = device.submit(request3, "qml-batch-3")
    batches = {job["id"]: job["session_id"] for job in server.jobs}
    assert batches[first] == batches[same] != batches[other]
    assert [one["accepting_jobs"] for one in server.sessions if one["id"] == batches[first]] == [False]
    for job in (first, same, other):
        device.cancel(job)


@pytest.mark.parametrize(
    ("action", "error"), [(400, CredentialsError), (503, TransientError), ("drop", TransientError)]
)
def test_without_a_token_the_key_is_not_sent_instead(server, connected, action, error):
    server.fault({"method": "POST", "path": "/identity/token", "action": action, "times": 99})
    with pytest.raises(error) as caught:
        _ = IbmBackend("ibm_manila", "mine", connected.account_file).target
    assert KEY not in str(caught.value)
    assert {one["path"] for one in server.requests} == {"/identity/token"}


def test_a_key_that_is_refused(server, tmp_path):
    path = server.write_account(tmp_path / "other.json", key="X" * 44)
    with pytest.raises(CredentialsError, match="refused the account's key"):
        _ = IbmBackend("ibm_manila", "mine", str(path)).target
    assert not [one for one in server.requests if "apikey" in one["authorization"]]


def test_the_adapter_lets_no_key_pass_and_knows_what_was_never_sent():
    from qml.backends.ibm.sending import OnceAdapter

    session = requests.Session()
    session.mount("http://", OnceAdapter(1.0))
    with pytest.raises(CredentialsError, match="without a token"):
        session.get("http://127.0.0.1:9/jobs", headers={"Authorization": f"apikey {KEY}"})
    with pytest.raises(TransientError, match="nothing has happened"):
        session.post("http://127.0.0.1:9/jobs", headers={"Authorization": "Bearer some"})

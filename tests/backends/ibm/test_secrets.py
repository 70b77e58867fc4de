"""A planted key and the token bought with it are nowhere: not in logs, errors, records, pickles or answers."""

import io
import json
import logging
import pickle
import traceback

import pytest

from qml.backends.ibm import IbmBackend
from qml.base.errors import CredentialsError, QmlError
from tests.backends.ibm.conftest import Waiting
from tests.servers.ibm import BEARER, KEY

LOGGERS = ("", "qiskit_ibm_runtime", "urllib3", "ibm-cloud-sdk-core", "requests", "qml")


@pytest.fixture
def heard(monkeypatch):
    """All that is logged at DEBUG, in whatever logger."""
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    for name in LOGGERS:
        logger = logging.getLogger(name)
        monkeypatch.setattr(logger, "level", logging.DEBUG)
        monkeypatch.setattr(logger, "handlers", [handler])
        logger.manager._clear_cache()
    yield text
    logging.getLogger().manager._clear_cache()


def told(action) -> str:
    """The traceback of the error of `action`, with the words of all that led to it."""
    try:
        action()
    except QmlError as error:
        return "".join(traceback.format_exception(error)) + repr(error) + str(error.__dict__)
    raise AssertionError("no error was raised")


def test_the_key_is_nowhere(server, heard, connected, request3, tmp_path):
    device = IbmBackend("ibm_manila", "mine", connected.account_file)
    found = []
    waiting = Waiting(device, "qml-secret")
    delivery = waiting.fetched(device.submit(request3, waiting.tag), request3)
    found += [repr(device), repr(delivery.outcome.record), json.dumps(delivery.calibration), str(delivery.billed)]
    found += [repr(device.target), repr(vars(device._connection)), repr(device._connection.service)]
    server.fault({"method": "POST", "path": "/jobs$", "action": "accept_then_drop", "times": 1})
    found.append(told(lambda: device.submit(request3, "qml-secret-2")))
    for action in (400, 401, 500, "drop"):
        server.fault({"method": "GET", "path": "/jobs", "action": action, "times": 9})
        found.append(told(lambda: device.find("qml-secret")))
    server.fault({"method": "POST", "path": "/identity/token", "action": 400, "times": 9})
    found.append(told(lambda: IbmBackend("ibm_manila", "mine", connected.account_file).target))
    server.fault()
    path = server.write_account(tmp_path / "broken.json")
    path.write_text(path.read_text()[:-2])
    found.append(told(lambda: IbmBackend("ibm_manila", "mine", str(path)).target))
    for one in (*found, heard.getvalue()):
        assert KEY not in one
        assert BEARER not in one
    assert KEY.encode() not in pickle.dumps(device)
    assert "POST" in heard.getvalue()


def test_the_probe_sees_a_key_that_leaks(heard):
    logging.getLogger("qiskit_ibm_runtime").debug("Authorization: apikey %s", KEY)

    def leak():
        raise CredentialsError(KEY)

    assert KEY in heard.getvalue()
    assert KEY in told(leak)

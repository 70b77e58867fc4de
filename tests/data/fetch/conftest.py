"""A server, and patience that tests can afford."""

import pytest

from qml.data.fetch.download import Patience
from tests.data.fetch.server import Home


@pytest.fixture
def home(monkeypatch):
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with Home() as server:
        yield server


@pytest.fixture
def patience():
    return Patience(timeout_s=1.0, attempts=3, pause_s=0.01)

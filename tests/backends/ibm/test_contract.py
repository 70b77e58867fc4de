"""A snapshot keeps the promises of a Backend."""

import pytest

from qml.backends.ibm import FakeIbmBackend
from qml.contracts import check_backend


@pytest.mark.slow
def test_a_snapshot_is_a_backend():
    report = check_backend(FakeIbmBackend(), ideal=False).raise_if_failed()
    assert "raw counts" in report.names("passed")

"""The data root for tests that need one, and a small set of our own making."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def data_root() -> Path:
    root = os.environ.get("QML_DATA")
    if not root:
        pytest.skip("QML_DATA is not set: the data sets that are not bundled cannot be opened")
    return Path(root)

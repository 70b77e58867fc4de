"""The published study's files, rebuilt once for all tests that audit them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.bench.audit.published import NAME, rebuilt


def reference() -> Path | None:
    named, data = os.environ.get("QML_REFERENCE"), os.environ.get("QML_DATA")
    folders = [Path(named)] if named else [Path(data).parent / "reference"] if data else []
    return next((folder / NAME for folder in folders if (folder / NAME).is_file()), None)


@pytest.fixture(scope="session")
def published(tmp_path_factory):
    """Folder of the rebuilt files, and the verdicts that the audit never sees."""
    path = reference()
    if path is None:
        pytest.skip(f"QML_REFERENCE names no folder with {NAME}: the published study cannot be rebuilt")
    folder = tmp_path_factory.mktemp("published")
    return folder, rebuilt(path, folder)

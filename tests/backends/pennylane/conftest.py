"""The plug-in is found by its entry point, whatever is installed: a folder of package metadata stands in."""

import sys

import pennylane as qp
import pytest

ENTRY_POINTS = "[pennylane.plugins]\nqml.engine = qml.backends.pennylane_device:EngineDevice\n"


@pytest.fixture(scope="session")
def plugin_folder(tmp_path_factory):
    """A folder that makes PennyLane find the device when it is on the path."""
    folder = tmp_path_factory.mktemp("plugin")
    metadata = folder / "qml_engine_under_test-0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: qml-engine-under-test\nVersion: 0\n")
    (metadata / "entry_points.txt").write_text(ENTRY_POINTS)
    return folder


@pytest.fixture(scope="session", autouse=True)
def plugin(plugin_folder):
    sys.path.append(str(plugin_folder))
    qp.refresh_devices()
    yield
    sys.path.remove(str(plugin_folder))
    qp.refresh_devices()

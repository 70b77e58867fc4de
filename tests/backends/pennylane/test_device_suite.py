"""PennyLane's own device tests: a part of them by default, all of them among the slow tests."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from pennylane.devices.tests import get_device_tests

ROOT = Path(__file__).resolve().parents[3]
SHORT = ("test_return_system.py", "test_tracker.py", "test_wires.py")


def counts(plugin_folder, shots: str, *files: str) -> dict[str, int]:
    """How many tests passed, failed and so on, in a process of their own."""
    folder = Path(get_device_tests())
    command = [sys.executable, "-m", "pytest", *(str(folder / name) for name in files or ("",)), "-q"]
    command += [
        "-p",
        "no:cacheprovider",
        "--device=qml.engine",
        f"--shots={shots}",
        "--skip-ops",
        "--no-flaky-report",
        "-W",
        "ignore",
    ]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(plugin_folder)))}
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=env)
    found = {word: int(number) for number, word in re.findall(r"(\d+) (\w+)", done.stdout.splitlines()[-1])}
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    return found


@pytest.mark.slow
def test_a_part_of_them(plugin_folder):
    found = counts(plugin_folder, "None", *SHORT)
    assert found["passed"] >= 10
    assert "failed" not in found


@pytest.mark.slow
@pytest.mark.parametrize(("shots", "passed"), [("None", 398), ("20000", 383)])
def test_all_of_them(plugin_folder, shots, passed):
    """As many passes as lightning.qubit has."""
    found = counts(plugin_folder, shots)
    assert found["passed"] >= passed
    assert "failed" not in found

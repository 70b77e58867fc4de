"""`import qml` loads nothing heavy, and every light room stays light."""

import json
import subprocess
import sys

import pytest

from tests.house.tree import ROOT

HEAVY = ("torch", "jax", "pennylane", "qiskit", "numba", "sklearn", "pyarrow", "pandas", "hydra", "matplotlib", "scipy")


def loaded_by(statement: str) -> list[str]:
    code = f"import sys, json; {statement}; print(json.dumps([m for m in {HEAVY!r} if m in sys.modules]))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    return json.loads(done.stdout.strip().splitlines()[-1])


def test_the_probe_sees_a_heavy_import():
    assert loaded_by("import scipy") == ["scipy"]


@pytest.mark.parametrize("room", ["qml", "qml.circuits", "qml.data", "qml.learn", "qml.bench"])
def test_room_is_light(room):
    allowed = {"scipy"} if room != "qml" else set()
    assert set(loaded_by(f"import {room}")) <= allowed


@pytest.mark.parametrize("room", ["qml.engine", "qml.backends", "qml.layers"])
def test_circuit_rooms_load_no_framework(room):
    assert not set(loaded_by(f"import {room}")) & {"torch", "jax", "pennylane", "qiskit", "sklearn", "hydra"}

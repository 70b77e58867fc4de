"""JAX's cache of compiled programs on disk: a process finds what another has compiled, and nothing of its memory."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from qml.engine.xla_layout import CALL_SIZE

ROOT = Path(__file__).resolve().parents[2]


def told(folder, order, devices):
    flags = f"--xla_force_host_platform_device_count={devices}"
    env = {**os.environ, "XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"}
    command = [sys.executable, "-m", "tests.layers.cached_step", str(folder), order]
    done = subprocess.run(command, capture_output=True, text=True, env=env, cwd=ROOT)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def numbers(text):
    """The attributes of all calls in a compiled program."""
    return [int(number) for told in re.findall(r"call = dense<\[([^]]*)\]>", text) for number in told.split(",")]


def test_a_second_process_finds_what_the_first_has_compiled(tmp_path):
    first = told(tmp_path, "this alone", 1)
    second = told(tmp_path, "other first", 1)
    assert (first["hits"], first["misses"]) == (0, 1)
    assert (second["hits"], second["misses"]) == (1, 0)
    assert first["found"] == second["found"] == 3, "residuals are found in the ring of each process"
    assert all(leaves == first["leaves"][0] for leaves in first["leaves"] + second["leaves"])
    assert numbers(first["text"]) == numbers(second["text"])
    assert len(numbers(first["text"])) == 2 * CALL_SIZE
    assert max(numbers(first["text"])) < 1 << 30, "an address is larger"


def test_a_program_that_was_stored_by_hand_runs_where_its_circuit_is_known(tmp_path):
    first, second = told(tmp_path, "this alone", 1), told(tmp_path, "load", 1)
    assert re.search("qml_engine_[0-9a-f]{24}", second["refusal"])
    assert second["leaves"] == first["leaves"][0]


@pytest.mark.slow
def test_programs_for_several_devices(tmp_path):
    """Found or compiled anew (JAX's key for them holds an address of its own), they give the same."""
    first, second = told(tmp_path, "this alone", 2), told(tmp_path, "other first", 2)
    assert all(leaves == first["leaves"][0] for leaves in first["leaves"] + second["leaves"])

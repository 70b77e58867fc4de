"""JAX's cache of compiled programs on disk: a process finds what another has compiled, and nothing of its memory."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

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
    return [int(number) for told in re.findall(r"call = array<i64: ([^>]*)>", text) for number in told.split(",")]


def test_a_second_process_finds_what_the_first_has_compiled(tmp_path):
    first = told(tmp_path, "this alone", 1)
    second = told(tmp_path, "other first", 1)
    assert (first["hits"], first["misses"]) == (0, 1)
    assert (second["hits"], second["misses"]) == (1, 0)
    assert first["found"] == second["found"] == 3, "residuals are found in the ring of each process"
    assert all(leaves == first["leaves"][0] for leaves in first["leaves"] + second["leaves"])
    assert numbers(first["text"]) == numbers(second["text"])
    assert 0 < max(numbers(first["text"])) < 1 << 30, "an address is larger"


@pytest.mark.slow
def test_programs_for_several_devices(tmp_path):
    first, second = told(tmp_path, "this alone", 2), told(tmp_path, "other first", 2)
    assert all(leaves == first["leaves"][0] for leaves in first["leaves"] + second["leaves"])

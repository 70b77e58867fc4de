"""The benchmark of machines: routes that cannot run here are said as not measured, processes beside this one count."""

import subprocess
import sys

import numpy as np
import pytest

from benchmarks.backends.__main__ import main
from benchmarks.backends.ours import ROUTES
from benchmarks.backends.step import Step, Took
from benchmarks.backends.table import table
from benchmarks.backends.task import exact, task
from benchmarks.resident import children_cpu_seconds

BRAKET = [route for route in ROUTES if "Braket" in route.name]


def test_braket_is_said_as_not_measured_without_its_environment(monkeypatch):
    monkeypatch.delenv("QML_BRAKET_PYTHON", raising=False)
    steps = [route.run(task(10)) for route in BRAKET]
    assert [step.answer for step in steps] == [None] * 3
    text = table("ours", steps, exact(task(10)))
    assert text.count("not measured: QML_BRAKET_PYTHON names no environment") == 3
    assert [route.jobs for route in BRAKET] == [1, 1, 2]


def test_slow_routes_are_left_out_and_a_broken_promise_is_told(monkeypatch, capsys):
    asked = task(10)
    answer = exact(asked)
    took = Took(0.1, 0.1, 392, 0, jobs=3)

    def ours(asked, options):
        steps = [Step(route.name, reason="not here") for route in ROUTES]
        return [Step(steps[0].name, answer, took, None), *steps[1:-2], Step(ROUTES[-2].name, answer, took), steps[-1]]

    monkeypatch.setattr("benchmarks.backends.__main__._ours", ours)
    assert main(["--no-peers"]) == 1
    assert f"{ROUTES[-2].name}: 3 jobs, promised 1" in capsys.readouterr().out


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the CPU seconds of other processes")
def test_the_seconds_of_a_process_beside_this_one_count():
    before = children_cpu_seconds()
    busy = "import time\nwhile time.process_time() < 0.1: pass\nprint(flush=True)\ninput()"
    with subprocess.Popen([sys.executable, "-c", busy], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        child.stdout.readline()
        assert np.clip(children_cpu_seconds() - before, 0.08, 5) == children_cpu_seconds() - before
        child.stdin.write(b"\n")
        child.stdin.close()

"""The tables of this room, and that it is light until a framework is asked for."""

import subprocess
import sys

import pytest

from qml.base.errors import ConfigError
from qml.learn import FITS, STEPS, TASKS, StepFit, Supervised
from qml.learn.counters import Counters
from qml.learn.options import share_of_rate


def test_tables():
    assert set(STEPS) == {"torch", "jax"}
    assert set(FITS) == {"steps", "whole"}
    assert TASKS["supervised"] is Supervised
    assert FITS["steps"] is StepFit
    assert type(STEPS["torch"](learning_rate=0.1)).__name__ == "TorchStep"
    assert type(STEPS["jax"](optimiser="sgd")).__name__ == "JaxStep"
    assert type(FITS["whole"]()).__name__ == "WholeFit"
    with pytest.raises(ConfigError, match="Did you mean 'torch'"):
        STEPS["touch"]


def test_the_room_is_light():
    code = (
        "import sys, qml.learn;"
        "heavy = {'torch', 'jax', 'sklearn', 'scipy', 'tqdm', 'safetensors', 'lightning_fabric'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_counters_go_there_and_back():
    counters = Counters()
    counters.add(10, {"loss": 1.0, "learning_rate": 0.1})
    counters.add(30, {"loss": 2.0, "learning_rate": 0.1})
    counters.record("train", counters.means(), 1.0)
    assert counters.records[0].value == 1.75
    assert Counters.from_plain(counters.plain()) == counters


def test_one_cycle_rises_and_falls():
    shares = [share_of_rate("onecycle", step, 100) for step in range(101)]
    assert max(shares) == shares[30] == 1.0
    assert shares[:31] == sorted(shares[:31])
    assert shares[30:] == sorted(shares[30:], reverse=True)
    assert share_of_rate(None, 5, 10) == share_of_rate("constant", 5, 10) == 1.0

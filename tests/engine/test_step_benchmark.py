"""The speed benchmark explains itself, and does not time libraries that disagree."""

import dataclasses

import numpy as np
import pytest

from benchmarks import step
from benchmarks.contenders import Answer, Size, numbers, program
from qml.backends.engine import EngineExecutor

SIZE = Size(3, 2, 5)


def answer() -> Answer:
    given = numbers(SIZE)
    gradients = EngineExecutor().vjp(program(SIZE), given.inputs_BD, given.weights_P, given.cotangent_BK)
    return Answer(1.0, gradients.inputs_BD, gradients.weights)


def test_libraries_that_agree_are_timed():
    step._check_agreement(SIZE, answer(), answer())


def test_libraries_that_disagree_are_not():
    wrong = answer()
    wrong.weights_P[3] += 0.01
    with pytest.raises(SystemExit, match="disagree in the weight gradient"):
        step._check_agreement(SIZE, answer(), wrong)
    with pytest.raises(SystemExit, match="disagree in the loss"):
        step._check_agreement(SIZE, answer(), dataclasses.replace(answer(), loss=float("nan")))


def test_the_workload_is_that_of_the_measured_peers():
    circuit = program(SIZE)
    assert (circuit.n_inputs, circuit.n_weights, circuit.n_values) == (3, 18, 3)
    names = [gate.name for gate in circuit.gates]
    assert names.count("CNOT") == 6
    assert names.count("RY") == 3 + 6
    assert numbers(SIZE).inputs_BD.dtype == np.float32


def test_help(capsys):
    with pytest.raises(SystemExit) as stopped:
        step.main(["--help"])
    assert stopped.value.code == 0
    assert "--rounds" in capsys.readouterr().out


@pytest.mark.slow
def test_memory_does_not_grow_with_depth():
    pytest.importorskip("torch", reason="the benchmark trains through the torch layer")
    assert step._compare_memory()

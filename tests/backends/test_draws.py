"""Shots and seeds: whole numbers and nothing else, wherever they are handed in."""

import numpy as np
import pytest

from qml.backends.aer import AerBackend
from qml.backends.draws import checked_seed, checked_shots
from qml.backends.mitigation import MITIGATIONS
from qml.backends.noisy import NoisyExecutor
from qml.backends.qiskit_sampler import EngineSampler
from qml.backends.reference import ReferenceBackend
from qml.backends.sampled import SampledExecutor
from qml.backends.shifts import ShiftedExecutor
from qml.backends.shifts.spsa import SpsaExecutor
from qml.backends.surrogate import SurrogateExecutor
from qml.backends.transpiling import transpile
from qml.base.errors import ConfigError
from qml.circuits import angle

PROGRAM, INPUTS, NONE = angle(2), np.full((3, 2), 0.3), np.zeros(0)
NO_SHOTS = (10.7, 10.0, True, False, np.True_, 0, -1, np.int64(0), "10", np.float64(10), float("nan"))
NO_SEED = (1.5, 1.0, True, np.True_, "1", np.float32(1), float("inf"))
ESTIMATES = {
    "sampled": SampledExecutor,
    "surrogate": SurrogateExecutor,
    "shifted": lambda **words: ShiftedExecutor(ReferenceBackend(), **words),
    "spsa": lambda **words: SpsaExecutor(ReferenceBackend(), **words),
}


@pytest.mark.parametrize("shots", NO_SHOTS, ids=repr)
@pytest.mark.parametrize("name", ESTIMATES)
def test_shots_that_are_none(name, shots):
    with pytest.raises(ConfigError, match="shots are a whole number"):
        ESTIMATES[name](shots=shots)


@pytest.mark.parametrize("seed", NO_SEED, ids=repr)
@pytest.mark.parametrize("name", ESTIMATES)
def test_seeds_that_are_none(name, seed):
    with pytest.raises(ConfigError, match="a seed is a whole number"):
        ESTIMATES[name](shots=10).forward(PROGRAM, INPUTS, NONE, seed=seed)


@pytest.mark.parametrize("name", ESTIMATES)
def test_numbers_of_numpy_are_those_of_python(name):
    """The same values, the same Executor: records and jobs are known by them."""
    one, other = (ESTIMATES[name](shots=kind(10)) for kind in (int, np.int32))
    assert one == other
    assert type(other.shots) is int
    assert repr(one) == repr(other)
    for seed in (1, 0, -5):  # a seed is derived from, so any whole number will do
        values = [
            made.forward(PROGRAM, INPUTS, NONE, seed=kind(seed)).values_BK
            for made, kind in ((one, int), (other, np.int64))
        ]
        np.testing.assert_array_equal(*values)


@pytest.mark.parametrize("machine", [ReferenceBackend(), AerBackend()], ids=["reference", "aer"])
def test_machines_draw_the_same_by_numbers_of_numpy(machine):
    one = machine.run(PROGRAM, INPUTS, shots=20, seed=3)
    other = machine.run(PROGRAM, INPUTS, shots=np.int64(20), seed=np.uint32(3))
    np.testing.assert_array_equal(one.values_RK, other.values_RK)


def test_shots_and_seeds_of_machines():
    assert checked_shots("mine", np.uint8(7)) == 7
    assert type(checked_shots("mine", np.uint8(7))) is int
    assert checked_seed("mine", 2**63 - 1) == 2**63 - 1
    for shots in NO_SHOTS:
        with pytest.raises(ConfigError, match="shots are a whole number"):
            ReferenceBackend().run(PROGRAM, INPUTS, shots=shots, seed=1)
    for seed in (*NO_SEED, 0, -1, 2**63):
        with pytest.raises(ConfigError, match="a seed is a whole number from 1"):
            ReferenceBackend().run(PROGRAM, INPUTS, shots=1, seed=seed)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: SampledExecutor(shots=None), "shots=None"),
        (lambda: SurrogateExecutor(shots=None), "shots=None"),
        (lambda: ShiftedExecutor(units=2.5), "units=2.5"),
        (lambda: ShiftedExecutor(subset=True), "subset=True"),
        (lambda: SpsaExecutor(repeats=1.5), "repeats=1.5"),
        (lambda: SpsaExecutor(step=True), "step=True"),
        (lambda: NoisyExecutor(seed=1.5), "seed=1.5"),
        (lambda: NoisyExecutor(level=1.0), "level=1.0"),
        (lambda: NoisyExecutor(threads=True), "threads=True"),
        (lambda: AerBackend(level=True), "level=True"),
        (lambda: AerBackend(max_bond=2.5), "max_bond=2.5"),
        (lambda: transpile(PROGRAM, ReferenceBackend().target, seed=True), "seed=True"),
        (lambda: transpile(PROGRAM, ReferenceBackend().target, level=4), "level=4"),
        (lambda: EngineSampler(shots=10.7), "shots=10.7"),
        (lambda: EngineSampler(seed=True), "seed=True"),
        (lambda: MITIGATIONS["readout"](ReferenceBackend(), shots=10.7), "shots=10.7"),
        (lambda: MITIGATIONS["readout"](ReferenceBackend(), seed=0), "seed=0"),
        (lambda: MITIGATIONS["readout"](ReferenceBackend(), twirls=16.0), "twirls=16.0"),
    ],
)
def test_other_whole_numbers(make, words):
    with pytest.raises(ConfigError, match=words.replace(".", r"\.")):
        make()

"""What is refused before a machine runs anything, and with which words."""

import numpy as np
import pytest

from qml.backends.backend import Limits, Target
from qml.backends.check_run import check_run
from qml.base.errors import CapabilityError, ConfigError, DataError, ProgramError, ShapeError
from qml.circuits import READOUTS, amplitude, angle, sel

PROGRAM = angle(2) + sel(2)
TURNS = np.zeros((3, 8))
ANY = Target("mine", 2)


def bad(value):
    turns = TURNS.copy()
    turns[1, 2] = value
    return turns


def test_sound_calls_pass():
    for turns in (TURNS, TURNS.astype(np.float32), TURNS.astype(int), TURNS[:0]):
        check_run(ANY, PROGRAM, turns, None, None)
        check_run(ANY, PROGRAM, turns, 10, np.int64(3))
    held = Target("held", 2, limits=Limits(circuits=9, shots=10, executions=90))
    check_run(held, PROGRAM.with_readout(READOUTS["xyz"](2)), TURNS, 10, 1)


@pytest.mark.parametrize(
    ("program", "turns", "shots", "seed", "error", "words"),
    [
        ("sel", TURNS, None, None, ProgramError, "no Program"),
        (PROGRAM, TURNS.tolist(), None, None, ShapeError, "a list"),
        (PROGRAM, TURNS.astype(complex), None, None, ShapeError, "complex128"),
        (PROGRAM, TURNS > 0, None, None, ShapeError, "bool"),
        (PROGRAM, TURNS[0], None, None, ShapeError, r"\(R, 8\)"),
        (PROGRAM, TURNS[:, :5], None, None, ShapeError, r"shape \(3, 5\).*8 rotations"),
        (PROGRAM, bad(np.nan), None, None, DataError, "1 of 24 .* slot 2 of binding 1 = nan"),
        (PROGRAM, bad(-np.inf), 5, 1, DataError, "Nothing was run"),
        (PROGRAM, TURNS, 0, 1, ConfigError, "shots=0"),
        (PROGRAM, TURNS, True, 1, ConfigError, "shots=True"),
        (PROGRAM, TURNS, 2.0, 1, ConfigError, r"shots=2\.0"),
        (PROGRAM, TURNS, 10, None, CapabilityError, "without a seed"),
        (PROGRAM, TURNS, 10, 0, ConfigError, "seed=0"),
        (PROGRAM, TURNS, 10, 1.5, ConfigError, r"seed=1\.5"),
        (PROGRAM, TURNS, 10, 2**63, ConfigError, "seed="),
        (angle(3), np.zeros((1, 3)), None, None, CapabilityError, "3 qubits; it has 2"),
        (amplitude(2), np.zeros((1, 0)), None, None, CapabilityError, "rotation angles only"),
    ],
)
def test_refused(program, turns, shots, seed, error, words):
    with pytest.raises(error, match=words):
        check_run(ANY, program, turns, shots, seed)


def test_what_a_target_does_not_give():
    with pytest.raises(CapabilityError, match="only draws shots"):
        check_run(Target("draws", 2, exact=False), PROGRAM, TURNS, None, None)
    with pytest.raises(CapabilityError, match="exact values only"):
        check_run(Target("computes", 2, sampled=False), PROGRAM, TURNS, 10, 1)


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (Limits(circuits=8), r"9 circuits \(3 bindings x 3 settings x 10 shots\); one job holds at most 8"),
        (Limits(shots=9), "10 shots of a circuit"),
        (Limits(executions=89), "90 shots of all circuits"),
    ],
)
def test_more_than_a_job_holds(limits, words):
    program = PROGRAM.with_readout(READOUTS["xyz"](2))
    with pytest.raises(CapabilityError, match=words):
        check_run(Target("held", 2, limits=limits), program, TURNS, 10, 1)

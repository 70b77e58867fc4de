"""The benchmark of matrix product states, small, and with a bond so small that it must miss."""

import numpy as np

from benchmarks import mps


def test_a_short_line_agrees(capsys):
    assert mps.main(["--qubits", "6", "--layers", "1", "--rows", "2"]) == 0
    shown = capsys.readouterr().out
    assert "all agree within 1e-08" in shown
    assert "light cones of at most 3 qubits" in shown
    assert "2 runs of Aer" in shown


def test_a_bond_that_is_too_small_misses(capsys):
    assert mps.main(["--qubits", "6", "--layers", "2", "--rows", "1", "--bond", "1"]) == 1
    assert "AN ERROR EXCEEDS 1e-08" in capsys.readouterr().out


def test_the_comparison_sees_another_shape():
    assert mps.worst(np.zeros((2, 3)), np.zeros((3, 2))) == float("inf")
    assert mps.worst(np.zeros(2), np.array([0.0, 1e-3])) == 1e-3

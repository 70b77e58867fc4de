"""The benchmark of matrix product states, small, and with a bond so small that it must miss."""

import json

import numpy as np
import pytest

from benchmarks import mps


@pytest.mark.slow
def test_a_short_line_agrees_and_the_record_holds_what_is_shown(capsys, tmp_path):
    place = tmp_path / "mps.json"
    assert mps.main(["--qubits", "5", "--layers", "1", "--rows", "2", "--json", str(place)]) == 0
    shown = capsys.readouterr().out
    assert "all agree within 1e-08" in shown
    assert "light cones of at most 3 qubits" in shown
    assert "2 runs of Aer" in shown
    kept = json.loads(place.read_text())
    assert kept["met"]
    assert kept["schema"] == 1
    assert kept["asked"]["qubits"] == 5
    assert kept["machine"]["date"]
    assert set(kept["versions"]) == {"qiskit-aer", "qiskit", "numpy"}
    for row in kept["rows"]:
        assert row["what"] in shown
        assert f"{row['worst_error']:.1e}" in shown
        assert f"{row['aer']['cpu_s']:.2f}" in shown


def test_a_bond_that_is_too_small_misses(capsys):
    assert mps.main(["--qubits", "6", "--layers", "2", "--rows", "1", "--bond", "1"]) == 1
    assert "AN ERROR EXCEEDS 1e-08" in capsys.readouterr().out


def test_the_comparison_sees_another_shape():
    assert mps.worst(np.zeros((2, 3)), np.zeros((3, 2))) == float("inf")
    assert mps.worst(np.zeros(2), np.array([0.0, 1e-3])) == 1e-3

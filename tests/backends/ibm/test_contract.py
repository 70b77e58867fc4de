"""A snapshot keeps the promises of a Backend."""

import numpy as np
import pytest

from qml.backends.ibm import FakeIbmBackend
from qml.circuits import READOUTS, Circuit
from qml.contracts import check_backend


@pytest.mark.slow
def test_a_snapshot_is_a_backend():
    report = check_backend(FakeIbmBackend(), ideal=False).raise_if_failed()
    assert "raw counts" in report.names("passed")


def test_settings_of_a_snapshot_are_drawn_apart():
    """Values of X and of Z whose outcomes follow from one uniform number would be correlated by 0.7."""
    program = Circuit(1).ry(0, 0.8).build(READOUTS["pauli"](1, ["X0", "Z0"]))
    outcome = FakeIbmBackend().run(program, np.full((150, 1), 0.8), shots=50, seed=7)
    assert abs(np.corrcoef(outcome.values_RK.T)[0, 1]) < 0.3
    again = FakeIbmBackend().run(program, np.full((150, 1), 0.8), shots=50, seed=7)
    assert (again.values_RK == outcome.values_RK).all()

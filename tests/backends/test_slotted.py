"""A Program with a slot for each rotation against the Program it came from."""

import numpy as np
import pytest

from qml.backends.reference import ReferenceBackend, ReferenceExecutor
from qml.backends.slotted import slotted
from qml.base.errors import CapabilityError
from qml.circuits import amplitude
from qml.circuits.slots import slots
from tests.programs import random_program, random_values


@pytest.mark.parametrize("seed", range(30))
def test_values_are_those_of_the_program(seed):
    rng = np.random.default_rng(seed)
    program = random_program(rng, n_qubits=4, n_gates=14, preparation=("none", "State")[seed % 2])
    inputs, weights = random_values(rng, program, batch=3)
    angles = slots(program, inputs, weights)
    ready = slotted(program)
    assert (ready.n_inputs, ready.n_weights) == (angles.shape[1], 0)
    exact = ReferenceExecutor().forward(program, inputs, weights).values_BK
    np.testing.assert_allclose(ReferenceExecutor().forward(ready, angles, np.zeros(0)).values_BK, exact, atol=1e-12)
    np.testing.assert_allclose(
        ReferenceBackend().run(program, angles, shots=None, seed=None).values_RK, exact, atol=1e-12
    )


def test_prepared_amplitudes_that_vary_are_refused():
    program = amplitude(2)
    with pytest.raises(CapabilityError, match="rotation angles only"):
        slotted(program)

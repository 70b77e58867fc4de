"""Folded circuits compute the same, in the machine's own gates, with as many times the gates."""

from collections import Counter

import numpy as np
import pytest

from qml.backends.backend import Target
from qml.backends.mitigation.folding import folded
from qml.backends.reference import ReferenceBackend, ReferenceExecutor
from qml.backends.transpiling import is_native, transpile
from qml.base.errors import CapabilityError, ConfigError
from qml.circuits import Circuit, angle, sel
from qml.circuits.slots import slots
from tests.backends.mitigation.machines import NATIVE
from tests.programs import random_program, random_values

LINE = ((0, 1), (1, 2))


@pytest.mark.parametrize("fold", ["local", "global"])
@pytest.mark.parametrize(
    "gate_set", [NATIVE, ("RZ", "SX", "PauliX", "ECR"), ("RX", "RZ", "CZ"), ("U3", "CNOT")], ids=" ".join
)
def test_values_stay_and_gates_multiply(gate_set, fold):
    target = Target("line", 3, gate_set, LINE)
    program = angle(3) + sel(3, depth=1)
    rng = np.random.default_rng(0)
    inputs, weights = rng.normal(size=(2, 3)), rng.normal(size=program.n_weights)
    native, angles = transpile(program, target), slots(program, inputs, weights)
    exact = ReferenceExecutor().forward(program, inputs, weights).values_BK
    for scale in (1, 3, 5):
        scaled = folded(native, target, scale, fold)
        assert is_native(scaled, target)
        assert scaled.n_inputs == native.n_inputs
        own = slots(scaled, angles, np.zeros(0))
        values = ReferenceBackend().run(scaled, own, shots=None, seed=None).values_RK
        np.testing.assert_allclose(values, exact, atol=1e-12)
        wide, narrow = (Counter(len(gate.wires) for gate in made.gates) for made in (scaled, native))
        assert wide[2] == scale * narrow[2]
        assert wide[1] >= narrow[1] * (scale if fold == "global" else 1)
        assert (wide[1] == narrow[1]) == (fold == "local" or scale == 1)


@pytest.mark.parametrize("seed", range(12))
def test_every_gate_can_be_folded_where_all_gates_are_native(seed):
    rng = np.random.default_rng(seed)
    program = random_program(rng, n_qubits=4, n_gates=14, preparation=("none", "State")[seed % 2])
    inputs, weights = random_values(rng, program, batch=2)
    exact = ReferenceExecutor().forward(program, inputs, weights).values_BK
    target, angles = Target("all", 4), slots(program, inputs, weights)
    for fold in ("local", "global"):
        scaled = folded(transpile(program, target), target, 3, fold)
        values = ReferenceExecutor().forward(scaled, angles, np.zeros(0)).values_BK
        np.testing.assert_allclose(values, exact, atol=1e-11)


def test_what_cannot_be_folded_is_refused():
    native = Circuit(2).rz(0, 0.5).add("SX", 0).cnot((0, 1)).build()
    line = Target("line", 2, ("RZ", "SX", "CNOT"))
    for scale in (0, 2, -1, 3.0, True):
        with pytest.raises(ConfigError, match="odd whole numbers"):
            folded(native, line, scale)
    with pytest.raises(ConfigError, match="Known: local, global"):
        folded(native, line, 3, "random")
    with pytest.raises(CapabilityError, match="not native"):
        folded(native, Target("line", 2, ("RZ", "SX", "CZ")), 3)
    with pytest.raises(CapabilityError, match="undo SX"):
        folded(Circuit(1).add("SX", 0).build(), Target("one", 1, ("SX",)), 3, "global")
    assert len(folded(Circuit(1).add("SX", 0).build(), Target("one", 1, ("SX",)), 3).gates) == 1

"""A machine made of a simulator: counts against the exact distribution, seeds, and what it refuses."""

import numpy as np
import pytest

from qml.backends.backend import Target
from qml.backends.engine import EngineExecutor
from qml.backends.measuring import outcome_of, settings_of
from qml.backends.propagation import PropagationExecutor
from qml.backends.reference import ReferenceExecutor
from qml.backends.sampled import SampledExecutor
from qml.backends.shifts import ShiftedExecutor
from qml.backends.simulated import SimulatedBackend
from qml.base.errors import CapabilityError, ConfigError, ShapeError
from qml.circuits import READOUTS, Probabilities, amplitude, angle, sel
from qml.circuits.slots import slots
from qml.engine import reference
from tests.programs import random_values

PROGRAM = angle(3) + sel(3, depth=1)
SIGMAS = 4.5


def bound(program=PROGRAM, rows=4):
    inputs, weights = random_values(np.random.default_rng(1), program, rows)
    return slots(program, inputs, weights), reference.values(program, inputs, weights)


@pytest.mark.parametrize("name", READOUTS)
def test_values_and_counts(name):
    program = PROGRAM.with_readout(READOUTS[name](3))
    slots_RS, exact = bound(program)
    backend = SimulatedBackend("engine_cpu")
    np.testing.assert_allclose(backend.run(program, slots_RS, shots=None, seed=None).values_RK, exact, atol=1e-12)
    out = backend.run(program, slots_RS, shots=4000, seed=3)
    spread = np.sqrt(np.maximum(out.variance_RK, 1e-6))
    assert (np.abs(out.values_RK - exact) < SIGMAS * spread).all()
    assert (np.abs(out.values_RK - exact - 0.2) > SIGMAS * spread).all()  # a wrong value is seen
    assert len(out.counts) == len(settings_of(program.readout))
    assert all((part.shots_R == 4000).all() for part in out.counts)
    np.testing.assert_array_equal(outcome_of(program.readout, out.counts, 4).values_RK, out.values_RK)


def test_both_ways_of_drawing_have_one_distribution():
    """Outcomes as a table, and as samples where there are no states."""

    class Sampler:
        capabilities = ReferenceExecutor().capabilities
        forward = staticmethod(ReferenceExecutor().forward)
        sample = staticmethod(ReferenceExecutor().sample)

        def __init__(self):
            from dataclasses import replace

            self.capabilities = replace(self.capabilities, states=False)

    program = PROGRAM.with_readout(Probabilities((2, 0)))
    slots_RS, exact = bound(program)
    for executor in (Sampler(), EngineExecutor()):
        found = SimulatedBackend(executor).run(program, slots_RS, shots=4000, seed=1)
        assert (np.abs(found.values_RK - exact) < SIGMAS * np.sqrt(found.variance_RK)).all()


def test_bindings_that_repeat_are_drawn_separately():
    slots_RS, _ = bound(rows=1)
    out = SimulatedBackend().run(PROGRAM, np.repeat(slots_RS, 200, axis=0), shots=30, seed=1)
    predicted = (1 - out.values_RK.mean(0) ** 2) / 30
    np.testing.assert_allclose(out.values_RK.var(0), predicted, rtol=SIGMAS * np.sqrt(2 / 200))


def test_seeds():
    slots_RS, _ = bound()
    backend = SimulatedBackend()
    first, again, other = (backend.run(PROGRAM, slots_RS, shots=50, seed=seed).values_RK for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()


def test_refusals():
    slots_RS, _ = bound()
    backend = SimulatedBackend()
    with pytest.raises(CapabilityError, match="without a seed"):
        backend.run(PROGRAM, slots_RS, shots=5, seed=None)
    for shots, seed in ((5, 0), (0, 5)):
        with pytest.raises(ConfigError, match="1"):
            backend.run(PROGRAM, slots_RS, shots=shots, seed=seed)
    with pytest.raises(CapabilityError, match="it has 2"):
        SimulatedBackend(target=Target("small", 2)).run(PROGRAM, slots_RS, shots=None, seed=None)
    with pytest.raises(CapabilityError, match="amplitudes"):
        backend.run(amplitude(2), np.zeros((1, 0)), shots=None, seed=None)
    with pytest.raises(ShapeError, match="rotations"):
        backend.run(PROGRAM, slots_RS[:, :2], shots=None, seed=None)
    with pytest.raises(CapabilityError, match="exact values only"):
        SimulatedBackend(PropagationExecutor()).run(PROGRAM, slots_RS, shots=5, seed=1)
    with pytest.raises(ConfigError, match="exact executor"):
        SimulatedBackend(SampledExecutor())
    with pytest.raises(ConfigError, match="shots >= 1"):
        SampledExecutor(shots=0)


def test_sampled_is_the_shift_rule_over_the_simulated_machine():
    inputs, weights = random_values(np.random.default_rng(1), PROGRAM, 4)
    cotangent = np.ones((4, 3))
    mine = SampledExecutor("reference", shots=50, plan="eager")
    same = ShiftedExecutor(SimulatedBackend("reference"), 50, "eager")
    assert mine.capabilities.name == "sampled(reference)"
    found = [one.vjp(PROGRAM, inputs, weights, cotangent, seed=2).weights for one in (mine, same)]
    assert (found[0] == found[1]).all()


@pytest.mark.parametrize("readout", [*READOUTS, "subset"])
def test_no_bindings_are_no_values(readout):
    program = PROGRAM.with_readout(Probabilities((2, 0)) if readout == "subset" else READOUTS[readout](3))
    wide = angle(12)
    for shots in (None, 10):
        out = SimulatedBackend().run(program, bound(program, 0)[0], shots=shots, seed=1)
        assert out.values_RK.shape == (0, program.n_values)
    assert SimulatedBackend().run(wide, np.zeros((0, 12)), shots=10, seed=1).values_RK.shape == (0, 12)

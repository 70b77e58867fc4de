"""IBM's Estimator: its own ways of mitigation are in what is submitted, and its values are those of the Program."""

import numpy as np
import pytest

from qml.backends.ibm import FakeIbmBackend, IbmBackend
from qml.backends.reference import ReferenceBackend
from qml.backends.shifts import ShiftedExecutor
from qml.base.errors import CapabilityError, ConfigError
from qml.circuits import READOUTS, angle, sel
from tests.backends.ibm.conftest import Waiting, request_of

ZNE = {"resilience": {"zne_mitigation": True, "zne": {"noise_factors": [1, 3], "extrapolator": "linear"}}}


def estimator(connected, **options):
    place = {"account": "mine", "account_file": connected.account_file, "max_execution_time": 10_000}
    return IbmBackend("ibm_manila", primitive="estimator", mode="job", **place, **options)


def test_mitigation_is_in_what_is_submitted(connected, server, request3):
    server.queue(30)
    device = estimator(connected, resilience_level=1, twirling=True, dynamical_decoupling="XpXm", options=ZNE)
    job = device.submit(request3, "qml-resilience")
    (sent,) = server.tagged("qml-resilience")
    device.cancel(job)
    program = sent["params"]["quantum_program"]
    options = program["passthrough_data"]["post_processor"]["options"]
    assert program["semantic_role"] == "estimator_v2"
    assert (options["resilience_level"], options["default_shots"]) == (1, 400)
    assert options["resilience"]["measure_mitigation"] is True  # TREX, of level 1
    assert options["resilience"]["zne_mitigation"] is True
    assert options["resilience"]["zne"]["noise_factors"] == [1, 3]
    assert options["twirling"]["enable_gates"] is True
    assert options["dynamical_decoupling"]["sequence_type"] == "XpXm"
    plain = estimator(connected, resilience_level=0).estimate(request3)
    assert device.estimate(request3).executions > 2 * plain.executions == 2 * 1200


def test_probabilities_are_refused(connected, server, request3):
    asked = request_of((angle(2) + sel(2, depth=1)).with_readout(READOUTS["probabilities"](2)))
    with pytest.raises(CapabilityError, match="gives expectation values"):
        estimator(connected).check(asked)
    with pytest.raises(ConfigError, match="zne"):
        estimator(connected, options={"resilience": {"zne": {"noise_factors": "many"}}}).check(request3)


def test_the_variance_told_is_that_of_equal_bindings():
    """Over random twirls, of which 100 shots have two, IBM's client tells half of it."""
    asked = request_of(angle(2) + sel(2, depth=1), n_rows=1)
    slots_RS = np.repeat(asked.slots_RS, 150, axis=0)
    outcome = FakeIbmBackend(primitive="estimator").run(asked.program, slots_RS, shots=100, seed=1)
    found = outcome.values_RK.var(axis=0, ddof=1).sum() / outcome.variance_RK.mean(axis=0).sum()
    assert 0.75 < found < 1.3


@pytest.mark.slow
@pytest.mark.parametrize("options", [{"resilience_level": 0}, {"resilience_level": 1}, {"options": ZNE}])
def test_values_are_those_of_the_program(connected, server, options):
    asked = request_of((angle(2) + sel(2, depth=1)).with_readout(READOUTS["xyz"](2)), n_rows=2, shots=4000)
    exact = ReferenceBackend().run(asked.program, asked.slots_RS, shots=None, seed=None).values_RK
    there = Waiting(estimator(connected, **options), "qml-estimated").run(
        asked.program, asked.slots_RS, shots=4000, seed=1
    )
    here = FakeIbmBackend(primitive="estimator", **options).run(asked.program, asked.slots_RS, shots=4000, seed=1)
    for outcome in (there, here):
        assert np.abs(outcome.values_RK - exact).max() < 0.25
        assert outcome.variance_RK.shape == exact.shape
        assert not outcome.counts


@pytest.mark.parametrize(
    ("options", "linear"),
    [
        ({}, True),
        ({"resilience_level": 1}, True),
        ({"resilience_level": 2}, False),  # extrapolates by an exponential, or a line
        ({"resilience_level": 2, "options": {"resilience": {"zne_mitigation": False}}}, True),
        ({"options": ZNE}, True),
        ({"options": {"resilience": {"zne_mitigation": True}}}, False),
        ({"options": {"resilience": {"zne_mitigation": True, "zne": {"extrapolator": ["linear"]}}}}, True),
        ({"options": {"resilience": {"zne_mitigation": True, "zne": {"extrapolator": ["linear", "fallback"]}}}}, False),
        ({"options": {"resilience": {"zne_mitigation": True, "zne": {"extrapolator": "double_exponential"}}}}, False),
    ],
)
def test_gradients_of_exponential_fits_are_refused(options, linear):
    machine = FakeIbmBackend(primitive="estimator", **options)
    assert machine.target.linear == linear
    if not linear:
        with pytest.raises(CapabilityError, match="shift rules hold for what is linear"):
            ShiftedExecutor(machine, shots=10).forward(angle(1), np.zeros((1, 1)), np.zeros(0), seed=1, keep=True)

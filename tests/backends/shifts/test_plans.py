"""Jobs, shots and seeds of a gradient, and that what is drawn is right on average."""

import pickle

import numpy as np
import pytest

from qml.backends.backend import Limits
from qml.backends.shifts import ShiftedExecutor, SpsaExecutor
from qml.backends.shifts.sending import allotted, rows_a_job
from qml.backends.simulated import SimulatedBackend
from qml.base.errors import CapabilityError, ConfigError, DataError, ShapeError
from qml.circuits import angle, basic, sel
from qml.engine import reference
from tests.backends.shifts.machines import CountingBackend, limited, queued
from tests.programs import random_values

PROGRAM = angle(2) + basic(2, depth=2)  # 2 inputs, 4 weights: 6 angles
ROWS = 3
SIGMAS = 4.5


def case(program=PROGRAM, rows=ROWS, row_weights=False):
    rng = np.random.default_rng(5)
    inputs, weights = random_values(rng, program, rows, row_weights=row_weights)
    return inputs, weights, rng.normal(size=(rows, program.n_values))


def off(found, wanted):
    """By how many standard errors the mean over the first axis is off, at most."""
    error = np.std(found, axis=0) / np.sqrt(len(found) - 1)
    return float((np.abs(np.mean(found, axis=0) - wanted) / np.maximum(error, 1e-12)).max())


# ------------------------------------------------------------------------------------------------------------- jobs
def test_an_eager_step_is_one_job():
    backend = queued()
    executor, (inputs, weights, cotangent) = ShiftedExecutor(backend, shots=20), case()
    assert executor.eager
    out = executor.forward(PROGRAM, inputs, weights, seed=4, keep=True)
    executor.vjp(PROGRAM, inputs, weights, cotangent, seed=4, residual=out.residual)
    assert [job[:2] for job in backend.jobs] == [(ROWS * (1 + 2 * 6), 20)]
    assert backend.jobs[0][2] >= 1


def test_without_its_residual_an_eager_gradient_sends_the_same_job_again():
    backend = queued()
    executor, (inputs, weights, cotangent) = ShiftedExecutor(backend, shots=20), case()
    kept = executor.forward(PROGRAM, inputs, weights, seed=4, keep=True).residual
    with_it, without = (
        executor.vjp(PROGRAM, inputs, weights, cotangent, seed=4, residual=residual) for residual in (kept, None)
    )
    assert backend.jobs[0] == backend.jobs[1]
    assert (with_it.weights == without.weights).all()
    assert (with_it.inputs_BD == without.inputs_BD).all()


def test_a_weighted_step_is_two_jobs_of_as_many_shots():
    backend = CountingBackend()
    executor, (inputs, weights, cotangent) = ShiftedExecutor(backend, shots=20), case()
    assert not executor.eager
    out = executor.forward(PROGRAM, inputs, weights, seed=4, keep=True)
    assert out.residual is None
    executor.vjp(PROGRAM, inputs, weights, cotangent, seed=4)
    (rows, shots, first), (bindings, unit, second) = backend.jobs
    assert (rows, shots, unit) == (ROWS, 20, 5)
    assert bindings * unit == ROWS * 2 * 6 * 20
    assert first != second


def test_rows_that_no_value_depends_on_are_not_sent():
    backend = CountingBackend()
    inputs, weights, cotangent = case()
    cotangent[1:] = 0
    executor = ShiftedExecutor(backend, shots=20)
    executor.vjp(PROGRAM, inputs, weights, cotangent, seed=4)
    assert backend.jobs[0][0] * backend.jobs[0][1] == 2 * 6 * 20
    assert not executor.vjp(PROGRAM, inputs, weights, 0 * cotangent, seed=4).weights.any()
    assert len(backend.jobs) == 1


@pytest.mark.parametrize("plan", ["eager", "weighted"])
@pytest.mark.parametrize("maker", [ShiftedExecutor, SpsaExecutor])
def test_inputs_that_are_not_wanted_are_not_shifted(maker, plan):
    backend = CountingBackend()
    executor, (inputs, weights, cotangent) = maker(backend, plan=plan), case()
    for wanted in (True, False):
        out = executor.forward(PROGRAM, inputs, weights, keep=True, want_inputs=wanted, seed=1)
        found = executor.vjp(PROGRAM, inputs, weights, cotangent, residual=out.residual, want_inputs=wanted, seed=1)
        assert found.inputs_BD.any() == wanted
    shifts = [(job[0] - ROWS if plan == "eager" else job[0]) for job in backend.jobs if job[0] != ROWS]
    assert shifts == ([ROWS * 12, ROWS * 8] if maker is ShiftedExecutor else [ROWS * 2] * 2)
    kept = executor.forward(PROGRAM, inputs, weights, keep=True, want_inputs=False, seed=1).residual
    asked = executor.vjp(PROGRAM, inputs, weights, cotangent, residual=kept, want_inputs=True, seed=1)
    assert asked.inputs_BD.any()  # what was left out is run after all


@pytest.mark.parametrize("plan", ["eager", "weighted"])
def test_limits_cut_jobs(plan):
    inputs, weights, cotangent = case()
    backend = limited(circuits=10, executions=160)
    executor = ShiftedExecutor(backend, shots=20, plan=plan)
    out = executor.forward(PROGRAM, inputs, weights, seed=4, keep=True)
    executor.vjp(PROGRAM, inputs, weights, cotangent, seed=4, residual=out.residual)
    assert max(job[0] for job in backend.jobs) <= 10
    assert max(job[0] * job[1] for job in backend.jobs) <= 160
    assert len({job[2] for job in backend.jobs}) == len(backend.jobs)
    exact = ShiftedExecutor(limited(circuits=7), plan=plan).vjp(PROGRAM, inputs, weights, cotangent)
    wanted = reference.gradients(PROGRAM, inputs, weights, cotangent)
    np.testing.assert_allclose(exact.weights, wanted.weights, atol=1e-12)


def test_what_no_job_holds_is_refused_before_anything_is_sent():
    backend = limited(executions=10)
    with pytest.raises(CapabilityError, match="10 executions"):
        ShiftedExecutor(backend, shots=20).forward(PROGRAM, *case()[:2], seed=1)
    with pytest.raises(CapabilityError, match="takes 10"):
        rows_a_job(PROGRAM, 20, Limits(shots=10))
    assert not backend.jobs
    assert rows_a_job(PROGRAM, None, Limits(executions=10)) is None


def test_shots_are_allotted():
    rng = np.random.default_rng(0)
    for n in (1, 3, 40):
        weights = rng.exponential(size=n) ** 3 + 1e-9
        found = allotted(weights, 4 * n)
        assert found.sum() == 4 * n
        assert found.min() >= 1
        assert (np.diff(found[np.argsort(weights)]) >= 0).all()
    assert allotted(np.ones(4), 8).tolist() == [2, 2, 2, 2]


# ------------------------------------------------------------------------------------------------------- statistics
EXECUTORS = {
    "eager": (ShiftedExecutor, {"shots": 8, "plan": "eager"}),
    "weighted": (ShiftedExecutor, {"shots": 8, "plan": "weighted"}),
    "four terms": (ShiftedExecutor, {"shots": 8, "rule": "four_term"}),
    "subset of exact values": (ShiftedExecutor, {"subset": 2}),
    "subset": (ShiftedExecutor, {"shots": 8, "subset": 2, "plan": "eager"}),
    "subset, weighted": (ShiftedExecutor, {"shots": 8, "subset": 2, "plan": "weighted"}),
    "spsa": (SpsaExecutor, {"repeats": 2, "step": 0.02}),
    "spsa with shots": (SpsaExecutor, {"shots": 16, "step": 0.3, "plan": "eager"}),
}


@pytest.mark.parametrize(
    ("name", "row_weights"), [*((name, False) for name in EXECUTORS), ("subset, weighted", True), ("spsa", True)]
)
def test_gradients_are_right_on_average(name, row_weights):
    maker, options = EXECUTORS[name]
    executor, (inputs, weights, cotangent) = (
        maker(SimulatedBackend("engine_cpu"), **options),
        case(row_weights=row_weights),
    )
    exact = reference.gradients(PROGRAM, inputs, weights, cotangent)
    drawn = [executor.vjp(PROGRAM, inputs, weights, cotangent, seed=seed) for seed in range(1, 121)]
    step = options.get("step", 0.0)
    for found, wanted in (([d.weights for d in drawn], exact.weights), ([d.inputs_BD for d in drawn], exact.inputs_BD)):
        found = np.array(found)
        assert found.shape[1:] == wanted.shape
        if maker is SpsaExecutor:  # a difference quotient is off by terms of step^2
            error = np.std(found, axis=0) / np.sqrt(len(found))
            gap = np.abs(found.mean(axis=0) - wanted) - 2 * step**2 * np.abs(cotangent).sum()
            assert (gap < SIGMAS * error).all()
        else:
            assert off(found, wanted) < SIGMAS
        assert off(found, wanted + 3.0) > 2 * SIGMAS  # the helper sees a bias


def test_variance_of_a_derivative_is_that_of_both_ends():
    """(Var+ + Var-) / (4 shots), with 1 - <Z>^2 the variance of one shot."""
    program = angle(1)
    inputs = np.array([[0.7], [1.3]])
    executor = ShiftedExecutor(SimulatedBackend("reference"), shots=64, plan="eager")
    found = [executor.slopes(program, inputs, np.zeros(0), seed=seed) for seed in range(1, 201)]
    ends = [np.cos(inputs[:, 0] + side * np.pi / 2) for side in (1, -1)]
    predicted = sum(1 - end**2 for end in ends) / (4 * 64)
    measured = np.var([one.slopes_BVK[:, 0, 0] for one in found], axis=0)
    told = np.mean([one.variance_BVK[:, 0, 0] for one in found], axis=0)
    np.testing.assert_allclose(measured, predicted, rtol=SIGMAS * np.sqrt(2 / 200))
    np.testing.assert_allclose(told, predicted, rtol=0.2)


def test_weighting_lowers_the_variance():
    inputs, weights, _ = case()
    cotangent = np.array([[3.0, 1.0], [0.05, 0.02], [0.05, -0.05]])
    spread = {}
    for plan in ("eager", "weighted"):
        executor = ShiftedExecutor(SimulatedBackend("engine_cpu"), shots=16, plan=plan)
        drawn = [executor.vjp(PROGRAM, inputs, weights, cotangent, seed=seed).weights for seed in range(1, 101)]
        spread[plan] = np.var(drawn, axis=0).sum()
    assert spread["weighted"] < 0.6 * spread["eager"]


def test_a_subset_costs_its_share():
    backend = CountingBackend()
    inputs, weights, cotangent = case()
    executor = ShiftedExecutor(backend, shots=10, subset=2, plan="eager")
    executor.vjp(PROGRAM, inputs, weights, cotangent, seed=1)
    assert backend.jobs[0][0] == ROWS * (1 + 2 * 2)
    kept = executor.slopes(PROGRAM, inputs, weights, seed=1)
    assert ((kept.slopes_BVK != 0).any(axis=2).sum(axis=1) <= 2).all()
    assert not executor.capabilities.exact
    assert not executor.capabilities.second_order


# ---------------------------------------------------------------------------------------------------------- the rest
def test_spsa_costs_two_bindings_a_repeat():
    backend = queued()
    program = angle(3) + sel(3, depth=3)
    inputs, weights, cotangent = case(program)
    executor = SpsaExecutor(backend, shots=10, repeats=4)
    out = executor.forward(program, inputs, weights, seed=1, keep=True)
    first = executor.vjp(program, inputs, weights, cotangent, seed=1, residual=out.residual)
    assert [job[0] for job in backend.jobs] == [ROWS * (1 + 2 * 4)]
    again = executor.vjp(program, inputs, weights, cotangent, seed=1)
    assert backend.jobs[0] == backend.jobs[1]
    assert (first.weights == again.weights).all()


@pytest.mark.parametrize("plan", ["eager", "weighted"])
@pytest.mark.parametrize("maker", [ShiftedExecutor, SpsaExecutor])
def test_empty_batches_send_nothing(maker, plan):
    backend = CountingBackend()
    executor = maker(backend, shots=10, plan=plan)
    none = (np.zeros((0, 2)), np.zeros(4))
    out = executor.forward(PROGRAM, *none, seed=1, keep=True)
    found = executor.vjp(PROGRAM, *none, np.zeros((0, 2)), seed=1, residual=out.residual)
    assert out.values_BK.shape == (0, 2)
    assert found.weights.shape == (4,)
    assert not backend.jobs


def test_refusals():
    inputs, weights, cotangent = case()
    for executor in (ShiftedExecutor(shots=10), ShiftedExecutor(subset=1), SpsaExecutor()):
        with pytest.raises(CapabilityError, match="without a seed"):
            executor.forward(PROGRAM, inputs, weights)
        with pytest.raises(CapabilityError, match="without a seed"):
            executor.vjp(PROGRAM, inputs, weights, cotangent)
        with pytest.raises(ShapeError, match="cotangent"):
            executor.vjp(PROGRAM, inputs, weights, cotangent[:, :1], seed=1)
    with pytest.raises(CapabilityError, match="no exact values"):
        ShiftedExecutor(CountingBackend(exact=False)).forward(PROGRAM, inputs, weights)
    with pytest.raises(CapabilityError, match="exact values only"):
        ShiftedExecutor(CountingBackend(sampled=False), shots=5).forward(PROGRAM, inputs, weights, seed=1)
    with pytest.raises(ConfigError, match="Did you mean 'eager'"):
        ShiftedExecutor(plan="eagre")
    for wrong in ({"units": 0}, {"subset": 0}, {"shots": 0}):
        with pytest.raises(ConfigError):
            ShiftedExecutor(**wrong)
    for wrong in ({"repeats": 0}, {"step": 0.0}, {"step": float("nan")}):
        with pytest.raises(ConfigError, match="SpsaExecutor"):
            SpsaExecutor(**wrong)


def test_pickles():
    executor = ShiftedExecutor(SimulatedBackend("reference"), shots=10, plan="eager", rule="general", subset=3)
    assert pickle.loads(pickle.dumps(executor)) == executor  # noqa: S301


@pytest.mark.parametrize("kind", [ShiftedExecutor, SpsaExecutor])
@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
def test_shots_are_not_given_by_an_infinite_cotangent(kind, bad):
    backend = CountingBackend()
    inputs, weights, cotangent = case()
    cotangent = cotangent.copy()
    cotangent[0, 0] = bad
    with pytest.raises(DataError, match="cotangent that is not finite in"):
        kind(backend, shots=100, plan="weighted").vjp(PROGRAM, inputs, weights, cotangent, seed=1)
    assert backend.jobs == []

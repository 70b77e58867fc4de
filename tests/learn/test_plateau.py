"""The stopping rule of the published study: on losses made up for it, in the loop, over a resume, and as a failure."""

import dataclasses

import numpy as np
import pytest
import torch
from torch import nn

from qml.base.errors import ConfigError
from qml.data import ArraySource
from qml.learn import Budget, NotConvergedError, Plateau, StepFit, Supervised
from qml.learn.torch_step import TorchStep


def by_the_letter(losses, interval=200):
    """The first number of updates at which the published loop stops, or None."""
    for step in range(len(losses)):
        if step > 2 * interval:
            history = losses[: step + 1]
            last, before = history[-interval:], history[-2 * interval : -interval]
            if abs(np.mean(before) - np.mean(last)) <= np.std(last) / np.sqrt(interval) / 2:
                return step + 1
    return None


def by_the_rule(losses, rule):
    for steps in range(1, len(losses) + 1):
        if rule.is_met(steps, losses[max(0, steps - rule.memory) : steps]):
            return steps
    return None


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("fall", [1.0, 0.1, 0.003])
def test_it_stops_where_the_published_loop_stops(seed, fall):
    rng = np.random.default_rng(seed)
    losses = (np.exp(-fall * np.arange(1500) / 100) + 0.05 * rng.normal(size=1500)).tolist()
    assert by_the_rule(losses, Plateau(200)) == by_the_letter(losses)


def test_never_before_twice_the_interval_and_two():
    level = [1.0] * 402
    assert by_the_rule(level, Plateau(200)) == by_the_letter(level) == 402
    assert by_the_rule(level[:401], Plateau(200)) is None


def test_a_falling_loss_never_stops():
    falling = np.linspace(1, 0, 3000).tolist()
    assert by_the_rule(falling, Plateau(200)) is None


def test_a_stretch_of_one_is_refused():
    with pytest.raises(ConfigError, match="interval=1"):
        Plateau(1)


@pytest.fixture
def source():
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(60, 3)).astype(np.float32)
    return ArraySource.from_arrays(inputs, (inputs[:, 0] > 0).astype(int), validation=0.0, test=0.2)


def fit(source, budget, seed=0, folder=None, **options):
    torch.manual_seed(0)
    step = StepFit(TorchStep(learning_rate=0.01), batch_size=16, progress=False, **options)
    return step(nn.Linear(3, 2), Supervised(source.schema.target), source, budget, seed, folder)


def test_the_loop_ends_as_converged(source):
    rule = Plateau(5)
    losses = []
    fitted = fit(
        source, Budget(epochs=10_000, steps=4000, plateau=rule), hooks=(lambda run, info: losses.append(info["loss"]),)
    )
    assert fitted.cost.stopped == "converged"
    assert fitted.cost.steps == len(losses) == by_the_letter(losses, 5)


def test_a_bound_before_convergence_is_a_failure(source):
    with pytest.raises(NotConvergedError, match="met its bound 'steps' after 300") as caught:
        fit(source, Budget(epochs=10_000, steps=300, plateau=Plateau(200)))
    assert caught.value.records
    lenient = fit(source, Budget(epochs=10_000, steps=300, plateau=Plateau(200, required=False)))
    assert lenient.cost.stopped == "steps"


def test_a_resumed_run_stops_at_the_same_update(source, tmp_path):
    budget = Budget(epochs=10_000, steps=4000, plateau=Plateau(20))
    whole = fit(source, budget)

    class Interrupting(Exception):
        pass

    def interrupt(run, info):
        if run.counters.steps == 31:
            raise Interrupting

    options = {"checkpoint_every_steps": 10, "checkpoint_every_s": None}
    with pytest.raises(Interrupting):
        fit(source, budget, folder=tmp_path, hooks=(interrupt,), **options)
    again = fit(source, budget, folder=tmp_path, **options)
    assert again.cost.steps == whole.cost.steps
    for a, b in zip(again.model.parameters(), whole.model.parameters(), strict=True):
        assert torch.equal(a, b)


def test_budgets_without_a_rule_are_as_before(source):
    plain = fit(source, Budget(epochs=3))
    assert plain.cost.stopped == "epochs"
    assert dataclasses.replace(Budget(), plateau=None) == Budget()

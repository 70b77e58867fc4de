"""The JAX Step: the same options and numbers as the torch one."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch
from torch import nn

from qml.base.errors import CheckpointError, ConfigError
from qml.data.source import Batch
from qml.learn import Budget, StepFit, Supervised
from qml.learn.jax_step import JaxStep
from qml.learn.torch_step import TorchStep
from tests.learn.jax_model import SmallJax
from tests.learn.models import Angles


def run(source, step, model, updates=7, seed=0):
    state = step.init(model, Supervised(source.schema.target), seed)
    told = []
    while len(told) < updates:
        for batch in source.batches("train", 32, seed, epoch=len(told)):
            state, info = step.update(state, batch)
            told.append(info)
    return state, told[:updates]


def torch_of(model, seed):
    """The torch model with the weights that `model` begins with."""
    from qml.base.seeds import derive

    params = model.init(derive(seed, "weights"))
    module = nn.Sequential(nn.Linear(4, 5), Angles(5), nn.Linear(5, 3))
    with torch.no_grad():
        for layer, name in ((module[0], "first"), (module[2], "last")):
            layer.weight.copy_(torch.tensor(np.array(params[name]["w"].T)))
            layer.bias.copy_(torch.tensor(np.array(params[name]["b"])))
        module[1].angles.copy_(torch.tensor(np.array(params["angles"])))
    return module


@pytest.mark.parametrize(
    "options",
    [
        {"circuit_learning_rate": 0.1},
        {"optimiser": "adamw", "weight_decay": 0.1, "schedule": "onecycle", "horizon": 9},
        {"optimiser": "sgd", "weight_decay": 0.1, "gradient_clip": 0.3, "schedule": "cosine", "horizon": 9},
        {"optimiser": "adam", "weight_decay": 0.1, "gradient_clip": 0.3},
    ],
)
def test_torch_and_jax_tell_the_same(classes, options):
    _, ours = run(classes, JaxStep(0.02, **options), SmallJax())
    _, theirs = run(classes, TorchStep(0.02, **options), torch_of(SmallJax(), 0))
    assert ours[0] == pytest.approx(theirs[0], rel=1e-6)
    for left, right in zip(ours, theirs, strict=True):
        assert left == pytest.approx(right, rel=2e-5)  # Adam divides roundings of float32 by small numbers


def test_frozen_keys_are_untouched_and_not_counted(classes):
    model = SmallJax(frozen=("angles",))
    start = model.init(0)["angles"]
    state, told = run(classes, JaxStep(0.1), model)
    np.testing.assert_array_equal(JaxStep().trained(state).params["angles"], start)
    assert JaxStep().parameters(state) == {"classical": 43}
    assert JaxStep().parameters(run(classes, JaxStep(), SmallJax(), 1)[0]) == {"classical": 43, "quantum": 5}
    assert "gradient_norm/quantum" not in told[0]


def test_a_snapshot_continues_to_the_same_weights(classes):
    step = JaxStep(0.05, schedule="cosine", horizon=20)
    state, _ = run(classes, step, SmallJax())
    taken = step.snapshot(state)
    assert all(isinstance(array, np.ndarray) for array in taken.arrays.values())
    other = step.restore(step.init(SmallJax(), Supervised(classes.schema.target), 0), taken)
    for batch in classes.batches("train", 32, 5):
        state, first = step.update(state, batch)
        other, second = step.update(other, batch)
        assert first == second
    for left, right in zip(jax.tree.leaves(state.params), jax.tree.leaves(other.params), strict=True):
        np.testing.assert_array_equal(left, right)


def test_another_models_snapshot_is_refused(classes):
    task = Supervised(classes.schema.target)
    taken = JaxStep().snapshot(JaxStep().init(SmallJax(), task, 0))
    with pytest.raises(CheckpointError, match="another model"):
        JaxStep(optimiser="sgd").restore(JaxStep(optimiser="sgd").init(SmallJax(), task, 0), taken)
    with pytest.raises(CheckpointError, match="frozen"):
        JaxStep().restore(JaxStep().init(SmallJax(frozen=("angles",)), task, 0), taken)


def test_few_shapes_are_compiled(classes):
    step = JaxStep()
    state, _ = run(classes, step, SmallJax(), updates=10)
    assert state.compiled_update._cache_size() == 2
    for rows in (1, 2, 3, 5, 6, 7, 8):
        batch = next(classes.batches("test", rows))
        np.testing.assert_allclose(
            step.predict(state, batch), step.trained(state)(jnp.asarray(batch.inputs)), atol=1e-6
        )
    assert state.compiled_apply._cache_size() == 4
    assert step.predict(state, Batch(np.zeros((0, 4), np.float32), None, np.zeros(0, int))).shape == (0, 3)


def test_numbers_that_are_not_finite_leave_the_state(classes):
    step = JaxStep()
    state, _ = run(classes, step, SmallJax(), updates=1)
    batch = next(classes.batches("train", 4))
    after, info = step.update(state, Batch(np.full_like(batch.inputs, np.nan), batch.targets, batch.rows))
    assert np.isnan(info["loss"])
    assert after is state


def test_a_whole_fit_learns(classes):
    fit = StepFit(JaxStep(0.05), batch_size=32, progress=False)
    out = fit(SmallJax(), Supervised(classes.schema.target), classes, Budget(epochs=8), 0)
    assert out.info["validation/accuracy"] > 0.85
    assert out.predict(classes, "test").shape == (30, 3)
    again = fit(SmallJax(), Supervised(classes.schema.target), classes, Budget(epochs=8), 0)
    assert [record.value for record in out.records] == [record.value for record in again.records]


def test_models_that_cannot_be_trained(classes):
    task = Supervised(classes.schema.target)
    assert JaxStep().init(lambda seed: SmallJax(), task, 0).model == SmallJax()
    with pytest.raises(ConfigError, match="got int"):
        JaxStep().init(lambda seed: seed, task, 0)
    with pytest.raises(ConfigError, match="'angle' as frozen"):
        JaxStep().init(SmallJax(frozen=("angle",)), task, 0)
    with pytest.raises(ConfigError, match="nothing to train"):
        JaxStep().init(SmallJax(frozen=("angles", "first", "last")), task, 0)
    with pytest.raises(ConfigError):
        JaxStep(optimiser="lion")

"""The torch Step: parts, rates, frozen weights, draws, players, precision, and its golden losses."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from qml.base.errors import CapabilityError, CheckpointError, ConfigError
from qml.data.source import Batch, Target
from qml.learn import Supervised
from qml.learn.torch_parts import built_module, parts_of
from qml.learn.torch_step import TorchStep
from tests.learn.models import Angles, dropping, normalising, small

GOLDEN = [1.4291361570, 1.2278076410, 1.1702207327, 1.2705571651, 1.1743677855]


def run(source, step, model=small, updates=5, seed=0, batch_size=32):
    task = Supervised(source.schema.target)
    state = step.init(model, task, seed)
    told = []
    while len(told) < updates:
        for batch in source.batches("train", batch_size, seed, epoch=len(told)):
            state, info = step.update(state, batch)
            told.append(info)
    return state, told[:updates]


def weights(state):
    return {name: tensor.detach().numpy().copy() for name, tensor in state.module.state_dict().items()}


def same(left, right):
    return all(np.array_equal(left[name], right[name]) for name in left)


def test_golden_losses(classes):
    _, told = run(classes, TorchStep(0.01, circuit_learning_rate=0.1))
    assert [info["loss"] for info in told] == pytest.approx(GOLDEN, rel=1e-6)


def test_a_bare_torch_loop_gives_the_same_weights(classes):
    state, _ = run(classes, TorchStep(0.01, circuit_learning_rate=0.1))
    from qml.base.seeds import derive
    from qml.learn.torch_state import drawing

    with drawing(derive(0, "weights"), torch.device("cpu")):
        model = small(0)
    slow = [p for name, p in model.named_parameters() if name != "1.angles"]
    adam = torch.optim.Adam([{"params": slow, "lr": 0.01}, {"params": [model[1].angles], "lr": 0.1}])
    for batch in classes.batches("train", 32, 0):
        adam.zero_grad()
        nn.functional.cross_entropy(model(torch.tensor(batch.inputs)), torch.tensor(batch.targets)).backward()
        adam.step()
    for name, tensor in model.state_dict().items():
        np.testing.assert_allclose(weights(state)[name], tensor, atol=1e-6)


def test_parts_are_named_by_the_innermost_module():
    inner = nn.Sequential(nn.Linear(1, 1), Angles(1))
    inner.part = "encoder"
    model = nn.Sequential(inner, nn.Linear(1, 1))
    parts = parts_of(model)
    assert parts["0.0.weight"] == "encoder"
    assert parts["0.1.angles"] == "quantum"
    assert parts["1.bias"] == "classical"


def test_counts_and_norms_by_part(classes):
    state, _ = run(classes, TorchStep(), updates=1)
    assert TorchStep().parameters(state) == {"classical": 43, "quantum": 5}
    info = TorchStep().update(state, next(classes.batches("train", 32)))[1]
    assert set(info) == {"loss", "gradient_norm/classical", "gradient_norm/quantum", "learning_rate"}
    grads = [p.grad for name, p in state.module.named_parameters() if name != "1.angles"]
    expected = torch.linalg.vector_norm(torch.cat([grad.flatten() for grad in grads]))
    assert info["gradient_norm/classical"] == pytest.approx(expected.item(), rel=1e-6)


def test_frozen_weights_are_neither_trained_nor_counted(classes):
    def frozen(seed):
        model = small(seed)
        model[1].angles.requires_grad_(False)
        return model

    before = small(0)[1].angles.detach().numpy()
    state, told = run(classes, TorchStep(0.1), frozen)
    np.testing.assert_array_equal(weights(state)["1.angles"], before)
    assert TorchStep().parameters(state) == {"classical": 43}
    assert "gradient_norm/quantum" not in told[0]

    def all_frozen(seed):
        return frozen(seed).requires_grad_(False)

    with pytest.raises(ConfigError, match="nothing to train"):
        run(classes, TorchStep(), all_frozen)


def test_the_twin_follows_the_circuits_rate_and_counts_as_classical(classes):
    def twin(seed):
        model = small(seed)
        model[1].part = "twin"
        return model

    state, told = run(classes, TorchStep(0.01, circuit_learning_rate=0.1), twin)
    assert TorchStep().parameters(state) == {"classical": 48}
    assert [info["loss"] for info in told] == pytest.approx(GOLDEN, rel=1e-6)
    assert "gradient_norm/twin" in told[0]


def test_weight_decay_leaves_angles_alone(classes):
    step = TorchStep(1e-9, weight_decay=1e7, optimiser="adamw")
    state, _ = run(classes, step, updates=1)
    np.testing.assert_allclose(weights(state)["1.angles"], np.linspace(-1, 1, 5), atol=1e-6)
    plain, _ = run(classes, TorchStep(1e-9), updates=1)
    assert np.abs(weights(state)["0.weight"]).sum() < 0.97 * np.abs(weights(plain)["0.weight"]).sum()


@pytest.mark.parametrize("model", [small, dropping, normalising])
@pytest.mark.parametrize("optimiser", ["adam", "adamw", "sgd"])
def test_a_snapshot_continues_to_the_same_weights(classes, model, optimiser):
    step = TorchStep(0.05, optimiser=optimiser, gradient_clip=0.5)
    state, _ = run(classes, step, model, updates=5)
    taken = copy.deepcopy(step.snapshot(state))
    batches = list(classes.batches("train", 32, 7))
    for batch in batches:
        state, first = step.update(state, batch)
    other = step.restore(step.init(model, Supervised(classes.schema.target), 0), taken)
    for batch in batches:
        torch.rand(3)  # what others draw does not matter
        other, second = step.update(other, batch)
    assert first == second
    assert same(weights(state), weights(other))


def test_the_same_seed_gives_the_same_run_and_leaves_torchs_generator_alone(classes):
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    first, _ = run(classes, TorchStep(), dropping)
    assert torch.rand(1) == expected
    second, _ = run(classes, TorchStep(), dropping)
    other, _ = run(classes, TorchStep(), dropping, seed=1)
    assert same(weights(first), weights(second))
    assert not same(weights(first), weights(other))


def test_another_models_snapshot_is_refused(classes):
    task = Supervised(classes.schema.target)
    step = TorchStep()
    taken = step.snapshot(step.init(lambda seed: nn.Linear(4, 3), task, 0))
    with pytest.raises(CheckpointError, match="another model"):
        step.restore(step.init(lambda seed: nn.Linear(4, 3, bias=False), task, 0), taken)
    with pytest.raises(CheckpointError, match="Tanh"):
        step.restore(step.init(lambda seed: nn.Sequential(nn.Linear(4, 3), nn.Tanh()), task, 0), taken)


def test_predict_is_in_evaluation_mode(classes):
    state, _ = run(classes, TorchStep(), normalising)
    batch = next(classes.batches("test", 8))
    together = TorchStep().predict(state, batch)
    alone = [TorchStep().predict(state, Batch(batch.inputs[i : i + 1], None, batch.rows[:1])) for i in range(8)]
    np.testing.assert_allclose(together, np.concatenate(alone), atol=1e-6)
    assert together.dtype == np.float32
    assert TorchStep().update(state, batch)[0].module.training
    assert not TorchStep().trained(state).training


def test_a_modules_copy_is_trained(classes):
    model = small(0)
    before = copy.deepcopy(model.state_dict())
    state, _ = run(classes, TorchStep(0.1), model)
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
    assert not same(weights(state), {name: tensor.numpy() for name, tensor in before.items()})


def test_clipping_bounds_the_gradient(classes):
    step = TorchStep(1.0, optimiser="sgd", gradient_clip=1e-3)
    state = step.init(small, Supervised(classes.schema.target), 0)
    start = weights(state)
    state, info = step.update(state, next(classes.batches("train", 32)))
    moved = np.sqrt(sum(np.sum((weights(state)[name] - start[name]) ** 2) for name in start))
    assert moved == pytest.approx(1e-3, rel=1e-3)
    assert np.hypot(info["gradient_norm/classical"], info["gradient_norm/quantum"]) > 1e-2


def test_schedules_reach_the_groups(classes):
    step = TorchStep(0.01, circuit_learning_rate=0.1, schedule="cosine").scheduled(10)
    state, told = run(classes, step, updates=10)
    assert told[0]["learning_rate"] == 0.01
    assert told[5]["learning_rate"] == pytest.approx(0.005)
    assert state.optimisers["model"].param_groups[1]["lr"] == pytest.approx(0.1 * 0.5 * (1 + np.cos(np.pi * 0.9)))
    with pytest.raises(ConfigError, match="number of updates"):
        TorchStep(schedule="onecycle").scheduled(None)


@pytest.mark.parametrize("precision", ["64-true", "bf16-mixed"])
def test_precision(classes, precision):
    state, told = run(classes, TorchStep(0.01, circuit_learning_rate=0.1, precision=precision))
    assert [info["loss"] for info in told] == pytest.approx(GOLDEN, abs=1e-5 if precision == "64-true" else 3e-2)
    wide = torch.float64 if precision == "64-true" else torch.float32
    assert state.module[0].weight.dtype == wide
    assert TorchStep(precision=precision).predict(state, next(classes.batches("test", 4))).shape == (4, 3)


def test_numbers_that_are_not_finite_leave_the_weights(classes):
    state, _ = run(classes, TorchStep(), updates=1)
    before = weights(state)
    batch = next(classes.batches("train", 4))
    broken = Batch(np.full_like(batch.inputs, np.nan), batch.targets, batch.rows)
    state, info = TorchStep().update(state, broken)
    assert np.isnan(info["loss"])
    assert same(before, weights(state))


def test_read_only_inputs_do_not_warn(classes):
    state, _ = run(classes, TorchStep(), updates=1)
    batch = next(classes.batches("train", 4))
    batch.inputs.flags.writeable = False
    TorchStep().update(state, batch)
    TorchStep().predict(state, batch)


class Tug:
    """Two players on one number each; each sees the other's and must not move it."""

    players = ("left", "right")
    frameworks = frozenset({"torch"})

    def losses(self, ops, apply, batch, key):
        left, right = apply(batch.inputs)
        return {"left": ops.mean(ops.square(left - right)), "right": ops.mean(ops.square(right - 1.0))}, {"gap": 0.5}


class Pair(nn.Module):
    def __init__(self):
        super().__init__()
        self.left = nn.Linear(4, 1)
        self.right = nn.Linear(4, 1)

    def forward(self, inputs):
        return self.left(inputs), self.right(inputs)


def test_each_player_has_an_optimiser_and_its_own_gradient(classes):
    step = TorchStep(0.1, optimiser="sgd")
    state = step.init(Pair(), Tug(), 0)
    assert set(state.optimisers) == {"left", "right"}
    batch = next(classes.batches("train", 16))
    right = copy.deepcopy(state.module.right)
    loss = torch.mean((right(torch.tensor(batch.inputs)) - 1.0) ** 2)
    loss.backward()
    expected = right.weight.detach() - 0.1 * right.weight.grad
    state, info = step.update(state, batch)
    assert {"loss/left", "loss/right", "gap"} < set(info)
    np.testing.assert_allclose(state.module.right.weight.detach(), expected, atol=1e-6)
    with pytest.raises(ConfigError, match="Player 'left'"):
        step.init(nn.Linear(4, 1), Tug(), 0)


@pytest.mark.parametrize(
    "options",
    [
        {"optimiser": "adamm"},
        {"precision": "16-mixed"},
        {"schedule": "cosin"},
        {"learning_rate": 0.0},
        {"circuit_learning_rate": -1.0},
        {"gradient_clip": 0.0},
        {"weight_decay": -0.1},
    ],
)
def test_options_that_cannot_be_meant(options):
    with pytest.raises(ConfigError):
        TorchStep(**options)


def test_models_that_cannot_be_trained(classes):
    with pytest.raises(ConfigError, match="got int"):
        built_module(3, 0)
    with pytest.raises(ConfigError, match="it gave int"):
        built_module(lambda seed: seed, 0)
    with pytest.raises(ConfigError, match="no shape yet"):
        built_module(nn.LazyLinear(3), 0)
    with pytest.raises(CapabilityError, match="bfloat16"):
        built_module(nn.Linear(1, 1, dtype=torch.bfloat16), 0)

    class Foreign:
        players = ("model",)
        frameworks = frozenset({"jax"})

    with pytest.raises(CapabilityError, match="keeps to jax"):
        TorchStep().init(small, Foreign(), 0)


@pytest.mark.parametrize(("rows", "expected"), [(8, 1), (1_000_000, 2)])
def test_little_work_takes_one_thread_and_gives_the_others_back(rows, expected):
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        step = TorchStep()
        state = step.init(nn.Linear(4, 3), Supervised(Target("y", "classes", ("a", "b", "c"))), 0)
        with step.threads(state, rows, 4):
            assert torch.get_num_threads() == expected
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)

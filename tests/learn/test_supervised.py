"""The supervised task: losses, checks before training, predictions; the same in torch and JAX."""

import jax.numpy as jnp
import numpy as np
import pytest
import torch

from qml.base.errors import ConfigError, DataError, ShapeError
from qml.data.source import Batch, Target
from qml.learn import Supervised, jax_ops, torch_ops
from tests.learn.conftest import SmallSource

TARGET = Target("kind", "classes", ("a", "b", "c"))
OUTPUTS = np.array([[1.0, 2.0, -1.0], [0.5, 0.0, 0.0], [3.0, 0.0, 0.0], [0.0, 1.0, 1.0]])
LABELS = np.array([1, 0, 2, 2])


def loss(task, ops, array, outputs=OUTPUTS, targets=LABELS):
    batch = Batch(array(outputs), array(targets), np.arange(len(outputs)))
    return float(task.losses(ops, lambda inputs: inputs, batch, None)[0]["model"])


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("weights", [None, (1.0, 2.0, 0.5)])
def test_cross_entropy_is_the_formula_in_both_frameworks(weights, smoothing):
    task = Supervised(TARGET, class_weights=weights, label_smoothing=smoothing)
    log_p = OUTPUTS - np.log(np.exp(OUTPUTS).sum(1, keepdims=True))
    rows = -(1 - smoothing) * log_p[np.arange(4), LABELS] - smoothing * log_p.mean(1)
    expected = float(np.mean(rows * (np.ones(3) if weights is None else np.array(weights))[LABELS]))
    assert loss(task, torch_ops, torch.tensor) == pytest.approx(expected, abs=1e-12)
    assert loss(task, jax_ops, jnp.asarray) == pytest.approx(expected, abs=1e-6)


def test_squared_error_in_both_frameworks():
    task = Supervised(Target("height", "number"))
    outputs, targets = np.array([[1.0], [3.0]]), np.array([0.0, 1.0])
    assert loss(task, torch_ops, torch.tensor, outputs, targets) == pytest.approx(2.5)
    assert loss(task, jax_ops, jnp.asarray, outputs, targets) == pytest.approx(2.5)


def test_an_empty_batch_has_loss_zero_and_zero_gradients():
    inputs = torch.zeros(0, 3, requires_grad=True)
    batch = Batch(inputs, torch.zeros(0, dtype=torch.int64), np.arange(0))
    losses, _ = Supervised(TARGET).losses(torch_ops, lambda x: x, batch, None)
    losses["model"].backward()
    assert losses["model"].item() == 0.0
    assert inputs.grad is not None


def test_predictions():
    found = Supervised(TARGET).predictions(OUTPUTS.astype(np.float32))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, np.exp(OUTPUTS) / np.exp(OUTPUTS).sum(1, keepdims=True), rtol=1e-6)
    assert Supervised(TARGET).predictions(np.zeros((0, 3))).shape == (0, 3)
    assert Supervised(TARGET).predictions(np.array([[1000.0, 0.0, -1000.0]])).tolist() == [[1.0, 0.0, 0.0]]
    assert Supervised(Target("height", "number")).predictions(np.array([[2.0]])).tolist() == [2.0]


def test_the_wrong_number_of_outputs_is_named():
    with pytest.raises(ShapeError, match=r"3 classes, so a model gives \(B, 3\); this one gives \(4, 2\)"):
        loss(Supervised(TARGET), torch_ops, torch.tensor, OUTPUTS[:, :2])
    with pytest.raises(ShapeError, match="one number"):
        Supervised(Target("height", "number")).predictions(OUTPUTS)


@pytest.mark.parametrize(
    "options",
    [
        {"target": Target("kind", "classes", ("a",))},
        {"target": Target("height", "number"), "class_weights": "balanced"},
        {"target": Target("height", "number"), "label_smoothing": 0.1},
        {"target": TARGET, "class_weights": (1.0, 2.0)},
        {"target": TARGET, "class_weights": (1.0, 2.0, 0.0)},
        {"target": TARGET, "class_weights": (1.0, 2.0, float("nan"))},
        {"target": TARGET, "class_weights": (1.0, 2.0, float("inf"))},
        {"target": TARGET, "class_weights": "even"},
        {"target": TARGET, "label_smoothing": 1.0},
    ],
)
def test_options_that_cannot_be_meant(options):
    with pytest.raises(ConfigError):
        Supervised(**options)


def test_balanced_weights_have_mean_one_over_the_training_split(classes):
    labels = classes.splits["train"][1]
    weights = Supervised(classes.schema.target, class_weights="balanced").prepared(classes).class_weights
    assert np.mean(np.array(weights)[labels]) == pytest.approx(1.0)
    np.testing.assert_allclose(np.array(weights) * np.bincount(labels), len(labels) / 3)


def source(inputs, targets, target=TARGET, split="train"):
    good = (np.zeros((3, 2), np.float32), np.array([0, 1, 2]))
    return SmallSource({"train": good, "validation": good, split: (inputs, targets)}, target)


@pytest.mark.parametrize("split", ["train", "validation"])
@pytest.mark.parametrize(
    ("inputs", "targets", "message"),
    [
        (np.zeros((3, 2)), np.array([0, 3, 1]), "label 3 in row 1"),
        (np.zeros((3, 2)), np.array([0, 1, -1]), "label -1 in row 2"),
        (np.zeros((3, 2)), np.array([0.0, 1.0, 2.0]), "float64"),
        (np.array([[0, 0], [0, np.nan], [0, 0]]), np.array([0, 1, 2]), "NaN or infinity in row 1"),
        (np.array([[0, 0], [0, 0], [0, np.inf]]), np.array([0, 1, 2]), "NaN or infinity in row 2"),
        (np.zeros((3, 2)), None, "no labels"),
    ],
)
def test_bad_rows_are_named_before_training(inputs, targets, message, split):
    with pytest.raises(DataError, match=message):
        Supervised(TARGET).prepared(source(inputs, targets, split=split))


def test_other_bad_splits():
    with pytest.raises(DataError, match="no rows"):
        Supervised(TARGET).prepared(source(np.zeros((0, 2)), np.zeros(0, int)))
    with pytest.raises(ConfigError, match="class 'c' has none"):
        Supervised(TARGET, class_weights="balanced").prepared(source(np.zeros((2, 2)), np.array([0, 1])))
    height = Target("height", "number")
    with pytest.raises(DataError, match="row 1"):
        Supervised(height).prepared(source(np.zeros((2, 2)), np.array([0.0, np.nan]), height))


def test_both_namespaces_have_the_same_names():
    def public(module):
        return {name for name in vars(module) if name.islower() and name[0] != "_"} - {"torch", "jax", "jnp"}

    assert public(torch_ops) == public(jax_ops)


def test_other_operations_agree():
    import jax

    x = np.array([0.3, -0.7], np.float32)
    for name in ("square", "exp", "softplus"):
        ours = getattr(torch_ops, name)(torch.tensor(x)).numpy()
        np.testing.assert_allclose(ours, getattr(jax_ops, name)(jnp.asarray(x)), rtol=1e-6)
    cubes = torch_ops.grad(torch_ops.grad(lambda z: (z**3).sum() if z.ndim else z**3))
    assert cubes(torch.tensor(2.0)).item() == pytest.approx(12.0)
    assert float(jax_ops.grad(jax_ops.grad(lambda z: z**3))(2.0)) == pytest.approx(12.0)
    labels = np.array([1, 0])
    np.testing.assert_array_equal(
        torch_ops.one_hot(torch.tensor(labels), 3, torch.zeros(1)), jax_ops.one_hot(labels, 3, jnp.zeros(1))
    )
    assert torch_ops.normal(3, (2,), torch.zeros(1)).equal(torch_ops.normal(3, (2,), torch.zeros(1)))
    assert jax_ops.normal(jax.random.key(3), (2,), jnp.zeros(1)).dtype == jnp.float32
    assert not torch_ops.stop_gradient(torch.ones(1, requires_grad=True)).requires_grad

"""Losses of two classes: against formulas written out, in torch and JAX, and what their outputs predict."""

import numpy as np
import pytest
import torch

from qml.base.errors import ConfigError, DataError, ShapeError
from qml.data.source import Batch, Target
from qml.learn import LOSSES, Overlaps, TwoClass, torch_ops

TARGET = Target("label", "classes", labels=("-1", "1"))
RNG = np.random.default_rng(1)
VALUES = RNG.uniform(-0.99, 0.99, (7, 1))
LABELS = np.array([0, 1, 1, 0, 1, 0, 0])
SIGNS = 2.0 * LABELS - 1
F = VALUES[:, 0]
ALPHAS = RNG.uniform(size=(7, 5))

EXPECTED = {
    "square": (F - SIGNS) ** 2,
    "half_square": (F - SIGNS) ** 2 / 2,
    "linear": (1 - F * SIGNS) / 2,
    "likelihood": -np.where(LABELS == 1, np.log((1 + F) / 2), np.log((1 - F) / 2)),
    "logistic": np.log1p(np.exp(-F * SIGNS)),
    "logistic_6": np.log1p(np.exp(-6 * F * SIGNS)),
    "fidelity": 0.5
    * (((ALPHAS[:, :2] - (1 - LABELS)[:, None]) ** 2).sum(1) + ((ALPHAS[:, 2:4] - LABELS[:, None]) ** 2).sum(1)),
}


def outputs_of(loss):
    return ALPHAS if loss == "fidelity" else VALUES


def test_every_loss_is_written_out_here():
    assert set(LOSSES) == set(EXPECTED)


@pytest.mark.parametrize("loss", EXPECTED)
def test_losses_in_torch_and_jax(loss):
    jax = pytest.importorskip("jax")
    from qml.learn import jax_ops

    task = TwoClass(TARGET, loss)
    rows = np.arange(7)
    torch_batch = Batch(torch.zeros(7, 1), torch.from_numpy(LABELS), rows)
    found, _ = task.losses(torch_ops, lambda inputs: torch.from_numpy(outputs_of(loss)), torch_batch, 0)
    assert found["model"].item() == pytest.approx(EXPECTED[loss].mean(), rel=1e-6)
    jax_batch = Batch(jax.numpy.zeros((7, 1)), jax.numpy.asarray(LABELS), rows)
    made, _ = task.losses(jax_ops, lambda inputs: jax.numpy.asarray(outputs_of(loss), "float32"), jax_batch, 0)
    assert float(made["model"]) == pytest.approx(EXPECTED[loss].mean(), rel=1e-4)


@pytest.mark.parametrize("loss", EXPECTED)
def test_class_one_is_predicted_above_zero(loss):
    shares = TwoClass(TARGET, loss).predictions(outputs_of(loss))
    np.testing.assert_allclose(shares.sum(1), 1)
    assert ((shares >= 0) & (shares <= 1)).all()
    assert (shares.argmax(1) == (outputs_of(loss)[:, -1] > 0)).all()


def test_a_certain_wrong_answer_has_a_finite_loss():
    batch = Batch(torch.zeros(1, 1), torch.tensor([1]), np.arange(1))
    found, _ = TwoClass(TARGET, "likelihood").losses(torch_ops, lambda inputs: -torch.ones(1, 1), batch, 0)
    assert torch.isfinite(found["model"])


def test_what_does_not_fit_is_refused():
    with pytest.raises(ConfigError, match="learns two classes"):
        TwoClass(Target("label", "classes", labels=("a", "b", "c")))
    with pytest.raises(ConfigError, match="Did you mean 'linear'"):
        TwoClass(TARGET, "linar")
    with pytest.raises(ShapeError, match="one value a row"):
        TwoClass(TARGET, "square").predictions(np.zeros((3, 2)))
    with pytest.raises(ShapeError, match="2W"):
        TwoClass(TARGET, "fidelity").predictions(np.zeros((3, 2)))


def test_overlaps_pair_the_rows_of_two_classes_by_order():
    inputs = torch.arange(8.0).reshape(4, 2)
    seen = []

    def apply(pairs):
        seen.append(pairs)
        return pairs[:, :1]

    batch = Batch(inputs, torch.tensor([1, 0, 0, 1]), np.arange(4))
    found, _ = Overlaps(TARGET).losses(torch_ops, apply, batch, 0)
    assert seen[0].tolist() == [[2.0, 3.0, 0.0, 1.0], [4.0, 5.0, 6.0, 7.0]]
    assert found["model"].item() == 3.0
    with pytest.raises(DataError, match="in equal number"):
        Overlaps(TARGET).losses(torch_ops, apply, Batch(inputs, torch.tensor([0, 0, 0, 1]), np.arange(4)), 0)
    np.testing.assert_allclose(Overlaps(TARGET).predictions(np.array([[1.0, 3.0]])), [[0.25, 0.75]])

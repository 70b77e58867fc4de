"""The checkers are checked: a good part passes, and each broken one fails at its own promise."""

import jax.numpy as jnp
import numpy as np
import pytest
import torch
from torch import nn

from qml.backends.reference import ReferenceBackend, ReferenceExecutor
from qml.backends.shifts import ShiftedExecutor
from qml.base.errors import ConfigError
from qml.contracts import ContractError, check_backend, check_executor, check_layer, check_layers, check_source
from tests.contracts.broken import BREAKS, BrokenEstimator, BrokenExecutor, BrokenSource, Good, NumpyBacked
from tests.contracts.broken_backends import BACKEND_FAULTS, BrokenBackend

APART = ("DataLoader workers", "torch.compile", "2-process DDP")


@pytest.fixture(scope="module")
def reports():
    """A report on each broken layer; the two processes of DDP serve all."""
    return check_layers({kind.__name__: kind for kind in (Good, *BREAKS)}, n_inputs=2)


def test_a_good_layer_passes(reports):
    report = reports["Good"].raise_if_failed()
    assert len(report.names("passed")) == 14, report


@pytest.mark.parametrize("kind", BREAKS)
def test_a_broken_layer_fails_at_its_promise(reports, kind):
    report = reports[kind.__name__]
    assert BREAKS[kind] in report.names("failed"), report
    with pytest.raises(ContractError, match=BREAKS[kind]):
        report.raise_if_failed()


def test_a_numpy_layer_without_care_fails_where_peers_do(reports):
    assert {"per-sample gradients", "double backward"} <= set(reports[NumpyBacked.__name__].names("failed"))


def test_instances_factories_and_other_things():
    assert check_layer(Good(), n_inputs=2, processes=False, skip=APART).ok
    with pytest.raises(ConfigError, match="n_inputs"):
        check_layer(Good())
    with pytest.raises(ConfigError, match="torch module"):
        check_layer(3)


def test_plain_torch_layers():
    for layer in (nn.Linear(2, 3), nn.Sequential(nn.Linear(2, 3), nn.Dropout()).eval()):
        check_layer(layer, n_inputs=2, processes=False, skip=("torch.compile",)).raise_if_failed()
    normed = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    normed.register_buffer("passing", torch.zeros(1), persistent=False)
    assert "state_dict" in check_layer(normed, n_inputs=2, processes=False, skip=APART).names("passed")


def test_a_layer_that_cannot_be_compared_fails_once():
    for layer, words in (
        (nn.Sequential(nn.Linear(2, 30), nn.Dropout()), r"not deterministic: call \.eval\(\) first"),
        (lambda: nn.Linear(2, 3), "pass seed="),
    ):
        report = check_layer(layer, n_inputs=2)
        assert len(report.names("failed")) == 1
        assert not report.names("passed")
        with pytest.raises(ContractError, match=words):
            report.raise_if_failed()


class Pair:
    """A JAX pair that keeps every promise, or breaks one."""

    def __init__(self, fault=""):
        self.fault = fault

    def init(self, key):
        return {"w": jnp.array([[0.3, -0.4, 0.5], [1.1, 0.2, -0.7]])}

    def apply(self, params, inputs):
        if self.fault == "jit":
            return jnp.asarray(np.cos(np.asarray(inputs) @ np.asarray(params["w"])))
        if self.fault == "rows" and inputs.ndim != 2:
            raise ValueError("two dimensions only")
        if self.fault == "empty" and not inputs.size:
            raise ValueError("no rows")
        weights = jnp.round(params["w"], 1) if self.fault == "gradients" else params["w"]
        return jnp.cos(inputs @ weights)


def test_jax_pairs():
    assert check_layer(Pair(), n_inputs=2).ok
    for fault, check in (
        ("jit", "jit"),
        ("rows", "batch dimensions"),
        ("empty", "empty batch"),
        ("gradients", "gradients"),
    ):
        assert check in check_layer(Pair(fault), n_inputs=2).names("failed")


def test_a_good_executor_passes():
    assert check_executor(ReferenceExecutor()).ok


@pytest.mark.parametrize(
    ("fault", "check"),
    [
        ("values", "circuit angle in float64"),
        ("gradient", "circuit sel in float32"),
        pytest.param("promotes", "circuit angle in float32", marks=pytest.mark.slow),
        pytest.param("writes", "arguments left alone", marks=pytest.mark.slow),
        ("noise", "equal calls, equal results"),
        pytest.param("residual", "residual", marks=pytest.mark.slow),
        pytest.param("width", "refuses what is too wide", marks=pytest.mark.slow),
        pytest.param("phase", "states", marks=pytest.mark.slow),
        ("seed", "samples"),
        pytest.param("row", "samples", marks=pytest.mark.slow),
        pytest.param("bits", "samples", marks=pytest.mark.slow),
    ],
)
def test_a_broken_executor_fails_at_its_promise(fault, check):
    assert check in check_executor(BrokenExecutor(fault)).names("failed")


def test_an_executor_that_estimates():
    report = check_executor(ShiftedExecutor(ReferenceBackend(), shots=200), n_qubits=2).raise_if_failed()
    assert "circuit amplitude in float64" in report.names("not applicable")


@pytest.mark.parametrize(
    ("fault", "check"),
    [
        ("gradient", "mean of estimated gradients"),
        pytest.param("seed", "estimates need a seed", marks=pytest.mark.slow),
    ],
)
def test_faults_of_estimates_are_found(fault, check):
    assert check_executor(BrokenEstimator(fault), n_qubits=2).names("failed") == (check,)


def test_sources():
    assert check_source(BrokenSource()).raise_if_failed().names("passed")
    for fault, check in (
        ("sizes", "shapes (train)"),
        ("classes", "shapes (train)"),
        ("hidden", "pure in its arguments (train)"),
        ("twice", "rows unique (train)"),
        ("order", "file order without a seed (train)"),
        ("epochs", "shuffled by seed and epoch (train)"),
        ("rows", "a row is the same everywhere (train)"),
        ("start", "start (train)"),
        ("shard", "shard (train)"),
    ):
        assert check in check_source(BrokenSource(fault)).names("failed"), fault


def test_backends():
    assert check_backend(ReferenceBackend()).ok
    for fault, check in BACKEND_FAULTS.items():
        assert check in check_backend(BrokenBackend(fault)).names("failed"), fault
    noisy = check_backend(BrokenBackend("values"), ideal=False)
    assert "exact values of circuit sel" in noisy.names("not applicable")

"""Circuit evaluations of a fit, against a layer that counts every row it is given."""

import numpy as np
import pytest

from qml.bench.cell import EVALUATIONS
from qml.bench.sealed import SealedSource
from qml.data import PCA, ArraySource, Chain, Standardise, make_source
from qml.estimators.arms import arm_of, arms_for
from qml.estimators.choices import Training
from qml.estimators.data_choice import signature_of
from qml.layers.torch import CircuitLayer
from qml.learn.fit import Budget
from qml.models import CircuitSpec, HybridSpec
from qml.models.kernels import IqpKernel, KitchenSinks
from qml.models.published import Boltzmann, Dressed, MetricLearner, Quanvolution

TRAINING = Training(batch_size=16)


@pytest.fixture
def counted(monkeypatch):
    """Rows given to any circuit layer, by whether they are learnt from."""
    seen = {True: 0, False: 0}
    forward = CircuitLayer.forward

    def counting(self, inputs):
        seen[self.training] += inputs.shape[:-1].numel()
        return forward(self, inputs)

    monkeypatch.setattr(CircuitLayer, "forward", counting)
    return seen


def fitted(arm, source, epochs=2):
    return arm.fit(SealedSource(source, watched=True), {}, Budget(epochs=epochs), seed=1)


@pytest.mark.parametrize(
    ("name", "circuits"), [("hybrid", 1), ("frozen", 1), ("product", 1), ("twin", 0), ("removed", 0)]
)
def test_a_hybrid_runs_its_circuit_once_a_row(name, circuits, counted):
    source = make_source("wine", seed=0)
    hybrid = HybridSpec(circuit=CircuitSpec("sel", 3, 1))
    (arm,) = arms_for(hybrid, [name], TRAINING, signature_of(source), searched=False, progress=False)
    found = fitted(arm, source).info.get(EVALUATIONS, 0.0)
    assert found == circuits * (2 * 106 + 2 * 36)
    assert counted[True] == circuits * 2 * 106  # watched rows are counted with what comes after training


def three_columns():
    return make_source("breast_cancer", seed=0, rows=40, transforms=Chain(Standardise(), PCA(3)))


def test_a_published_model_counts_as_a_hybrid(counted):
    source = three_columns()
    arm = arm_of(Dressed().on(signature_of(source)), TRAINING, name="dressed", searched=False, progress=False)
    found = fitted(arm, source).info[EVALUATIONS]
    assert found == counted[True] + 2 * source.schema.sizes["validation"] == 2 * (40 + 113)


def test_a_metric_learner_runs_a_circuit_a_pair(counted):
    source = three_columns()
    spec = MetricLearner(depth=1, examples=4).on(signature_of(source))
    arm = arm_of(spec, TRAINING, name="metric_learner", searched=False, progress=False)
    found = fitted(arm, source, epochs=1).info[EVALUATIONS]
    assert counted[True] == 24  # three batches of eight pairs
    assert found == 24 + 113


def test_a_gibbs_state_is_no_circuit_and_a_table_is_filled_once():
    assert EVALUATIONS not in fitted_on_columns(Boltzmann()).info
    rng = np.random.default_rng(0)
    images = rng.normal(size=(60, 1, 4, 4)).astype(np.float32)
    source = ArraySource.from_arrays(images, np.arange(60) % 2, labels=("a", "b"))
    spec = Quanvolution(window=2, channels=3).on(signature_of(source))
    arm = arm_of(spec, TRAINING, name="quanvolution", searched=False, progress=False)
    assert fitted(arm, source, epochs=1).info[EVALUATIONS] == 3 * 2**4


def fitted_on_columns(spec):
    source = three_columns()
    arm = arm_of(spec.on(signature_of(source)), TRAINING, name="a", searched=False, progress=False)
    return fitted(arm, source, epochs=1)


def test_kernels_and_sinks_count_states_and_shots():
    source = three_columns()
    for spec, each in ((IqpKernel(n_columns=3), 1), (KitchenSinks(n_episodes=7), 7)):
        arm = arm_of(spec.on(signature_of(source)), TRAINING, name="k", searched=False, progress=False)
        assert fitted(arm, source).info[EVALUATIONS] == 40 * each


def test_a_jax_hybrid_counts_as_a_torch_one():
    source = make_source("wine", seed=0)
    hybrid = HybridSpec(circuit=CircuitSpec("sel", 3, 1), framework="jax")
    (arm,) = arms_for(hybrid, ["hybrid"], TRAINING, signature_of(source), searched=False, progress=False)
    assert fitted(arm, source).info[EVALUATIONS] == 2 * 106 + 2 * 36


def test_a_fit_that_must_converge_and_does_not_is_a_failed_trial(tmp_path):
    from qml.bench import Protocol, Store, run_cell

    source = make_source("wine", seed=0)
    hybrid, training = HybridSpec(circuit=CircuitSpec("sel", 3, 1)), Training(plateau=50, max_steps=20)
    (arm,) = arms_for(hybrid, ["removed"], training, signature_of(source), searched=False, progress=False)
    protocol = Protocol("plateau", "wine", seeds=(0, 1), epochs=50)
    result = run_cell(arm, lambda seed: source, lambda s: training.task(s.schema.target), protocol, 0, Store(tmp_path))
    assert result.status == "failed"
    assert "NotConvergedError" in result.trials[0].reason
    assert result.trials[0].cost["cpu_s"] > 0
    assert result.cpu_s == result.budget_curve[-1].cpu_s > 0
    assert result.counted["test"]["auc"] == 0.5

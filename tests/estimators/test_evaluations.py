"""Circuit evaluations of a fit, against a layer that counts every row it is given."""

import pytest

from qml.bench.cell import EVALUATIONS
from qml.bench.sealed import SealedSource
from qml.data import make_source
from qml.estimators.arms import arm_of, arms_for
from qml.estimators.choices import Training, signature_of
from qml.layers.torch import CircuitLayer
from qml.learn.fit import Budget
from qml.models import CircuitSpec, HybridSpec
from qml.models.kernels import IqpKernel, KitchenSinks
from qml.models.published import Dressed, MetricLearner

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


def two_classes(seed=0):
    return make_source("breast_cancer", seed=seed, rows=40)


@pytest.mark.parametrize("spec", [Dressed(), MetricLearner(depth=1, examples=4)], ids=["dressed", "metric learner"])
def test_published_models(spec, counted):
    from qml.data import PCA, Chain, Standardise

    source = make_source("breast_cancer", seed=0, rows=40, transforms=Chain(Standardise(), PCA(3)))
    arm = arm_of(spec.on(signature_of(source)), TRAINING, name=spec.entry, searched=False, progress=False)
    found = fitted(arm, source, epochs=1)
    watched = source.schema.sizes["validation"]
    learnt = counted[True]
    assert learnt > 0
    each = (found.info[EVALUATIONS] - learnt) / watched
    assert each == int(each) >= 1


def test_kernels_and_sinks_count_states_and_shots():
    source = two_classes()
    for spec, each in ((IqpKernel(n_columns=3), 1), (KitchenSinks(n_episodes=7), 7)):
        arm = arm_of(spec.on(signature_of(source)), TRAINING, name="k", searched=False, progress=False)
        assert fitted(arm, source).info[EVALUATIONS] == 40 * each


def test_a_jax_hybrid_counts_as_a_torch_one():
    source = make_source("wine", seed=0)
    hybrid = HybridSpec(circuit=CircuitSpec("sel", 3, 1), framework="jax")
    (arm,) = arms_for(hybrid, ["hybrid"], TRAINING, signature_of(source), searched=False, progress=False)
    assert fitted(arm, source).info[EVALUATIONS] == 2 * 106 + 2 * 36

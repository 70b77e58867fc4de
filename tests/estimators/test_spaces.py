"""What an arm searches: settings that change its fit, all of them, and no other."""

from dataclasses import replace

import numpy as np
import pytest

from qml.circuits import angle
from qml.data import make_source
from qml.estimators.arms import arm_of, space_of
from qml.estimators.choices import Training
from qml.estimators.data_choice import signature_of
from qml.learn.fit import Budget, predictions
from qml.models import KINDS, CircuitSpec, HybridSpec

TRAINING = Training(search={"learning_rate": (0.01, 0.3), "circuit_learning_rate": (0.01, 0.3)})
CIRCUITS = {"sel": CircuitSpec("sel", 3, 1), "weightless": CircuitSpec("own", program=angle(3))}


def answers(spec, settings):
    """Predictions on validation rows after a few updates."""
    source = make_source("wine", seed=0)
    arm = arm_of(spec.on(signature_of(source)), replace(TRAINING, max_steps=3), name="arm", progress=False)
    if not settings.keys() <= arm.info.space.keys():
        arm = replace(arm, training=replace(arm.training, **settings))
        settings = {}
    return predictions(arm.fit(source, settings, Budget(epochs=2), 3), source, "validation")


CASES = [
    *(("torch", "sel", kind) for kind in ("", *KINDS)),
    *(("torch", "weightless", kind) for kind in ("", "product", "surrogate")),
    *(("jax", "sel", kind) for kind in ("removed", "surrogate")),
]


@pytest.mark.parametrize(("framework", "circuit", "kind"), CASES)
def test_a_setting_is_searched_where_it_changes_the_fit(framework, circuit, kind):
    spec = HybridSpec(circuit=CIRCUITS[circuit], ablation=kind, framework=framework)
    for key, choices in TRAINING.search.items():
        first, other = (answers(spec, {key: choice}) for choice in choices)
        assert (key in space_of(spec, TRAINING)) == (not np.array_equal(first, other)), key

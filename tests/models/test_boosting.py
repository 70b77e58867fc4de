"""Boosting stays a strong baseline where a class has a single row."""

import os

import numpy as np
import pytest
from sklearn.metrics import log_loss

from qml.data import make_source
from qml.models.champions import Boosting
from qml.models.signature import Signature


@pytest.mark.skipif(not os.environ.get("QML_DATA"), reason="QML_DATA is not set: heartbeats cannot be opened")
def test_trees_learn_their_training_rows_though_a_class_has_one():
    batches = list(make_source("mitbih", seed=1, validation=0.2, rows=3000).batches("train", 4096))
    inputs = np.concatenate([batch.inputs for batch in batches])
    targets = np.concatenate([batch.targets for batch in batches])
    assert np.bincount(targets).min() == 1
    signature = Signature(inputs.shape[1:], len(np.bincount(targets)), "classes")
    losses = {}
    for l2 in (Boosting().l2_regularization, 0.0):
        model = Boosting(max_iter=30, l2_regularization=l2).on(signature).build(0).fit(inputs, targets)
        losses[l2] = log_loss(targets, model.predict_proba(inputs))
    assert losses[1.0] < 0.05
    assert losses[0.0] > 1.0, "scikit-learn's own default has become stable: leave the argument to it"

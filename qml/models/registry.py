"""The models by name: what `model=` and the arms of a recipe may say."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from qml.base.registry import Registry
from qml.models.champions import Boosting, CnnChampion, Logistic, Majority, MlpChampion, Neighbours, Svm
from qml.models.kernels.sinks import KitchenSinks
from qml.models.kernels.specs import IqpKernel, ProjectedKernel, SeparableKernel, ZzKernel
from qml.models.published import PUBLISHED, SeparableVariational, StudyCnn, StudyMlp
from qml.models.spec import HybridSpec

MODELS: Registry[Callable[..., Any]] = Registry("model")
"""Models by name; a call gives a `Spec`."""

for _name, _spec in (
    ("hybrid", HybridSpec),
    ("majority", Majority),
    ("logistic", Logistic),
    ("svm", Svm),
    ("boosting", Boosting),
    ("knn", Neighbours),
    ("mlp", MlpChampion),
    ("cnn", CnnChampion),
    ("iqp_kernel", IqpKernel),
    ("projected_kernel", ProjectedKernel),
    ("separable_kernel", SeparableKernel),
    ("zz_kernel", ZzKernel),
    ("kitchen_sinks", KitchenSinks),
    ("study_mlp", StudyMlp),
):
    MODELS.add(_name, _spec)

for _model in PUBLISHED:
    MODELS.add(_model.name, _model)
    if _model not in (SeparableVariational, StudyCnn):
        MODELS.add(f"{_model.name}_separable", partial(_model, separable=True))

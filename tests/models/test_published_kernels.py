"""Kernels and the Gaussian SVM on the published sets, equal to the published study to the last test sample.

Published: Bowles, Ahmed and Schuld, arXiv:2403.07059, test accuracy of five seeds at the published hyper-parameters.
`QML_REFERENCE` names a CSV with a row a model and set (columns model, variant, n_test, test_accs, best_hyperparams,
status, is_alias_duplicate); with it the slow tests go through all of them.
"""

import csv
import json
import os
from pathlib import Path

import numpy as np
import pytest

from qml.data.generators import FAMILIES, study_source
from qml.data.generators.study import NAMES
from qml.estimators.data_choice import signature_of
from qml.learn import Budget, Supervised
from qml.learn.whole_fit import WholeFit
from qml.models.champions import Svm
from qml.models.kernels import PENNYLANE_BEFORE_034, IqpKernel, ProjectedKernel, SeparableKernel

# (model, variant, settings, correct test samples of seeds 0..4; one number where no seed enters)
IQP = [
    ("hidden_manifold-6manifold-4d", {"C": 1.0, "repeats": 1}, 35),
    ("hidden_manifold-6manifold-10d", {"C": 1.0, "repeats": 1}, 51),
    ("hidden_manifold-10d-10manifold", {"C": 1.0, "repeats": 1}, 45),
    ("two_curves-10d-10degree", {"C": 100.0, "repeats": 1}, 57),
    ("linearly_separable_10d", {"C": 10.0, "repeats": 1}, 49),
    ("hyperplanes-10d-from3d-5n", {"C": 1.0, "repeats": 1}, 50),
    ("mnist_3-5_10d-250", {"C": 1.0, "repeats": 1}, 238),
]
SVC = [
    ("hidden_manifold-6manifold-4d", {"C": 10.0, "gamma": 1.0}, 39),
    ("hidden_manifold-6manifold-10d", {"C": 100.0, "gamma": 0.01}, 54),
    ("hidden_manifold-10d-10manifold", {"C": 10.0, "gamma": 0.01}, 48),
    ("two_curves-10d-10degree", {"C": 100.0, "gamma": 0.1}, 58),
    ("linearly_separable_10d", {"C": 100.0, "gamma": 0.001}, 59),
    ("hyperplanes-10d-from3d-5n", {"C": 10.0, "gamma": 0.1}, 49),
    ("mnist_3-5_10d-250", {"C": 10.0, "gamma": 0.001}, 236),
]
PROJECTED = [
    ("hidden_manifold-6manifold-4d", (10.0, 10.0, 0.01, 1), (41, 40, 39, 38, 38)),
    ("hidden_manifold-6manifold-10d", (100.0, 1.0, 0.01, 3), (55, 52, 54, 54, 53)),
    ("hidden_manifold-10d-10manifold", (10.0, 10.0, 0.01, 1), (43, 47, 49, 47, 49)),
    ("two_curves-10d-10degree", (100.0, 1.0, 0.1, 5), (57, 58, 58, 58, 59)),
    ("linearly_separable_10d", (100.0, 1.0, 0.01, 1), (58, 60, 57, 58, 56)),
    ("hyperplanes-10d-from3d-5n", (10.0, 1.0, 0.1, 5), (53, 53, 53, 53, 54)),
    ("mnist_3-5_10d-250", (100.0, 10.0, 0.01, 5), (238, 236, 235, 236, 234)),
]


def source_of(variant):
    if variant.startswith("mnist") and not os.environ.get("QML_DATA"):
        pytest.skip("QML_DATA is not set: the published digits cannot be opened")
    return study_source(variant=variant, precision="float64")


def correct(spec, source, seed: int = 0) -> int:
    """Test samples that the model of this seed gets right, trained on all training rows."""
    placed = spec.on(signature_of(source))
    fitted = WholeFit()(placed.build, Supervised(source.schema.target), source, Budget(), seed)
    batch = next(source.batches("test", 10_000))
    return int((fitted.predict(source, "test").argmax(axis=1) == batch.targets).sum())


def projected(C, gamma_factor, t, trotter_steps, gamma_of="batch"):
    return ProjectedKernel(
        C=C, gamma_factor=gamma_factor, t=t, trotter_steps=trotter_steps, gamma_of=gamma_of, n_columns=None
    )


def published_iqp(settings) -> IqpKernel:
    """The published IQP kernel: with more than one repeat it ran under the library's bug."""
    return IqpKernel(**settings, n_columns=None, emulate=PENNYLANE_BEFORE_034)


@pytest.mark.parametrize(("variant", "settings", "wanted"), IQP)
def test_iqp(variant, settings, wanted):
    assert correct(published_iqp(settings), source_of(variant)) == wanted


@pytest.mark.parametrize(("variant", "settings", "wanted"), SVC)
def test_gaussian_svm(variant, settings, wanted):
    assert correct(Svm(**settings, scaling="none"), source_of(variant)) == wanted


@pytest.mark.parametrize(
    ("variant", "settings", "wanted"),
    [pytest.param(*row, marks=[pytest.mark.slow] if place else []) for place, row in enumerate(PROJECTED)],
)
def test_projected_with_the_gamma_of_the_test_batch(variant, settings, wanted):
    source = source_of(variant)
    assert tuple(correct(projected(*settings), source, seed) for seed in range(5)) == wanted


def test_the_bug_was_in_the_published_circuit():
    """Six features, five repeats: 0.783 is of the bug's circuit; the circuit as it was meant gets 0.633."""
    source = source_of("hidden_manifold-6manifold-6d")
    assert correct(published_iqp({"C": 1.0, "repeats": 5}), source) == 47
    assert correct(IqpKernel(C=1.0, repeats=5, n_columns=None), source) == 38


def test_separable_kernel():
    assert correct(SeparableKernel(C=1.0, layers=3, n_columns=None), source_of("hidden_manifold-6manifold-4d")) == 42


def reference(model: str) -> list[dict]:
    """Rows of the reference table of one model, on sets that can be made here; no row twice."""
    path = os.environ.get("QML_REFERENCE")
    if not path:
        pytest.skip("QML_REFERENCE is not set: the table of published results cannot be read")
    known = {name for family in FAMILIES.values() for name in family.variants} | {"mnist_3-5_10d-250"}
    with Path(path).open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["model"] == model and row["variant"] in known]
    return [row for row in rows if row["is_alias_duplicate"] != "True" and "CONTAMINATED" not in row["status"]]


def wanted_of(row) -> list[int]:
    return [round(accuracy * int(row["n_test"])) for accuracy in json.loads(row["test_accs"])]


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("model", ["SVC", "IQPKernelClassifier", "SeparableKernelClassifier"])
def test_all_published_rows_without_a_seed(model):
    wrong, rows = [], reference(model)
    for row in rows:
        given = json.loads(row["best_hyperparams"])
        if model == "SVC":
            spec = Svm(C=given["C"], gamma=given["gamma"], scaling="none")
        elif model == "IQPKernelClassifier":
            spec = published_iqp({"C": given["C"], "repeats": int(given["repeats"])})
        else:
            spec = SeparableKernel(C=given["C"], layers=int(given["encoding_layers"]), n_columns=None)
        found = correct(spec, source_of(row["variant"]))
        if [found] * 5 != wanted_of(row):
            wrong.append((row["variant"], given, found, wanted_of(row)))
    assert len(rows) > 70
    assert not wrong, f"{len(wrong)} of {len(rows)}: {wrong}"


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("benchmark", ["mnist_pca-", *(name for name in NAMES if name != "bars_and_stripes")])
def test_all_published_rows_of_the_projected_kernel(benchmark):
    wrong, rows = [], [row for row in reference("ProjectedQuantumKernel") if row["dataset"] == benchmark]
    for row in rows:
        given = json.loads(row["best_hyperparams"])
        spec = projected(given["C"], given["gamma_factor"], given["t"], int(given["trotter_steps"]))
        source = source_of(row["variant"])
        found = [correct(spec, source, seed) for seed in range(5)]
        if found != wanted_of(row):
            wrong.append((row["variant"], found, wanted_of(row)))
    assert rows
    assert not wrong, f"{len(wrong)} of {len(rows)}: {wrong}"


@pytest.mark.slow
def test_without_the_test_batch_the_projected_kernel_is_nearly_the_same():
    """On hidden manifold the width by training rows moves few samples: no more than 0.007 in a mean of five seeds."""
    for variant, settings, wanted in PROJECTED[:3]:
        source = source_of(variant)
        found = [correct(projected(*settings, gamma_of="train"), source, seed) for seed in range(5)]
        assert abs(np.mean(found) - np.mean(wanted)) <= 0.007 * 60 + 1e-9

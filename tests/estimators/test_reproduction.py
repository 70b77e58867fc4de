"""Published fits are read, trained as published, and judged by their own error; a model's own needs reach its fit."""

import math
from pathlib import Path

import numpy as np
import pytest

from qml.base.errors import CapabilityError, ConfigError, DataError
from qml.data import ArraySource
from qml.estimators.always import always_on, with_all
from qml.estimators.arms import arms_for
from qml.estimators.choices import Training, signature_of
from qml.estimators.reproduction import Agreement, Measured, PublishedFit, measure, read_fits, reproduce
from qml.learn import Budget, Plateau, predictions
from qml.models import KINDS, MODELS, CircuitSpec, HybridSpec, Signature

CORE = Path(__file__).resolve().parents[2] / "conf" / "recipe" / "repro" / "bowles_core.csv"


@pytest.fixture(scope="module")
def source():
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(120, 3)).astype(np.float32)
    return ArraySource.from_arrays(inputs, (inputs[:, 0] > 0).astype(int), test=0.25, validation=0.0)


@pytest.fixture(scope="module")
def held_out():
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(160, 4)).astype(np.float32)
    return ArraySource.from_arrays(inputs, (inputs[:, 0] > 0).astype(int))


def test_every_published_fit_of_the_core_can_be_built():
    fits = read_fits(CORE)
    assert len(fits) > 30
    for fit in fits:
        features = 16 if fit.data.startswith("bars") else (4 if fit.data.endswith("_4") else 10)
        spec = MODELS[fit.model]().with_settings(fit.settings).on(Signature((features,), 2))
        spec.check()
        assert fit.learning_rate in spec.learning_rates
        assert len(fit.published) == 5
        off = {k: v for k, v in fit.settings.items() if k in spec.choices and v not in spec.choices[k]}
        assert not off or (fit.model, fit.data) == ("circuit_centric", "mnist_pca_10")  # searched at depth 4


def test_a_fit_is_a_function_of_its_seed(source):
    fit = PublishedFit("dressed", "here", {"depth": 1}, 0.1, (0.9, 0.95))
    first, again, other = (measure(fit, source, seed) for seed in (1, 1, 2))
    assert (first.correct, first.steps) == (again.correct, again.steps)
    assert first.steps >= 402
    assert first.accuracy > 0.8
    assert (first.correct, first.steps) != (other.correct, other.steps)
    assert len(reproduce([fit], {}, [1])) == 0


def test_agreement_is_judged_by_its_error():
    def measured(*correct):
        return tuple(Measured(seed, right, 60, 500, 2.0, 1.0) for seed, right in enumerate(correct))

    fit = PublishedFit("dressed", "here", {}, 0.01, (0.80, 0.82, 0.84), fit_s=100.0, steps=(400, 600))
    near, far = Agreement(fit, measured(49, 50, 48)), Agreement(fit, measured(30, 31, 30))
    assert near.agrees is True
    assert far.agrees is False
    assert near.faster == 50
    expected = math.sqrt(np.var([0.80, 0.82, 0.84], ddof=1) / 3 + np.var([49 / 60, 50 / 60, 48 / 60], ddof=1) / 3)
    assert near.error == pytest.approx(expected)
    assert Agreement(fit, measured(49)).agrees is None
    assert "DIFFERS" in str(far)
    corrected = PublishedFit("dressed", "here", {}, 0.01, (0.99,), corrected=(0.5, 0.52))
    assert Agreement(corrected, measured(30, 31)).difference == pytest.approx((30.5 / 60) - 0.51)


def test_files_and_sources_that_do_not_fit_are_refused(tmp_path, held_out):
    (tmp_path / "few.csv").write_text("model,data\n")
    with pytest.raises(DataError, match="lacks the columns settings"):
        read_fits(tmp_path / "few.csv")
    text = CORE.read_text().splitlines()
    (tmp_path / "bad.csv").write_text("\n".join([text[0], text[1].replace("[", "<", 1)]))
    with pytest.raises(DataError, match="line 2"):
        read_fits(tmp_path / "bad.csv")
    with pytest.raises(ConfigError, match="validation=0"):
        measure(PublishedFit("dressed", "here", {}, 0.1, (0.9,)), held_out, 0)


def test_all_stand_beside_a_hybrid_without_being_named():
    hybrid = HybridSpec(circuit=CircuitSpec("sel", 4, 2))
    found = always_on(hybrid, Signature((20,), 2))
    assert set(found.names) == {*KINDS, "shuffled", "majority", "logistic", "svm", "boosting", "mlp", "knn"}
    assert "images" in found.left_out["cnn"]
    images = always_on(hybrid, Signature((1, 8, 8), 2))
    assert "cnn" in images.names
    prepared = always_on(HybridSpec(circuit=CircuitSpec("amplitude", 3, 1)), Signature((8,), 2))
    assert {"product", "surrogate", "random_features"} <= set(prepared.left_out)
    assert with_all(["all", "twin"], hybrid, Signature((20,), 2)) == found.names
    alone = always_on(MODELS["dressed"](), Signature((4,), 2))
    assert not set(alone.names) & {*KINDS, "shuffled"}


@pytest.mark.parametrize("name", ["surrogate", "random_features", "unweighted", "shuffled"])
def test_further_ablations_are_trained_by_the_ordinary_fit(name, held_out):
    hybrid = HybridSpec(circuit=CircuitSpec("sel", 3, 1))
    training = Training(learning_rate=0.05, checkpoint_every_s=None)
    (arm,) = arms_for(hybrid, [name], training, signature_of(held_out), progress=False)
    settings = {"bandwidth": 0.5} if name == "random_features" else {}
    fitted = arm.fit(held_out, settings, Budget(epochs=30), seed=1)
    wanted = next(held_out.batches("test", 100)).targets
    accuracy = float((predictions(fitted, held_out, "test").argmax(1) == wanted).mean())
    assert accuracy > 0.8 if name != "shuffled" else 0.2 < accuracy < 0.8
    assert arm.info.family == ("hybrid" if name == "unweighted" else "control")


@pytest.mark.parametrize("name", ["metric_learner", "data_reuploading", "boltzmann", "tree_tensor_separable"])
def test_published_models_are_arms_like_any_other(name, held_out):
    training = Training(learning_rate=0.05, batches="resampled", plateau=20, max_steps=4000, checkpoint_every_s=None)
    arm, champion = arms_for(HybridSpec(), [name, "logistic"], training, signature_of(held_out), progress=False)
    assert (arm.info.name, champion.info.family) == (name, "baseline")
    fitted = arm.fit(held_out, {}, Budget(epochs=10_000), seed=3)
    assert fitted.cost.stopped == "converged"
    assert predictions(fitted, held_out, "test").shape == (32, 2)


def test_training_bounds_are_the_tighter_ones():
    training = Training(plateau=50, max_steps=300)
    assert training.within(Budget(epochs=7, steps=100)) == Budget(epochs=7, steps=100, plateau=Plateau(50))
    assert training.within(Budget()).steps == 300
    assert Training().within(Budget(steps=4)) == Budget(steps=4)


def test_what_training_cannot_do_is_refused(held_out):
    hybrid = HybridSpec(circuit=CircuitSpec("sel", 3, 1))
    for options, message in (({"batches": "drawn"}, "training.batches"), ({"class_weights": "balanced"}, "takes none")):
        training = Training(**options)
        name = "tree_tensor" if "class_weights" in options else "hybrid"
        (arm,) = arms_for(hybrid, [name], training, signature_of(held_out), progress=False)
        with pytest.raises((ConfigError, CapabilityError), match=message):
            arm.fit(held_out, {}, Budget(epochs=1), seed=1)

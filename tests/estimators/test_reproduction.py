"""Published fits are read, trained as published, and judged by their own error; a model's own needs reach its fit."""

import math
import re
from pathlib import Path

import numpy as np
import pytest

from qml.base.errors import CapabilityError, ConfigError, DataError
from qml.data import ArraySource
from qml.estimators.always import always_on, with_all
from qml.estimators.arms import arms_for
from qml.estimators.choices import Training
from qml.estimators.data_choice import signature_of
from qml.estimators.reproduction import Agreement, Claim, Measured, PublishedFit, measure, read_fits
from qml.estimators.reproduction.page import summary, table
from qml.learn import Budget, Plateau, predictions
from qml.models import KINDS, MODELS, CircuitSpec, HybridSpec, Signature
from qml.models.published import Dressed, Published

RECIPES = Path(__file__).resolve().parents[2] / "conf" / "recipe" / "repro"
X, Y = np.arange(40.0, dtype=np.float32)[:, None], np.arange(40) % 2


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


def claim(published=(0.9, 0.95), **options) -> Claim:
    return Claim("dressed", "here", tuple(published), options.pop("n_test", 30), **options)


def measured(*correct, n_test=60, train=None):
    return tuple(Measured(seed, right, n_test, 500, 2.0, 1.0, train=train) for seed, right in enumerate(correct))


@pytest.mark.parametrize("table", ["bowles_core", "bowles_kernels", "bowles_classical"])
def test_every_published_fit_can_be_built(table):
    fits = read_fits(RECIPES / f"{table}.csv")
    assert len(fits) > 100
    for fit in fits:
        sides = re.search(r"_(\d+)_x", fit.claim.data)
        columns = re.search(r"(\d+)d(-\d+degree|-from3d.*|-\d+manifold|-250)?$", fit.claim.data)
        features = int(sides[1]) ** 2 if sides else int(columns[1])
        spec = MODELS[fit.model]().with_settings(fit.settings).on(Signature((features,), 2))
        spec.check()
        assert len(fit.claim.published) == 5
        if isinstance(spec, Published):
            assert fit.learning_rate in spec.learning_rates
            off = {k: v for k, v in fit.settings.items() if k in spec.choices and v not in spec.choices[k]}
            assert not off or (fit.model, fit.claim.data) == ("circuit_centric", "mnist_3-5_10d")  # searched at depth 4
        else:
            assert fit.learning_rate is None


def test_a_fit_is_a_function_of_its_seed(source):
    fit = PublishedFit("dressed", {"depth": 1}, 0.1, claim())
    first, again, other = (measure(fit, source, seed) for seed in (1, 1, 2))
    assert (first.correct, first.steps, first.train) == (again.correct, again.steps, again.train)
    assert first.steps >= 402
    assert first.accuracy > 0.8
    assert first.train > 0.8
    assert (first.correct, first.steps) != (other.correct, other.steps)


def test_a_fit_that_never_levels_has_failed(source, monkeypatch):
    monkeypatch.setattr(Dressed, "max_steps", 410)
    monkeypatch.setattr("qml.learn.plateau.Plateau.is_met", lambda *_: False)
    found = measure(PublishedFit("dressed", {"depth": 1}, 0.1, claim()), source, 1)
    assert "not level" in found.failed
    assert found.accuracy == 0
    assert Agreement(claim(), (found, found)).agrees is False


def test_agreement_of_means_is_judged_by_its_error():
    published = claim((0.80, 0.82, 0.84), n_test=60, fit_s=100.0, steps=(400, 600))
    near, far = Agreement(published, measured(49, 50, 48)), Agreement(published, measured(30, 31, 30))
    assert near.agrees is True
    assert far.agrees is False
    assert near.faster == 50
    expected = math.sqrt(np.var([0.80, 0.82, 0.84], ddof=1) / 3 + np.var([49 / 60, 50 / 60, 48 / 60], ddof=1) / 3)
    assert near.error == pytest.approx(expected)
    assert Agreement(published, measured(49)).agrees is None
    assert far.verdict == "DIFFERS"
    corrected = claim((0.99,), n_test=60, corrected=(0.5, 0.52))
    assert Agreement(corrected, measured(30, 31)).difference == pytest.approx((30.5 / 60) - 0.51)


@pytest.mark.parametrize(
    ("rule", "correct", "train", "verdict"),
    [
        ("exact", (54, 57), None, "exact"),
        ("exact", (54, 56), None, "DIFFERS"),
        ("one", (54, 57), None, "exact"),
        ("one", (53, 58), None, "within one row"),
        ("one", (52, 57), None, "DIFFERS"),
        ("training", (30, 30), 0.9, "DIFFERS"),
        ("shown", (30, 30), None, "not judged"),
    ],
)
def test_each_rule_sees_a_wrong_number(rule, correct, train, verdict):
    found = Agreement(claim((0.9, 0.95), n_test=60, rule=rule), measured(*correct, train=train))
    assert found.verdict == verdict


@pytest.mark.parametrize(
    ("rule", "correct", "agrees", "verdict"),
    [
        ("exact", (54,), None, "exact so far, 1 of 3"),
        ("exact", (54, 57), None, "exact so far, 2 of 3"),
        ("exact", (53,), False, "DIFFERS"),
        ("one", (53,), None, "within one row so far, 1 of 3"),
        ("exact", (54, 57, 60), True, "exact"),
        ("exact", (), None, "not judged"),
    ],
)
def test_a_part_of_the_repetitions_may_differ_and_cannot_agree(rule, correct, agrees, verdict):
    found = Agreement(claim((0.9, 0.95, 1.0), n_test=60, rule=rule), measured(*correct))
    assert (found.agrees, found.verdict) == (agrees, verdict)
    if correct:
        assert ("run in part" in summary([found])) == (agrees is None)


def test_one_fit_without_chance_answers_every_published_repetition():
    same, other = (claim((0.9, 0.9, last), n_test=60, rule="exact", seedless=True) for last in (0.9, 0.95))
    assert Agreement(same, measured(54)).verdict == "exact"
    assert Agreement(other, measured(54)).verdict == "DIFFERS"


def test_published_training_scores_are_named():
    published = claim((0.9, 0.9), n_test=60, rule="training", corrected=(0.5,))
    found = Agreement(published, measured(30, 30, train=0.9))
    assert found.verdict == "is the training score"
    assert found.test_rows == pytest.approx(0.0)
    assert "training 0.9000" in table([found])


def test_files_and_sources_that_do_not_fit_are_refused(tmp_path, held_out):
    (tmp_path / "few.csv").write_text("model,data\n")
    with pytest.raises(DataError, match="lacks the columns arm"):
        read_fits(tmp_path / "few.csv")
    with pytest.raises(DataError, match="cannot be read"):
        read_fits(tmp_path / "none.csv")
    text = (RECIPES / "bowles_core.csv").read_text().splitlines()
    (tmp_path / "bad.csv").write_text("\n".join([text[0], text[1].replace("[", "<", 1)]))
    with pytest.raises(DataError, match="line 2"):
        read_fits(tmp_path / "bad.csv")
    with pytest.raises(ConfigError, match="validation=0"):
        measure(PublishedFit("dressed", {}, 0.1, claim()), held_out, 0)
    with pytest.raises(ConfigError, match="learning_rate=None"):
        measure(PublishedFit("dressed", {}, None, claim()), ArraySource.from_arrays(X, Y, validation=0.0), 0)
    for wrong in ({"published": ()}, {"published": (1.2,)}, {"rule": "nearly"}):
        with pytest.raises((DataError, ConfigError)):
            claim(**wrong)


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


@pytest.mark.parametrize(
    "name",
    [pytest.param("metric_learner", marks=pytest.mark.slow), "data_reuploading", "boltzmann", "tree_tensor_separable"],
)
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

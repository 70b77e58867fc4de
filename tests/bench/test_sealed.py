"""A contestant is handed no test targets, and the choice does not depend on them."""

import time
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pytest

from qml.bench.arm import ArmInfo
from qml.bench.facts import targets
from qml.bench.fitting import RATE_SECONDS
from qml.bench.protocol import Protocol
from qml.bench.run import run_cell
from qml.bench.sealed import SealedSource
from qml.bench.store import Store
from qml.learn.fit import Cost, Fitted
from tests.bench.contestants import ExchangedSource, PlainSource, digits_arms, digits_source, info, inputs_of, make_task

SOURCE = partial(digits_source, rows=300)
PROTOCOL = Protocol("tiny", "digits", seeds=(0, 1), trials=2, epochs=2)


CHEAT = info("cheat", "baseline", "Cheat")


@dataclass(frozen=True)
class CheatingArm:
    """Tries to read targets that are held back, as it fits or as it predicts."""

    when: str
    split: str = "test"
    seed: int | None = None
    info: ArmInfo = CHEAT

    def read(self, source):
        return np.concatenate([batch.targets for batch in source.batches(self.split, 64, self.seed)])

    def fit(self, source, settings, budget, seed, folder):
        known = self.read(source) if self.when == "fit" else targets(source, "train")

        def predict(src, split):
            time.sleep(RATE_SECONDS)  # long enough to be measured at once: there is no second pass that could fail
            answers = self.read(src) if self.when == "predict" else known
            return np.eye(10)[np.resize(answers, len(inputs_of(src, split)))]

        return Fitted(None, predict, (), Cost(0.01, 0.01, 1, 1.0, 10), {"classical": 10})


@pytest.mark.parametrize(
    "arm",
    [
        CheatingArm("fit"),
        CheatingArm("fit", "validation", seed=0),
        CheatingArm("predict"),
        CheatingArm("predict", "validation"),
        CheatingArm("predict", "train"),
    ],
    ids=["test in fit", "validation in a shuffled read", "test at prediction", "validation at prediction", "allowed"],
)
def test_an_arm_that_reads_held_back_targets_fails(arm, tmp_path):
    result = run_cell(arm, SOURCE, make_task, PROTOCOL, 0, Store(tmp_path))
    allowed = arm.split == "train"
    assert result.status == ("finished" if allowed else "failed")
    assert allowed or "zero-dimensional" in result.reason


def test_the_readers_of_the_package_refuse_them_in_words():
    sealed = SealedSource(SOURCE(0), watched=True)
    assert len(targets(sealed, "train")) == 180
    assert len(targets(sealed, "validation")) == 60
    with pytest.raises(ValueError, match="no targets in its split 'test'"):
        targets(sealed, "test")
    with pytest.raises(ValueError, match="no targets in its split 'validation'"):
        targets(SealedSource(SOURCE(0), watched=False), "validation")


@dataclass(frozen=True)
class PryingArm(CheatingArm):
    """Looks among the attributes of what it was handed for the source that it was made of."""

    def fit(self, source, settings, budget, seed, folder):
        (whole,) = [value for value in vars(source).values() if isinstance(value, PlainSource)]
        known = targets(whole, "test")
        return Fitted(None, lambda *_: np.eye(10)[known], (), Cost(0.01, 0.01, 1, 1.0, 10), {"classical": 10})


def test_the_source_is_no_attribute_of_what_an_arm_is_handed(tmp_path):
    result = run_cell(PryingArm("fit"), SOURCE, make_task, PROTOCOL, 0, Store(tmp_path))
    assert result.status == "failed"
    assert "not enough values to unpack" in result.reason
    assert len(targets(SOURCE(0), "test")) == 60  # and of the source itself they can be read


def test_what_is_chosen_does_not_depend_on_test_targets(tmp_path):
    """The same cell with other test targets: same choice, same predictions, another test score."""

    def exchanged(seed):
        return ExchangedSource(SOURCE(seed))

    for arm in digits_arms()[:1] + digits_arms()[5:7]:
        true, other = (
            run_cell(arm, make, make_task, PROTOCOL, 0, Store(tmp_path / name / arm.info.name))
            for name, make in (("true", SOURCE), ("other", exchanged))
        )
        assert true.chosen == other.chosen
        assert np.array_equal(true.arrays["test_predictions"], other.arrays["test_predictions"])
        assert true.metrics["validation"] == other.metrics["validation"]
        assert other.metrics["test"]["accuracy"] < 0.2 < true.metrics["test"]["accuracy"]
        assert [point.validation for point in true.budget_curve] == [point.validation for point in other.budget_curve]


def test_fits_on_fewer_rows_are_sealed_too(tmp_path):
    protocol = replace(PROTOCOL, rows_curve=(0.5,), trials=1)

    @dataclass(frozen=True)
    class LateArm(CheatingArm):
        """Reads test targets where it is given fewer rows."""

        def fit(self, source, settings, budget, seed, folder):
            arm = CheatingArm("fit", "test" if source.schema.sizes["train"] < 180 else "train")
            return arm.fit(source, settings, budget, seed, folder)

    result = run_cell(LateArm("fit"), SOURCE, make_task, protocol, 0, Store(tmp_path))
    assert result.status == "finished"
    assert result.rows_curve == {}
    honest = run_cell(CheatingArm("fit", "train"), SOURCE, make_task, protocol, 0, Store(tmp_path / "honest"))
    assert set(honest.rows_curve) == {"90"}

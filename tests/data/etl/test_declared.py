"""What cannot be meant is refused before anything starts, in words that name the rule; no Java is needed."""

import pytest

from qml.base.errors import ConfigError
from qml.data.etl import ColumnRule, Division, EtlJob, FeaturePlan, Preparation, Reading, TargetPlan

INPUT, TARGET = ColumnRule(["size"]), ColumnRule(["open"], "string", role="target")


def shops(columns=(INPUT, TARGET), target=TargetPlan(), read=Reading("raw.csv"), **further):  # noqa: B008
    return Preparation("shops", read, columns, target, **further)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: ColumnRule(["a"], "flaot"), "Did you mean 'float'"),
        (lambda: ColumnRule(["a"], role="inptu"), "Did you mean 'input'"),
        (lambda: ColumnRule([]), "names no column"),
        (lambda: ColumnRule(["a"], "string", least=0), "need type=float or int"),
        (lambda: ColumnRule(["a"], "timestamp"), "no number. Say kind=category"),
        (lambda: ColumnRule(["a"], "string", pattern="("), "no regular expression"),
        (lambda: TargetPlan(classes={"a": ["1"], "b": ["1"]}), "stands under 'a' and 'b'"),
        (lambda: TargetPlan("number", {"a": ["1"]}), "Leave the classes out"),
        (lambda: TargetPlan(rest="b"), "every value would be one class"),
        (lambda: Reading("a", header=False), "neither a header nor names"),
        (lambda: Reading("a", names=["b"]), "both a header and names"),
        (lambda: Division(test=0.6, validation=0.4), "leave no training rows"),
        (lambda: Division("official"), "needs values or files"),
        (lambda: Division("official", files={"Train": ["a"]}), "is no name"),
        (lambda: Division("official", files={"train": ["a"], "quarantine": ["b"]}), "quarantine is taken"),
        (lambda: Division("official", files={"test": ["a"]}), "no part 'train'"),
        (lambda: Division(cut=3), "Say how=time"),
        (lambda: FeaturePlan(scale="standrad"), "Did you mean 'standard'"),
        (lambda: FeaturePlan(pca=0), "give 1 or more"),
        (lambda: shops((TARGET,)), "no column of role input"),
        (lambda: shops((INPUT, INPUT, TARGET)), "more than one rule for 'size'"),
        (lambda: shops((INPUT,)), "belong together"),
        (lambda: shops(split=Division("group")), "needs a column of role group"),
        (lambda: shops((ColumnRule(["__a"]), TARGET)), "keeps for itself"),
        (lambda: shops(tolerated=2), "a share of the rows"),
        (lambda: shops(read=Reading("a", header=False, names=["size"])), "differ in 'open'"),
        (lambda: EtlJob(shops(), "out", rows_per_file=0), "give 1 or more"),
    ],
)
def test_what_cannot_be_meant_is_refused(make, words):
    with pytest.raises(ConfigError) as error:
        make()
    assert words in str(error.value)


def test_the_path_is_no_part_of_the_digest_and_the_rest_is():
    here, there = shops(), shops(read=Reading("elsewhere/raw.csv"))
    assert here.digest == there.digest
    assert here.digest != shops(read=Reading("raw.csv", separator=";")).digest
    assert EtlJob(here, "a").digest == EtlJob(there, "b", master="spark://there").digest
    assert EtlJob(here, "a").digest != EtlJob(here, "a", rows_per_file=10).digest


@pytest.mark.parametrize(
    ("split", "parts"),
    [
        (Division(), ("train", "validation", "test")),
        (Division(validation=0), ("train", "test")),
        (Division("time", cut=3), ("train", "test")),
        (Division("time", cut=3, validation_cut=2), ("train", "validation", "test")),
        (Division("official", files={"test": ["b"], "train": ["a"]}), ("train", "validation", "test")),
        (Division("official", validation=0, files={"late": ["b"], "train": ["a"]}), ("train", "late")),
    ],
)
def test_the_parts_are_named_in_order(split, parts):
    assert split.parts == parts


def test_yaml_spells_truth_values_and_numbers_its_own_way():
    assert ColumnRule(["a"], "string", values=[True, 1, "b"]).values == ("true", "1", "b")
    assert TargetPlan(classes={"yes": [1], "no": [0]}).classes == {"yes": ("1",), "no": ("0",)}

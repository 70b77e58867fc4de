"""What cannot be meant is refused before anything starts, in words that name the rule; no Java is needed."""

import pytest

from qml.base.errors import ConfigError
from qml.data.etl import ColumnRule, Division, EtlJob, FeaturePlan, Preparation, Reading, TargetPlan

INPUT, TARGET = ColumnRule(["size"]), ColumnRule(["open"], "string", role="target")

TIME, WORD = ColumnRule(["when"], "timestamp", role="time"), ColumnRule(["when"], "string", role="time")
OPEN = ColumnRule(["open"], "int", role="target")
LATE = Division("time", cut="2020-01-01T00:00:00Z", validation_cut="2021-01-01")


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
        (lambda: Division("time", validation_cut=3), "without etl.split.cut"),
        (lambda: Division(test=0, distinct=True), "distinct needs a test part"),
        (lambda: Division("official", values={"train": [1], "test": [1]}), "gives '1' to 'train' and to 'test'"),
        (lambda: Division("official", files={"train": ["a", "b"], "test": ["b"]}), "'b' to 'test' and 'b' to 'train'"),
        (lambda: Division("official", files={"train": ["a/", "a"]}), "rows would be read twice"),
        (lambda: Division("official", files={"train": ["a/b/c"], "test": ["a"]}), "'a/b/c' to 'train' and 'a' to"),
        (lambda: Reading("a", encoding="latin"), "etl.read.encoding 'LATIN' is not known"),
        (lambda: Reading("a", "json", encoding="ISO-8859-1"), "was given for json"),
        (lambda: Reading("a", encoding="UTF-16"), "multiline=true"),
        (lambda: FeaturePlan(scale="standrad"), "Did you mean 'standard'"),
        (lambda: FeaturePlan(pca=0), "give 1 or more"),
        (lambda: shops((TARGET,)), "no column of role input"),
        (lambda: shops((INPUT, INPUT, TARGET)), "more than one rule for 'size'"),
        (lambda: shops((INPUT,), TargetPlan("number")), "no column has the role target"),
        (lambda: shops(split=Division("group")), "needs a column of role group"),
        (lambda: shops((INPUT, TARGET, TIME), split=Division("time", cut="12:30")), "Give a date such as"),
        (lambda: shops((INPUT, TARGET, TIME), split=Division("time", cut=2020)), "Give a date such as"),
        (lambda: shops((INPUT, TARGET, TIME), split=LATE), "validation_cut=2021-01-01 is not before cut=2020-01-01T00"),
        (lambda: shops((INPUT, TARGET, WORD), split=Division("time")), "which has no order"),
        (lambda: shops(target=TargetPlan("number")), "'open' is declared as type=string"),
        (
            lambda: shops((INPUT, OPEN), TargetPlan(classes={"a": ["yes"]})),
            "the value 'yes'; column 'open'",
        ),
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


def test_a_target_needs_no_plan_where_it_says_nothing():
    assert shops(target=None) == shops()
    assert shops((INPUT,)).target is None


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

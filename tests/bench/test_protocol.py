from dataclasses import fields, replace

import numpy as np
import pytest

from qml.base.errors import ConfigError
from qml.bench.arm import ArmInfo
from qml.bench.budget import best_trial, sample_settings
from qml.bench.cell import Cell, plain
from qml.bench.protocol import Protocol

BASE = Protocol("small", "digits", trials=2)
OTHER = dict(
    name="large",
    data="wine",
    split="official",
    test=0.3,
    validation=0.1,
    rows=500,
    source=(("transforms", "none"),),
    seeds=(0, 1),
    folds=5,
    inner=3,
    sampler="tpe",
    trials=3,
    epochs=7,
    cpu_s=9.0,
    patience=2,
    rank="auc",
    metrics=("auc",),
    rope=0.02,
    rows_curve=(0.5,),
    contrasts=(("hybrid", "twin"),),
    floors=(("logistic", 0.9),),
)


def test_every_term_changes_the_hash():
    assert set(OTHER) == {f.name for f in fields(Protocol)} - {"title"}
    hashes = {replace(BASE, **{key: value}).hash for key, value in OTHER.items()} | {BASE.hash}
    assert len(hashes) == len(OTHER) + 1


def test_the_title_and_the_kind_of_list_do_not_change_the_hash():
    assert replace(BASE, title="Digits", seeds=[0, 1, 2, 3, 4]).hash == BASE.hash


def test_json_round_trip():
    protocol = replace(BASE, **{**OTHER, "seeds": (5, 6, 7, 8, 9)})
    assert Protocol.from_json(protocol.to_json()) == protocol
    assert Protocol.from_json(protocol.to_json()).hash == protocol.hash
    with pytest.raises(ConfigError, match="trials"):
        Protocol.from_json({**protocol.to_json(), "trails": 3})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("name", ""),
        ("data", 3),
        ("test", 0.0),
        ("test", 1.2),
        ("validation", float("nan")),
        ("validation", 0.85),
        ("seeds", ()),
        ("seeds", (0, 0)),
        ("seeds", (-1,)),
        ("seeds", (True,)),
        ("seeds", "01"),
        ("trials", 0),
        ("folds", 1),
        ("folds", True),
        ("inner", 1),
        ("inner", "fold"),
        ("inner", 2.0),
        ("sampler", "sobol"),
        ("epochs", 2.5),
        ("cpu_s", 0.0),
        ("cpu_s", float("inf")),
        ("patience", 0),
        ("rows", 0),
        ("source", (("contents", 3),)),
        ("rank", " "),
        ("rope", 0.0),
        ("rope", "1"),
        ("rows_curve", (0.5, 0.2)),
        ("rows_curve", (1.0,)),
        ("metrics", (3,)),
        ("contrasts", (("a", "a"),)),
        ("contrasts", (("a",),)),
        ("floors", (("a", "b"),)),
    ],
)
def test_bad_values_are_refused_by_name(key, value):
    with pytest.raises(ConfigError, match=key.split("_")[0]):
        replace(BASE, **{key: value})


def test_seeds_of_folds_are_whole_deals():
    assert replace(BASE, folds=3, seeds=(3, 4, 5, 0, 1, 2)).test == pytest.approx(1 / 3)
    with pytest.raises(ConfigError, match=r"seeds is \(0, 1, 3\).*\[2, 4, 5\] are missing"):
        replace(BASE, folds=3, seeds=(0, 1, 3))


def test_the_share_of_test_rows_is_no_term_of_folds():
    assert replace(BASE, folds=5, test=0.3) == replace(BASE, folds=5)
    with pytest.raises(ConfigError, match=r"test \+ validation"):
        replace(BASE, folds=2, validation=0.5, seeds=(0, 1))


def test_inner_folds_need_something_to_choose():
    with pytest.raises(ConfigError, match="inner is 3; it must be 'holdout' with trials=1"):
        replace(BASE, trials=1, inner=3)


def test_a_foreign_seed_is_refused():
    with pytest.raises(ConfigError, match="seed is 7"):
        Cell.of(ArmInfo("a", "baseline", "A", {}), BASE, 7)


def test_a_cell_is_keyed_by_what_decides_its_numbers():
    info = ArmInfo("a", "baseline", "A", {"C": 1.0}, {"lr": (0.1,)}, {"note": "x"})
    cell = Cell.of(info, BASE, 0)
    same = Cell.of(replace(info, title="B", details={}, family="control"), BASE, 0)
    assert cell.digest == same.digest
    others = [
        Cell.of(replace(info, config={"C": 2.0}), BASE, 0),
        Cell.of(replace(info, space={}), BASE, 0),
        Cell.of(replace(info, name="b"), BASE, 0),
        Cell.of(info, BASE, 1),
        Cell.of(info, replace(BASE, epochs=3), 0),
    ]
    assert len({c.digest for c in [cell, *others]}) == 6


def test_plain_data_keeps_the_digest():
    config = {"a": (1, 2.5), "b": np.float64(0.1), "protocol": BASE, "array": np.arange(3), "set": {"x", "y"}}
    first = ArmInfo("a", "baseline", "A", config)
    second = ArmInfo("a", "baseline", "A", plain(config))
    assert Cell.of(first, BASE, 0).digest == Cell.of(second, BASE, 0).digest


def test_settings_are_seeded_and_not_repeated_while_the_space_allows():
    space = {"lr": (1, 2, 3), "width": (4, 5)}
    drawn = sample_settings(space, 6, seed=0)
    assert len({tuple(sorted(s.items())) for s in drawn}) == 6
    assert drawn == sample_settings(space, 6, seed=0)
    assert drawn != sample_settings(space, 6, seed=1)
    assert drawn[:3] == sample_settings(space, 3, seed=0)
    assert len(sample_settings(space, 9, seed=0)) == 9
    assert len({tuple(sorted(s.items())) for s in sample_settings(space, 12, seed=0)}) == 6


def test_a_huge_space_is_not_listed():
    space = {f"k{i}": tuple(range(50)) for i in range(8)}
    assert len({tuple(s.items()) for s in sample_settings(space, 20, seed=3)}) == 20


def test_a_space_without_choices_is_refused():
    with pytest.raises(ConfigError, match="'lr' has no choices"):
        sample_settings({"lr": ()}, 1, 0)
    with pytest.raises(ConfigError, match="at least 1"):
        sample_settings({}, 0, 0)


def test_the_best_trial():
    assert best_trial([None, 0.5, 0.7], True) == 2
    assert best_trial([None, 0.5, 0.7], False) == 1
    assert best_trial([0.5, 0.5], False) == 0
    assert best_trial([None, None], True) is None

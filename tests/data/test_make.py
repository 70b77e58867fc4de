"""Built-in sets as sources, without any download."""

import os
import subprocess
import sys

import numpy as np
import pytest

from qml.base.errors import ConfigError, DataError
from qml.contracts import check_source
from qml.data import (
    CATALOGUE,
    SOURCES,
    ArraySource,
    ScaleImages,
    Standardise,
    describe,
    make_source,
    open_table,
    split_table,
    transformed,
    whole,
)
from qml.data.__main__ import main

BUILT_IN = ("digits", "breast_cancer", "wine", "diabetes")


def test_built_in_sets_are_known():
    assert [name for name, entry in CATALOGUE.items() if entry.built_in] == list(BUILT_IN)
    assert set(BUILT_IN) <= set(SOURCES)


@pytest.mark.parametrize("name", BUILT_IN)
def test_built_in_sets_are_as_catalogued(name, monkeypatch):
    monkeypatch.delenv("QML_DATA", raising=False)
    table, entry = open_table(name), CATALOGUE[name]
    assert len(table) == entry.rows
    assert entry.rest == ("number", len(table.columns))
    assert table.target.labels == entry.target.labels
    if entry.target.kind == "classes":
        assert tuple(np.bincount(table.targets)) == entry.target.counts["all"]


@pytest.mark.parametrize("name", BUILT_IN)
def test_built_in_sources(name):
    source = SOURCES[name](seed=3)
    assert sum(source.schema.sizes.values()) == CATALOGUE[name].rows
    for part in ("train", "validation", "test"):
        batch = whole(source, part)
        assert batch.inputs.shape == (source.schema.sizes[part], *source.schema.input_shape)
        assert batch.inputs.dtype == np.float32
        assert np.isfinite(batch.inputs).all()
        assert batch.targets.dtype == (np.int64 if source.schema.target.kind == "classes" else np.float32)
    train = whole(source, "train").inputs
    assert abs(train.mean()) < 1e-4
    assert abs(train.std() - 1) < 1e-2


def test_digits_keep_one_scale():
    train = whole(make_source("digits"), "train").inputs
    assert train.shape[1] == 64
    assert len(np.unique(train)) == 17  # the levels 0 .. 16 of a pixel, standardised together


def test_the_seed_moves_the_split_and_the_same_seed_does_not():
    first, again, other = (make_source("wine", seed=seed).schema.digest for seed in (1, 1, 2))
    assert first == again != other


def test_rows_are_nested_and_only_training_shrinks():
    few, more = (make_source("digits", rows=rows, transforms=None) for rows in (50, 200))
    assert few.schema.sizes == {"train": 50, "validation": 359, "test": 359}
    assert set(few.rows("train")) <= set(more.rows("train"))
    assert set(few.targets[few.rows("train")]) == set(range(10))
    with pytest.raises(DataError, match="rows=5000 was asked of a training part of 1079"):
        make_source("digits", rows=5000)
    with pytest.raises(DataError, match="cannot hold the 10 classes"):
        make_source("digits", rows=9)


def test_facts_are_told():
    info = make_source("wine", seed=5).info
    assert info["split"] == "stratified"
    assert info["seed"] == 5
    assert info["duplicates"] == {"validation in train": 0, "test in train": 0, "test in validation": 0}
    assert np.sum(list(info["class_counts"].values())) == 178


def test_duplicates_are_counted():
    inputs = np.arange(30.0).reshape(10, 3)
    from qml.data.duplicates import row_keys, shared_rows

    inputs[9], inputs[8] = inputs[0], -0.0
    inputs[1] = 0.0
    source = ArraySource.from_arrays(inputs, np.arange(10) % 2, split="time", time=np.arange(10))
    assert shared_rows(row_keys(inputs), source.split) == {
        "validation in train": 0,
        "test in train": 2,
        "test in validation": 0,
    }


def test_groups_of_equal_rows_are_the_same_in_every_process():
    program = (
        "import numpy as np; from qml.data import by_group;"
        "from qml.data.duplicates import groups_of_equal_rows;"
        "rows = np.random.default_rng(0).integers(0, 9, (200, 2));"
        "print(by_group(groups_of_equal_rows(rows))['test'].tolist())"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", program], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1


@pytest.mark.parametrize("name", BUILT_IN)
def test_the_contract_of_a_source(name):
    assert check_source(SOURCES[name](seed=0)).ok


def test_the_contract_of_a_transformed_source():
    images = np.random.default_rng(0).integers(0, 256, (40, 1, 3, 3), dtype=np.uint8)
    source = ArraySource.from_arrays(images, np.arange(40) % 2)
    assert check_source(transformed(source, ScaleImages())).ok


def test_ways_to_split():
    table = open_table("wine")
    assert split_table(table, "random").how == "random"
    with pytest.raises(ConfigError, match="no split of 'wine' is published"):
        split_table(table, "official")
    with pytest.raises(ConfigError, match="has no groups"):
        split_table(table, "group")
    with pytest.raises(ConfigError, match="Did you mean 'stratified'"):
        split_table(table, "stratify")
    assert set(make_source("wine", validation=0).schema.sizes) == {"train", "test"}


def test_transforms_of_ones_own():
    raw = make_source("wine", transforms=None)
    own = make_source("wine", transforms=Standardise())
    assert whole(raw, "train").inputs.max() > 1000
    assert np.allclose(whole(own, "train").inputs.mean(0), 0, atol=1e-5)
    with pytest.raises(ConfigError, match="transforms='standard' is not known"):
        make_source("wine", transforms="standard")


def test_a_source_of_ones_own(monkeypatch):
    def build(seed):
        return ArraySource.from_arrays(np.ones((20, 2)), np.arange(20) % 2, seed=seed)

    monkeypatch.setitem(SOURCES._members, "mine", build)
    assert make_source("mine", seed=4).schema.input_shape == (2,)
    with pytest.raises(ConfigError, match="is your own"):
        make_source("mine", rows=4)
    with pytest.raises(ConfigError, match="Did you mean 'mine'"):
        make_source("mind")


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_set_has_a_card(name):
    card = describe(name)
    assert card.startswith(f"{name}: ")
    assert all(word in card for word in ("rows ", "split ", "licence ", "where "))
    assert all(len(line) <= 100 for line in card.splitlines()[1:])


def test_the_command(capsys, monkeypatch, tmp_path):
    monkeypatch.delenv("QML_DATA", raising=False)
    assert main(["list"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(CATALOGUE)
    assert main(["show", "mitbih"]) == 0
    assert "pacemaker" in capsys.readouterr().out
    assert main(["show", "mitbhi"]) == 2
    assert "Did you mean 'mitbih'" in capsys.readouterr().err
    assert main(["check", "wine", "digits"]) == 0
    assert main(["check", "wine", "pima", "--root", str(tmp_path)]) == 1
    out = capsys.readouterr().out
    assert str(tmp_path / "pima" / "data.parquet") in out
    assert "1 ok, 1 failed" in out
    with pytest.raises(SystemExit) as stopped:
        main(["--help"])
    assert stopped.value.code == 0
    assert "QML_DATA" in capsys.readouterr().out

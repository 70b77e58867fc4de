"""The data sets under QML_DATA: each opens, and is what the catalogue and its own papers say."""

import json

import numpy as np
import pytest

from qml.base.errors import CapabilityError
from qml.data import CATALOGUE, TransformedSource, make_source, open_table, split_table, whole
from qml.data.features import TRAINABLE
from qml.data.table import PARTS

NAMES = [name for name, entry in CATALOGUE.items() if not entry.built_in]
HEAVY = {"cifar10", "kddcup99"}  # seconds each to make features of


def trainable(name):
    marks = [pytest.mark.slow] if name in HEAVY else []
    return pytest.param(name, marks=marks)


def test_every_folder_is_catalogued(data_root):
    folders = {path.name for path in data_root.iterdir() if path.is_dir()}
    assert folders == {CATALOGUE[name].folder for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_it_opens(name, data_root):
    table, entry = open_table(name, data_root), CATALOGUE[name]
    assert len(table) == entry.rows == sum(item.rows for item in entry.files)
    assert all(len(values) == len(table) for values in table.values.values())
    assert len(table.columns) == len(entry.columns) + (entry.rest[1] if entry.rest else 0)
    assert not set(table.values) & set(entry.drop)
    assert (table.targets is None) == (table.target is None)


@pytest.mark.parametrize("folder", sorted({CATALOGUE[name].folder for name in NAMES}))
def test_it_agrees_with_its_meta_file(folder, data_root):
    """`meta.json` was written by whoever converted the set: an independent count of rows and columns."""
    meta = json.loads((data_root / folder / "meta.json").read_text())
    known = {item["file"]: item for item in meta["files"]}
    for name in NAMES:
        entry = CATALOGUE[name]
        if entry.folder != folder:
            continue
        for item in (*entry.files, *entry.beside.values()):
            assert known[item.file]["rows"] == item.rows
        if entry.target is None or entry.target.rest is not None or not entry.target.values:
            continue
        for item in entry.files:
            balance = meta["class_balance"].get(item.file)
            if balance:
                counts = [sum(balance.get(str(value), 0) for value in values) for values in entry.target.values]
                assert counts == list(entry.target.counts[item.part])


@pytest.mark.parametrize("name", [trainable(name) for name in NAMES if CATALOGUE[name].form in TRAINABLE])
def test_it_becomes_a_source(name, data_root):
    source = make_source(name, root=data_root, seed=1)
    sizes = source.schema.sizes
    assert list(sizes) == list(PARTS)
    for part in PARTS:
        batch = next(source.batches(part, 512, seed=0))
        assert batch.inputs.shape == (min(512, sizes[part]), *source.schema.input_shape)
        assert np.isfinite(batch.inputs).all()
        assert np.isfinite(batch.targets).all()
        assert batch.targets.min() >= 0 or source.schema.target.kind == "number"
    assert json.dumps(dict(source.info))


@pytest.mark.parametrize("name", [name for name in NAMES if CATALOGUE[name].form not in TRAINABLE])
def test_it_says_that_it_has_no_features(name, data_root):
    with pytest.raises(CapabilityError, match="typed columns only"):
        make_source(name, root=data_root)


def sizes(name, root, **options):
    return split_table(open_table(name, root), **options).sizes()


def test_published_parts_stay_and_the_seed_moves_validation(data_root):
    table = open_table("adult", data_root)
    first, second = split_table(table, seed=0), split_table(table, seed=1)
    assert len(first["test"]) == 16_281
    assert np.array_equal(first["test"], second["test"])
    assert not np.array_equal(first["validation"], second["validation"])
    assert sizes("fashion_mnist", data_root, validation=0) == {"train": 60_000, "test": 10_000}
    assert sizes("breast_mnist", data_root) == {"train": 546, "validation": 78, "test": 156}
    assert sizes("cora", data_root) == {"train": 140, "validation": 500, "test": 1_000}
    assert sizes("molhiv", data_root) == {"train": 33_524, "validation": 4_190, "test": 4_192}
    assert sizes("higgs", data_root, validation=0) == {"train": 26_630, "test": 19_609}


def test_mitbih_is_split_by_patient(data_root):
    table = open_table("mitbih", data_root)
    split, record = split_table(table), np.asarray(table["record"])
    people = [set(record[split[part]]) for part in PARTS]
    assert len(people[0] | people[1]) == len(people[2]) == 22
    assert not people[0] & people[1]
    assert not people[2] & (people[0] | people[1])
    assert not {102, 104, 107, 217} & set.union(*people)


def test_patients_and_genes_and_colours_stay_together(data_root):
    for name in ("diabetes130", "splice_junction", "skin_segmentation", "sms_spam"):
        table = open_table(name, data_root)
        split = split_table(table, seed=2)
        seen = [set(table.groups[split[part]]) for part in PARTS]
        assert sum(map(len, seen)) == len(set.union(*seen))
        shares = [np.bincount(table.targets[split[part]]) / len(split[part]) for part in PARTS]
        assert np.abs(np.array(shares) - shares[0]).max() < 0.03


def test_time_is_cut_where_the_sets_say(data_root):
    flights = open_table("hflights", data_root)
    split = split_table(flights)
    assert flights["Month"][split["test"]].min() == 10
    assert flights["Month"][split["train"]].max() <= 9
    assert split.sizes()["test"] == 55_358
    air = open_table("beijing_air", data_root)
    assert air["time"][split_table(air)["test"]].min() == np.datetime64("2016-03-01")
    for name in ("bank_marketing", "elec2", "wall_robot", "udacity_steering", "oil_prices"):
        table = open_table(name, data_root)
        split = split_table(table)
        assert table.time[split["train"]].max() < table.time[split["validation"]].min()
        assert table.time[split["validation"]].max() < table.time[split["test"]].min()


def test_one_camera(data_root):
    table = open_table("udacity_steering", data_root)
    split = split_table(table)
    used = np.concatenate(list(split.parts.values()))
    assert len(used) == 4_401
    assert set(np.asarray(table["camera"])[used]) == {"center"}


def test_the_leak_of_brain_mri_is_flagged(data_root):
    usual = make_source("brain_mri", root=data_root)
    assert usual.schema.sizes["test"] == 143
    published = make_source("brain_mri", root=data_root, how="official")
    assert published.schema.sizes["test"] == 394
    assert list(published.info["known_leaks"].values()) == [251]
    found = published.info["duplicates"]
    assert found["test in train"] + found["test in validation"] >= 88


def test_known_duplicates_are_counted(data_root):
    assert make_source("pneumonia_mnist", root=data_root).info["duplicates"]["validation in train"] == 8
    assert make_source("breast_mnist", root=data_root).info["duplicates"]["test in train"] == 1
    assert make_source("skin_segmentation", root=data_root).info["duplicates"]["test in train"] == 0


def test_leaks_and_missing_values(data_root):
    assert "duration" not in open_table("bank_marketing", data_root).values
    pima = open_table("pima", data_root)
    assert np.isnan(pima["insulin"]).sum() == 374
    assert len(open_table("open_bandit", data_root, also=["propensity_score"])["propensity_score"]) == 60_000


def test_images_are_the_known_ones(data_root):
    source = make_source("mnist", root=data_root, transforms=None, validation=0)
    assert whole(source, "test").targets[:4].tolist() == [7, 2, 1, 0]
    assert source.schema.input_shape == (1, 28, 28)
    fashion = make_source("fashion_mnist", root=data_root, validation=0)
    assert isinstance(fashion, TransformedSource)
    inputs = next(fashion.batches("train", 20_000, seed=0)).inputs
    assert abs(inputs.mean()) < 0.01
    assert abs(inputs.std() - 1) < 0.01


def test_linear_scores_are_those_of_the_readme(data_root):
    """The labels belong to their rows: logistic regression reaches the floor measured when the sets were made."""
    from sklearn.linear_model import LogisticRegression

    for name, floor in (("htru2", 0.97), ("pima", 0.70), ("adult", 0.82), ("qml_benchmarks/mnist_pca", 0.92)):
        source = make_source(name, root=data_root, rows=400 if name == "pima" else 2_000)
        train, test = whole(source, "train"), whole(source, "test")
        score = LogisticRegression(max_iter=500).fit(train.inputs, train.targets).score(test.inputs, test.targets)
        assert score > floor, name

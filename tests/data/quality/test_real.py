"""Leaks that are in published sets, counted by others: each is found in the data themselves, with that count."""

import os
from dataclasses import replace

import numpy as np
import pytest

from qml.data import CATALOGUE
from qml.data.quality import inspect_data
from qml.estimators.data_choice import DataChoice
from qml.estimators.examining import examined

pytestmark = pytest.mark.skipif(not os.environ.get("QML_DATA"), reason="QML_DATA is not set: the sets cannot be opened")


def looked_at(name, **choice):
    """A set as published, without what its description says of groups and of rows that are known to leak."""
    rows = examined(DataChoice(name, **choice), 0, published=True)
    return replace(rows, table=replace(rows.table, groups=None, leaked={}))


def told(rows, *checks):
    return {finding.title: finding for finding in inspect_data(rows, checks).findings if finding.level != "pass"}


def counts(rows, *checks):
    return [finding.counts for finding in told(rows, *checks).values()]


def test_brain_mri_has_251_test_images_in_training():
    rows = looked_at("brain_mri")
    assert "in_train" not in rows.table.values
    finding = told(rows, "copies")["251 test rows are equal to a row of train"]
    assert finding.level == "severe"
    assert finding.counts["test in train"] == 251
    near = counts(rows, "near_copies")[0]
    assert near["test near train"] > 0
    inspection = inspect_data(examined(DataChoice("brain_mri"), 0), ["copies"])
    assert not any(f.counts.get("test in train") for f in inspection.findings)  # the usual split leaves them out


def test_the_copies_of_brain_mri_are_those_that_its_column_marks():
    from qml.data import open_table

    rows = looked_at("brain_mri")
    table = open_table("brain_mri")
    (marked,) = table.leaked.values()
    finding = told(rows, "copies")["251 test rows are equal to a row of train"]
    assert set(finding.rows) == set(np.flatnonzero(marked).tolist())


def test_breast_mnist_has_one():
    found = told(looked_at("breast_mnist"), "copies")
    assert found["1 test row is equal to a row of train"].counts["test in train"] == 1
    assert found["1 test row is equal to a row of train"].counts["with its label"] == 0
    assert not any("validation in train" in finding.counts for finding in found.values())


def test_gue_promoter_has_43_and_54_and_64_with_both_labels():
    found = counts(looked_at("gue_promoter"), "copies", "contradictions")
    assert {key: count for each in found for key, count in each.items() if " in " in key and "repeats" not in key} == {
        "test in train": 43,
        "validation in train": 54,
        "test in validation": 8,
    }
    repeats = next(each for each in found if "repeats" in each)
    assert [repeats[f"repeats in {part}"] for part in ("train", "validation", "test")] == [148, 6, 4]
    assert next(each["inputs"] for each in found if "inputs" in each) == 64


def test_fin_tweets_has_38_with_another_link_and_one_with_other_spaces():
    rows = looked_at("fin_tweets")
    assert told(rows, "copies") == {}
    (found,) = counts(rows, "loose_copies")
    assert (found["but for links"], found["test in train"]) == (38, 39)
    assert any("blocks of one label" in title for title in told(rows, "order"))


def test_splice_junction_repeats_185_and_comes_by_gene():
    rows = looked_at("splice_junction")
    repeats = next(each for each in counts(rows, "copies", "contradictions") if "repeats" in each)
    assert repeats["repeats"] == 185
    assert counts(rows, "contradictions")[0]["inputs"] == 1
    (gene,) = told(rows, "groups").values()
    assert (gene.columns, gene.counts["groups"]) == (("gene",), 1475)


@pytest.mark.parametrize(
    ("name", "column", "subjects"), [("diabetes130", "patient_nbr", 71518), ("mitbih", "record", 44)]
)
@pytest.mark.parametrize("kind", ["id", "number"])
def test_patients_are_found_without_being_told(name, column, subjects, kind):
    rows = looked_at(name)
    columns = tuple(replace(c, kind=kind) if c.name == column else c for c in rows.table.columns)
    rows = replace(rows, table=replace(rows.table, columns=columns))
    (finding,) = told(rows, "groups").values()
    assert (finding.columns, finding.counts["groups"]) == ((column,), subjects)
    assert finding.level == "note"  # the split at hand keeps them apart


def test_a_random_split_of_patients_is_suspect_and_where_declared_severe():
    rows = looked_at("diabetes130", how="stratified")
    (finding,) = told(rows, "groups").values()
    names = np.asarray(rows.table["patient_nbr"])
    shared = np.isin(names[rows.split["test"]], names[rows.split["train"]]).sum()
    assert (finding.level, finding.counts["test with train"]) == ("suspect", shared)
    declared = examined(DataChoice("diabetes130", how="stratified"), 0)
    assert {f.level for f in told(declared, "declared_groups").values()} == {"severe"}


def test_the_activity_of_molhiv_is_its_label():
    (finding,) = told(looked_at("molhiv"), "disguise").values()
    assert (finding.columns, finding.counts["errors removed"]) == (("activity",), 1.0)
    assert set(finding.examples) >= {"activity=CI: inactive"}


def test_skin_segmentation_has_51433_different_rows():
    repeats = next(each for each in counts(looked_at("skin_segmentation"), "copies") if "repeats" in each)
    assert (repeats["distinct"], repeats["repeats"]) == (51_433, 245_057 - 51_433)


@pytest.mark.slow
def test_the_copies_of_kddcup99_are_those_that_pandas_counts():
    import pandas as pd

    found = counts(looked_at("kddcup99"), "copies")
    root = os.environ["QML_DATA"]
    train, test = (
        pd.read_parquet(f"{root}/kddcup99/{part}.parquet").drop(columns="label") for part in ("train", "test")
    )
    keys = [pd.util.hash_pandas_object(frame, index=False).to_numpy() for frame in (train, test)]
    across, within = found
    assert across["test in train"] == np.isin(keys[1], keys[0]).sum() == 181_136
    assert within["repeats in train"] == train.duplicated().sum() == 348_437
    attacks = [pd.read_parquet(f"{root}/kddcup99/{part}.parquet") for part in ("train", "test")]
    keys = [pd.util.hash_pandas_object(frame, index=False).to_numpy() for frame in attacks]
    assert np.isin(keys[1], keys[0]).sum() == 177_901  # as published: with the kind of attack, of which there are 38


@pytest.mark.slow
def test_fashion_mnist_has_nothing_that_is_not_there():
    inspection = inspect_data(looked_at("fashion_mnist"))
    assert inspection.severe == ()
    assert {f.level for f in inspection.findings} <= {"warn", "note", "pass"}
    assert inspection.of("copies") == ()
    assert {f.check for f in inspection.findings if f.level == "warn"} == {"near_copies"}
    rows = looked_at("fashion_mnist")
    pixels = rows.pictures.reshape(70_000, -1)
    assert len(np.unique(pixels, axis=0)) == 70_000  # sorted by bytes: an independent count


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name, entry in CATALOGUE.items() if not entry.built_in])
def test_every_set_is_inspected(name):
    rows = looked_at(name)
    inspection = inspect_data(rows, slow=False)
    assert sum(inspection.sizes.values()) == len(rows.rows)
    assert set(inspection.seconds) | set(inspection.skipped)

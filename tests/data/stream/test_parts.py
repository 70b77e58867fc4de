"""Which rows are which part: by folders, by a mapping, by shares of exact size."""

import numpy as np
import pyarrow as pa
import pytest

from qml.base.errors import ConfigError, DataError
from qml.contracts import check_source
from qml.data import ParquetSource, whole
from qml.data.stream.layout import Layout
from qml.data.stream.shares import carved
from tests.data.stream.conftest import numbers, write


@pytest.mark.parametrize("form", ["{}/rows.parquet", "split={}/a.parquet", "{}/year=2020/a.parquet"])
def test_folders_called_like_parts(tmp_path, form, caplog):
    caplog.set_level("WARNING", "qml")
    for part, rows in {"train": 70, "test": 30, "quarantine": 5}.items():
        write(tmp_path / form.format(part), numbers(rows))
    source = ParquetSource.open(str(tmp_path), target="label", drop=["year"] if "year" in form else [])
    assert source.schema.sizes == {"train": 70, "test": 30}
    assert "1 files lie in no folder of a part" in caplog.text
    assert [record.levelname for record in caplog.records] == ["WARNING"]


@pytest.mark.parametrize(
    "form", ["{}.parquet", "{}-00000-of-00002.parquet", "{}2.parquet", "data/{}_a.parquet", "year=2020/{}.parquet"]
)
def test_files_called_like_parts(tmp_path, form, caplog):
    caplog.set_level("WARNING", "qml")
    for word, rows in {"train": 70, "test": 30, "val": 20}.items():
        write(tmp_path / form.format(word), numbers(rows))
    drop = ["year"] if "year" in form else []
    assert ParquetSource.open(str(tmp_path), target="label", drop=drop).schema.sizes == {
        "train": 70,
        "validation": 20,
        "test": 30,
    }
    assert not caplog.records
    everything = ParquetSource.open(str(tmp_path), target="label", drop=drop, parts={"train": "."})
    assert everything.schema.sizes == {"train": 120}


def test_a_mixture_of_files_called_like_parts_and_others_is_refused(tmp_path):
    for name in ("train", "test", "tests", "trainer"):
        write(tmp_path / f"{name}.parquet", numbers(10))
    with pytest.raises(DataError, match=r"train\.parquet, which is called like the part train, and tests\.parquet,"):
        ParquetSource.open(str(tmp_path), target="label")


def test_files_called_like_no_part_are_training_rows(tmp_path):
    for name in ("trains", "part-0", "2020"):
        write(tmp_path / f"{name}.parquet", numbers(10))
    assert ParquetSource.open(str(tmp_path), target="label").schema.sizes == {"train": 30}


@pytest.mark.parametrize("form", ["{}.parquet", "{}/a.parquet"])
def test_two_words_for_one_part_are_refused(tmp_path, form):
    for word in ("train", "val", "dev"):
        write(tmp_path / form.format(word), numbers(10))
    with pytest.raises(DataError, match="both called like the part validation"):
        ParquetSource.open(str(tmp_path), target="label")


def test_other_folders_are_all_training_rows(tmp_path):
    for year in (2020, 2021):
        write(tmp_path / f"y{year}" / "a.parquet", numbers(40))
    assert ParquetSource.open(str(tmp_path), target="label").schema.sizes == {"train": 80}
    write(tmp_path / "test" / "a.parquet", numbers(40))
    with pytest.raises(DataError, match=r"has the parts test and no train: test/a\.parquet is called so"):
        ParquetSource.open(str(tmp_path), target="label")


def test_a_column_in_the_names_of_folders_is_not_lost(tmp_path):
    for town in ("north", "south"):
        write(tmp_path / f"town={town}" / "a.parquet", numbers(40))
    with pytest.raises(DataError, match=r"folders such as town=south/ say a column 'town', which the files lack"):
        ParquetSource.open(str(tmp_path), target="label")
    for words in ({"drop": ["town"]}, {"columns": ["a", "b", "c"]}):
        assert ParquetSource.open(str(tmp_path), target="label", **words).schema.input_shape == (3,)
    named = {"train": "town=north", "test": "town=south"}
    assert ParquetSource.open(str(tmp_path), target="label", parts=named).schema.sizes == {"train": 40, "test": 40}
    write(tmp_path / "town=north" / "a.parquet", numbers(40).append_column("town", pa.array(np.ones(40))))
    with pytest.raises(DataError, match=r"town=south/a\.parquet was to have the column 'town'"):
        ParquetSource.open(str(tmp_path), target="label")


def test_folders_that_are_links(tmp_path):
    write(tmp_path / "elsewhere" / "b.parquet", numbers(30))
    write(tmp_path / "rows" / "train" / "a.parquet", numbers(70))
    (tmp_path / "rows" / "test").symlink_to(tmp_path / "elsewhere")
    source = ParquetSource.open(str(tmp_path / "rows"), target="label")
    assert source.schema.sizes == {"train": 70, "test": 30}
    (tmp_path / "rows" / "train" / "gone.parquet").symlink_to(tmp_path / "nowhere.parquet")
    with pytest.raises(DataError, match=r"train/gone\.parquet is a link to a file that is not there"):
        ParquetSource.open(str(tmp_path / "rows"), target="label")
    (tmp_path / "elsewhere" / "again").symlink_to(tmp_path / "rows")
    with pytest.raises(DataError, match=r"test/again is a link to what is read as .*rows already"):
        ParquetSource.open(str(tmp_path / "rows"), target="label")


def test_folders_called_like_files(tmp_path):
    write(tmp_path / "set.parquet" / "rows.parquet" / "part-0.parquet", numbers(40))
    assert ParquetSource.open(str(tmp_path / "set.parquet"), target="label").schema.sizes == {"train": 40}


def test_parts_by_name(tmp_path):
    for name, rows in {"a.parquet": 40, "more/b.parquet": 30, "more/c.parquet": 20}.items():
        write(tmp_path / name, numbers(rows))
    inside = ParquetSource.open(str(tmp_path), parts={"train": "more", "test": "a.parquet"}, target="label")
    anywhere = ParquetSource.open(
        {"train": str(tmp_path / "more"), "test": str(tmp_path / "a.parquet")}, target="label", verify=False
    )
    assert inside.schema.sizes == anywhere.schema.sizes == {"train": 50, "test": 40}
    assert np.array_equal(whole(inside, "test").inputs, whole(anywhere, "test").inputs)
    with pytest.raises(DataError, match=r"part 'test' was to be .*nowhere"):
        ParquetSource.open(str(tmp_path), parts={"train": "more", "test": "nowhere"}, target="label")
    with pytest.raises(ConfigError, match="no 'train'"):
        ParquetSource.open({"test": str(tmp_path)}, target="label")


def test_shares_are_exact_disjoint_and_seeded(raw):
    shares = {"validation": 0.15, "test": 0.2}
    source = ParquetSource.open(str(raw), target="label", shares=shares, transform=None, seed=4)
    assert source.schema.sizes == {"train": 325, "validation": 75, "test": 100}
    rows = [source.rows(part) for part in source.schema.sizes]
    assert np.array_equal(np.sort(np.concatenate(rows)), np.arange(500))
    everything = whole(ParquetSource.open(str(raw), target="label", transform=None), "train")
    for part in source.schema.sizes:
        batch = whole(source, part)
        assert np.array_equal(batch.inputs, everything.inputs[source.rows(part)])
        assert np.array_equal(batch.targets, everything.targets[source.rows(part)])
    again = ParquetSource.open(str(raw), target="label", shares=shares, seed=5)
    assert not np.array_equal(source.rows("test"), again.rows("test"))
    check_source(source).raise_if_failed()


def test_shares_of_a_prepared_folder_leave_its_test_part_alone(prepared):
    source = ParquetSource.open(str(prepared), shares={"dev": 0.1}, transform=None)
    assert source.schema.sizes == {"train": 405, "dev": 45, "validation": 90, "test": 60}
    assert np.array_equal(source.rows("validation"), np.arange(450, 540))
    assert np.array_equal(source.rows("test"), np.arange(540, 600))
    assert set(source.rows("dev")) | set(source.rows("train")) == set(range(450))


def test_a_part_that_nobody_looks_at_is_told(raw, caplog):
    caplog.set_level("WARNING", "qml")
    known = ParquetSource.open(str(raw), target="label", shares={"validation": 0.1, "test": 0.1})
    assert set(known.schema.sizes) == {"train", "validation", "test"}
    assert not caplog.records
    ParquetSource.open(str(raw), target="label", shares={"tets": 0.1, "holdout": 0.1})
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]
    assert caplog.messages[0].endswith("Did you mean 'test'?")
    assert "'holdout' is none of train, validation, test" in caplog.messages[1]
    assert "mean" not in caplog.messages[1]
    caplog.clear()
    ParquetSource.open(str(raw), target="label", parts={"train": ".", "val": "rows.parquet"})
    assert caplog.messages[0].endswith("Did you mean 'validation'?")


def test_shares_do_not_follow_the_order_of_the_files():
    stored = np.full(40, 1000)
    layout = Layout(("a",), np.zeros(40, int), np.arange(40), stored, stored)
    parts = carved({"train": layout}, {"test": 0.25}, 0)
    assert parts["test"].n_rows == 10_000
    counts = parts["test"].rows_G
    assert 5 < counts.std() < 25  # binomial: 13.7
    assert abs(np.corrcoef(counts, np.arange(40))[0, 1]) < 0.5


@pytest.mark.parametrize("rows", [1, 7, 100, 12_345])
@pytest.mark.parametrize("value", [0.001, 0.3, 0.9])
def test_a_share_of_any_number_of_rows_is_exact(rows, value):
    stored = np.array([rows])
    layout = Layout(("a",), np.zeros(1, int), np.zeros(1, int), stored, stored)
    if not 0 < round(value * rows) < rows:
        with pytest.raises((ConfigError, DataError), match="no row"):
            carved({"train": layout}, {"test": value}, 0)
        return
    parts = carved({"train": layout}, {"test": value}, 0)
    assert parts["test"].n_rows == round(value * rows)
    assert parts["train"].n_rows == rows - round(value * rows)


def test_an_automatic_transform_is_fitted_on_training_rows_alone(raw, caplog):
    with caplog.at_level("INFO"):
        source = ParquetSource.open(str(raw), target="label", shares={"test": 0.2}, sample_rows=10_000)
    assert "fitted on 400 of 400 training rows" in caplog.text
    inputs = whole(source, "train").inputs
    assert np.allclose(inputs.mean(axis=0), 0, atol=1e-6)
    assert np.allclose(inputs.std(axis=0), 1, atol=1e-6)
    assert abs(whole(source, "test").inputs.mean()) > 1e-4
    fewer = ParquetSource.open(str(raw), target="label", shares={"test": 0.2}, sample_rows=60)
    assert fewer.fitted.digest != source.fitted.digest
    given = ParquetSource.open(str(raw), target="label", shares={"test": 0.2}, transform=source.fitted)
    assert given.schema.digest == source.schema.digest

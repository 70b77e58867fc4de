"""What cannot be learnt from is refused by name: the file, the column, and what to do."""

import json
import logging
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from qml.base.errors import ConfigError, DataError
from qml.data import ParquetSource, Standardise, whole
from qml.data.manifest import MANIFEST
from tests.data.stream.conftest import FEATURES, numbers, prepared_file, write


def with_column(table, name, values):
    return table.set_column(table.column_names.index(name), name, pa.array(values))


def rewrite_manifest(folder, change):
    path = folder / MANIFEST
    plain = json.loads(path.read_text())
    change(plain)
    path.write_text(json.dumps(plain))


def refused(path, *words, **options):
    with pytest.raises(DataError) as caught:
        ParquetSource.open(str(path), **options)
    for word in words:
        assert word in str(caught.value)


def test_a_truncated_file_differs_from_its_manifest(prepared):
    path = prepared / "train" / "part-0.parquet"
    path.write_bytes(path.read_bytes()[:-100])
    refused(prepared, "train/part-0.parquet", "bytes; manifest.json says", "cut off")


def test_a_truncated_file_without_a_manifest(raw):
    path = raw / "rows.parquet"
    path.write_bytes(path.read_bytes()[:-100])
    refused(raw, "rows.parquet is not a sound Parquet file", target="label")


def test_a_file_that_is_cut_off_between_opening_and_reading(prepared):
    source = ParquetSource.open(str(prepared), transform=None)
    path = prepared / "train" / "part-0.parquet"
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(DataError, match=r"train/part-0\.parquet is not a sound Parquet file"):
        list(source.batches("train", 10))


def test_no_parquet_at_all(raw):
    (raw / "rows.parquet").write_text("a,b,c\n1,2,3\n")
    refused(raw, "rows.parquet is not a sound Parquet file", target="label")
    refused(raw / "nowhere", "there is no such file or folder")
    (raw / "rows.parquet").unlink()
    refused(raw, "no .parquet file is there")


def test_a_partition_with_another_schema(raw):
    write(raw / "more.parquet", with_column(numbers(20), "b", np.arange(20)))
    refused(raw, "rows.parquet holds column 'b' as float;", "more.parquet as int64", target="label")


def test_a_partition_that_lacks_a_column_or_has_one_more(raw):
    write(raw / "zero.parquet", numbers(20).drop_columns(["c"]))
    refused(raw, "zero.parquet was to have the column 'c'; it has a, b, label", target="label")
    write(raw / "zero.parquet", numbers(20).append_column("d", pa.array(np.zeros(20))))
    refused(raw, "zero.parquet has the column 'd', which", target="label")
    assert ParquetSource.open(str(raw), target="label", columns=["a", "b"]).schema.input_shape == (2,)


def test_changed_contents_differ_from_the_checksum(prepared):
    path = prepared / "test" / "part-0.parquet"
    data = bytearray(path.read_bytes())
    data[60] ^= 1
    path.write_bytes(bytes(data))
    refused(prepared, "test/part-0.parquet has another SHA-256")
    assert ParquetSource.open(str(prepared), verify=False).schema.sizes["test"] == 60


def test_rows_and_files_that_the_manifest_does_not_know(prepared):
    rewrite_manifest(prepared, lambda plain: plain["parts"]["test"][0].update(rows=61))
    refused(prepared, "has 60 rows; manifest.json says 61")
    (prepared / "test" / "part-0.parquet").unlink()
    refused(prepared, "test/part-0.parquet is named by manifest.json; it is not there")


def test_a_manifest_is_read_in_a_folder_called_like_a_file(prepared):
    folder = prepared.rename(prepared.with_name("shops.parquet"))
    assert ParquetSource.open(str(folder)).schema.sizes["test"] == 60
    rewrite_manifest(folder, lambda plain: plain["parts"]["test"][0].update(sha256="0" * 64))
    refused(folder, "has another SHA-256")


def test_a_manifest_that_is_no_text(prepared):
    (prepared / MANIFEST).write_bytes(b'{"name": "\xff"}')
    refused(prepared, "manifest.json was to be a text in UTF-8")


def test_a_manifest_that_names_a_file_twice_or_no_training_rows(prepared):
    original = (prepared / MANIFEST).read_text()
    rewrite_manifest(prepared, lambda plain: plain["parts"].update(test=plain["parts"]["train"]))
    refused(prepared, "train/part-0.parquet is named twice", "in 'test' and in 'train'")
    (prepared / MANIFEST).write_text(original)
    rewrite_manifest(prepared, lambda plain: plain["parts"]["train"].extend(plain["parts"]["train"]))
    refused(prepared, "is named twice", "in 'train' and in 'train'")
    (prepared / MANIFEST).write_text(original)
    rewrite_manifest(prepared, lambda plain: plain["parts"].pop("train"))
    refused(prepared, "has the parts", "and no 'train'")


def test_an_empty_partition(raw, prepared):
    write(raw / "empty.parquet", numbers(0))
    refused(raw, "empty.parquet holds no row", target="label")
    write(prepared / "train" / "part-1.parquet", numbers(0))
    item = vars(prepared_file(prepared, "train/part-1.parquet"))
    rewrite_manifest(prepared, lambda plain: plain["parts"]["train"].__setitem__(1, item))
    refused(prepared, "train/part-1.parquet holds no row")
    rewrite_manifest(prepared, lambda plain: plain["parts"].update(train=[]))
    refused(prepared, "part 'train' holds no row")


@pytest.mark.parametrize("missing", [np.nan, None])
@pytest.mark.parametrize("transform", [None, "auto"])
def test_a_column_that_is_all_missing(raw, missing, transform):
    values = pa.array([missing] * 500, pa.float32())
    table = numbers(500)
    write(raw / "rows.parquet", table.set_column(1, "b", values))
    with pytest.raises(DataError, match=r"rows\.parquet.*column 'b' has|column 'b' has no value"):
        whole(ParquetSource.open(str(raw), target="label", transform=transform), "train")


def test_some_values_missing_or_infinite(raw):
    values = numbers(500).column("c").to_numpy().copy()
    values[[70, 80]] = np.nan
    write(raw / "rows.parquet", with_column(numbers(500), "c", values))
    with pytest.raises(DataError, match=r"rows\.parquet, row group 1: column 'c' has 2 missing \(NaN\) of 50"):
        whole(ParquetSource.open(str(raw), target="label", transform=None), "train")
    assert np.isfinite(whole(ParquetSource.open(str(raw), target="label"), "train").inputs).all()
    with pytest.raises(DataError, match="NaN or infinity behind the transform"):
        whole(ParquetSource.open(str(raw), target="label", transform=Standardise()), "train")
    values[80] = np.inf
    write(raw / "rows.parquet", with_column(numbers(500), "c", values))
    with pytest.raises(DataError, match="column 'c' has 1 infinite of 50"):
        whole(ParquetSource.open(str(raw), target="label", sample_rows=50), "train")


def test_targets_that_are_none(raw):
    table = numbers(500)
    write(raw / "rows.parquet", with_column(table, "label", [None, *range(2)] * 166 + [0, 1]))
    with pytest.raises(DataError, match="target 'label' is missing in 17 of 50 rows"):
        whole(ParquetSource.open(str(raw), target="label"), "train")
    write(raw / "rows.parquet", with_column(table, "label", np.arange(500)))
    refused(raw, "holds 500 different values", target="label")
    write(raw / "rows.parquet", with_column(table, "label", np.arange(500) % 4))
    with pytest.raises(DataError, match=r"holds class 3; its classes are 0 \.\. 2"):
        whole(ParquetSource.open(str(raw), target="label", labels=["x", "y", "z"]), "train")


def test_columns_that_nothing_can_be_learnt_from(raw):
    table = numbers(500).append_column("when", pa.array(np.arange(500).astype("datetime64[s]")))
    write(raw / "rows.parquet", table)
    refused(raw, "column 'when' is of type timestamp[", "drop=['when']", target="label")
    assert ParquetSource.open(str(raw), target="label", drop=["when"]).schema.input_shape == (3,)
    words = numbers(2000).append_column("id", pa.array([f"row {i}" for i in range(2000)]))
    write(raw / "rows.parquet", words)
    refused(raw, "column 'id' holds 2000 different words", target="label")


def test_words_that_are_not_known(raw, prepared):
    with pytest.raises(ConfigError, match="'labl' is not known"):
        ParquetSource.open(str(raw), target="labl")
    with pytest.raises(ConfigError, match="'picture' is not known"):
        ParquetSource.open(str(raw), target="label", kinds={"a": "picture"})
    with pytest.raises(ConfigError, match="transform='scale' is not known"):
        ParquetSource.open(str(raw), target="label", transform="scale")
    with pytest.raises(ConfigError, match=r"target= was given .* manifest\.json says"):
        ParquetSource.open(str(prepared), target="label")
    with pytest.raises(ConfigError, match="have a part 'test' already"):
        ParquetSource.open(str(prepared), shares={"test": 0.1})
    with pytest.raises(ConfigError, match="leave no row"):
        ParquetSource.open(str(raw), target="label", shares={"test": 0.5, "validation": 0.5})


def test_columns_that_lose_digits_are_told_once(raw, caplog):
    write(raw / "rows.parquet", with_column(numbers(500), "a", np.arange(500) / 3))
    with caplog.at_level(logging.INFO):
        source = ParquetSource.open(str(raw), target="label", transform=None)
        assert whole(source, "train").inputs.dtype == np.float32
    assert caplog.text.count("columns become float32, of 7 digits: 'a'") == 1
    assert not [record for record in caplog.records if record.levelname == "WARNING"]


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (pa.array(np.arange(500) + 20231124000), "WARNING"),
        (pa.array(np.arange(500) - 2**24 - 1, pa.int32()), "WARNING"),
        (pa.array([Decimal(n) / 100 for n in range(2 * 10**9, 2 * 10**9 + 500)], pa.decimal128(12, 2)), "WARNING"),
        (pa.array(np.arange(500)), ""),
        (pa.array([Decimal(n) / 100 for n in range(500)], pa.decimal128(12, 2)), ""),
    ],
    ids=["int64", "int32", "decimal", "small", "cents"],
)
def test_whole_numbers_that_become_one_are_warned_of(raw, caplog, values, told):
    table = numbers(500)
    write(raw / "rows.parquet", table.set_column(table.column_names.index("a"), "a", values))
    ParquetSource.open(str(raw), target="label", transform=None)
    assert [record.levelname for record in caplog.records if "'a'" in record.message] == [told] * bool(told)
    caplog.clear()
    ParquetSource.open(str(raw), target="a", task="number", transform=None)
    assert [record.levelname for record in caplog.records if "'a'" in record.message] == [told] * bool(told)


def test_whole_numbers_of_which_the_file_tells_nothing(raw, caplog):
    table = with_column(numbers(500), "a", np.arange(500))
    pq.write_table(table, raw / "rows.parquet", write_statistics=False)
    with caplog.at_level(logging.INFO):
        ParquetSource.open(str(raw), target="label", transform=None)
    assert "columns become float32, of 7 digits: 'a'" in caplog.text


def test_a_name_that_two_columns_have(raw):
    table = numbers(500)
    write(raw / "rows.parquet", table.rename_columns(["a", "b", "b", "label"]))
    refused(raw, "rows.parquet has 2 columns called 'b'", target="label")


@pytest.mark.parametrize("change", [0.0, 1000.0])
@pytest.mark.parametrize("group", [50, 20])
def test_a_file_that_is_written_anew_under_an_open_source(raw, change, group):
    source = ParquetSource.open(str(raw), target="label", transform=None)
    write(raw / "rows.parquet", with_column(numbers(500), "a", np.arange(500, dtype=np.float32) + change), group)
    with pytest.raises(DataError, match=r"rows\.parquet was written anew after the source was opened"):
        list(source.batches("train", 7))


def test_the_file_that_is_named_is_the_one_that_is_wrong(raw):
    bad = with_column(numbers(60), FEATURES[0], np.full(60, np.nan, np.float32))
    write(raw / "second.parquet", bad)
    with pytest.raises(DataError, match=r"second\.parquet, row group 0: column 'a'"):
        whole(ParquetSource.open(str(raw), target="label", transform=None), "train")
    assert pq.read_metadata(raw / "second.parquet").num_rows == 60

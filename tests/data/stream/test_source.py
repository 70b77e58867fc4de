"""A ParquetSource keeps the promises of a Source, and gives the rows that the files hold."""

import numpy as np
import pyarrow.parquet as pq
import pytest

from qml.base.errors import ConfigError
from qml.contracts import check_source
from qml.data import ParquetSource, whole
from tests.data.stream.conftest import FEATURES


def stored(folder, part):
    return pq.read_table(folder / part)


@pytest.mark.parametrize("buffer_rows", [20, 128, 10_000])
def test_promises_of_a_source(prepared, buffer_rows):
    source = ParquetSource.open(str(prepared), transform=None, buffer_rows=buffer_rows)
    assert source.schema.sizes == {"train": 450, "validation": 90, "test": 60}
    report = check_source(source, size=7).raise_if_failed()
    assert not report.names("not applicable"), report


@pytest.mark.parametrize("part", ["train", "validation", "test"])
def test_rows_are_those_of_the_files(prepared, part):
    source = ParquetSource.open(str(prepared), transform=None)
    table = stored(prepared, part)
    batch = whole(source, part)
    wanted = np.stack([table.column(name).to_numpy() for name in FEATURES], axis=1)
    assert batch.inputs.dtype == np.float32
    assert np.array_equal(batch.inputs, wanted)
    assert np.array_equal(batch.targets, table.column("label").to_numpy())


def test_a_pass_gives_each_row_once_with_its_own_numbers(prepared):
    source = ParquetSource.open(str(prepared), transform=None, buffer_rows=128)
    everything = whole(source, "train")
    batches = list(source.batches("train", 32, seed=5, epoch=2))
    rows = np.concatenate([batch.rows for batch in batches])
    assert np.array_equal(np.sort(rows), np.arange(450))
    assert not np.array_equal(rows, np.arange(450))
    assert np.array_equal(np.concatenate([batch.inputs for batch in batches]), everything.inputs[rows])
    assert np.array_equal(np.concatenate([batch.targets for batch in batches]), everything.targets[rows])
    assert [len(batch) for batch in batches] == [32] * 14 + [2]


@pytest.mark.parametrize("start", range(16))
def test_start_continues_at_the_very_next_batch(prepared, start):
    source = ParquetSource.open(str(prepared), transform=None, buffer_rows=128)
    straight = list(source.batches("train", 32, seed=5, epoch=1))
    again = list(source.batches("train", 32, seed=5, epoch=1, start=start))
    assert len(again) == max(len(straight) - start, 0)
    for left, right in zip(straight[start:], again, strict=True):
        assert np.array_equal(left.inputs, right.inputs)
        assert np.array_equal(left.rows, right.rows)


def test_start_reads_nothing_before_its_window(prepared, monkeypatch):
    source = ParquetSource.open(str(prepared), transform=None, buffer_rows=100)
    read = []
    real = type(source.reader).read
    monkeypatch.setattr(
        type(source.reader),
        "read",
        lambda self, split, groups, *a: read.extend(groups) or real(self, split, groups, *a),
    )
    list(source.batches("train", 10, seed=5, start=43))
    assert 0 < sum(source.reader.layouts["train"].rows_G[group] for group in read) <= 100


def test_ranks_share_each_batch_as_those_of_arrays_do(prepared):
    source = ParquetSource.open(str(prepared), transform=None, buffer_rows=128)
    for straight, *ranks in zip(
        source.batches("train", 32, seed=1),
        *(source.batches("train", 32, seed=1, shard=(rank, 3)) for rank in range(3)),
        strict=True,
    ):
        for rank, batch in enumerate(ranks):
            assert np.array_equal(batch.rows, straight.rows[rank::3])
            assert np.array_equal(batch.inputs, straight.inputs[rank::3])


def test_batches_are_fresh_arrays(prepared):
    source = ParquetSource.open(str(prepared), transform=None)
    first = next(source.batches("train", 8, seed=0))
    first.inputs[:] = 0
    assert next(source.batches("train", 8, seed=0)).inputs.any()


def test_arguments_are_checked_before_anything_is_read(prepared):
    source = ParquetSource.open(str(prepared))
    with pytest.raises(ConfigError, match="'tset' is not known"):
        source.batches("tset", 8)
    with pytest.raises(ConfigError, match="size >= 1"):
        source.batches("train", 0)
    with pytest.raises(ConfigError, match="rank must lie"):
        source.batches("train", 4, shard=(2, 2))
    with pytest.raises(ConfigError, match="buffer_rows=0; give a whole number of at least 1"):
        ParquetSource.open(str(prepared), buffer_rows=0)


def test_a_row_group_beyond_the_buffer_is_said_once(prepared, caplog):
    ParquetSource.open(str(prepared), buffer_rows=20)
    assert [record.levelname for record in caplog.records].count("WARNING") == 1
    assert "larger than buffer_rows=20" in caplog.text


def test_the_digest_tells_orders_and_contents_apart(prepared):
    def key(**options):
        return ParquetSource.open(str(prepared), **options).schema.digest

    assert key() == key(workers=2) == key(verify=False)
    assert len({key(), key(buffer_rows=64), key(shares={"dev": 0.1})}) == 3

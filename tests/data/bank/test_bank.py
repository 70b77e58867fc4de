"""A bank computes features once, survives being killed, and never hands out a file that it did not write."""

import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest

from qml.base.errors import ConfigError, DataError
from qml.contracts import check_source
from qml.data import ArraySource, Standardise, make_source, manifest, transformed
from qml.data.bank import FeatureBank, building
from qml.data.bank import bank as bank_module
from qml.data.manifest import MANIFEST, parse_manifest
from qml.data.source import Batch
from qml.data.stream import ParquetSource

W = np.random.default_rng(5).normal(size=(13, 4)).astype(np.float32)


class Backbone:
    """A projection that counts the rows it is handed."""

    def __init__(self, fail_at=None):
        self.calls, self.n_rows, self.fail_at = 0, 0, fail_at

    def __call__(self, inputs):
        self.calls += 1
        self.n_rows += len(inputs)
        if self.fail_at is not None and self.calls >= self.fail_at:
            raise KeyboardInterrupt
        return np.tanh(inputs @ W)


@pytest.fixture
def wine():
    return make_source("wine", seed=1)


def test_the_second_run_calls_the_backbone_zero_times(wine, tmp_path):
    first, second = Backbone(), Backbone()
    banked = FeatureBank(tmp_path).source(wine, first, "w", batch_size=16)
    assert first.n_rows == 178
    again = FeatureBank(tmp_path).source(make_source("wine", seed=1), second, "w", batch_size=50)
    assert second.calls == 0
    assert again.schema == banked.schema
    for part in wine.schema.sizes:
        assert np.array_equal(again.part(part).features, banked.part(part).features)
    assert (banked.info["bank"]["computed"], again.info["bank"]["computed"]) == (True, False)
    assert sorted(path.name for path in tmp_path.iterdir()) == [os.path.basename(banked.info["bank"]["folder"])]


def test_features_are_of_their_rows(wine, tmp_path):
    banked = FeatureBank(tmp_path).source(wine, Backbone(), "w", batch_size=7, rows_a_file=20)
    assert check_source(banked).ok
    for part in wine.schema.sizes:
        assert np.array_equal(banked.rows(part), wine.rows(part))
        for ours, theirs in zip(banked.batches(part, 10, 3), wine.batches(part, 10, 3), strict=True):
            assert np.array_equal(ours.rows, theirs.rows)
            assert np.array_equal(ours.targets, theirs.targets)
            assert np.allclose(ours.inputs, np.tanh(theirs.inputs @ W), atol=1e-6)
            assert ours.inputs.dtype == np.float32


def test_another_backbone_split_or_transform_is_another_pair(wine, tmp_path):
    bank, backbone = FeatureBank(tmp_path), Backbone()
    raw = make_source("wine", seed=1, transforms=None)
    for source, digest in (
        (wine, "w"),
        (wine, "v"),
        (make_source("wine", seed=2), "w"),
        (raw, "w"),
        (transformed(raw, Standardise()), "w"),
    ):
        before = backbone.calls
        bank.source(source, backbone, digest)
        assert backbone.calls > before
    assert len(list(tmp_path.iterdir())) == 5


def test_the_folder_is_a_prepared_set(wine, tmp_path):
    bank = FeatureBank(tmp_path)
    banked = bank.source(wine, Backbone(), "w", batch_size=10, rows_a_file=45)
    folder = bank.path(wine, "w")
    said = parse_manifest((folder / MANIFEST).read_text(), "there")
    assert said.features == ("f0", "f1", "f2", "f3")
    assert {part: said.rows(part) for part in said.parts} == wine.schema.sizes
    assert [item.rows for item in said.parts["train"]] == [40, 40, 26]  # whole batches a file
    table = pq.read_table(folder / said.parts["test"][0].path)
    assert table.schema.field("f0").type == "float"
    assert table.column_names == ["f0", "f1", "f2", "f3", "target", "table_row"]
    assert np.array_equal(table["target"].to_numpy(), banked.part("test").targets)


def test_the_folder_can_be_streamed(wine, tmp_path):
    bank = FeatureBank(tmp_path)
    banked = bank.source(wine, Backbone(), "w", batch_size=10, rows_a_file=40)
    streamed = ParquetSource.open(str(bank.path(wine, "w")), transform=None)
    assert streamed.schema.sizes == banked.schema.sizes
    for part in banked.schema.sizes:
        rows = next(streamed.batches(part, 200))
        assert np.array_equal(rows.inputs, banked.part(part).features)
        assert np.array_equal(rows.targets, banked.part(part).targets)


def test_interrupted_it_goes_on_at_the_file_it_was_at(wine, tmp_path):
    bank = FeatureBank(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        bank.source(wine, Backbone(fail_at=6), "w", batch_size=10, rows_a_file=20)
    assert not bank.path(wine, "w").exists()
    rest = Backbone()
    banked = bank.source(wine, rest, "w", batch_size=10, rows_a_file=20)
    assert rest.n_rows == 178 - 40  # two files of 20 rows were finished
    whole = FeatureBank(tmp_path / "whole").source(wine, Backbone(), "w", batch_size=10, rows_a_file=20)
    assert banked.schema.digest == whole.schema.digest
    with pytest.raises(KeyboardInterrupt):
        bank.source(wine, Backbone(fail_at=6), "v", batch_size=10, rows_a_file=20)
    anew = Backbone()
    bank.source(wine, anew, "v", batch_size=11, rows_a_file=20)  # other batches: nothing of the old is mixed in
    assert anew.n_rows == 178


def test_killed_it_goes_on(tmp_path):
    """kill -9 in the middle of computing, then the same again: the features of a run that nobody killed."""
    code = (
        "import sys, time, numpy as np; from qml.data import make_source; from qml.data.bank import FeatureBank\n"
        "def slow(x):\n    time.sleep(0.02); return x[:, :3] * 2\n"
        "FeatureBank(sys.argv[1]).source(make_source('wine', seed=1), slow, 'w', batch_size=4, rows_a_file=8)"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)])
    deadline = time.monotonic() + 60
    while len(list(tmp_path.rglob("part-*.parquet"))) < 3 and time.monotonic() < deadline:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    finished = len(list(tmp_path.rglob("part-*.parquet")))
    assert finished >= 3
    calls = []
    source = make_source("wine", seed=1)
    banked = FeatureBank(tmp_path).source(
        source, lambda x: calls.append(len(x)) or x[:, :3] * 2, "w", batch_size=4, rows_a_file=8
    )
    assert sum(calls) == 178 - 8 * finished
    inputs = next(source.batches("train", 200)).inputs
    assert np.array_equal(banked.part("train").features, inputs[:, :3] * 2)
    assert not [path for path in tmp_path.rglob("*") if path.name.endswith((".tmp", ".building", ".lock"))]


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(path.read_bytes()[:-10]),
        lambda path: path.write_bytes(path.read_bytes()[:50] + b"?" + path.read_bytes()[51:]),
        lambda path: path.unlink(),
    ],
)
def test_a_damaged_file_is_named(damage, wine, tmp_path):
    bank = FeatureBank(tmp_path)
    bank.source(wine, Backbone(), "w")
    path = bank.path(wine, "w") / "test" / "part-00000.parquet"
    damage(path)
    with pytest.raises(DataError, match=r"test/part-00000\.parquet .*Remove the folder") as caught:
        bank.source(wine, Backbone(), "w")
    shutil.rmtree(bank.path(wine, "w"))
    assert str(bank.path(wine, "w")) in str(caught.value)
    assert bank.source(wine, Backbone(), "w").info["bank"]["computed"]


def test_a_full_disk_leaves_no_half_a_file(wine, tmp_path, monkeypatch):
    bank, written = FeatureBank(tmp_path), []

    def filling(table, where, **how):
        written.append(where)
        if len(written) == 3:
            where.write_bytes(b"PAR1 half of it")
            raise OSError(28, "No space left on device", str(where))
        real(table, where, **how)

    real = pq.write_table
    monkeypatch.setattr(pq, "write_table", filling)
    with pytest.raises(DataError, match=r"train/part-00002\.parquet was being written.*No space left.*No half a file"):
        bank.source(wine, Backbone(), "w", batch_size=10, rows_a_file=20)
    left = [path for path in tmp_path.rglob("*.parquet")]
    assert sorted(path.name for path in left) == ["part-00000.parquet", "part-00001.parquet"]
    assert not list(tmp_path.rglob("*.tmp"))
    assert not bank.path(wine, "w").exists()
    monkeypatch.setattr(pq, "write_table", real)
    rest = Backbone()
    bank.source(wine, rest, "w", batch_size=10, rows_a_file=20)
    assert rest.n_rows == 178 - 40
    usage = type("Usage", (), {"free": 10})
    monkeypatch.setattr(building.shutil, "disk_usage", lambda folder: usage)
    with pytest.raises(DataError, match=r"are free and .* MB are needed"):
        bank.source(wine, Backbone(), "v")


@pytest.mark.parametrize("name", ["plan.json", MANIFEST])
def test_a_disk_that_is_full_at_the_notes_loses_no_features(name, wine, tmp_path, monkeypatch):
    bank, first, rest = FeatureBank(tmp_path), Backbone(), Backbone()

    def full(path, value):
        if path.name == name:
            raise OSError(28, "No space left on device", str(path))
        real(path, value)

    real = building.write_json
    with monkeypatch.context() as patch:
        patch.setattr(building, "write_json", full)
        patch.setattr(manifest, "write_json", full)
        with pytest.raises(DataError, match=rf"{name} was being written.*No space left.*finished ones are kept"):
            bank.source(wine, first, "w", batch_size=10, rows_a_file=20)
    banked = bank.source(wine, rest, "w", batch_size=10, rows_a_file=20)
    assert first.n_rows + rest.n_rows == 178
    assert check_source(banked).ok


def test_killed_before_the_folder_gets_its_name_nothing_is_computed_again(wine, tmp_path, monkeypatch):
    bank, rest = FeatureBank(tmp_path), Backbone()

    def killed(source, target):
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(bank_module, "os", type("Os", (), {"replace": staticmethod(killed)}))
        with pytest.raises(SystemExit):
            bank.source(wine, Backbone(), "w", batch_size=10, rows_a_file=20)
    banked = bank.source(wine, rest, "w", batch_size=10, rows_a_file=20)
    assert rest.calls == 0
    assert not (bank.path(wine, "w") / "plan.json").exists()
    assert check_source(banked).ok


@pytest.mark.parametrize(
    ("extract", "said"),
    [
        (lambda x: x[:, 0], r"it must give \(B, F\)"),
        (lambda x: x[:-1], r"it must give \(B, F\)"),
        (lambda x: np.full((len(x), 2), "a"), r"it must give \(B, F\)"),
        (lambda x: np.where(np.arange(len(x))[:, None] == 3, np.nan, x), "infinite numbers for row 3 of 'train'"),
        (lambda x: x[:, : len(x) % 7 + 1], "all the input array dimensions|all must have as many"),
    ],
)
def test_a_backbone_that_gives_something_else(extract, said, wine, tmp_path):
    with pytest.raises((DataError, ValueError), match=said):
        FeatureBank(tmp_path).source(wine, extract, "w", batch_size=100, rows_a_file=100)
    assert not list(tmp_path.glob(".*.building")) or list(tmp_path.rglob("*.parquet")), "a folder of nothing was left"


def test_without_a_backbone_what_is_there_is_read(wine, tmp_path):
    bank = FeatureBank(tmp_path)
    bank.source(wine, Backbone(), "w")
    assert not bank.source(wine, None, "w").info["bank"]["computed"]
    with pytest.raises(DataError, match="digest 'typo' were asked for; nothing is stored under this digest in"):
        bank.source(wine, None, "typo")
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == [bank.path(wine, "w").name]


class Endless:
    def __init__(self, schema):
        self.schema = schema

    def batches(self, split, size, seed=None, **_):
        yield Batch(np.zeros((size, 1), np.float32), None, np.arange(size))


def test_what_cannot_be_kept(wine, tmp_path):
    bank = FeatureBank(tmp_path)
    with pytest.raises(DataError, match="'train' is endless"):
        bank.source(Endless(replace(wine.schema, sizes={"train": None})), Backbone(), "w")
    with pytest.raises(DataError, match="gives no digest"):
        bank.source(Endless(replace(wine.schema, digest="")), Backbone(), "w")
    with pytest.raises(ConfigError, match="without a digest"):
        bank.source(wine, Backbone(), "")
    with pytest.raises(ConfigError, match="start at 1"):
        bank.source(wine, Backbone(), "w", batch_size=0)
    rng = np.random.default_rng(0)
    clash = ArraySource.from_arrays(rng.normal(size=(50, 3)), rng.integers(0, 2, 50), target="f1")
    with pytest.raises(DataError, match="Give the target another name"):
        bank.source(clash, lambda x: x, "w")
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="is a file"):
        FeatureBank(tmp_path / "file")


def test_without_labels(tmp_path):
    source = ArraySource.from_arrays(np.random.default_rng(0).normal(size=(50, 3)), split="random")
    banked = FeatureBank(tmp_path).source(source, lambda x: x, "same")
    assert banked.part("train").targets is None
    assert next(banked.batches("train", 4)).targets is None

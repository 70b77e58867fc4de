"""Small Parquet folders of every kind, written by pyarrow."""

import hashlib

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from qml.data import Column, Target
from qml.data.manifest import Manifest, PreparedFile, write_manifest

FEATURES = ("a", "b", "c")


def numbers(rows, seed=0, features=FEATURES):
    """A table of float32 features and an int64 target."""
    rng = np.random.default_rng(seed)
    columns = {name: rng.normal(size=rows).astype(np.float32) for name in features}
    return pa.table({**columns, "label": rng.integers(0, 3, rows)})


def write(path, table, group=50):
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, row_group_size=group)
    return table


def prepared_file(folder, path):
    data = (folder / path).read_bytes()
    return PreparedFile(path, pq.read_metadata(folder / path).num_rows, len(data), hashlib.sha256(data).hexdigest())


def manifest_for(folder, parts, **more):
    files = {part: tuple(prepared_file(folder, path) for path in paths) for part, paths in parts.items()}
    described = tuple(Column(name, "number") for name in FEATURES)
    target = Target("label", "classes", ("x", "y", "z"))
    made = Manifest("small", FEATURES, described, target, files, **more)
    write_manifest(folder, made)
    return made


@pytest.fixture
def prepared(tmp_path):
    """A prepared folder: 2 training files of 330 and 120 rows, 90 to validate, 60 to test, in row groups of 50."""
    folder = tmp_path / "prepared"
    sizes = {"train/part-0": 330, "train/part-1": 120, "validation/part-0": 90, "test/part-0": 60}
    parts = {}
    for seed, (name, rows) in enumerate(sizes.items()):
        write(folder / f"{name}.parquet", numbers(rows, seed))
        parts.setdefault(name.partition("/")[0], []).append(f"{name}.parquet")
    manifest_for(folder, parts)
    return folder


@pytest.fixture
def raw(tmp_path):
    """One file of 500 rows in row groups of 50, without a manifest."""
    folder = tmp_path / "raw"
    write(folder / "rows.parquet", numbers(500))
    return folder

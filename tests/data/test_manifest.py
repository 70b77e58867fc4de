"""A manifest comes back from its file as it was, and one that is damaged is refused by name."""

import json

import pytest

from qml.base.errors import DataError
from qml.data.manifest import MANIFEST, Manifest, PreparedFile, parse_manifest, write_manifest
from qml.data.source import Column, Target

WHOLE = Manifest(
    name="shops",
    features=("size", "kind=corner"),
    columns=(Column("size", "number"), Column("kind", "category", ("corner", "mall"))),
    target=Target("open", "classes", ("no", "yes")),
    parts={
        "train": (PreparedFile("train/0.parquet", 3, 100, "a" * 64), PreparedFile("train/1.parquet", 2, 90, "b" * 64))
    },
    kept=("owner",),
    groups="owner",
    statistics={"train": {"size": {"mean": 1.5, "missing": 0.0}}},
    made={"rows_read": 5},
)


def test_there_and_back(tmp_path):
    path = write_manifest(tmp_path, WHOLE)
    again = parse_manifest(path.read_text(), str(path))
    assert again == WHOLE
    assert again.digest == WHOLE.digest
    assert again.rows("train") == 5
    assert path.name == MANIFEST


@pytest.mark.parametrize("spoil", [lambda plain: plain.pop("parts"), lambda plain: plain.update(version=9)])
def test_a_damaged_manifest_is_named(tmp_path, spoil):
    path = write_manifest(tmp_path, WHOLE)
    plain = json.loads(path.read_text())
    spoil(plain)
    with pytest.raises(DataError, match="the one here"):
        parse_manifest(json.dumps(plain), "the one here")


def test_no_json_is_no_manifest():
    with pytest.raises(DataError, match="does not read as a manifest"):
        parse_manifest("<html>", "the one here")

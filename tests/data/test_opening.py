"""Opening checks what is there against the catalogue; every failure names the file and what to do."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from qml.base.errors import CapabilityError, ConfigError, DataError
from qml.data import CATALOGUE, Ragged, make_source, open_table
from qml.data.catalogue import _entry

N = 40
ROW = {
    "title": "A toy",
    "field": "tests",
    "form": "table",
    "licence": "none",
    "home": "the toy shop",
    "files": [["train.parquet", "train", N], ["test.parquet", "test", N]],
    "beside": {"items": ["items.parquet", 2]},
    "columns": {"number": ["x", "z"], "category": ["colour", "size"], "id": ["who"]},
    "drop": {"answer": "tells the label"},
    "empty": {"z": 0},
    "target": {
        "column": "label",
        "kind": "classes",
        "labels": ["no", "yes"],
        "values": ["n", ["y", "Y"]],
        "counts": {"train": [20, 20], "test": [20, 20]},
        "raw_classes": {"train": 3, "test": 3},
    },
    "split": {"how": "official", "groups": "who", "leaked": "in_train"},
    "traps": ["a toy"],
}


def columns(seed):
    rng = np.random.default_rng(seed)
    return {
        "x": rng.normal(size=N),
        "z": pa.array([None, 0, 1, 2] * (N // 4), pa.int8()),
        "colour": pa.array(["red", "blue", None, "green"] * (N // 4)).dictionary_encode(),
        "size": np.array([1.0, 2.0, np.nan, 3.0] * (N // 4)),
        "who": np.arange(N) // 2,
        "answer": ["?"] * N,
        "label": ["n", "n", "y", "Y"] * (N // 4),
    }


def write(path, **changed):
    table = {name: values for name, values in changed.items() if values is not None}
    pq.write_table(pa.table(table), path)


@pytest.fixture
def toy(tmp_path, monkeypatch):
    monkeypatch.setitem(CATALOGUE._members, "toy", _entry("toy", json.loads(json.dumps(ROW))))
    monkeypatch.delenv("QML_DATA", raising=False)
    folder = tmp_path / "toy"
    folder.mkdir()
    write(folder / "train.parquet", **columns(0))
    write(folder / "test.parquet", **columns(1), in_train=[True] * 4 + [False] * (N - 4))
    write(folder / "items.parquet", item=[1, 2], tags=[[1, 2], []])
    return folder


def test_columns_come_typed(toy, monkeypatch):
    monkeypatch.setenv("QML_DATA", str(toy.parent))
    table = open_table("toy")
    assert len(table) == 2 * N
    assert [(column.name, column.kind) for column in table.columns] == [
        ("x", "number"),
        ("z", "number"),
        ("colour", "category"),
        ("size", "category"),
        ("who", "id"),
    ]
    assert table.column("colour").categories == ("blue", "green", "red")
    assert table["colour"][:4].tolist() == [2, 0, -1, 1]
    assert table["size"][:4].tolist() == [0, 1, -1, 2]
    assert np.isnan(table["z"][:4]).tolist() == [True, True, False, False]
    assert table.targets[:4].tolist() == [0, 0, 1, 1]
    assert [(table.official == part).sum() for part in (0, 1, 2)] == [N, 0, N]
    assert sum(mask.sum() for mask in table.leaked.values()) == 4
    assert isinstance(table.beside["items"]["tags"], Ragged)
    assert table.beside["items"]["tags"][0].tolist() == [1, 2]
    with pytest.raises(ConfigError, match="Did you mean 'colour'"):
        table["color"]


def test_what_is_kept_out_can_be_asked_for(toy):
    assert "answer" not in open_table("toy", toy.parent).values
    assert open_table("toy", toy.parent, also=["answer"]).column("answer").kind == "id"
    with pytest.raises(ConfigError, match="Did you mean 'answer'"):
        open_table("toy", toy.parent, also=["anser"])


def test_as_a_source(toy):
    source = make_source("toy", root=toy.parent, validation=0.25)
    assert source.schema.sizes == {"train": 30, "validation": 10, "test": N - 4}
    assert source.schema.input_shape == (2 + 1 + 4 + 4,)  # x, z, z missing, colour and size with unknown
    strict = make_source("toy", root=toy.parent, how="official", validation=0)
    assert strict.schema.sizes == {"train": N, "test": N}
    assert strict.info["known_leaks"] == {"in_train: the same as a training row": 4}
    assert strict.schema.digest != source.schema.digest
    with pytest.raises(DataError, match=r"'z' has 40 missing.*'colour' has 20 missing"):
        make_source("toy", root=toy.parent, transforms=None)


def test_no_root_says_how_to_get_it(toy):
    with pytest.raises(DataError, match=r"no data root is set. Set the environment variable QML_DATA.*the toy shop"):
        open_table("toy")


def test_an_absent_file_is_named_with_its_path(toy):
    (toy / "test.parquet").unlink()
    with pytest.raises(DataError, match="the toy shop") as caught:
        open_table("toy", toy.parent)
    assert str(toy / "test.parquet") in str(caught.value)
    assert "QML_DATA" in str(caught.value)


def test_unknown_names():
    with pytest.raises(ConfigError, match=r"data set 'digit' is not known. Did you mean 'digits'"):
        open_table("digit")
    with pytest.raises(ConfigError, match="Did you mean 'fashion_mnist'"):
        make_source("fashion-mnist")


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[: len(data) // 2],
        lambda data: b"",
        lambda data: b"not parquet at all",
        lambda data: data[:4] + b"\xff" * (len(data) - 12) + data[-8:],
        lambda data: data[:4] + bytes(reversed(data[4 : len(data) // 2])) + data[len(data) // 2 :],
    ],
    ids=["cut", "empty", "text", "footer", "pages"],
)
def test_corrupt_files_are_named(toy, damage):
    path = toy / "test.parquet"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DataError, match=r"Get the file again") as caught:
        open_table("toy", toy.parent)
    assert str(path) in str(caught.value) or "toy/test.parquet" in str(caught.value)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"x": None}, r"missing \['x'\]"),
        ({"more": [1] * N}, r"1 that it does not name \(\['more'\]\)"),
        (
            {"label": ["n"] * N},
            r"has \(40, 0\) rows of the classes \['no', 'yes'\]; the catalogue knows it with \(20, 20\)",
        ),
        ({"label": ["n", "n", "y", "maybe"] * (N // 4)}, r"\['maybe'\], which the catalogue does not know"),
        ({"label": ["n", "n", "y", "y"] * (N // 4)}, "has 2 values of 'label'; the catalogue 3"),
        ({"x": np.where(np.arange(N) == 3, np.inf, 1.0)}, "'x' has 1 infinite"),
    ],
)
def test_other_contents_than_catalogued(toy, change, match):
    write(toy / "train.parquet", **{**columns(0), **change})
    with pytest.raises(DataError, match=match):
        make_source("toy", root=toy.parent)


def test_other_rows_than_catalogued(toy):
    write(toy / "train.parquet", **{name: values[: N - 1] for name, values in columns(0).items()})
    with pytest.raises(DataError, match="has 39 rows; the catalogue knows it with 40"):
        open_table("toy", toy.parent)
    write(toy / "items.parquet", item=[1], tags=[[1]])
    with pytest.raises(DataError):
        open_table("toy", toy.parent)


def test_the_digest_is_of_contents_not_of_words(toy, monkeypatch):
    before = open_table("toy", toy.parent).digest
    monkeypatch.setitem(CATALOGUE._members, "toy", _entry("toy", {**ROW, "title": "Another title", "traps": []}))
    assert open_table("toy", toy.parent).digest == before
    write(toy / "train.parquet", **columns(5))
    assert open_table("toy", toy.parent).digest != before


@pytest.mark.parametrize("form", ["text", "sequence", "graph", "interaction", "series"])
def test_forms_without_features_say_so(toy, form, monkeypatch):
    monkeypatch.setitem(CATALOGUE._members, "toy", _entry("toy", {**ROW, "form": form}))
    with pytest.raises(CapabilityError, match=r"typed columns only. Open it with open_table\('toy'\)"):
        make_source("toy", root=toy.parent)

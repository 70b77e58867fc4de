"""A table of one's own: what its columns are taken for, what is refused, and the same rows by every way in."""

import logging
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from qml.base.errors import ConfigError, DataError
from qml.data import TableFile, table_source
from qml.data.table_file import stored_table
from qml.estimators import DataChoice

ROWS = 60


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "id": np.arange(ROWS),
            "age": np.where(np.arange(ROWS) % 9 == 0, np.nan, rng.normal(50, 9, ROWS)),
            "code": rng.integers(0, 3, ROWS),
            "town": np.array(["north", "south", None], object)[np.arange(ROWS) % 3],
            "seen": pd.date_range("2020-01-01", periods=ROWS),
            "smokes": rng.integers(0, 2, ROWS).astype(bool),
            "stage": rng.integers(1, 4, ROWS),
            "score": rng.normal(size=ROWS),
            "patient": np.repeat(np.arange(12), 5),
        }
    )


@pytest.fixture(scope="module", params=["csv", "parquet"])
def path(frame, request, tmp_path_factory):
    path = tmp_path_factory.mktemp("tables") / f"ward.{request.param}"
    frame.to_csv(path, index=False) if request.param == "csv" else frame.to_parquet(path)
    return str(path)


LEFT = {"drop": ["id", "seen", "patient"]}


def test_columns_are_taken_for_what_the_file_says_they_are(path, frame):
    table = TableFile(path, "stage", categories=["code"], **LEFT).table("ward")
    kinds = {column.name: column.kind for column in table.columns}
    assert kinds == {
        "age": "number",
        "code": "category",
        "town": "category",
        "smokes": "category",
        "score": "number",
    }
    assert table.target.labels == ("1", "2", "3")
    assert np.array_equal(table.targets, frame["stage"] - 1)
    assert np.array_equal(np.isnan(table["age"]), frame["age"].isna())
    assert np.array_equal(table["town"] < 0, frame["town"].isna())


def test_the_source_has_filled_in_finite_numbers_and_flags(path):
    own = TableFile(path, "stage", **LEFT)
    source = table_source(own.table("ward"), own.about, seed=1)
    batch = next(source.batches("train", 36))
    assert np.isfinite(batch.inputs).all()
    assert source.schema.sizes == {"train": 36, "validation": 12, "test": 12}


def test_rows_of_a_patient_stay_together_and_time_goes_forward(path, frame):
    grouped = DataChoice("ward", file=TableFile(path, "stage", groups="patient", drop=["id", "seen"]))
    source = grouped.source(0)
    parts = [set(frame["patient"].iloc[source.rows(part)]) for part in ("train", "validation", "test")]
    assert sum(map(len, parts)) == len(set.union(*parts)) == 12
    timed = DataChoice("ward", file=TableFile(path, "stage", time="seen", drop=["id", "patient"])).source(0)
    assert timed.rows("train").max() < timed.rows("validation").min() < timed.rows("test").min()


def test_a_number_is_predicted_as_a_number(path):
    table = TableFile(path, "score", **LEFT).table("ward")
    assert (table.target.kind, table.targets.dtype) == ("number", np.float32)
    assert TableFile(path, "stage", task="number", **LEFT).table("ward").target.kind == "number"


def test_rows_without_a_target_are_left_out_and_counted(frame, tmp_path):
    path = tmp_path / "gaps.csv"
    frame.assign(stage=frame["stage"].where(frame["stage"] > 1)).to_csv(path, index=False)
    source = DataChoice("gaps", file=TableFile(str(path), "stage", task="classes", **LEFT)).source(0)
    absent = int((frame["stage"] == 1).sum())
    assert source.info["left_out"] == {"stage is missing": absent}
    assert sum(source.schema.sizes.values()) == ROWS - absent


def test_the_place_of_a_file_is_no_part_of_its_contents(path, tmp_path):
    moved = tmp_path / Path(path).name
    moved.write_bytes(Path(path).read_bytes())
    here, there = (DataChoice("ward", file=TableFile(str(file), "stage", **LEFT)) for file in (path, moved))
    assert here.terms(0) == there.terms(0)
    assert here.terms(0) != DataChoice("ward", file=TableFile(path, "score", **LEFT)).terms(0)


def test_a_column_that_counts_rows_is_named(path, frame, caplog, tmp_path):
    long = tmp_path / "long.csv"
    pd.concat([frame, frame], ignore_index=True).assign(id=np.arange(2 * ROWS)).to_csv(long, index=False)
    with caplog.at_level(logging.WARNING, logger="qml"):
        TableFile(str(long), "stage", drop=["seen", "patient"]).table("long")
    assert "column 'id' has another whole number in every row" in caplog.text


REFUSED = [
    ({"target": "stag"}, ConfigError, "column for target .* 'stag' is not known. Did you mean 'stage'"),
    ({"drop": ["idd"]}, ConfigError, "'idd' is not known"),
    ({"groups": "ward"}, ConfigError, "column for groups"),
    ({"groups": "patient", "time": "seen"}, ConfigError, "Give one of them"),
    ({"groups": "town", "drop": ["id", "seen"]}, DataError, "'town' is missing in 20 of 60 rows"),
    ({"task": "classs"}, ConfigError, "task 'classs' is not known"),
    ({"target": "town", "task": "number"}, DataError, "holds words; task=number needs numbers"),
    ({"target": "score", "task": "classes"}, DataError, "holds fractions"),
    ({"drop": ["id"]}, DataError, "column 'seen' holds moments, neither numbers nor categories"),
    ({"target": "town", "drop": []}, DataError, r"leave it out \(data\.file\.drop=\[seen\]"),
]


@pytest.mark.parametrize(("change", "error", "words"), REFUSED, ids=[next(iter(change)) for change, *_ in REFUSED])
def test_what_no_table_can_be_is_refused(path, change, error, words):
    with pytest.raises(error, match=words):
        TableFile(**{"path": path, "target": "stage", **LEFT, **change}).table("ward")


FILES = [
    ("none.csv", None, "there is no such file"),
    ("table.xlsx", "a,b\n", r"must end in \.csv or \.parquet"),
    ("torn.parquet", "PAR1", "is not a sound Parquet file"),
    ("ragged.csv", "a,b\n1,2\n1,2,3\n", r"is not a sound CSV file .*Expected 2 columns, got 3.*Correct it there"),
    ("empty.csv", "", "is not a sound CSV file"),
    ("names.csv", "a,b\n", "has no row"),
    ("twice.csv", "a,a,b\n1,2,3\n", "column 'a' more than once"),
    ("one.csv", "a,b\n1,x\n2,x\n", "'b' has 1 class"),
    ("alone.csv", "b\nx\ny\n", "no column beside 'b'"),
    ("text.csv", "a,b\n" + "".join(f"word{i},{i % 2}\n" for i in range(100)), "100 different words in 100 rows"),
    ("amount.csv", "a,b\n" + "".join(f"{i / 7},{i}\n" for i in range(200)), "task=classes or task=number"),
    ("both.csv", "a,t,b\n" + "".join(f"w{i},2020-01-0{1 + i % 9},{i % 2}\n" for i in range(99)), r"drop=\[a,t\]"),
    ("semicolons.csv", "a;b\n1;2\n", "seems to be separated by semicolons"),
    ("tabs.csv", "a\tb\n1\t2\n", "seems to be separated by tabs"),
    ("infinite.csv", "a,b\n1,x\ninf,y\n", "'a' has 1 infinite"),
]


@pytest.mark.parametrize(("name", "text", "words"), FILES, ids=[name for name, *_ in FILES])
def test_files_that_are_no_table_are_refused(name, text, words, tmp_path):
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(DataError, match=words):
        TableFile(str(tmp_path / name), "b").table("mine")


def test_whole_numbers_with_gaps_are_numbers_and_codes(tmp_path):
    path = tmp_path / "gaps.csv"
    path.write_text("age,code,b\n" + "".join(f"{'' if i % 5 == 0 else i},{i % 3 or ''},{i % 2}\n" for i in range(120)))
    table = TableFile(str(path), "b", categories=["code"]).table("gaps")
    assert np.isnan(table["age"]).sum() == 24
    assert table.column("code").categories == ("1", "2")
    assert (table["code"] < 0).sum() == 40


def test_text_that_is_no_utf8_is_said(tmp_path):
    path = tmp_path / "latin.csv"
    path.write_bytes("town,b\nZürich,1\nGenf,0\n".encode("latin-1"))
    with pytest.raises(DataError, match="column 'town' holds text that is not UTF-8"):
        TableFile(str(path), "b").table("latin")


def test_arrays_are_kept_once_and_come_back(frame, tmp_path):
    rng = np.random.default_rng(1)
    inputs, targets = rng.normal(size=(ROWS, 3)), np.array(["yes", "no"])[np.arange(ROWS) % 2]
    choice, again = (DataChoice.from_arrays(inputs, targets, "mine", folder=str(tmp_path), test=0.25) for _ in range(2))
    assert choice == again
    assert [file.name for file in tmp_path.iterdir()] == [choice.file.file.name]
    table = choice.file.table("mine")
    assert np.array_equal(np.stack([table[f"x{place}"] for place in range(3)], 1), inputs)
    assert [table.target.labels[code] for code in table.targets] == targets.tolist()
    assert choice.source(0).schema.sizes["test"] == 16
    columns = stored_table(frame[["age", "town"]], frame["stage"], "ward", tmp_path, groups=frame["patient"])
    assert [column.kind for column in columns.table("ward").columns] == ["number", "category"]
    assert columns.groups == "groups"


ARRAYS = [
    (dict(inputs=np.zeros((4, 2, 2))), DataError, r"inputs have shape \(4, 2, 2\)"),
    (dict(inputs=np.zeros((5, 2))), DataError, r"target has shape \(4,\); it needs one value a row, \(5,\)"),
    (dict(inputs={"target": np.zeros(4)}), DataError, "a column of the inputs is called 'target'"),
    (dict(inputs=np.array([[object()]] * 4)), DataError, "column 'x0' cannot be stored"),
    (dict(name="wine"), ConfigError, "is a set of the catalogue"),
    (dict(tests=0.5), ConfigError, "division of the rows 'tests' is not known. Did you mean 'test'"),
]


@pytest.mark.parametrize(("change", "error", "words"), ARRAYS, ids=[words[:20] for *_, words in ARRAYS])
def test_arrays_that_are_no_table_are_refused_and_leave_no_file(change, error, words, tmp_path):
    given = {"inputs": np.zeros((4, 2)), "targets": np.arange(4) % 2, "name": "mine", **change}
    with pytest.raises(error, match=words):
        DataChoice.from_arrays(**given, folder=str(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_columns_of_arrays_are_looked_at_before_a_comparison_begins(tmp_path):
    inputs = {"size": np.arange(4.0), "when": np.array(["2020-01-01"] * 4, "M8[D]")}
    with pytest.raises(DataError, match="column 'when' holds moments"):
        DataChoice.from_arrays(inputs, np.arange(4) % 2, "mine", folder=str(tmp_path))
    with pytest.raises(ConfigError, match="'whem' is not known"):
        DataChoice.from_arrays(inputs, np.arange(4) % 2, "mine", folder=str(tmp_path), drop=["whem"])
    kept = DataChoice.from_arrays(inputs, np.arange(4) % 2, "mine", folder=str(tmp_path), drop=["when"])
    assert [column.name for column in kept.file.table("mine").columns] == ["size"]


def test_a_file_takes_no_name_of_the_catalogue(path):
    with pytest.raises(ConfigError, match=r"Give it a data\.name of its own"):
        DataChoice("wine", file=TableFile(path, "stage"))
    with pytest.raises(ConfigError, match="beside make=mine:build"):
        DataChoice("ward", make="mine:build", file=TableFile(path, "stage"))

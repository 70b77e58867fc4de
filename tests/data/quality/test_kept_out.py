"""Columns that are kept from a model are looked at all the same: leaving one out does not take its leak away."""

import numpy as np
import pytest

from qml.data.quality import inspect_data
from qml.data.table_file import TableFile
from qml.estimators.data_choice import DataChoice
from qml.estimators.examining import examined

pd = pytest.importorskip("pandas")


@pytest.fixture
def path(tmp_path):
    """Patients of six rows each, their answer in other words, and the day of each row."""
    rng = np.random.default_rng(0)
    patient = np.repeat(np.arange(100), 6)
    base = rng.normal(size=(100, 5))
    inputs = base[patient] + 0.05 * rng.normal(size=(600, 5))
    label = (base[patient, 0] > 0).astype(int)
    columns = {f"a{place}": inputs[:, place] for place in range(5)}
    columns |= {"patient": [f"p{number}" for number in patient], "answer": np.where(label, "yes", "no")}
    file = tmp_path / "rows.csv"
    pd.DataFrame({**columns, "day": np.arange(600), "y": label}).to_csv(file, index=False)
    return str(file)


def found(path, **file):
    rows = examined(DataChoice("mine", file=TableFile(path, "y", **file)), 0)
    return rows, {f.check: f for f in inspect_data(rows, ["groups", "disguise"]).findings if f.level != "pass"}


def test_a_column_that_is_dropped_is_looked_at(path):
    rows, told = found(path, drop=["patient", "answer", "day"])
    assert [column.name for column in rows.inputs] == [f"a{place}" for place in range(5)]
    assert (told["groups"].level, told["groups"].columns) == ("suspect", ("patient",))
    assert (told["disguise"].level, told["disguise"].columns) == ("note", ("answer",))


def test_the_column_of_groups_is_looked_at_and_kept_apart(path):
    rows, told = found(path, groups="patient", drop=["answer", "day"])
    assert rows.split.how == "by group"
    assert (told["groups"].level, told["groups"].columns) == ("note", ("patient",))


def test_the_column_of_time_is_no_input(path):
    rows, _ = found(path, time="day", drop=["answer", "patient"])
    assert {column.name: column.kind for column in rows.unseen} == {"day": "time", "answer": "id", "patient": "id"}


def test_a_model_does_not_see_them(path):
    file = TableFile(path, "y", drop=["patient", "answer"], time="day")
    assert [column.name for column in file.table("mine").columns] == [f"a{place}" for place in range(5)]
    assert file.table("mine").digest == file.table("mine", whole=True).digest

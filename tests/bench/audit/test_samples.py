"""Files of samples: a test file that is the training file, rows in both, rows drawn twice."""

import numpy as np
import pytest

from qml.base.errors import DataError
from qml.bench.audit_job import AuditJob
from qml.bench.checks.samples import read_samples, sample_findings
from tests.bench.audit.tables import write

DRAW = np.random.default_rng(0)
TRAIN, TEST = DRAW.normal(size=(100, 3)), DRAW.normal(size=(40, 3))


def told(train, test):
    return [(finding.level, finding.title) for finding in sample_findings(train, test)]


def test_splits_apart_pass():
    assert told(TRAIN, TEST) == [("pass", "No test row lies in training")]


def test_a_test_file_equal_to_the_training_file_is_severe():
    assert told(TRAIN, DRAW.permutation(TRAIN)) == [("severe", "The test rows are the training rows")]


@pytest.mark.parametrize(("shared", "level"), [(1, "suspect"), (2, "severe"), (40, "severe")])
def test_rows_in_both_are_counted(shared, level):
    mixed = np.concatenate([TEST[shared:], TRAIN[:shared]])
    assert told(TRAIN, mixed) == [(level, f"{shared} of 40 test rows lie in training")]


def test_rows_drawn_with_replacement_are_noted():
    twice = np.concatenate([TRAIN[:97], TRAIN[:3]])
    assert ("note", "3 of 100 training rows repeat an earlier one") in told(twice, TEST)


def test_files_are_read_with_or_without_a_header(tmp_path):
    rows = [(1.0, 2.0, -1), (3.0, 4.0, 1)]
    bare = write(tmp_path / "bare.csv", rows[1:], rows[0])
    named = write(tmp_path / "named.csv", rows, ("a", "b", "label"))
    assert np.array_equal(read_samples(bare), [[1, 2], [3, 4]])
    assert np.array_equal(read_samples(named), read_samples(bare))


def parquet(path, **columns):
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    pq.write_table(pa.table(columns), path)
    return path


def test_files_of_parquet_are_read_as_those_of_csv(tmp_path):
    text = write(tmp_path / "a.csv", np.column_stack([TRAIN, np.ones(100)]).tolist(), ("a", "b", "c", "label"))
    table = parquet(tmp_path / "a.parquet", a=TRAIN[:, 0], b=TRAIN[:, 1], c=TRAIN[:, 2], label=np.ones(100))
    assert np.array_equal(read_samples(table), TRAIN)
    assert told(read_samples(table), read_samples(text)) == [("severe", "The test rows are the training rows")]


def test_columns_of_parquet_may_be_embeddings(tmp_path):
    pa = pytest.importorskip("pyarrow")
    embedding = pa.FixedSizeListArray.from_arrays(pa.array(TRAIN.ravel().astype(np.float32)), 3)
    found = read_samples(parquet(tmp_path / "a.parquet", embedding=embedding, label=["yes"] * 100))
    assert np.array_equal(found, TRAIN.astype(np.float32))


def test_bad_files_of_parquet_are_refused(tmp_path):
    with pytest.raises(DataError, match=r"Column 'colour' of .* inputs are numbers"):
        read_samples(parquet(tmp_path / "a.parquet", colour=["red", "blue"], label=[0, 1]))
    with pytest.raises(DataError, match=r"Column 'a' of .* holds lists of different lengths"):
        read_samples(parquet(tmp_path / "b.parquet", a=[[1.0], [1.0, 2.0]], label=[0, 1]))
    with pytest.raises(DataError, match="two equal columns"):
        read_samples(parquet(tmp_path / "c.parquet", label=[0, 1]))
    (tmp_path / "d.parquet").write_bytes(b"PAR1, or not")
    with pytest.raises(DataError, match="not a sound Parquet file"):
        read_samples(tmp_path / "d.parquet")


def test_the_job_compares_files_of_parquet(tmp_path):
    """A test file equal to the training file, beside a sound table."""
    columns = {"a": TRAIN[:, 0], "b": TRAIN[:, 1], "label": np.ones(100)}
    files = [str(parquet(tmp_path / f"{split}.parquet", **columns)) for split in ("train", "test")]
    table = write(tmp_path / "results.csv", [("svm", "wine", 0.9)], ("arm", "data", "test"))
    outcome = AuditJob(str(table), train_rows=files[0], test_rows=files[1]).run()
    assert outcome.status == 2
    assert "The test rows are the training rows" in str(outcome)


def test_bad_files_are_refused(tmp_path):
    with pytest.raises(DataError, match="there is no such file"):
        read_samples(tmp_path / "nowhere.csv")
    with pytest.raises(DataError, match="inputs are numbers"):
        read_samples(write(tmp_path / "a.csv", [("1", "0"), ("red", "1")], ("colour", "label")))
    with pytest.raises(DataError, match="two equal columns"):
        read_samples(write(tmp_path / "b.csv", [], ("colour", "label")))
    with pytest.raises(DataError, match="equal columns were to be compared"):
        sample_findings(TRAIN, TEST[:, :2])

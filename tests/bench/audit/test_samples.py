"""Files of samples: a test file that is the training file, rows in both, rows drawn twice."""

import numpy as np
import pytest

from qml.base.errors import DataError
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


def test_bad_files_are_refused(tmp_path):
    with pytest.raises(DataError, match="there is no such file"):
        read_samples(tmp_path / "nowhere.csv")
    with pytest.raises(DataError, match="inputs are numbers"):
        read_samples(write(tmp_path / "a.csv", [("1", "0"), ("red", "1")], ("colour", "label")))
    with pytest.raises(DataError, match="two equal columns"):
        read_samples(write(tmp_path / "b.csv", [], ("colour", "label")))
    with pytest.raises(DataError, match="equal columns were to be compared"):
        sample_findings(TRAIN, TEST[:, :2])

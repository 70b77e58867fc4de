"""What users bring: taken as it is meant, or refused by name before any work."""

import numpy as np
import pandas as pd
import pytest

from qml.base.errors import ConfigError, DataError
from qml.data import ArraySource

X = np.random.default_rng(0).normal(size=(40, 3))
Y = np.arange(40) % 2


@pytest.mark.parametrize(("value", "word"), [(np.nan, "missing"), (np.inf, "infinite"), (-np.inf, "infinite")])
def test_missing_and_infinite_features_name_column_and_rows(value, word):
    bad = X.copy()
    bad[[3, 5], 1] = value
    with pytest.raises(DataError, match=rf"'width' has 2 {word}.* of 40 rows") as caught:
        ArraySource.from_arrays(bad, Y, columns=["height", "width", "depth"])
    assert isinstance(caught.value, ValueError)


def test_missing_may_be_allowed_but_infinite_never():
    bad = X.copy()
    bad[0, 0] = np.nan
    assert np.isnan(ArraySource.from_arrays(bad, Y, allow_missing=True).inputs).sum() == 1
    bad[0, 0] = np.inf
    with pytest.raises(DataError, match="infinite"):
        ArraySource.from_arrays(bad, Y, allow_missing=True)


def test_too_large_for_float32_is_infinite():
    with pytest.raises(DataError, match="infinite"):
        ArraySource.from_arrays(np.full((40, 1), 1e300), Y)


def test_images_with_missing_pixels():
    images = np.ones((40, 1, 2, 2), np.float32)
    images[7, 0, 1, 1] = np.nan
    with pytest.raises(DataError, match="value 3 of a row"):
        ArraySource.from_arrays(images, Y)


def test_a_column_of_words_offers_category():
    frame = pd.DataFrame({"size": X[:, 0], "colour": ["red", "blue"] * 20})
    with pytest.raises(DataError, match=r"'colour' was to be numbers; it holds 'red'.*\"category\""):
        ArraySource.from_arrays(frame, Y)
    source = ArraySource.from_arrays(frame, Y, kinds={"colour": "category"})
    assert source.schema.columns[1].categories == ("blue", "red")
    assert source.inputs[:2, 1].tolist() == [1.0, 0.0]


def test_kinds_are_checked():
    with pytest.raises(ConfigError, match="Did you mean 'colour'"):
        ArraySource.from_arrays({"colour": ["a"] * 40}, Y, kinds={"color": "category"})
    with pytest.raises(ConfigError, match="Did you mean 'category'"):
        ArraySource.from_arrays({"colour": ["a"] * 40}, Y, kinds={"colour": "categorical"})


def test_missing_categories_of_every_sort():
    values = pd.Series(["a", None, np.nan, pd.NA, "b"] * 8, dtype=object)
    source = ArraySource.from_arrays({"letter": values}, Y, kinds={"letter": "category"}, allow_missing=True)
    assert np.isnan(source.inputs).sum() == 24


def test_object_columns_of_numbers_are_numbers():
    source = ArraySource.from_arrays({"x": np.array([1, 2.5] * 20, object)}, Y)
    assert source.inputs.dtype == np.float32


@pytest.mark.parametrize(
    ("targets", "options", "match"),
    [
        (np.where(Y == 1, 1, -1), {}, r"labels 0 \.\. 1; 20 of 40 rows hold others \(first: -1"),
        (Y + 1, {"labels": ["a", "b"]}, r"labels 0 \.\. 1; 20 of 40"),
        (Y * 2, {}, "no row has class 1"),
        (Y * 10**12, {}, "no row has class 1"),
        (np.where(Y == 1, np.nan, 0.0), {}, "missing or infinite in 20 of 40"),
        (np.where(Y == 1, np.nan, 0.0), {"task": "classes"}, "fractions or missing"),
        (Y + 0.5, {"labels": ["a", "b"]}, "fractions"),
        (np.array(["a", "c"] * 20), {"labels": ["a", "b"]}, r"\['c'\]"),
        (np.array(["a", None] * 20, object), {}, "missing in 20 of 40"),
        (Y[:-1], {}, "40 rows and targets 39"),
        (np.stack([Y, Y], 1), {}, "one value a row"),
    ],
)
def test_targets_that_cannot_be(targets, options, match):
    with pytest.raises(DataError, match=match):
        ArraySource.from_arrays(X, targets, **options)


def test_targets_by_their_dtype():
    assert ArraySource.from_arrays(X, Y).schema.target.labels == ("0", "1")
    assert ArraySource.from_arrays(X, np.array(["no", "yes"])[Y]).schema.target.labels == ("no", "yes")
    assert ArraySource.from_arrays(X, Y.astype(bool)).schema.target.labels == ("False", "True")
    number = ArraySource.from_arrays(X, X[:, 0])
    assert number.schema.target.kind == "number"
    assert number.targets.dtype == np.float32
    ordered = ArraySource.from_arrays(X, np.array(["no", "yes"])[Y], labels=["yes", "no"])
    assert ordered.targets.tolist() == (1 - Y).tolist()


def test_a_class_too_rare_to_stratify():
    rare = np.array([0] * 38 + [1, 1])
    with pytest.raises(DataError, match="class '1' has 2"):
        ArraySource.from_arrays(X, rare)
    assert ArraySource.from_arrays(X, rare, split="random").schema.sizes["train"] == 24


@pytest.mark.parametrize("split", ["group", "time"])
def test_groups_and_time_are_needed(split):
    with pytest.raises(ConfigError, match=f"split='{split}' needs"):
        ArraySource.from_arrays(X, Y, split=split)


def test_an_unknown_split_and_no_rows():
    with pytest.raises(ConfigError, match="Did you mean 'stratified'"):
        ArraySource.from_arrays(X, Y, split="stratify")
    with pytest.raises(DataError, match="no rows"):
        ArraySource.from_arrays(X[:0], Y[:0])
    with pytest.raises(DataError, match="no columns"):
        ArraySource.from_arrays(X[:, :0], Y)
    with pytest.raises(DataError, match="one row a sample"):
        ArraySource.from_arrays(X[:, 0], Y)
    with pytest.raises(DataError, match="unequal lengths"):
        ArraySource.from_arrays({"a": [1.0, 2.0], "b": [1.0]})
    with pytest.raises(DataError, match=r"inputs were to be an array; the rows are not of one length \(1, 2 values\)"):
        ArraySource.from_arrays([[1.0, 2.0], [3.0]], [0, 1])
    with pytest.raises(DataError, match="targets were to be an array"):
        ArraySource.from_arrays([[1.0, 2.0], [3.0, 4.0]], [[0], [1, 2]])
    with pytest.raises(DataError, match="2 column names were given for 3"):
        ArraySource.from_arrays(X, Y, columns=["a", "b"])


def test_a_column_name_twice_is_refused_and_loses_no_column():
    with pytest.raises(DataError, match="'a' occurs again"):
        ArraySource.from_arrays(X, Y, columns=["a", "a", "b"])
    with pytest.raises(DataError, match="'a' occurs again"):
        ArraySource.from_arrays(pd.DataFrame(X, columns=["a", "a", "b"]), Y)


@pytest.mark.parametrize(
    ("split", "values"),
    [("time", np.where(Y == 0, np.nan, 1.0)), ("group", np.array([None, "a"] * 20, object))],
)
def test_rows_without_a_group_or_a_moment_have_no_place(split, values):
    with pytest.raises(DataError, match=rf"missing in 20 of 40 rows \(first: row 0\).*by {split}"):
        ArraySource.from_arrays(X, Y, split=split, groups=values, time=values)

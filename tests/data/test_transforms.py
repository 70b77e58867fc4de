"""Transforms learn from training rows alone, and can be written and read."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qml.base.errors import ConfigError, DataError, ShapeError
from qml.data import (
    FITTED,
    PCA,
    ArraySource,
    ByColumns,
    Chain,
    Column,
    Flatten,
    Impute,
    MinMax,
    OneHot,
    ScaleImages,
    Standardise,
    TransformedSource,
    from_state,
    transformed,
    whole,
)

RNG = np.random.default_rng(0)
NUMBERS = RNG.normal(3, 2, (60, 5)).astype(np.float32)
HOLED = np.where(RNG.random((60, 5)) < 0.2, np.nan, NUMBERS).astype(np.float32)
CODES = RNG.integers(0, 4, (60, 2)).astype(np.float32)
IMAGES = RNG.integers(0, 256, (60, 3, 4, 5), dtype=np.uint8)
MIXED = np.concatenate([HOLED, CODES], axis=1)
COLUMNS = (*(Column(f"x{i}", "number") for i in range(5)), *(Column(f"c{i}", "category") for i in range(2)))

CASES = {
    "standardise": (Standardise(), NUMBERS),
    "together": (Standardise(together=True), NUMBERS),
    "min_max": (MinMax(-1, np.pi), NUMBERS),
    "images": (ScaleImages(), IMAGES),
    "images_01": (ScaleImages(standardise=False), IMAGES),
    "impute": (Impute(), HOLED),
    "most_frequent": (Impute("most_frequent", indicator=False), CODES),
    "one_hot": (OneHot(), CODES),
    "pca": (PCA(3), NUMBERS),
    "pca_whitened": (PCA(2, whiten=True), NUMBERS),
    "flatten": (Flatten(), IMAGES),
    "chain": (Chain(ScaleImages(), Flatten(), PCA(4)), IMAGES),
    "by_columns": (ByColumns(COLUMNS), MIXED),
}


@pytest.mark.parametrize("case", CASES)
def test_state_is_json_and_comes_back_the_same(case):
    transform, rows = CASES[case]
    fitted = transform.fit(rows)
    again = from_state(json.loads(json.dumps(fitted.state())))
    assert again.digest == fitted.digest
    assert np.array_equal(again(rows), fitted(rows))
    assert fitted(rows).dtype == (np.uint8 if case == "flatten" else np.float32)


def test_every_fitted_kind_is_covered():
    def kinds(state):
        yield state["kind"]
        for part in [*state.get("steps", ()), *state.get("branches", ())]:
            yield from kinds(part)

    assert {kind for transform, rows in CASES.values() for kind in kinds(transform.fit(rows).state())} == set(FITTED)


@pytest.mark.parametrize("case", CASES)
def test_rows_do_not_see_one_another(case):
    transform, rows = CASES[case]
    fitted = transform.fit(rows)
    assert np.allclose(fitted(rows)[7:9], fitted(rows[7:9]), atol=1e-6)
    assert len(fitted(rows[:0])) == 0


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("part", ["test", "validation"])
def test_only_training_rows_are_learnt_from(case, part):
    """Changing every row outside training changes nothing in what was fitted."""
    transform, rows = CASES[case]
    targets = np.arange(60) % 2
    source = ArraySource.from_arrays(rows, targets, allow_missing=True)
    spoilt = rows.copy()
    spoilt[source.rows(part)] = 99
    other = ArraySource.from_arrays(spoilt, targets, allow_missing=True)
    first, second = transformed(source, transform), transformed(other, transform)
    assert np.array_equal(whole(first, "train").inputs, whole(second, "train").inputs)
    assert not np.array_equal(whole(first, part).inputs, whole(second, part).inputs)


def test_standardise():
    made = Standardise().fit(NUMBERS)(NUMBERS)
    assert np.allclose(made.mean(0), 0, atol=1e-5)
    assert np.allclose(made.std(0), 1, atol=1e-5)
    constant = np.full((9, 1), 0.1, np.float32)
    assert np.array_equal(Standardise().fit(constant)(constant + 1), np.ones((9, 1), np.float32))


def test_min_max():
    made = MinMax(0, np.pi).fit(NUMBERS)(NUMBERS)
    assert np.allclose(made.min(0), 0, atol=1e-6)
    assert np.allclose(made.max(0), np.pi, atol=1e-5)
    with pytest.raises(ConfigError, match="low < high"):
        MinMax(1, 1).fit(NUMBERS)


@pytest.mark.parametrize("rows", [IMAGES, IMAGES.astype(np.float32)])
def test_images_by_channel(rows):
    made = ScaleImages().fit(rows)(rows)
    assert np.allclose(made.mean((0, 2, 3)), 0, atol=1e-5)
    assert np.allclose(made.std((0, 2, 3)), 1, atol=1e-5)
    plain = ScaleImages(standardise=False).fit(rows)(rows)
    assert np.allclose(plain, IMAGES / 255, atol=1e-6)
    with pytest.raises(DataError, match="channels first"):
        ScaleImages().fit(NUMBERS)


def test_impute_fills_with_the_median_and_flags():
    rows = np.array([[1, 5], [np.nan, 5], [3, 5], [9, 5]], np.float32)
    fitted = Impute().fit(rows)
    assert fitted(rows).tolist() == [[1, 5, 0], [3, 5, 1], [3, 5, 0], [9, 5, 0]]
    assert fitted(np.array([[2, np.nan]], np.float32)).tolist() == [[2, 5, 0]]
    empty = Impute().fit(np.full((3, 1), np.nan, np.float32))
    assert empty(np.full((1, 1), np.nan, np.float32)).tolist() == [[0, 1]]
    with pytest.raises(ConfigError, match="median"):
        Impute("mean").fit(rows)


def test_one_hot_has_a_place_for_the_unknown():
    fitted = OneHot(limit=2).fit(np.array([[0], [0], [1], [2], [2], [np.nan]], np.float32))
    made = fitted(np.array([[0], [2], [1], [7], [np.nan]], np.float32))
    assert made.tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 1], [0, 0, 1]]
    with pytest.raises(ShapeError):
        fitted(CODES)


@settings(max_examples=30, deadline=None)
@given(st.integers(4, 40), st.integers(2, 30), st.integers(0, 5))
def test_pca_agrees_with_an_independent_one(n_rows, width, seed):
    from sklearn.decomposition import PCA as Peer

    rng = np.random.default_rng(seed)
    rows = (rng.normal(size=(n_rows, width)) * np.geomspace(3, 0.5, width)).astype(np.float32)
    keep = min(2, n_rows - 1, width)
    ours, peer = PCA(keep).fit(rows), Peer(keep).fit(rows.astype(np.float64))
    assert np.allclose(np.abs(ours(rows)), np.abs(peer.transform(rows)), atol=2e-3)
    whitened = PCA(keep, whiten=True).fit(rows)(rows)
    assert np.allclose(whitened.std(0, ddof=1), 1, atol=1e-2)


def test_wide_pca_is_randomised_and_close():
    rng = np.random.default_rng(0)
    low = rng.normal(size=(2100, 5)) @ rng.normal(size=(5, 2200)) + 0.01 * rng.normal(size=(2100, 2200))
    fitted = PCA(5).fit(low.astype(np.float32))
    spread = np.linalg.norm(fitted(low.astype(np.float32)))
    assert spread / np.linalg.norm(low - low.mean(0)) > 0.999
    assert fitted.digest == PCA(5).fit(low.astype(np.float32)).digest
    with pytest.raises(DataError, match=r"PCA\(9\) of \(3, 5\)"):
        PCA(9).fit(NUMBERS[:3])


def test_columns_must_all_be_described():
    with pytest.raises(DataError, match="5 columns are described and the rows have 7"):
        ByColumns(COLUMNS[:5]).fit(MIXED)


def test_wrong_width_and_no_rows():
    with pytest.raises(ShapeError, match="fitted on rows like"):
        Standardise().fit(NUMBERS)(NUMBERS[:, :3])
    with pytest.raises(ShapeError, match="the projection needs 5"):
        PCA(2).fit(NUMBERS)(NUMBERS[:, :3])
    with pytest.raises(DataError, match="no rows"):
        Standardise().fit(NUMBERS[:0])


def test_a_transformed_source_is_a_source():
    source = ArraySource.from_arrays(IMAGES, np.arange(60) % 2)
    made = transformed(source, ScaleImages())
    assert isinstance(made, TransformedSource)
    assert made.schema.input_shape == (3, 4, 5)
    assert made.schema.digest != source.schema.digest
    flat = transformed(made, Flatten())
    assert flat.schema.input_shape == (60,)
    first = next(flat.batches("train", 8, 3, epoch=1, start=2))
    assert np.array_equal(first.inputs, next(made.batches("train", 8, 3, epoch=1, start=2)).inputs.reshape(8, 60))


def test_at_once_and_batch_by_batch_are_the_same():
    source = ArraySource.from_arrays(NUMBERS, np.arange(60) % 2)
    fitted = Standardise().fit(source.inputs[source.rows("train")])
    lazy, eager = TransformedSource(source, fitted), transformed(source, Standardise())
    assert isinstance(eager, ArraySource)
    for a, b in zip(lazy.batches("train", 7, 0), eager.batches("train", 7, 0), strict=True):
        assert np.array_equal(a.inputs, b.inputs)
    assert lazy.schema.digest == eager.schema.digest


def test_a_transformed_source_tells_the_rows_of_the_arrays_below():
    source = ArraySource.from_arrays(IMAGES, np.arange(60) % 2)
    lazy = transformed(source, ScaleImages())
    assert isinstance(lazy, TransformedSource)
    assert np.array_equal(lazy.rows("test"), source.rows("test"))


def test_a_transformed_source_asks_any_source_for_its_rows():
    below = ArraySource.from_arrays(IMAGES, np.arange(60) % 2)
    plain = SimpleNamespace(schema=below.schema, batches=below.batches)
    numbered = SimpleNamespace(**vars(plain), rows=below.rows)
    assert transformed(plain, ScaleImages()).rows("test") is None
    assert np.array_equal(transformed(numbered, ScaleImages()).rows("test"), below.rows("test"))

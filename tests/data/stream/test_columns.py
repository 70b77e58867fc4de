"""Every kind of column arrives as the numbers that it means."""

import io
from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from qml.base.errors import CapabilityError, ConfigError, DataError
from qml.data import HashedWords, ParquetSource, whole
from tests.data.stream.conftest import write

ROWS = 30


def opened(folder, columns, group=8, **options):
    write(folder / "rows.parquet", pa.table(columns), group)
    return ParquetSource.open(str(folder / "rows.parquet"), **{"transform": None, **options})


def inputs(*arguments, **options):
    return whole(opened(*arguments, **options), "train").inputs


@pytest.mark.parametrize(
    "values",
    [
        np.arange(ROWS) % 2 == 0,
        np.arange(ROWS, dtype=np.int8),
        np.arange(ROWS, dtype=np.uint16),
        np.arange(ROWS) * 2**24 + 1,
        np.arange(ROWS, dtype=np.float16),
        np.arange(ROWS) / 7,
    ],
    ids=lambda values: str(values.dtype),
)
def test_numbers(tmp_path, values):
    assert np.array_equal(inputs(tmp_path, {"x": values})[:, 0], values.astype(np.float32))


def test_missing_numbers_of_any_type(tmp_path):
    columns = {"whole": pa.array([1, None, 3] * 10), "true": pa.array([True, None, False] * 10)}
    found = inputs(tmp_path, columns, transform="auto")
    assert found.shape == (ROWS, 4)
    assert np.array_equal(found[:3, 2:], [[found[0, 2]] * 2, [found[1, 2]] * 2, [found[0, 2]] * 2])


def test_words_are_coded_over_the_whole_set(tmp_path):
    words = np.array([f"w{i // 8}" for i in range(ROWS)])  # each row group has a word of its own
    source = opened(tmp_path, {"word": words, "n": np.arange(ROWS)}, group=8)
    column = source.schema.columns[0]
    assert (column.kind, column.categories) == ("category", ("w0", "w1", "w2", "w3"))
    assert np.array_equal(whole(source, "train").inputs[:, 0], np.arange(ROWS) // 8)
    coded = pa.table({"word": pa.array(words).dictionary_encode(), "n": np.arange(ROWS)})
    assert np.array_equal(
        inputs(tmp_path, {name: coded.column(name) for name in coded.column_names})[:, 0], np.arange(ROWS) // 8
    )


def test_given_categories_are_not_looked_for(tmp_path, caplog):
    words = ["b", "a", "c"] * 10
    with caplog.at_level("INFO"):
        found = inputs(tmp_path, {"word": words}, categories={"word": ["c", "b", "a"]})
    assert np.array_equal(found[:, 0], [1, 2, 0] * 10)
    assert "is read once" not in caplog.text
    with pytest.raises(DataError, match=r"column 'word' has .* missing"):
        inputs(tmp_path, {"word": words}, categories={"word": ["a", "b"]})


def test_numbers_that_are_codes(tmp_path):
    source = opened(tmp_path, {"zone": [30, 10, 20] * 10}, kinds={"zone": "category"})
    assert source.schema.columns[0].categories == ("10", "20", "30")
    assert np.array_equal(whole(source, "train").inputs[:, 0], [2, 0, 1] * 10)


@pytest.mark.parametrize("kind", ["list", "fixed"])
def test_lists_of_one_length(tmp_path, kind):
    values = np.arange(ROWS * 6, dtype=np.float32).reshape(ROWS, 6)
    column = pa.array(values.tolist(), pa.list_(pa.float32(), *([6] if kind == "fixed" else [])))
    found = opened(tmp_path, {"beat": column}, shapes={"beat": (2, 3)})
    assert found.schema.input_shape == (2, 3)
    assert np.array_equal(whole(found, "train").inputs, values.reshape(ROWS, 2, 3))
    beside = inputs(tmp_path, {"n": np.arange(ROWS), "beat": column}, shapes={"beat": (6,)})
    assert np.array_equal(beside[:, 1:], values)


def test_lists_of_other_lengths_are_refused(tmp_path):
    column = pa.array([[1.0] * (5 if i == 20 else 6) for i in range(ROWS)])
    with pytest.raises(DataError, match=r"row group 2: column 'beat' was to hold lists of 6 numbers.*\[5, 6\]"):
        inputs(tmp_path, {"beat": column}, shapes={"beat": (6,)})
    with pytest.raises(ConfigError, match="say how long each is"):
        opened(tmp_path, {"beat": column})


def picture(seed, form="PNG"):
    pixels = np.random.default_rng(seed).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, form)
    return pixels, file.getvalue()


def test_encoded_images(tmp_path):
    pixels, data = zip(*(picture(seed) for seed in range(ROWS)), strict=True)
    source = opened(tmp_path, {"photo": list(data)}, shapes={"photo": (5, 7, 3)})
    assert source.schema.input_shape == (3, 5, 7)
    assert np.array_equal(whole(source, "train").inputs, np.stack(pixels).transpose(0, 3, 1, 2))
    scaled = opened(tmp_path, {"photo": list(data)}, shapes={"photo": (5, 7, 3)}, transform="auto")
    assert abs(whole(scaled, "train").inputs.mean()) < 1e-3
    with pytest.raises(DataError, match=r"rows\.parquet, row group 0, column 'photo': image of row 0 cannot"):
        inputs(tmp_path, {"photo": [b"no image"] * ROWS}, shapes={"photo": (5, 7, 3)})


@pytest.mark.parametrize("kind", ["binary", "large", "fixed"])
def test_raw_bytes(tmp_path, kind):
    pixels = np.random.default_rng(0).integers(0, 256, (ROWS, 3, 4), dtype=np.uint8)
    types = {"binary": pa.binary(), "large": pa.large_binary(), "fixed": pa.binary(12)}
    column = pa.array([row.tobytes() for row in pixels], types[kind])
    hints = {"shapes": {"image": (3, 4)}, "kinds": {} if kind == "fixed" else {"image": "bytes"}}
    assert np.array_equal(inputs(tmp_path, {"image": column}, **hints), pixels[:, None])
    shuffled = opened(tmp_path, {"image": column}, **hints, buffer_rows=16)
    for batch in shuffled.batches("train", 7, seed=0):
        assert np.array_equal(batch.inputs[:, 0], pixels[batch.rows])


def test_an_image_stands_alone(tmp_path):
    columns = {"image": pa.array([bytes(12)] * ROWS, pa.binary(12)), "age": np.arange(ROWS)}
    with pytest.raises(CapabilityError, match="stands beside 1 other columns"):
        opened(tmp_path, columns, shapes={"image": (3, 4)})


def test_text_is_hashed(tmp_path):
    texts = [f"the cat sat on mat {i % 3}" for i in range(ROWS)]
    found = inputs(tmp_path, {"text": texts}, kinds={"text": "text"})
    assert np.array_equal(found, HashedWords()(texts))
    assert found.shape == (ROWS, 1024)
    assert np.allclose(np.linalg.norm(found, axis=1), 1)
    narrow = inputs(tmp_path, {"text": texts}, decoders={"text": HashedWords(8)})
    assert narrow.shape == (ROWS, 8)


def lengths(values):
    return np.array([[len(value), value.count("a")] for value in values], np.float32)


def test_a_decoder_of_your_own(tmp_path):
    texts = ["a" * (i % 5) + "b" for i in range(ROWS)]
    source = opened(tmp_path, {"n": np.arange(ROWS), "text": texts}, decoders={"text": lengths})
    assert source.schema.input_shape == (3,)
    assert np.array_equal(whole(source, "train").inputs[:, 1:], lengths(texts))
    with pytest.raises(DataError, match="must give one row of numbers a value"):
        opened(tmp_path, {"text": texts}, decoders={"text": three})


def test_a_number_within_a_list_is_missing(tmp_path):
    beats = {"beat": pa.array([[1.0, None], [2.0, 3.0]] * (ROWS // 2))}
    with pytest.raises(DataError, match=r"column 'beat' has \d+ missing \(NaN\)"):
        inputs(tmp_path, beats, shapes={"beat": (2,)})
    assert np.isfinite(inputs(tmp_path, beats, shapes={"beat": (2,)}, transform="auto")).all()


def test_lists_of_bytes(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (ROWS, 12), dtype=np.uint8)
    hints = {"shapes": {"image": (3, 4)}, "kinds": {"image": "bytes"}}
    for of in (pa.list_(pa.uint8()), pa.list_(pa.uint8(), 12)):
        found = inputs(tmp_path, {"image": pa.array(pixels.tolist(), of)}, **hints)
        assert np.array_equal(found, pixels.reshape(ROWS, 1, 3, 4))
    with pytest.raises(DataError, match="its lists hold int64"):
        inputs(tmp_path, {"image": pa.array(pixels.tolist())}, **hints)
    with pytest.raises(DataError, match="was to hold lists of 12 numbers; it holds lists of"):
        inputs(tmp_path, {"image": pa.array([[1] * (i % 3) for i in range(ROWS)], pa.list_(pa.uint8()))}, **hints)


def test_lists_of_words(tmp_path):
    with pytest.raises(DataError, match=r"column 'names' is of type list<element: string>"):
        inputs(tmp_path, {"names": pa.array([["a", "b"]] * ROWS)}, shapes={"names": (2,)})


def three(values):
    return np.zeros(3)


@dataclass(frozen=True)
class Scaled:
    factor: float

    def __call__(self, values):
        return self.factor * lengths(values)


def test_decoders_are_told_apart_by_name_and_fields(tmp_path):
    texts = {"text": ["a" * (i % 5) + "b" for i in range(ROWS)]}
    digests = [opened(tmp_path, texts, decoders={"text": how}).schema.digest for how in (lengths, Scaled(1), Scaled(2))]
    assert len(set(digests)) == 3
    assert opened(tmp_path, texts, decoders={"text": Scaled(2)}).schema.digest == digests[2]


@pytest.mark.parametrize(
    "decoder",
    [lambda values: lengths(values), partial(Scaled.__call__, Scaled(1)), Scaled(1).__call__, Scaled(np.sum)],
    ids=["lambda", "partial", "bound", "field"],
)
def test_a_decoder_without_a_name_of_its_own(tmp_path, decoder):
    with pytest.raises(ConfigError, match=r"decoder of column 'text' is .*no name of its own"):
        opened(tmp_path, {"text": ["a"] * ROWS}, decoders={"text": decoder})


@pytest.mark.parametrize(
    ("values", "options", "labels", "codes"),
    [
        (["no", "yes", "no"], {}, ("no", "yes"), [0, 1, 0]),
        (["no", "yes", "no"], {"labels": ["yes", "no"]}, ("yes", "no"), [1, 0, 1]),
        ([5, 3, 10], {}, ("3", "5", "10"), [1, 0, 2]),
        ([True, False, True], {}, ("False", "True"), [1, 0, 1]),
        ([2, 0, 1], {"labels": ["a", "b", "c"]}, ("a", "b", "c"), [2, 0, 1]),
    ],
)
def test_classes(tmp_path, values, options, labels, codes):
    source = opened(tmp_path, {"x": np.arange(ROWS), "y": values * 10}, target="y", **options)
    assert source.schema.target.labels == labels
    assert np.array_equal(whole(source, "train").targets, codes * 10)
    assert whole(source, "train").targets.dtype == np.int64


def test_numbers_to_predict(tmp_path):
    source = opened(tmp_path, {"x": np.arange(ROWS), "y": np.arange(ROWS) / 4}, target="y")
    assert source.schema.target.kind == "number"
    assert np.array_equal(whole(source, "train").targets, (np.arange(ROWS) / 4).astype(np.float32))
    counted = opened(tmp_path, {"x": np.arange(ROWS), "y": np.arange(ROWS)}, target="y", task="number")
    assert whole(counted, "train").targets.dtype == np.float32


@pytest.mark.parametrize("values", [np.full(16 * ROWS, 0.5, np.float32), np.full(16 * ROWS, 300)])
def test_lists_of_other_numbers_are_no_bytes(tmp_path, values):
    lists = pa.FixedSizeListArray.from_arrays(pa.array(values), 16)
    with pytest.raises(DataError, match=r"'x' was to hold bytes; its lists hold .*sequence"):
        inputs(tmp_path, {"x": lists}, kinds={"x": "bytes"}, shapes={"x": (4, 4)})


def test_fractions_are_no_classes(tmp_path):
    columns = {"x": np.arange(ROWS, dtype=np.float32), "open": np.where(np.arange(ROWS) % 2, 1.0, 0.7)}
    with pytest.raises(DataError, match="'open' was to hold classes 0, 1"):
        whole(opened(tmp_path, columns, target="open", labels=["no", "yes"], task="classes"), "train")

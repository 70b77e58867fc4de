"""From words to values and back: signs, sums, probabilities, dtypes."""

import numpy as np
import pytest

from qml.engine.lower import Reading
from qml.engine.words import WordMap

MAPS = {
    "identity": (Reading((((0, 1.0),), ((1, 1.0),), ((2, 1.0),))), (1, 1, 1)),
    "signs": (Reading((((0, 1.0),), ((1, 1.0),))), (-1, 1)),
    "order": (Reading((((1, 1.0),), ((0, 2.0),), ((1, -1.0),))), (1, -1)),
    "sums": (Reading((((0, 1.0), (2, -0.5)), (), ((2, 3.0), (1, 1.0), (0, 0.25)))), (1, -1, 1)),
    "nothing": (Reading(((), ())), ()),
    "probabilities": (Reading(probabilities=True), (1, -1, 1, -1, -1, 1, -1, 1)),
}


def matrix(reading, signs):
    """The map as a dense `(K, W)` matrix."""
    if reading.probabilities:
        size = len(signs)
        return np.array([[s * (-1.0) ** (o & j).bit_count() / size for j, s in enumerate(signs)] for o in range(size)])
    dense = np.zeros((len(reading.terms), len(signs)))
    for value, terms in enumerate(reading.terms):
        for word, coefficient in terms:
            dense[value, word] += coefficient * signs[word]
    return dense


@pytest.mark.parametrize("name", MAPS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("batch", [0, 1, 3])
def test_values_and_transpose(name, dtype, batch):
    reading, signs = MAPS[name]
    word_map, dense = WordMap(reading, signs), matrix(reading, signs)
    rng = np.random.default_rng(0)
    words_BW = rng.normal(size=(batch, len(signs))).astype(dtype)
    cotangent_BK = rng.normal(size=(batch, len(dense))).astype(dtype)
    kept = words_BW.copy(), cotangent_BK.copy()
    values, back = word_map.values(words_BW), word_map.pull_back(cotangent_BK)
    atol = 1e-6 if dtype == np.float32 else 1e-14
    np.testing.assert_allclose(values, words_BW @ dense.T, atol=atol)
    np.testing.assert_allclose(back, cotangent_BK @ dense, atol=atol)
    assert values.dtype == back.dtype == dtype
    assert word_map.n_values == len(dense)
    np.testing.assert_array_equal(words_BW, kept[0])
    np.testing.assert_array_equal(cotangent_BK, kept[1])


def test_only_the_identity_hands_back_what_it_got():
    for name, (reading, signs) in MAPS.items():
        words_BW = np.ones((2, len(signs)))
        assert (WordMap(reading, signs).values(words_BW) is words_BW) == (name == "identity")

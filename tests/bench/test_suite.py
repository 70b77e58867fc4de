from dataclasses import replace

import pytest

from qml.base.errors import ConfigError
from qml.bench.protocol import Protocol
from qml.bench.suite import OF_THE_DATA, Suite

ONE = Protocol("fair", "wine", seeds=(0, 1))


def suite(**more):
    return Suite("s", (ONE, replace(ONE, data="digits", rows=500, floors=(("svm", 0.9),))), **more)


def test_there_and_back():
    assert Suite.from_json(suite().to_json()) == suite()
    assert Suite.from_json(suite(level=0.01).to_json()).hash == suite(level=0.01).hash


def test_every_term_is_in_the_hash_and_titles_are_not():
    assert suite(title="A").hash == suite().hash
    others = [
        suite(level=0.01),
        suite(contrasts=(("hybrid", "twin"),)),
        Suite("other", suite().protocols),
        Suite("s", tuple(replace(p, epochs=7) for p in suite().protocols)),
        Suite("s", suite().protocols[:1]),
    ]
    assert len({found.hash for found in (suite(), *others)}) == 6


@pytest.mark.parametrize("change", [{"epochs": 5}, {"seeds": (0,)}, {"rank": "auc"}, {"trials": 3}, {"rope": 0.02}])
def test_terms_are_the_same_on_every_data_set(change):
    (key,) = change
    with pytest.raises(ConfigError, match=rf"{key} is .* on 'wine' .* on 'digits'"):
        Suite("s", (ONE, replace(ONE, data="digits", **change)))


def test_what_follows_from_the_data_may_differ():
    over = Suite.over("s", ONE, [{"data": "wine"}, {"data": "digits", "rows": 500, "floors": (("svm", 0.9),)}])
    assert over == suite()
    assert over.protocol("digits").rows == 500
    assert set(OF_THE_DATA) <= set(ONE.to_json())
    with pytest.raises(ConfigError, match="epochs"):
        Suite.over("s", ONE, [{"data": "wine", "epochs": 3}])
    with pytest.raises(ConfigError, match="iris"):
        over.protocol("iris")


@pytest.mark.parametrize(
    "bad",
    [
        {"protocols": ()},
        {"protocols": (ONE, ONE)},
        {"name": " "},
        {"level": 5.0},
        {"contrasts": (("a", "a"),)},
        {"contrasts": (("a", "b"), ("a", "b"))},
        {"contrasts": tuple(("hybrid", str(i)) for i in range(6))},
        {"contrasts": ("hybrid",)},
    ],
)
def test_what_cannot_be_meant_is_refused(bad):
    with pytest.raises(ConfigError):
        Suite(**{"name": "s", "protocols": (ONE,), **bad})


def test_an_unknown_field_is_named():
    with pytest.raises(ConfigError, match="levle"):
        Suite.from_json({"name": "s", "protocols": [ONE.to_json()], "levle": 0.05})

"""Equal chances: every contestant tries the same number of settings, drawn from its own space, chosen on validation."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from qml.base.errors import ConfigError
from qml.base.seeds import generator

Settings = dict[str, Any]


def sample_settings(space: Mapping[str, Sequence[Any]], trials: int, seed: int) -> tuple[Settings, ...]:
    """`trials` settings drawn at random from the grid `space`, none twice while the grid has others left.

    Two contestants with equal spaces get equal settings for the same seed. When the grid is smaller than
    `trials` it is gone through again in a new order: the budget stays the same for all.

    Args:
        space: hyper-parameter -> choices; empty means that there is nothing to choose.
        trials: how many settings, at least 1.
        seed: which draw.

    Raises:
        ConfigError: fewer than one trial, or a hyper-parameter without choices.

    Example:
        >>> sample_settings({"C": (1, 10)}, trials=2, seed=0) in (({"C": 1}, {"C": 10}), ({"C": 10}, {"C": 1}))
        True
        >>> sample_settings({}, trials=2, seed=0)
        ({}, {})
    """
    if trials < 1:
        raise ConfigError(f"trials is {trials}; a contestant needs at least 1.")
    names = sorted(space)
    choices = [tuple(space[name]) for name in names]
    for name, options in zip(names, choices, strict=True):
        if not options:
            raise ConfigError(
                f"The space of hyper-parameter {name!r} has no choices; give at least one or leave it out."
            )
    size = math.prod(len(options) for options in choices)
    rng = generator(seed, "settings")
    points: list[int] = []
    while len(points) < trials:
        wanted = min(trials - len(points), size)
        points += [int(i) for i in _distinct(rng, size, wanted)]
    return tuple(_point(names, choices, index) for index in points)


def _distinct(rng: Any, size: int, wanted: int) -> list[int]:
    """`wanted` different integers below `size`, without listing a huge grid."""
    if size <= 100_000:
        return list(rng.permutation(size)[:wanted])
    found: dict[int, None] = {}
    while len(found) < wanted:
        found[int(rng.integers(size))] = None
    return list(found)


def _point(names: list[str], choices: list[tuple[Any, ...]], index: int) -> Settings:
    """The grid point of that number."""
    settings = {}
    for name, options in zip(names, choices, strict=True):
        index, rest = divmod(index, len(options))
        settings[name] = options[rest]
    return settings


def best_trial(scores: Sequence[float | None], higher_is_better: bool) -> int | None:
    """Which trial has the best validation score; the first of equals; None when every trial failed (score None).

    Only validation scores come in here, so nothing can be chosen on test rows.

    Example:
        >>> best_trial([0.8, None, 0.9, 0.9], higher_is_better=True)
        2
    """
    sign = 1.0 if higher_is_better else -1.0
    usable = [(sign * score, -number) for number, score in enumerate(scores) if score is not None]
    return -max(usable)[1] if usable else None

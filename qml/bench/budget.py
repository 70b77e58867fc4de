"""Equal chances: every contestant tries as many settings of its own space, named by the same sampler."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qml.base.errors import ConfigError
from qml.base.registry import unknown
from qml.base.seeds import generator

Settings = dict[str, Any]
SAMPLERS = ("random", "tpe", "grid")


@dataclass(frozen=True)
class Sampler:
    """Which setting a contestant tries next; the same answer for the same history, so that a killed cell continues.

    | name | the next setting |
    |---|---|
    | "random" | drawn from the grid of the space, none twice while it has others left |
    | "tpe" | half of the trials, at most ten, as "random"; then the tree-structured Parzen estimator of Optuna |
    | "grid" | every point of the grid in order; for reproductions |

    "tpe" needs the extra of that name. A contestant without a space repeats its one setting, each time with another
    seed, under every sampler.

    Args:
        name: one of `SAMPLERS`.
        space: hyper-parameter -> choices; empty means that there is nothing to choose.
        trials: how many settings in all.
        seed: of the draws.

    Raises:
        ConfigError: the sampler is not known or cannot go through this space in so many trials.

    Example:
        >>> grid = Sampler("grid", {"C": (1, 10)}, trials=2, seed=0)
        >>> grid.next([], True), grid.next([({"C": 1}, 0.5)], True)
        ({'C': 1}, {'C': 10})
    """

    name: str
    space: Mapping[str, Sequence[Any]]
    trials: int
    seed: int

    def __post_init__(self) -> None:
        check_sampler(self.name, self.space, self.trials)

    def next(self, history: Sequence[tuple[Settings, float]], higher_is_better: bool) -> Settings:
        """The setting of the next trial.

        Args:
            history: settings tried so far with their validation scores, in order; chance for those that failed.
            higher_is_better: of the score.
        """
        if self.name == "grid" and self.space:
            return grid_settings(self.space)[len(history)]
        drawn = sample_settings(self.space, self.trials, self.seed)
        if self.name != "tpe" or not self.space:
            return drawn[len(history)]
        from qml.bench.tpe import first_draws, suggested  # Optuna is loaded when it is asked for

        if len(history) < first_draws(self.trials):
            return drawn[len(history)]
        return suggested(self.space, history, higher_is_better, self.seed)


def check_sampler(name: str, space: Mapping[str, Sequence[Any]], trials: int, arm: str = "") -> None:
    """Refuse, before any work, a sampler that cannot go through a space in so many trials.

    Args:
        name: of the sampler.
        space: of one contestant.
        trials: of the protocol.
        arm: its name, for the message.

    Raises:
        ConfigError: not a sampler, or a grid of another size.
        MissingExtraError: "tpe" without Optuna.
    """
    if name not in SAMPLERS:
        raise unknown("protocol.sampler", name, list(SAMPLERS))
    if name == "tpe":
        import qml.bench.tpe  # noqa: F401  (says what to install)
    size = math.prod(len(options) for options in space.values())
    if name == "grid" and space and size != trials:
        whose = f"the space of {arm!r}" if arm else "the space"
        raise ConfigError(
            f"protocol.sampler='grid' with trials={trials} was asked for; {whose} has {size} points "
            f"({', '.join(f'{key}: {len(options)}' for key, options in sorted(space.items()))}). Set trials={size}, or "
            f"sampler='random', which draws from it."
        )


def grid_settings(space: Mapping[str, Sequence[Any]]) -> tuple[Settings, ...]:
    """Every point of the grid, the first hyper-parameter (by name) changing fastest.

    Example:
        >>> grid_settings({"a": (1, 2), "b": (3, 4)})[:2]
        ({'a': 1, 'b': 3}, {'a': 2, 'b': 3})
    """
    names = sorted(space)
    choices = [tuple(space[name]) for name in names]
    return tuple(_point(names, choices, index) for index in range(math.prod(len(options) for options in choices)))


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

"""The next setting by the tree-structured Parzen estimator of Optuna, as a function of what was tried before."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from qml.base.extras import require
from qml.base.seeds import derive

require("optuna", extra="tpe", purpose="protocol.sampler='tpe'")
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, IntDistribution

MOST_DRAWS = 10
ASKED = 32


def first_draws(trials: int) -> int:
    """How many of the trials are drawn at random before the estimator is asked: half of them, at most ten.

    Example:
        >>> first_draws(4), first_draws(40)
        (2, 10)
    """
    return min(MOST_DRAWS, math.ceil(trials / 2))


def suggested(
    space: Mapping[str, Sequence[Any]],
    history: Sequence[tuple[Mapping[str, Any], float]],
    higher_is_better: bool,
    seed: int,
) -> dict[str, Any]:
    """The setting to try after `history`; pure in its arguments.

    The estimator is told the whole history each time and starts from a seed of its own for each number of trials, so
    that a search taken up again from disk goes the same way. Choices that are numbers are neighbours in the order in
    which they are listed; others are categories. A setting that was tried is suggested again only when the estimator
    names no other in several draws.

    Args:
        space: hyper-parameter -> choices, not empty.
        history: settings of this space with their scores.
        higher_is_better: of the score.
        seed: of the search.

    References:
        Bergstra et al., Algorithms for hyper-parameter optimization, NeurIPS (2011), as in Optuna's `TPESampler`
        with its default settings and no random draws of its own.

    Example:
        >>> tried = [({"C": 1}, 0.2), ({"C": 10}, 0.9), ({"C": 100}, 0.8)]
        >>> suggested({"C": (1, 3, 10, 30, 100)}, tried, True, seed=0) in ({"C": 3}, {"C": 30})
        True
    """
    distributions = {name: _distribution(tuple(options)) for name, options in sorted(space.items())}
    sampler = optuna.samplers.TPESampler(n_startup_trials=0, seed=derive(seed, "tpe", len(history)))
    tried = [dict(settings) for settings, _ in history]
    with _quiet():
        study = optuna.create_study(sampler=sampler, direction="maximize" if higher_is_better else "minimize")
        for settings, score in history:
            places = {name: list(space[name]).index(settings[name]) for name in distributions}
            study.add_trial(optuna.trial.create_trial(params=places, distributions=distributions, value=score))
        for _ in range(ASKED):
            found = _settings(space, study.ask(distributions).params)
            if found not in tried:
                break
    return found


def _distribution(options: tuple[Any, ...]) -> BaseDistribution:
    """Over the places of the choices in their list."""
    if all(isinstance(option, (int, float)) and not isinstance(option, bool) for option in options):
        return IntDistribution(0, len(options) - 1)
    return CategoricalDistribution(tuple(range(len(options))))


def _settings(space: Mapping[str, Sequence[Any]], places: Mapping[str, int]) -> dict[str, Any]:
    """The choices at these places."""
    return {name: list(space[name])[place] for name, place in places.items()}


@contextmanager
def _quiet() -> Iterator[None]:
    """No lines of Optuna about studies in memory; its own setting is put back."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)

"""How likely the one arm is better, worse or the same for all practical purposes: the Bayesian signed-rank test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qml.base.errors import ShapeError
from qml.base.seeds import generator
from qml.bench.paired import row_of

DRAWS = 50_000
PRIOR = 0.5


@dataclass(frozen=True)
class Posterior:
    """Probabilities that the first arm is worse by more than the band, within it, better by more than it.

    Args:
        below, inside, above: they add up to one.
        draws: how many draws they were counted on; the last figure is as good as that.
    """

    below: float
    inside: float
    above: float
    draws: int

    def __iter__(self):
        return iter((self.below, self.inside, self.above))


def bayesian_signed_rank(
    differences: np.ndarray | Sequence[float],
    rope: float,
    *,
    prior: float = PRIOR,
    draws: int = DRAWS,
    seed: int = 0,
) -> Posterior:
    """The Bayesian signed-rank test with a region of practical equivalence of +- `rope`.

    The distribution of differences over data sets has a Dirichlet process as its prior, with mass `prior` at zero.
    With w ~ Dir(prior, 1, ..., 1) and z = (0, differences),

        above = sum_ij w_i w_j [z_i + z_j > 2 rope],    below = sum_ij w_i w_j [z_i + z_j < -2 rope]

    (a half where equal), and each probability is the share of draws in which that part is the largest of the three.

    It is about where the pseudo-median of the differences lies, not their spread: "inside" near one says that arms
    are practically equal over data sets like these, not on each of them.

    Args:
        differences: `(D,)`, one a data set, positive where the first arm is better.
        rope: half width of the band, in the units of the differences; above 0.
        prior: strength of the prior, in data sets.
        draws: how many.
        seed: which draws.

    Raises:
        ShapeError: no differences, a `rope` that is not above 0, or fewer than one draw.

    References:
        Benavoli, Corani, Demšar, Zaffalon, JMLR 18, 77 (2017); Benavoli et al., ICML 2014. The same numbers as
        `baycomp.SignedRankTest` up to the draws, its oracle in the tests: this is one matrix product.

    Example:
        >>> found = bayesian_signed_rank([0.03, 0.05, 0.02, 0.04, 0.06, 0.03], rope=0.01, draws=2000)
        >>> found.above > 0.95
        True
    """
    differences = row_of(differences)
    if not rope > 0 or not prior > 0 or draws < 1:
        raise ShapeError(f"bayesian_signed_rank got rope={rope}, prior={prior}, draws={draws}; all must be above 0.")
    points = np.concatenate([[0.0], differences])
    sums = points[:, None] + points[None, :]
    edge = 2 * rope
    above, below = _beyond(sums, edge), _beyond(-sums, edge)
    weights = generator(seed, "posterior", len(differences)).dirichlet([prior] + [1.0] * len(differences), draws)
    parts = np.empty((draws, 3))
    parts[:, 0] = ((weights @ below) * weights).sum(axis=1)
    parts[:, 2] = ((weights @ above) * weights).sum(axis=1)
    parts[:, 1] = 1.0 - parts[:, 0] - parts[:, 2]
    counts = np.bincount(parts.argmax(axis=1), minlength=3) / draws
    return Posterior(float(counts[0]), float(counts[1]), float(counts[2]), draws)


def _beyond(sums: np.ndarray, edge: float) -> np.ndarray:
    """One beyond the edge, a half on it."""
    return (sums > edge) + 0.5 * (sums == edge)

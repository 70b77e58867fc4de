"""Joint draws of the losses of several contestants at several numbers of rows: what intervals of laws are made of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qml.base.seeds import generator
from qml.bench.scaling.readings import Reading

DRAWS = 1000
LEVEL = 0.95


def drawn_logs(readings: Sequence[Reading], draws: int = DRAWS, seed: int = 0) -> np.ndarray:
    """Logarithms of the geometric mean losses, drawn from what seeds and test rows leave open: `(R, D)`.

    A multiplier bootstrap. Seeds are clusters: the training rows of one seed are nested, so a seed deviates in all
    readings together, by one normal number for all of them; blocks of test rows likewise. The deviations over seeds
    are divided by the root of a chi-square share, which makes each reading a t distribution with J - 1 degrees of
    freedom around its mean: resampling three seeds with replacement would say that they are surer than they are.

        log L* = mean_j log L_j + stretch sum_j w_j (log L_j - mean) / sqrt(J (J - 1)) / sqrt(chi2 / (J - 1))
                 + sum_g v_g deviation_g / L,      w, v normal

    The scatter that is neither of the seed nor of the row alone is counted by both sums, so intervals err on the safe
    side.

    Args:
        readings: with the same seeds; the same numbers are drawn for each.
        draws: D.
        seed: of the draw.

    Returns:
        NaN in every draw of a reading with fewer than two seeds, or with a loss that is not above 0.

    Example:
        >>> three = Reading(100.0, np.array([0.5, 0.5, 0.5]), np.zeros(0), 1.0)
        >>> np.exp(drawn_logs([three], draws=2)).round(6).tolist()
        [[0.5, 0.5]]
    """
    found = np.full((len(readings), draws), np.nan)
    by_count: dict[int, tuple[np.ndarray, np.ndarray]] = {}
    by_blocks: dict[int, np.ndarray] = {}
    for place, reading in enumerate(readings):
        seeds, blocks = len(reading.losses), len(reading.by_rows)
        if seeds < 2 or not (reading.losses > 0).all():
            continue
        if seeds not in by_count:
            rng = generator(seed, "seeds", seeds)
            chi = np.sqrt(rng.chisquare(seeds - 1, draws) / (seeds - 1))
            by_count[seeds] = rng.normal(size=(seeds, draws)), chi
        if blocks and blocks not in by_blocks:
            by_blocks[blocks] = generator(seed, "blocks", blocks).normal(size=(blocks, draws))
        logs = np.log(reading.losses)
        weights, chi = by_count[seeds]
        away = reading.stretch * (logs - logs.mean()) / np.sqrt(seeds * (seeds - 1))
        found[place] = logs.mean() + away @ weights / chi
        if blocks:
            found[place] += reading.by_rows @ by_blocks[blocks] / reading.losses.mean()
    return found


def ends(values: np.ndarray, level: float = LEVEL) -> tuple[float, float]:
    """Ends of the central interval of draws; infinite draws count, and with none that is a number there is none (NaN).

    Example:
        >>> [round(end, 6) for end in ends(np.arange(81.0))], ends(np.array([np.nan]))
        ([2.0, 78.0], (nan, nan))
    """
    known = np.sort(values[~np.isnan(values)])
    if not len(known):
        return float("nan"), float("nan")
    share = (1 - level) / 2
    lo, hi = (_quantile(known, share), _quantile(known, 1 - share))
    return lo, hi


def _quantile(ordered: np.ndarray, share: float) -> float:
    """A quantile by linear interpolation that never subtracts two infinities."""
    place = share * (len(ordered) - 1)
    below, above = ordered[int(np.floor(place))], ordered[int(np.ceil(place))]
    if below == above or not np.isfinite(above):
        return float(above if below == above or place > np.floor(place) else below)
    return float(below + (place - np.floor(place)) * (above - below))

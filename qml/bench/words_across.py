"""From numbers over several data sets to words, by rule: claims need the corrected test, "equal" needs the band."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from qml.bench.posterior import Posterior
from qml.bench.ranks import FEWEST_DATA
from qml.bench.scale import NBSP, Scale
from qml.bench.words import State, Why, Word, answer

if TYPE_CHECKING:
    from qml.bench.across import Contrast

LEVEL = 0.05
SURE = 0.95


def word_across(
    p: float, effect: float, posterior: Posterior, n_data: int, *, level: float = LEVEL, sure: float = SURE
) -> Word:
    """The word that a contrast over data sets allows; "!" means beyond the band.

    | condition, the first that holds | word |
    |---|---|
    | fewer than 5 data sets | "open" |
    | P(inside the band) >= 0.95 | "equal" |
    | p < 0.05, in favour, P(above the band) >= 0.95 | "better!" |
    | p < 0.05, in favour | "better" |
    | p < 0.05, against, P(below the band) >= 0.95 | "worse!" |
    | p < 0.05, against | "worse" |
    | else | "open" |

    Args:
        p: of the signed-rank test, corrected by Holm for all contrasts of the suite.
        effect: positive when the first arm is the better one (rank-biserial).
        posterior: of the same differences, with the band of the protocol.
        n_data: data sets.
        level: of all contrasts together.
        sure: probability from which on the band decides.

    Example:
        >>> within, beyond = Posterior(0.0, 0.99, 0.01, 1000), Posterior(0.0, 0.02, 0.98, 1000)
        >>> [word_across(p, 0.6, post, 12) for p, post in ((0.2, within), (0.01, beyond), (0.2, beyond))]
        ['equal', 'better!', 'open']
    """
    if n_data < FEWEST_DATA:
        return "open"
    if posterior.inside >= sure:
        return "equal"
    if p < level and effect > 0:
        return "better!" if posterior.above >= sure else "better"
    if p < level and effect < 0:
        return "worse!" if posterior.below >= sure else "worse"
    return "open"


def headline_across(state: State, n_data: int, reason: Why = "", roles: Sequence[str] = ()) -> str:
    """The answer of a suite: that of one data set, said of all of them; none where there are too few of them.

    Example:
        >>> headline_across("no", 12)
        'No. The circuit did not earn its place on these 12 data sets under this budget.'
        >>> headline_across("open", 3)
        'No verdict across data sets: 3 are too few.'
    """
    if n_data < FEWEST_DATA:
        return f"No verdict across data sets: {n_data} {'is' if n_data == 1 else 'are'} too few."
    return answer(state, reason, roles).replace("this data", f"these {n_data} data sets")


def few(n_data: int, contrasts: int, blind: int) -> str:
    """What so few data sets can never show, said once; "" where every contrast could have been decided.

    Args:
        n_data: data sets.
        contrasts: how many were named.
        blind: how many of them could have shown no difference, however large.

    Example:
        >>> few(12, 3, 0)
        ''
    """
    if n_data < FEWEST_DATA:
        return (
            f"The unit of a verdict across data sets is the data set. It takes at least {FEWEST_DATA}, so these "
            f"{n_data} "
            "can give none, whatever they show; the verdict of each stands below."
        )
    if blind:
        return (
            f"With {n_data} data sets and {contrasts} contrasts named the signed-rank test, corrected by Holm, "
            "could have found no difference, however large: only “practically equal” can be said here."
        )
    return ""


def sentence(contrast: Contrast, scale: Scale, first: str, second: str) -> str:
    """What one contrast says, with the numbers that allow it.

    The claim, the mean difference with its interval and on how many data sets it holds; then what the design could
    have seen. A claimed difference smaller than that is said to be probably overstated. Of fewer than five data sets
    it gives the mean and the count alone.

    Args:
        contrast: from `across.read`.
        scale: of the ranking metric.
        first: the first arm as it is spoken of, such as "the hybrid".
        second: the other arm.

    Returns:
        Two or three sentences.
    """
    word, n = contrast.word, contrast.n_data
    lo, hi = contrast.interval
    said = f"{scale.signed(contrast.mean)} {scale.units}".rstrip()
    if n < FEWEST_DATA:
        numbers = f"{said} in the mean, better on {contrast.test.wins} of {n}"
        return f"{first[:1].upper()}{first[1:]} against {second}: {numbers}. {_seen(contrast, scale)}"
    known = math.isfinite(lo)
    spread = f"95{NBSP}% interval {scale.signed(lo)} to {scale.signed(hi)}" if known else "no interval"
    numbers = f"{said} in the mean ({spread}), better on {contrast.test.wins} of {n}"
    claim = {
        "equal": f"{first} and {second} are practically equal over {n} data sets, within {scale.band(contrast.rope)}",
        "better!": f"{first} is clearly better than {second} over {n} data sets",
        "better": f"{first} is better than {second} over {n} data sets, perhaps by < {scale.band(contrast.rope)}",
        "worse!": f"{first} is clearly worse than {second} over {n} data sets",
        "worse": f"{first} is worse than {second} over {n} data sets, perhaps by < {scale.band(contrast.rope)}",
        "open": f"no evidence either way between {first} and {second} over {n} data sets",
    }[word]
    return f"{claim[:1].upper()}{claim[1:]}: {numbers}. {_seen(contrast, scale)}"


def _seen(contrast: Contrast, scale: Scale) -> str:
    """What the design could have seen, and a caution where a claim is smaller."""
    if not math.isfinite(contrast.visible):
        if contrast.blind:
            return "So few data sets could have shown no difference, however large."
        return "All differences are equal, so nothing is known of what this design could have seen."
    seen = f"The smallest difference that this design could have seen is {scale.size(contrast.visible)}."
    if contrast.word in ("better", "better!", "worse", "worse!") and abs(contrast.mean) < contrast.visible:
        return f"{seen} Caution on size: the difference found is smaller, so it is probably overstated."
    return seen

"""From numbers to words, by rule: a word can be checked by eye against the drawing of its interval."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from qml.bench.statistics import Estimate

Word = Literal["equal", "better!", "better", "worse!", "worse", "open"]
State = Literal["yes", "part", "equal", "replaceable", "no", "lean", "open"]

HEADLINES: dict[State, str] = {
    "yes": "Yes. The circuit earned its place on this data under this budget.",
    "part": "In part. The circuit helps this model, yet a classical baseline is not beaten.",
    "equal": "Practically equal. The circuit neither helps nor harms.",
    "replaceable": "Replaceable. The circuit helps, and so does a classical block of equal size.",
    "no": "No. The circuit did not earn its place on this data under this budget.",
    "lean": "Not established. Some comparisons lean towards the circuit; this design is too small to claim it.",
    "open": "No evidence either way. This design was too small to tell.",
}
STRIP: tuple[tuple[tuple[State, ...], str], ...] = (
    (("yes",), "earned"),
    (("part",), "helps, not champion"),
    (("equal", "replaceable"), "practically equal"),
    (("open", "lean"), "no evidence either way"),
    (("no",), "not earned"),
)


def word_of(estimate: Estimate, rope: float) -> Word:
    """The word that an interval allows: "!" means beyond the band of +- `rope`.

    | interval [lo, hi] | word |
    |---|---|
    | -r <= lo and hi <= r (tested first) | "equal" |
    | lo > r | "better!" |
    | 0 < lo <= r | "better" |
    | hi < -r | "worse!" |
    | -r <= hi < 0 | "worse" |
    | else | "open" |

    Args:
        estimate: of a difference, positive when the first contestant is the better one.
        rope: half width of the band, in the same units.
    """
    return word_of_interval(estimate.lo, estimate.hi, rope)


def word_of_interval(lo: float, hi: float, rope: float) -> Word:
    """As `word_of`, from the ends of the interval.

    Example:
        >>> [word_of_interval(*ends, rope=1) for ends in ((-1, 1), (2, 3), (0.5, 3), (-3, -2), (-3, -0.5), (-1, 2))]
        ['equal', 'better!', 'better', 'worse!', 'worse', 'open']
    """
    if -rope <= lo and hi <= rope:
        return "equal"
    if lo > 0:
        return "better!" if lo > rope else "better"
    if hi < 0:
        return "worse!" if hi < -rope else "worse"
    return "open"


def phrase(word: Word, band: str) -> str:
    """The word as it stands beside a drawing; `band` is the half width with its unit, such as "1 point".

    Example:
        >>> phrase("better", "1 point")
        'better, perhaps by < 1 point'
    """
    return {
        "equal": "practically equal",
        "better!": "clearly better",
        "better": f"better, perhaps by < {band}",
        "worse!": "clearly worse",
        "worse": f"worse, perhaps by < {band}",
        "open": "no evidence either way",
    }[word]


def rungs(words: Sequence[tuple[Word, str]], cost: str) -> str:
    """What the rungs of a ladder say, gathered by what they say; the worst evidence comes last.

    Args:
        words: for each rung its word, and what was taken away.
        cost: what it costs when it harms, such as "accuracy".

    Example:
        >>> rungs([("worse", "entanglement"), ("open", "training"), ("open", "the circuit")], "accuracy")
        'Costs accuracy: entanglement. No evidence either way: training, the circuit.'
    """
    heads = {
        "Helps": ("better", "better!"),
        f"Costs {cost}": ("worse", "worse!"),
        "Makes no practical difference": ("equal",),
        "No evidence either way": ("open",),
    }
    said = {head: [subject for word, subject in words if word in group] for head, group in heads.items()}
    return " ".join(f"{head}: {', '.join(subjects)}." for head, subjects in said.items() if subjects)


def headline(removed: Word | None, twin: Word | None, champion: Word | None) -> State:
    """The state of the verdict, from the words of three comparisons; None where one could not be made.

    Args:
        removed: hybrid against the same model with its circuit removed.
        twin: hybrid against a classical block of equal size.
        champion: hybrid against the best baseline by validation score.

    Example:
        >>> headline("better!", "better!", "open"), headline("better", "equal", None), headline(None, None, None)
        ('part', 'replaceable', 'open')
    """
    better, clear = ("better", "better!"), "better!"
    if removed in ("worse", "worse!") or twin in ("worse", "worse!"):
        return "no"
    if removed == twin == clear and champion is not None:
        return "yes" if champion == clear else "part"
    if removed == "equal" and twin in ("equal", *better):
        return "equal"
    if removed in better and twin == "equal":
        return "replaceable"
    return "lean" if removed in better or twin in better else "open"

"""From numbers to words, by rule: a word can be checked by eye against the drawing of its interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from qml.bench.protocol import CHAMPION
from qml.bench.scale import listed
from qml.bench.statistics import Estimate

Word = Literal["equal", "better!", "better", "worse!", "worse", "open"]
State = Literal["yes", "part", "equal", "replaceable", "no", "lean", "open"]
Lack = Literal["barred", "absent", "no_interval"]
"""What keeps a comparison from deciding: it may not be judged, it was not made, it has no interval."""
Why = Literal["", "no_hybrid", "stand_in", "chosen", "champion", "not_needed"] | Lack
"""What a headline says beside its state; "" is the usual text."""

DECIDING = ("removed", "twin", CHAMPION)
"""Roles whose comparisons decide a headline."""
STAND_INS = ("surrogate", "random_features")
"""Roles of arms that stand where the circuit stood and compute classically what it could: a verdict of "yes" needs the
hybrid ahead of them."""
LESS_CIRCUIT = ("product", "frozen")
"""Roles of arms with a lesser circuit: as good as the hybrid, they call for a caution beside any verdict."""
CREDITING: tuple[State, ...] = ("yes", "part", "replaceable")
"""States that say that the circuit helps."""
NOT_BEATEN: tuple[Word, ...] = ("equal", "worse", "worse!")
"""Words of a comparison whose second arm is better or practically equal."""

HEADLINES: dict[State, str] = {
    "yes": "Yes. The circuit earned its place on this data under this budget.",
    "part": "In part. The circuit helps this model, yet a classical baseline is not beaten.",
    "equal": "Practically equal. The circuit neither helps nor harms.",
    "replaceable": "Replaceable. The circuit helps, and so does a classical block of equal size.",
    "no": "No. The circuit did not earn its place on this data under this budget.",
    "lean": "Not established. Some comparisons lean towards the circuit; this design is too small to claim it.",
    "open": "No evidence either way. This design was too small to tell.",
}
OTHERWISE: dict[tuple[State, Why], str] = {
    ("part", "stand_in"): "In part. The circuit helps this model, yet a classical stand-in of it is as good or better.",
    ("lean", "chosen"): "Not established. The comparisons favour a circuit that was chosen on rows of the test sets.",
    ("open", "no_hybrid"): "No verdict. No arm with a circuit has a score here.",
    ("open", "not_needed"): "Not established. Without its circuit the model is practically as good.",
    ("open", "champion"): "No evidence on the circuit itself. As a whole the model is worse than the champion.",
}
"""Headlines where the size of the design is not the reason, or a baseline not the one that is not beaten."""
LACKING: dict[Lack, str] = {"barred": "Not judged", "absent": "Not made", "no_interval": "Without an interval"}
"""How a headline says what a comparison that decides lacks, the first that is found."""
HANGING: dict[State, str] = {
    "lean": "Not established. Some comparisons lean towards the circuit.",
    "open": "No verdict.",
}
"""How a headline begins where a comparison that decides lacks something."""
SPOKEN = {
    "removed": "circuit removed",
    "twin": "the twin",
    CHAMPION: "the champion",
    "surrogate": "the surrogate",
    "random_features": "random features",
}
"""Roles of comparisons that a verdict may hang on, inside a sentence."""
STRIP: tuple[tuple[tuple[State, ...], str], ...] = (
    (("yes",), "earned"),
    (("part",), "helps, not champion"),
    (("equal", "replaceable"), "practically equal"),
    (("open", "lean"), "not established"),
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


def headline(
    removed: Word | None, twin: Word | None, champion: Word | None, stand_ins: Sequence[Word | None] = ()
) -> State:
    """The state of the verdict, from the words of the comparisons that decide.

    | removed and twin | champion and stand-ins | state |
    |---|---|---|
    | one is "worse" or "worse!" | | "no" |
    | both "better!" | champion and every stand-in judged, champion "better!", no stand-in in `NOT_BEATEN` | "yes" |
    | both "better!" | champion judged and not "better!", or a stand-in in `NOT_BEATEN` | "part" |
    | removed "equal", twin "equal" or better | | "equal" |
    | removed better, twin "equal" | | "replaceable" |
    | one is better | | "lean" |
    | else | | "open" |

    Args:
        removed: hybrid against the same model with its circuit removed; None where it was not made or is not judged.
        twin: hybrid against a classical block of equal size; None likewise.
        champion: hybrid against the best baseline by validation score; None likewise.
        stand_ins: hybrid against each arm that was run of `STAND_INS`; None where that is not judged.

    Example:
        >>> headline("better!", "better!", "open"), headline("better", "equal", None), headline(None, None, None)
        ('part', 'replaceable', 'open')
        >>> clear = ("better!", "better!", "better!")
        >>> headline(*clear, ["open"]), headline(*clear, ["equal"]), headline(*clear, [None])
        ('yes', 'part', 'lean')
    """
    better, clear = ("better", "better!"), "better!"
    if removed in ("worse", "worse!") or twin in ("worse", "worse!"):
        return "no"
    if removed == twin == clear and champion is not None:
        if champion != clear or any(word in NOT_BEATEN for word in stand_ins):
            return "part"
        return "lean" if None in stand_ins else "yes"
    if removed == "equal" and twin in ("equal", *better):
        return "equal"
    if removed in better and twin == "equal":
        return "replaceable"
    return "lean" if removed in better or twin in better else "open"


def reason_of(
    state: State, removed: Word | None, twin: Word | None, champion: Word | None, lacks: Mapping[str, Lack]
) -> Why:
    """What the headline says beside its state, so that it names the size of a design only where that is the reason.

    Args:
        state: from `headline`.
        removed: as there.
        twin: as there.
        champion: as there.
        lacks: role -> what keeps its comparison from deciding.

    Example:
        >>> reason_of("open", None, "open", "open", {"removed": "barred"})
        'barred'
        >>> reason_of("open", "open", "open", None, {"champion": "absent"})  # it would be open with a champion too
        ''
        >>> reason_of("open", "open", "open", "worse!", {}), reason_of("open", "equal", "open", "worse!", {})
        ('champion', 'not_needed')
    """
    if state == "part":
        return "stand_in" if champion == "better!" else ""
    if state not in ("lean", "open"):
        return ""
    for reason in LACKING:
        if hangs_on(reason, removed, twin, lacks):
            return reason
    if state != "open":
        return ""
    return "not_needed" if removed == "equal" else "champion" if champion in ("worse", "worse!") else ""


def hangs_on(reason: Why, removed: Word | None, twin: Word | None, lacks: Mapping[str, Lack]) -> tuple[str, ...]:
    """The roles whose comparisons the verdict hangs on and lacks for that reason.

    Args:
        reason: from `reason_of`.
        removed: as for `headline`.
        twin: as there.
        lacks: as for `reason_of`.
    """
    done = removed == twin == "better!"  # then it hangs on the champion and the stand-ins
    return tuple(role for role, lack in lacks.items() if lack == reason and (role in DECIDING[:2]) != done)


def answer(state: State, reason: Why = "", roles: Sequence[str] = ()) -> str:
    """The headline of a verdict.

    Args:
        state: from `headline`.
        reason: from `reason_of`.
        roles: from `hangs_on`.

    Example:
        >>> answer("open", "absent", ["removed", "twin"])
        'No verdict. Not made: the comparison with circuit removed and the twin.'
    """
    if reason in LACKING:
        return f"{HANGING[state]} {LACKING[reason]}: the comparison with {listed([SPOKEN[role] for role in roles])}."
    return OTHERWISE.get((state, reason), HEADLINES[state])


def says(state: State, reason: Why = "") -> bool:
    """Whether a headline is a verdict at all, rather than "No verdict" with its reason.

    Example:
        >>> says("open"), says("open", "absent"), says("lean", "absent")
        (True, False, True)
    """
    return state != "open" or reason in ("", "champion", "not_needed")


def not_beaten(found: Sequence[tuple[str, Word, str]], band: str) -> str:
    """What stands under a verdict where the model is as good, or better, with less circuit or none; "" where it is not.

    Args:
        found: role, the hybrid's word against it, and its name, for any arms.
        band: half width with its unit, as for `phrase`.

    Example:
        >>> not_beaten([("surrogate", "worse!", "Surrogate"), ("product", "equal", "No entanglement")], "1 point")
        'A classical stand-in of the circuit is better or practically equal: Surrogate (clearly better). With less of \
the circuit the model is better or practically equal: No entanglement (practically equal).'
    """
    turned: dict[Word, Word] = {"worse!": "better!", "worse": "better", "equal": "equal"}
    heads = {
        STAND_INS: "A classical stand-in of the circuit is better or practically equal",
        LESS_CIRCUIT: "With less of the circuit the model is better or practically equal",
    }
    said = []
    for roles, head in heads.items():
        names = [
            f"{name} ({phrase(turned[word], band)})" for role, word, name in found if role in roles and word in turned
        ]
        said += [f"{head}: {'; '.join(names)}."] if names else []
    return " ".join(said)

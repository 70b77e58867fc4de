"""One sentence a data set on what the circuit bought as training rows grow, chosen by numbers alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from qml.base.words import plural
from qml.bench.failures import failures
from qml.bench.protocol import CHAMPION
from qml.bench.scale import listed, listed_some, minus, three
from qml.bench.scaling.growth import TWIN, Growth, Ratio, SizeContrast
from qml.bench.words import Word, phrase

Bought = Literal["absent", "unknown", "paid", "cost", "nothing", "crossing", "some_paid", "some_cost", "open"]
BETTER: Sequence[Word] = ("better", "better!")
WORSE: Sequence[Word] = ("worse", "worse!")
EQUAL: Sequence[Word] = ("equal",)


def bought(contrasts: Sequence[SizeContrast], sizes: int) -> Bought:
    """What the hybrid against its twin, size by size, allows to say; the first line that holds.

    A size without a contrast, as an unfinished comparison has them, keeps the words of every size from being said.

    Args:
        contrasts: one a size that has both.
        sizes: how many sizes there are.

    | at the sizes | state |
    |---|---|
    | there is no contrast | "absent" |
    | no interval at some size | "unknown" |
    | better at every size | "paid" |
    | worse at every size | "cost" |
    | practically equal at every size | "nothing" |
    | better at one, worse at another, both corrected | "crossing" |
    | better at one, corrected | "some_paid" |
    | worse at one, corrected | "some_cost" |
    | else | "open" |

    Words at every size use 95 % intervals: that all hold is harder than that one does. A word at some of the sizes uses
    the interval corrected for their number, because the sizes are picked after looking.
    """
    if not contrasts:
        return "absent"
    if not all(c.estimate.known for c in contrasts):
        return "unknown"
    words = {c.word for c in contrasts} if len(contrasts) == sizes else {"open"}
    every: dict[Bought, Sequence[Word]] = {"paid": BETTER, "cost": WORSE, "nothing": EQUAL}
    for state, those in every.items():
        if words <= set(those):
            return state
    better = any(c.strict in BETTER for c in contrasts)
    worse = any(c.strict in WORSE for c in contrasts)
    return "crossing" if better and worse else "some_paid" if better else "some_cost" if worse else "open"


def sentence(growth: Growth) -> str:
    """What the circuit bought on one data set: the contrast with the twin, rows for equal loss, and the champion.

    Then what to mistrust: sizes that lack the contrast, and seeds in which every trial failed.
    """
    found = growth.contrasts.get(TWIN, ())
    said = [_of_twin(growth, found, bought(found, len(growth.sizes)))]
    if found:
        said += [_of_lacking(growth, found), _of_rows(growth, growth.ratio(TWIN)), _of_champion(growth)]
    places = zip(growth.sizes, growth.summaries, strict=True)
    failed = failures((f"at {rows_text(rows)} rows", summary) for rows, summary in places)
    return f"{growth.data}: {' '.join(part for part in (*said, failed) if part)}"


def _of_twin(growth: Growth, found: Sequence[SizeContrast], state: Bought) -> str:
    scale, band = growth.whole.scale, growth.whole.scale.band(growth.whole.protocol.rope)
    if state == "absent":
        return "no twin stands beside the hybrid, so nothing is said of the circuit."
    span = f"from {rows_text(found[0].rows)} to {rows_text(found[-1].rows)} training rows"
    sizes = plural(len(found), "size")
    if state == "unknown":
        return f"one seed gives no interval, so nothing is said of the circuit {span}."
    means = [c.estimate.mean for c in found]
    ends = f"{scale.size(min(means, key=abs))} to {scale.size(max(means, key=abs))}"
    if state in ("paid", "cost"):
        verb, than = ("paid", "better") if state == "paid" else ("cost", "worse")
        far = all(c.word.endswith("!") for c in found)
        more = f", by more than {band} at each" if far else f", though perhaps by less than {band}"
        return f"the circuit {verb} at all {sizes}: the hybrid is {than} than its twin by {ends} {span}{more}."
    if state == "nothing":
        return f"the circuit bought nothing that matters: within ±{band} of its twin at all {sizes} {span}."
    if state == "open":
        return f"no evidence either way {span}: {_open(growth, found)}"
    paid, lost = _where(found, BETTER), _where(found, WORSE)
    rest = [c for c in found if c.strict not in (*BETTER, *WORSE)]
    tail = f"; at the other {plural(len(rest), 'size')} no difference is established" if rest else ""
    if state == "crossing":
        return f"the circuit paid at {paid} training rows and cost at {lost}{tail}."
    verb, where = ("paid", paid) if state == "some_paid" else ("cost", lost)
    return f"the circuit {verb} at {where} training rows (corrected for {sizes}){tail}."


def _where(found: Sequence[SizeContrast], words: Sequence[str]) -> str:
    return listed([rows_text(c.rows) for c in found if c.strict in words])


def _open(growth: Growth, found: Sequence[SizeContrast]) -> str:
    """Why nothing is established: what the sizes say taken alone, and what could have been seen."""
    scale, said = growth.whole.scale, []
    heads = {"better": BETTER, "worse": WORSE, "practically equal": EQUAL}
    for head, words in heads.items():
        where = [rows_text(c.rows) for c in found if c.word in words]
        said += [f"{head} at {listed_some(where)} rows taken alone"] if where else []
    seen = [c.estimate.visible for c in found]
    seeds = plural(len(growth.whole.protocol.seeds), "seed")
    told = f"{'; '.join(said)}; " if said else ""
    ends = f"{scale.size(min(seen))} and {scale.size(max(seen))}"
    return f"{told}with {seeds} the smallest visible difference lies between {ends}."


def _of_rows(growth: Growth, ratio: Ratio) -> str:
    """How many rows the difference to the twin is worth."""
    label = growth.measures[0].label if growth.measures else "loss"
    if ratio.value is None:
        return f"How many rows that is worth has no number: {ratio.reason}."
    if math.isinf(ratio.value):
        ends = f"95 % interval of the rows that it needs: {factor(ratio.lo)} times as many to {factor(ratio.hi)}"
        ends = "at both ends of the 95 % interval" if math.isinf(ratio.lo) else ends
        level = f"the hybrid's {label} at {rows_text(ratio.at)} rows"
        return f"By its law (extrapolated) the twin never reaches {level}; {ends}."
    where = " (extrapolated)" if ratio.extrapolated else ""
    said = (
        f"For the hybrid's {label} at {rows_text(ratio.at)} rows the twin needs {factor(ratio.value)} times as "
        f"many{where}"
    )
    if math.isnan(ratio.lo):
        return f"{said}, without an interval."
    inside = ratio.lo <= 1 <= ratio.hi
    tail = ", which holds 1: no rows are saved or lost for certain" if inside else ""
    return f"{said}, 95 % interval {factor(ratio.lo)} to {factor(ratio.hi)}{tail}."


def _of_lacking(growth: Growth, found: Sequence[SizeContrast]) -> str:
    """Sizes at which hybrid and twin are not both there with every seed."""
    compared = {c.rows for c in found}
    lacking = [rows_text(rows) for rows in growth.sizes if rows not in compared]
    return f"At {listed(lacking)} rows the comparison with the twin is not finished." if lacking else ""


def _of_champion(growth: Growth) -> str:
    """Where the hybrid stands beside the best baseline at most rows."""
    found, champion = growth.contrasts.get(CHAMPION, ()), growth.whole.champion
    if not found or champion is None:
        return ""
    last = found[-1]
    band = growth.whole.scale.band(growth.whole.protocol.rope)
    number = f"{growth.whole.scale.signed(last.estimate.mean)} {growth.whole.scale.units}".rstrip()
    return (
        f"Against the best baseline ({champion.title}) at {rows_text(last.rows)} rows: {phrase(last.word, band)} "
        f"({number})."
    )


def rows_text(rows: float) -> str:
    r"""A number of rows, thousands parted by a thin space.

    Example:
        >>> rows_text(57000.4).replace("\u202f", " ")
        '57 000'
    """
    return f"{rows:,.0f}".replace(",", "\u202f")


def factor(value: float) -> str:
    """A ratio to two or three figures; "no bound" where it is infinite.

    Example:
        >>> factor(1.234), factor(0.5), factor(float("inf"))
        ('1.23', '0.5', 'no bound')
    """
    return "no bound" if math.isinf(value) else minus(three(value))

"""From one command line to several: one for each data set, rate of a fault or number of training rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from qml import schema
from qml.base.errors import ConfigError
from qml.config.files import groups
from qml.config.objects import located


@dataclass(frozen=True)
class Expansion:
    """Command lines that one stands for, and what makes one job of theirs.

    Args:
        lines: the overrides of each.
        join: from their jobs, in this order, to one.
    """

    lines: list[list[str]]
    join: Callable[[list[Any]], Any]


def expanded(plain: Mapping[str, Any], entry: str, overrides: Sequence[str]) -> Expansion | None:
    """The command lines that a configuration stands for; None where it describes one job.

    Args:
        plain: what was composed, as plain values.
        entry: "benchmark" or "report"; others have neither sets nor rates nor sizes.
        overrides: from which it was composed.

    Raises:
        ConfigError: a set, rate or size that cannot be meant.
    """
    if plain.get("sets"):
        return _over_sets(plain, entry, overrides)
    if plain.get("rates"):
        return _over_rates(plain, entry, overrides)
    if plain.get("sizes"):
        return _over_sizes(plain, entry, overrides)
    return None


def _over_sets(plain: Mapping[str, Any], entry: str, overrides: Sequence[str]) -> Expansion:
    """Several data sets: each is composed from the same overrides and those of its set."""
    title = plain["protocol"]["title"]

    def join(jobs: list[Any]) -> Any:
        scaling = located(schema.SCALINGS[entry], "sizes")
        if any(isinstance(job, scaling) for job in jobs):
            return scaling.over(jobs, title=title)
        return located(schema.SUITES[entry], "sets")(jobs, title=title)

    return Expansion([[*own, "sets=[]"] for own in overrides_of(plain["sets"], overrides)], join)


def _over_rates(plain: Mapping[str, Any], entry: str, overrides: Sequence[str]) -> Expansion:
    """One comparison at several rates of a fault."""
    rates = plain["rates"]
    if entry != "benchmark":
        raise ConfigError(
            f"rates.fault={rates['fault']} was asked of {entry!r}; experiments.benchmark runs what is missing and "
            "writes the page of curves from the cells that are there."
        )
    data = plain["data"]["name"]
    sets = located("qml.estimators.robustness.sets_of", "rates")(rates, data)
    given = [text for text in overrides if _key(text).partition(".")[0] not in ("data", "rates")]
    job = located("qml.estimators.robustness.RobustnessJob", "rates")
    title = plain["protocol"]["title"]
    join = partial(job, title=title, fault=rates["fault"], rates=tuple(rates["rates"]), data=data)
    return Expansion([[*given, *own, "rates=null"] for own in sets], join)


def _over_sizes(plain: Mapping[str, Any], entry: str, overrides: Sequence[str]) -> Expansion:
    """Several numbers of training rows: each is composed from what its size changes as well."""
    given = [text for text in overrides if _key(text) not in ("sizes", "sets")]
    lines = [[*own, *given, "sets=[]", "sizes=[]"] for own in overrides_of_sizes(plain["sizes"], given)]
    return Expansion(lines, partial(located(schema.SCALINGS[entry], "sizes"), title=plain["protocol"]["title"]))


def overrides_of(sets: Sequence[Any], overrides: Sequence[str]) -> list[list[str]]:
    """What each data set of a suite is composed from.

    A value that the command line gives counts on every set, also where the set has one of its own.

    Args:
        sets: for each what it changes: one override, or a list of them.
        overrides: of the command line.

    Raises:
        ConfigError: a set that is no list of overrides, or one that the command line speaks of as well.

    Example:
        >>> overrides_of([["data=wine"], ["data=digits", "data.rows=600"]], ["recipe=mine", "data.rows=50"])
        [['data=wine', 'recipe=mine', 'data.rows=50'], ['data=digits', 'recipe=mine', 'data.rows=50']]
    """
    given = [text for text in overrides if _key(text) != "sets"]
    known = {_key(text) for text in given}
    found = []
    for number, entry in enumerate(sets):
        own = [entry] if isinstance(entry, str) else entry
        if not isinstance(own, list) or not own or not all(isinstance(text, str) and "=" in text for text in own):
            raise ConfigError(
                f"sets[{number}] is {entry!r}; it must be a list of overrides such as [data=wine, data.rows=100]."
            )
        _check_once(number, own)
        both = [text for text in own if _key(text) in known and _key(text) in groups()]
        if both:
            raise ConfigError(
                f"{_key(both[0])} was given on the command line; this suite chooses it for each of its sets "
                f"({both[0]} for one). Leave it out, or name the sets: \"sets=[['data=wine'],['data=digits']]\"."
            )
        found.append([text for text in own if _key(text) not in known] + given)
    return found


def overrides_of_sizes(sizes: Sequence[Any], overrides: Sequence[str]) -> list[list[str]]:
    """What each number of training rows changes.

    A value that the command line gives counts at every size, but for `data.rows`, which is what sizes differ in.

    Args:
        sizes: for each a number of training rows, "all", or a list of overrides such as `data.rows=1000`.
        overrides: of the command line.

    Raises:
        ConfigError: none of these, or `data.rows` beside sizes.

    Example:
        >>> overrides_of_sizes([1000, ["data.rows=5000", "training.batch_size=64"], "all"], ["training.clip=1"])
        [['data.rows=1000'], ['data.rows=5000', 'training.batch_size=64'], ['data.rows=null']]
    """
    known = {_key(text) for text in overrides}
    if "data.rows" in known:
        raise ConfigError("data.rows was given beside sizes, which choose it. Say sizes=[1000,all], or sizes=[].")
    found = []
    for number, entry in enumerate(sizes):
        own = entry if isinstance(entry, list) else [f"data.rows={entry}"]
        if not own or not all(isinstance(text, str) and "=" in text for text in own):
            raise ConfigError(
                f"sizes[{number}] is {entry!r}; it must be a number of training rows, all, or a list of overrides such "
                "as [data.rows=1000, training.batch_size=32]."
            )
        _check_once(number, own, "sizes")
        rows = next((text.partition("=")[2].strip() for text in own if _key(text) == "data.rows"), "all")
        if rows not in ("all", "null") and not (rows.isdigit() and int(rows) > 0):
            raise ConfigError(
                f"sizes[{number}] is {entry!r}; its data.rows must be a number of training rows, or all for every one."
            )
        kept = [text for text in own if _key(text) not in known]
        found.append(["data.rows=null" if text == "data.rows=all" else text for text in kept])
    return found


def _check_once(number: int, own: Sequence[str], what: str = "sets") -> None:
    """Refuse a set, or a size, that gives a key twice, of which only the last would count."""
    for key in dict.fromkeys(map(_key, own)):
        given = [text for text in own if _key(text) == key]
        if len(given) > 1:
            values = ", ".join(text.partition("=")[2] for text in given)
            sets = ",".join(f"[{text!r}]" for text in given)
            remedy = f"Two sets are sets=[{sets}]." if key in groups() else "Give it once."
            raise ConfigError(f"{what}[{number}] gives {key} twice ({values}). {remedy}")


def _key(override: str) -> str:
    """What an override changes."""
    return override.partition("=")[0].lstrip("+~").strip()

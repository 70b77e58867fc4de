"""A card of a data set in plain text, from the catalogue alone: nothing is opened."""

from __future__ import annotations

import textwrap
from collections import Counter

from qml.data.catalogue import CATALOGUE, Entry
from qml.data.features import TRAINABLE
from qml.data.fetch.bases import shown_home

WIDTH = 100


def describe(name: str) -> str:
    """Rows, classes, columns, licence, split and known traps of a catalogued set.

    Raises:
        ConfigError: the name is not known; the nearest one is given.

    Example:
        >>> print(describe("wine"))  # doctest: +ELLIPSIS
        wine: Wine recognition (three growers)
        rows      178
        ...
    """
    entry = CATALOGUE[name]
    facts = {
        "rows": _rows(entry),
        "target": _target(entry),
        "columns": _columns(entry),
        "kept out": "; ".join(f"{column} ({why})" for column, why in entry.drop.items()),
        "split": _split(entry),
        "licence": entry.licence,
        "where": entry.home,
        "fetched": _fetched(entry),
        "form": entry.form if entry.form in TRAINABLE else f"{entry.form}: typed columns, no features yet",
    }
    lines = [f"{entry.name}: {entry.title}"]
    for key, text in facts.items():
        if text:
            lines += textwrap.wrap(text, WIDTH, initial_indent=f"{key:<10}", subsequent_indent=" " * 10)
    for place, trap in enumerate(entry.traps):
        first = f"{'traps' if not place else '':<10}- "
        lines += textwrap.wrap(trap, WIDTH, initial_indent=first, subsequent_indent=" " * 12)
    return "\n".join(lines)


def _fetched(entry: Entry) -> str:
    """Where a set that the data root lacks is fetched from."""
    if entry.built_in:
        return ""
    if entry.fetch is None:
        return "not by itself: its home is not one that a program converts directly and surely"
    note = f"; {entry.fetch.note}" if entry.fetch.note else ""
    return (
        f"by itself where the data root lacks it, from {shown_home(entry.fetch)}{note}. This home was never reached "
        "when the conversion was written: it was checked against files of the same layout"
    )


def _rows(entry: Entry) -> str:
    """The number of rows, and by part where the files are parts."""
    if len(entry.files) < 2:
        return f"{entry.rows:,}"
    return f"{entry.rows:,} ({', '.join(f'{item.part} {item.rows:,}' for item in entry.files)})"


def _target(entry: Entry) -> str:
    """What is predicted."""
    rule = entry.target
    if rule is None:
        return "none"
    if rule.kind == "number":
        text = f"{rule.column}, a number"
    else:
        shown = ", ".join(rule.labels[:12]) + (", ..." if len(rule.labels) > 12 else "")
        text = f"{rule.column}, {len(rule.labels)} classes: {shown}"
        totals = [sum(counts) for counts in zip(*rule.counts.values(), strict=True)]
        text += f" ({', '.join(f'{total:,}' for total in totals[:12])} rows)"
    if rule.raw_classes:
        text += f"; joined from {', '.join(f'{number} ({part})' for part, number in rule.raw_classes.items())} values"
    if rule.missing:
        text += f"; missing in {rule.missing:,} rows, which are left out"
    return text


def _columns(entry: Entry) -> str:
    """How many columns of each kind, with the names of the few."""
    names: dict[str, list[str]] = {}
    for column, kind in entry.columns.items():
        names.setdefault(kind, []).append(column)
    counts = Counter({kind: len(columns) for kind, columns in names.items()})
    if entry.rest:
        counts[entry.rest[0]] += entry.rest[1]
    return "; ".join(
        f"{count:,} {kind}" + (f" ({', '.join(names[kind])})" if len(names.get(kind, ())) == count <= 12 else "")
        for kind, count in counts.items()
    )


def _split(entry: Entry) -> str:
    """How it is split unless another way is asked for."""
    rule = entry.split
    if rule.how == "official":
        parts = rule.parts or {item.part: (item.file,) for item in entry.files}
        text = "as published: " + ", ".join(f"{part} = {', '.join(map(str, v))}" for part, v in parts.items())
        if "validation" not in parts:
            text += f"; validation {rule.validation} out of training"
        return text + (f"; without the test rows marked {rule.leaked}" if rule.leaked else "")
    if rule.how == "group":
        text = "by group: " + ("equal rows stay together" if rule.groups == "*" else str(rule.groups))
    elif rule.how == "time":
        text = "by time: " + (", ".join(rule.time) or "the order of the rows")
        text += f", test from {rule.cut}" if rule.cut is not None else ""
    else:
        text = "stratified by seed" if entry.target and entry.target.kind == "classes" else "at random by seed"
    return text + "".join(f"; only rows with {column} = {value}" for column, value in rule.only.items())

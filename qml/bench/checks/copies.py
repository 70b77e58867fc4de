"""Rows that stand in a table more than once: under their own name, as a block under another one, or their scores."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from qml.base.words import plural
from qml.bench.checks.evidence import examples, rows_of
from qml.bench.finding import Finding
from qml.bench.results_row import ResultRow, ResultTable

Names = tuple[str, str, str]
Renaming = tuple[tuple[str, str], ...]
ALONE = 5  # different figures, none of them 0 or 1, by which one row is a copy beyond chance
SOME = 3  # as many make one row suspect
BLOCK = 3  # rows of one renaming that make a block
TOKEN = re.compile(r"\d+(?:\.\d+)?|[A-Za-z]+|[^A-Za-z\d]+")


def listed_twice(table: ResultTable) -> Iterator[Finding]:
    """One arm on one data set in several rows: the same figures again, or other ones."""
    groups: dict[Names, list[ResultRow]] = defaultdict(list)
    for row in table.rows:
        groups[row.names].append(row)
    again, others = [], []
    for rows in groups.values():
        for place, row in enumerate(rows[1:], 1):
            (again if any(row.figures == before.figures for before in rows[:place]) else others).append(row)
    if again:
        yield Finding(
            "severe",
            f"{plural(len(again), 'row')} listed twice",
            "Arm, data, terms and every figure are those of an earlier row.",
            examples(again, lambda row: f"repeats {groups[row.names][0].place}"),
            "Means, ranks and tests count these results twice. Drop the later rows before any statistics.",
            rows_of(again),
        )
    if others:
        yield Finding(
            "suspect",
            f"{plural(len(others), 'row')} with a second result of the same arm on the same data",
            "Nothing in the table tells the two apart; a column of terms that does so may have been left out.",
            examples(others, lambda row: f"stands beside {groups[row.names][0].place}"),
            "Which of them is used decides the comparison; a choice between them by score would be one on test rows.",
            rows_of(others),
        )


def copied_rows(table: ResultTable) -> Iterator[Finding]:
    """Rows whose every figure is that of an earlier row of another name, gathered by what was renamed.

    A renaming such as `manifold` for `curves` makes a block of severe findings where at least three of its rows, and
    half of all rows that have a namesake under it, are copies, one of them beyond chance. A single copy is severe if
    it has five different figures other than 0 and 1, suspect if it has three, and otherwise passes: at a ceiling two
    results may well be equal.
    """
    by_names = {row.names: row for row in reversed(table.rows)}
    for renaming, pairs in sorted(renamed_pairs(table.rows).items(), key=lambda item: -len(item[1])):
        most = max(distinct_figures(row) for _, row in pairs)
        namesakes = sum(undone(row.names, renaming) in by_names for row in table.rows)
        is_block = len(pairs) >= BLOCK and 2 * len(pairs) >= namesakes and most >= SOME
        severe = [row for _, row in pairs if is_block or distinct_figures(row) >= ALONE]
        suspect = [row for _, row in pairs if row not in severe and distinct_figures(row) >= SOME]
        first = {row.number: original for original, row in pairs}
        for level, rows in (("severe", severe), ("suspect", suspect)):
            if rows:
                yield _copies(level, rows, first, renaming, namesakes)


def shared_repetitions(table: ResultTable) -> Iterator[Finding]:
    """Rows with the test scores of an earlier row of another arm or data set, in every repetition and in that order.

    What stands beside them differs (settings, cost, selection), or the row would be a copy. Told from five different
    scores other than 0 and 1 on; one arm on the same data under other terms may well repeat itself, and is not told.
    """
    first: dict[tuple[float, ...], ResultRow] = {}
    found = []
    for row in table.rows:
        if len(set(row.test) - {0.0, 1.0}) >= ALONE:
            before = first.setdefault(row.test, row)
            if (before.arm, before.data) != (row.arm, row.data):
                found.append(row)
    if found:
        yield Finding(
            "suspect",
            f"{plural(len(found), 'row')} with every repetition of another row",
            "Their test scores are those of an earlier row, digit for digit and in order; settings or cost are not.",
            examples(
                found,
                lambda row: f"has the {len(row.test)} scores of {first[row.test].place} ({first[row.test].label})",
            ),
            "Two fits that differ seldom agree in every repetition: one measurement may be written down twice.",
            rows_of(found),
        )


def _copies(
    level: Any, rows: Sequence[ResultRow], first: Mapping[int, ResultRow], renaming: Renaming, namesakes: int
) -> Finding:
    """The finding of one renaming."""
    said = ", ".join(f"{after.strip()!r} for {before.strip()!r}" for before, after in renaming)
    return Finding(
        level,
        f"{plural(len(rows), 'row')} copied under another name ({said})",
        f"Scores, spreads, selection and time equal those of an earlier row, for {len(rows)} of the "
        f"{plural(max(namesakes, len(rows)), 'row')} that have a namesake.",
        examples(rows, lambda row: f"repeats {first[row.number].place} ({first[row.number].label})"),
        "One measurement is counted as two: data sets are fewer than they seem, and every mean, rank and p value that "
        "takes them for independent is wrong. Drop the copies before any statistics.",
        rows_of(rows),
    )


def renamed_pairs(rows: Sequence[ResultRow]) -> dict[Renaming, list[tuple[ResultRow, ResultRow]]]:
    """Copies with their originals, `(original, copy)`, by what was renamed.

    Of two rows the earlier one is the original; where a renaming occurs both ways, the way that most pairs go.
    """
    originals: dict[tuple[Any, ...], ResultRow] = {}
    found: dict[Renaming, list[tuple[ResultRow, ResultRow]]] = defaultdict(list)
    for row in rows:
        before = originals.setdefault((row.figures, row.settings), row)
        if before.names != row.names and row.figures:
            found[renaming_of(before.names, row.names)].append((before, row))
    for renaming in sorted(found, key=lambda each: -len(found[each])):
        back = tuple((new, old) for old, new in renaming)
        if renaming in found and back in found:
            found[renaming] += [(copy, original) for original, copy in found.pop(back)]
    return found


def renaming_of(before: Names, after: Names) -> Renaming:
    """What was replaced in the names, piece by piece; whole names where they are not built alike.

    Example:
        >>> renaming_of(("svm", "curves-10d", ""), ("svm", "manifold-10d", ""))
        (('curves', 'manifold'),)
    """
    changed: dict[tuple[str, str], None] = {}
    for old, new in zip(before, after, strict=True):
        pieces = TOKEN.findall(old), TOKEN.findall(new)
        alike = len(pieces[0]) == len(pieces[1])
        for pair in zip(*pieces, strict=True) if alike else [(old, new)]:
            if pair[0] != pair[1]:
                changed[pair] = None
    return tuple(changed)


def undone(names: Names, renaming: Renaming) -> Names | None:
    """The names before the renaming; None where nothing of it is in them.

    Example:
        >>> undone(("svm", "manifold-10d", ""), (("curves", "manifold"),))
        ('svm', 'curves-10d', '')
    """
    back: dict[str, str] = {after: before for before, after in renaming}

    def earlier(name: str) -> str:
        pieces: list[str] = [name] if name in back else TOKEN.findall(name)
        return "".join(back.get(piece, piece) for piece in pieces)

    whole = (earlier(names[0]), earlier(names[1]), earlier(names[2]))
    return whole if whole != names else None


def distinct_figures(row: ResultRow) -> int:
    """Different numbers among the figures of a row that are neither 0 nor 1.

    Example:
        >>> distinct_figures(ResultRow(0, "a.csv:2", "svm", "wine", test=(0.8, 0.8, 1.0), test_mean=0.9, cost_s=3.0))
        3
    """
    single = [part for _, value in row.figures for part in (value if isinstance(value, tuple) else (value,))]
    return len({value for value in single if value not in (0.0, 1.0)})

"""Counts in words."""

from __future__ import annotations


def plural(count: int, one: str, many: str | None = None) -> str:
    """A count with its noun.

    Example:
        >>> plural(1, "cell"), plural(2, "cell"), plural(0, "class", "classes")
        ('1 cell', '2 cells', '0 classes')
    """
    return f"{count} {one if count == 1 else many or one + 's'}"

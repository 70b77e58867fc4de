"""What a column of raw data must hold, and what it is for: the schema that a person declares, as plain values."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from qml.base.errors import ConfigError
from qml.base.registry import unknown

TYPES = ("float", "int", "bool", "string", "timestamp")
ROLES = ("input", "target", "group", "time", "key", "part", "drop")
KEPT = ("group", "time", "key")
"""Roles whose columns are written as they were, beside the features."""
TRUE, FALSE = ("true", "t", "yes", "y", "1"), ("false", "f", "no", "n", "0")
"""Spellings of truth values, in small letters."""


@dataclass(frozen=True)
class ColumnRule:
    """What columns of these names hold; a row that breaks a rule goes to quarantine with the reason.

    Args:
        names: of the columns that the rule is for, as in the file.
        type: "float", "int" (a whole number), "bool" (true, false, yes, no, 1, 0), "string" or "timestamp".
        role: "input"; "target"; "group", whose equal values stay in one part; "time", which orders rows; "key", written
            beside the features; "part", which says the part of a row; or "drop".
        kind: "number" or "category"; None takes numbers for numbers, words and truth values for categories.
        required: a missing value breaks the row.
        least: the smallest value allowed, in the unit of the column.
        greatest: the largest.
        values: the only ones allowed, as the file spells them; empty allows all.
        pattern: regular expression of the whole text of a value; empty allows all.
        format: of a timestamp, as Spark spells it ("yyyy-MM-dd HH:mm:ss"); empty reads ISO 8601.

    Raises:
        ConfigError: a word that is not known, or a rule that its type cannot break.

    Example:
        >>> ColumnRule(["age"], "int", least=0).kind
        'number'
        >>> ColumnRule(["age"], "integer")
        Traceback (most recent call last):
        qml.base.errors.ConfigError: type of column 'age' 'integer' is not known. Did you mean 'int'? ...
    """

    names: Sequence[str]
    type: str = "float"
    role: str = "input"
    kind: str | None = None
    required: bool = False
    least: float | None = None
    greatest: float | None = None
    values: Sequence[Any] = ()
    pattern: str = ""
    format: str = ""

    def __post_init__(self):
        object.__setattr__(self, "names", tuple(str(name) for name in self.names))
        object.__setattr__(self, "values", tuple(spelled(value) for value in self.values))
        if not self.names:
            raise ConfigError("A rule of etl.columns names no column. Say names=[...], or leave the rule out.")
        of = f"of column {self.names[0]!r}"
        for what, known in (("type", TYPES), ("role", ROLES)):
            if getattr(self, what) not in known:
                raise unknown(f"{what} {of}", getattr(self, what), list(known))
        if self.kind is None:
            object.__setattr__(self, "kind", "category" if self.type in ("string", "bool") else "number")
        if self.kind not in ("number", "category"):
            raise unknown(f"kind {of}", self.kind, ["number", "category"])
        self._check_sense(of)

    def _check_sense(self, of: str) -> None:
        """Refuse what cannot be meant."""
        bounded = self.least is not None or self.greatest is not None
        if bounded and self.type not in ("float", "int"):
            raise ConfigError(f"least and greatest {of} need type=float or int; its type is {self.type}.")
        if self.role == "input" and self.kind == "number" and self.type not in ("float", "int"):
            raise ConfigError(
                f"role=input {of} was asked for with type={self.type}, which is no number. Say kind=category, make a "
                f"number of it beforehand, or give it the role time, key or drop."
            )
        try:
            re.compile(self.pattern)
        except re.error as error:
            raise ConfigError(f"pattern {self.pattern!r} {of} is no regular expression: {error}.") from error


@dataclass(frozen=True)
class TargetPlan:
    """What is predicted, made of the one column whose role is "target".

    Args:
        kind: "classes" or "number".
        classes: label -> the values of the column that it stands for, in the order of the classes; empty takes each
            value for a class, sorted as text.
        rest: label of every value that `classes` does not name; None puts such rows into quarantine.
        name: of the target, and of its column in the files; empty takes the column's own.

    Raises:
        ConfigError: a kind that is not known, classes of a number, or a value under two labels.

    Example:
        >>> TargetPlan(classes={"normal": ["normal"]}, rest="attack").labels
        ('normal', 'attack')
    """

    kind: str = "classes"
    classes: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    rest: str | None = None
    name: str = ""

    def __post_init__(self):
        classes = {str(label): tuple(spelled(value) for value in values) for label, values in self.classes.items()}
        object.__setattr__(self, "classes", classes)
        if self.kind not in ("classes", "number"):
            raise unknown("kind of the target", self.kind, ["classes", "number"])
        if self.kind == "number" and (classes or self.rest):
            raise ConfigError("target.kind=number was given with classes. Leave the classes out, or say kind=classes.")
        if self.rest and not classes:
            raise ConfigError(
                f"target.rest={self.rest} was given without target.classes; every value would be one class."
            )
        seen: dict[str, str] = {}
        for label, values in classes.items():
            for value in values:
                if seen.setdefault(value, label) != label:
                    raise ConfigError(f"The value {value!r} stands under {seen[value]!r} and {label!r}. Choose one.")

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels of the classes in order; empty where they are found among the values."""
        further = (self.rest,) if self.rest and self.rest not in self.classes else ()
        return (*self.classes, *further)


def spelled(value: Any) -> str:
    """A value of a configuration as a file spells it: YAML reads `yes` and `1` as a truth value and a number.

    Example:
        >>> spelled(True), spelled(3), spelled("a")
        ('true', '3', 'a')
    """
    return str(value).lower() if isinstance(value, bool) else str(value)


def could_be(value: str, kind: str) -> bool:
    """Whether a value that a configuration spells can stand in a column of a type.

    Example:
        >>> could_be("1", "int"), could_be("one", "int"), could_be("yes", "bool")
        (True, False, True)
    """
    if kind == "bool":
        return value.lower() in (*TRUE, *FALSE)
    if kind in ("int", "float"):
        try:
            float(value)
        except ValueError:
            return False
    return True

"""Which part each row belongs to, as it is asked for."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import PurePosixPath

from qml.base.errors import ConfigError
from qml.base.registry import unknown
from qml.data.etl.declared import spelled
from qml.data.table import share

HOWS = ("random", "group", "time", "official")
PART_NAME = re.compile(r"[a-z][a-z0-9_]*")
TAKEN = ("quarantine", "checked", "written", "test_distinct")
"""Names of folders that are no parts of a person's own."""


@dataclass(frozen=True)
class Division:
    """Which part each row belongs to. No answer depends on how the rows lie in files or on how many processes read.

    "random" takes the hash of a row's inputs and the seed, so rows with equal inputs stay in one part; "group" the
    hash of the group; "time" gives the last rows to the test part; "official" follows the values of the column with
    the role "part", or files.

    Args:
        how: "random", "group", "time" or "official".
        test: share of the rows; of the groups for "group".
        validation: share of the rows; of an official training part. 0 for none.
        seed: of the hash.
        cut: for "time", the first moment of the test part, in place of a share.
        validation_cut: the first moment of the validation part.
        values: for "official", part -> values of the column with the role "part", as the file spells them.
        files: for "official", part -> files or folders below `read.path`.
        distinct: writes a further part `test_distinct`: of the test rows whose inputs no row of another part has, one
            of each pair of inputs and target.

    Raises:
        ConfigError: a word that is not known, shares that leave no training rows, ways that exclude each other, or a
            value or file in two parts.
    """

    how: str = "random"
    test: float = 0.2
    validation: float = 0.2
    seed: int = 0
    cut: str | float | None = None
    validation_cut: str | float | None = None
    values: Mapping[str, Sequence[str]] = field(default_factory=dict)
    files: Mapping[str, Sequence[str]] = field(default_factory=dict)
    distinct: bool = False

    def __post_init__(self):
        object.__setattr__(self, "values", {part: tuple(map(spelled, found)) for part, found in self.values.items()})
        object.__setattr__(self, "files", {part: tuple(map(str, found)) for part, found in self.files.items()})
        if self.how not in HOWS:
            raise unknown("etl.split.how", self.how, list(HOWS))
        if share(self.test, "etl.split.test") + share(self.validation, "etl.split.validation") >= 1:
            raise ConfigError(f"etl.split.test={self.test} and validation={self.validation} leave no training rows.")
        if (self.how == "official") != bool(self.values or self.files) or (self.values and self.files):
            raise ConfigError("etl.split.how=official needs values or files, one of them; the other ways need neither.")
        if (self.cut is not None or self.validation_cut is not None) and self.how != "time":
            raise ConfigError(f"etl.split.cut was given with how={self.how}. Say how=time, or leave the cut out.")
        if self.validation_cut is not None and self.cut is None:
            raise ConfigError(
                f"etl.split.validation_cut={self.validation_cut} was given without etl.split.cut, the first moment of "
                "the test part. Give both."
            )
        self._check_official()
        if self.distinct and "test" not in self.parts:
            raise ConfigError("etl.split.distinct needs a test part. Give it one, or say distinct=false.")

    def _check_official(self) -> None:
        """Refuse names that are none, a value or file in two parts, and no training part."""
        for part in (*self.values, *self.files):
            if not PART_NAME.fullmatch(part) or part in TAKEN:
                raise ConfigError(
                    f"The part {part!r} is no name. Use small letters, digits and _, such as train; quarantine is "
                    "taken."
                )
        if self.how == "official" and "train" not in (*self.values, *self.files):
            raise ConfigError("etl.split names no part 'train', on which everything is fitted. Name it.")
        given: dict[str, str] = {}
        for part, values in self.values.items():
            for value in values:
                if given.setdefault(value, part) != part:
                    raise ConfigError(
                        f"etl.split.values gives {value!r} to {given[value]!r} and to {part!r}. Choose one."
                    )
        self._check_files()

    def _check_files(self) -> None:
        """Refuse files and folders of which one is another, or lies in it."""
        owners: dict[PurePosixPath, str] = {}
        for part, files in self.files.items():
            for path in map(PurePosixPath, files):
                if path in owners:
                    raise _twice(path, part, path, owners[path])
                owners[path] = part
        for path, part in owners.items():
            for folder in path.parents:
                if folder in owners:
                    raise _twice(path, part, folder, owners[folder])

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of the parts in order."""
        if self.how == "official":
            named = (*self.values, *self.files)
            carved = ("validation",) if self.validation and "validation" not in named else ()
            known = [part for part in ("train", "validation", "test") if part in (*named, *carved)]
            return (*known, *(part for part in named if part not in known))
        has_validation = self.validation_cut is not None if self.cut is not None else bool(self.validation)
        has_test = self.cut is not None or bool(self.test)
        return ("train", *(["validation"] if has_validation else []), *(["test"] if has_test else []))


def _twice(path: PurePosixPath, part: str, other: PurePosixPath, whose: str) -> ConfigError:
    """The error of a file that would be read twice."""
    return ConfigError(
        f"etl.split.files gives {str(path)!r} to {part!r} and {str(other)!r} to {whose!r}: rows would be read "
        "twice. Name each file once."
    )


def moment(cut: str | float, kind: str) -> float:
    """The first moment of a part as the number that its column becomes: of a timestamp the seconds since 1970, UTC.

    Args:
        cut: as it was given.
        kind: type of the column: "timestamp", "int" or "float".

    Raises:
        ConfigError: it is no number, or no ISO 8601 date.

    Example:
        >>> moment("1970-01-02", "timestamp"), moment(3, "int")
        (86400.0, 3.0)
    """
    try:
        if kind != "timestamp":
            return float(cut)
        found = datetime.fromisoformat(str(cut))
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except ValueError as error:
        wanted = "a date such as 2020-05-31 or 2020-05-31T12:00:00" if kind == "timestamp" else "a number"
        raise ConfigError(
            f"etl.split was to cut at {cut!r}; the column of role time is a {kind}. Give {wanted}."
        ) from error

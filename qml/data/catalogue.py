"""The catalogue: one declarative row a data set, kept in `catalogue.json` beside this file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from qml.base.registry import Registry
from qml.data.source import ColumnKind

Form = Literal["table", "image", "signal", "text", "sequence", "graph", "interaction", "series"]


@dataclass(frozen=True)
class PartFile:
    """One Parquet file of a set: its name, the part that it is ("all" if it is no part), and its rows."""

    file: str
    part: str
    rows: int


@dataclass(frozen=True)
class TargetRule:
    """How the target is made of its column.

    Args:
        column: its name.
        kind: "classes" or "number".
        labels: names of the classes.
        values: for classes, the values in the file of each label, `values[i]` being the list of label i.
        rest: the label of every value that `values` does not name, or None if there must be none.
        above: with two classes, the second is `column > above`.
        missing: rows whose target is missing in the file; they are left out of every split.
        raw_classes: part -> distinct values in the file, where several make one label.
        counts: part -> rows of each label.
    """

    column: str
    kind: Literal["classes", "number"]
    labels: tuple[str, ...] = ()
    values: tuple[tuple[Any, ...], ...] = ()
    rest: int | None = None
    above: float | None = None
    missing: int = 0
    raw_classes: Mapping[str, int] = field(default_factory=dict)
    counts: Mapping[str, tuple[int, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class SplitRule:
    """How a fair split of the set is made.

    Args:
        how: "official" (by file or by `column`), "group", "time", or "stratified".
        column: of an official split: its column, or None if the files are the parts.
        parts: of an official split: part -> values of the column, or names of files' parts.
        groups: column whose equal values stay together; "*" for rows that are equal in every input.
        time: columns that order the rows, the first weighing most; empty for the order of the file.
        cut: first moment of the test part (a value of `time[0]`), or None for a share of the rows.
        only: column -> value; other rows are in no split.
        leaked: column that marks test rows which are in the training part.
        validation: how validation is carved out of an official training part: "stratified", "group" or "time".
    """

    how: Literal["official", "group", "time", "stratified"] = "stratified"
    column: str | None = None
    parts: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    groups: str | None = None
    time: tuple[str, ...] = ()
    cut: Any = None
    only: Mapping[str, Any] = field(default_factory=dict)
    leaked: str | None = None
    validation: Literal["stratified", "group", "time"] = "stratified"


@dataclass(frozen=True)
class Home:
    """Where a set is published, and how what lies there becomes our files; read by `qml.data.fetch`.

    Args:
        kind: "uci", "openml" or "hub".
        address: a path below `static/public` of UCI, a number of OpenML, or an owner/name of the Hugging Face hub.
        config: of a set of the hub.
        files: Parquet file -> what it is made of: names or patterns of files in an archive, or splits of the hub; empty
            where the download is the file.
        columns: column -> its name there and its Arrow type, in the order of our file; None there is made by `then`.
        others: the same of a file that has columns of its own.
        names: columns of text without a header, in order; empty where there is one, or where they are `columns`.
        header: whether text has a line of names.
        separator: of text; a blank stands for any run of blanks.
        quoted: whether text may stand in double quotes.
        strip: cut blanks around each value.
        comment: lines that begin with it are left out.
        missing: words that mean a missing value.
        values: column -> word there -> our value.
        then: further steps, named in `qml.data.fetch.conversions`.
        sha256: of the download, where it is known.
        note: in what a fetched set may differ from the one that results were measured on.
    """

    kind: Literal["uci", "openml", "hub"]
    address: str
    config: str
    files: Mapping[str, tuple[str, ...]]
    columns: Mapping[str, tuple[str | None, str]]
    others: Mapping[str, Mapping[str, tuple[str | None, str]]] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    header: bool = False
    separator: str = ","
    quoted: bool = True
    strip: bool = False
    comment: str = ""
    missing: tuple[str, ...] = ()
    values: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    then: tuple[str, ...] = ()
    sha256: str | None = None
    note: str = ""

    def columns_of(self, file: str) -> Mapping[str, tuple[str | None, str]]:
        """The columns of one of our files."""
        return self.others.get(file, self.columns)


@dataclass(frozen=True)
class Entry:
    """One data set as the catalogue knows it.

    Args:
        name: what one asks for.
        title, field, licence, home, caveat: for people; `home` says where the set is published.
        fetch: the same for a program, where the set can be fetched from there; else None.
        form: what it holds; "table", "image" and "signal" become features, the others are typed columns.
        folder: below the data root; "" for a set that comes with scikit-learn.
        files: its parts. beside: further files by name.
        columns: column -> kind. rest: the kind of all columns not named, and how many.
        shapes: shape of a row of an image or sequence column.
        drop: column -> why it is not read.
        empty: column -> the number that stands for a missing value.
        one_scale: its numbers are alike (pixels) and are standardised together.
        target, split: how these are made. traps: what to know before believing a score.
    """

    name: str
    title: str
    field: str
    licence: str
    home: str
    form: Form
    folder: str
    files: tuple[PartFile, ...]
    beside: Mapping[str, PartFile]
    columns: Mapping[str, ColumnKind]
    rest: tuple[ColumnKind, int] | None
    shapes: Mapping[str, tuple[int, ...]]
    drop: Mapping[str, str]
    empty: Mapping[str, float]
    one_scale: bool
    target: TargetRule | None
    split: SplitRule
    traps: tuple[str, ...]
    rows: int
    fetch: Home | None = None

    @property
    def built_in(self) -> bool:
        """Whether it comes with scikit-learn."""
        return not self.folder


def _entry(name: str, row: Mapping[str, Any]) -> Entry:
    """One row of the JSON file as an Entry."""
    kinds = {column: kind for kind, columns in row.get("columns", {}).items() for column in columns}
    rest = row.get("rest")
    files = tuple(PartFile(*item) for item in row.get("files", ()))
    return Entry(
        name=name,
        title=row["title"],
        field=row["field"],
        licence=row["licence"],
        home=row["home"],
        form=row["form"],
        folder=row.get("folder", name),
        files=files,
        beside={key: PartFile(file, key, rows) for key, (file, rows) in row.get("beside", {}).items()},
        columns=kinds,
        rest=(rest[0], rest[1]) if rest else None,
        shapes={column: tuple(shape) for column, shape in row.get("shapes", {}).items()},
        drop=row.get("drop", {}),
        empty=row.get("empty", {}),
        one_scale=row.get("one_scale", False),
        target=_target(row["target"]) if row.get("target") else None,
        split=_split(row.get("split", {})),
        traps=tuple(row.get("traps", ())),
        rows=row.get("rows", sum(item.rows for item in files)),
        fetch=_home(row["fetch"]) if "fetch" in row else None,
    )


def _home(row: Mapping[str, Any]) -> Home:
    """Where a row is fetched from."""
    kind = next(name for name in ("uci", "openml", "hub") if name in row)
    said = ("header", "separator", "quoted", "strip", "comment", "sha256", "note")
    plain = {key: row[key] for key in said if key in row}
    return Home(
        kind,  # pyright: ignore[reportArgumentType]
        str(row[kind]),
        row.get("config", "default"),
        {file: tuple(members) for file, members in row["files"].items()},
        _sources(row["columns"]),
        {file: _sources(columns) for file, columns in row.get("others", {}).items()},
        **plain,
        names=tuple(row.get("names", ())),
        missing=tuple(row.get("missing", ())),
        then=tuple(row.get("then", ())),
        values=row.get("values", {}),
    )


def _sources(row: Mapping[str, Any]) -> dict[str, tuple[str | None, str]]:
    """Column -> its name there and its type; a type alone means that it bears our name, null that it is made."""
    return {
        name: (name, said) if isinstance(said, str) else (said[0], said[1]) if said else (None, "")
        for name, said in row.items()
    }


def _target(row: Mapping[str, Any]) -> TargetRule:
    """The target of a row; a single value stands for a list of one."""
    values = tuple(tuple(item) if isinstance(item, list) else (item,) for item in row.get("values", ()))
    counts = {part: tuple(numbers) for part, numbers in row.get("counts", {}).items()}
    plain = {key: row[key] for key in ("column", "kind", "rest", "above", "missing", "raw_classes") if key in row}
    return TargetRule(**plain, labels=tuple(row.get("labels", ())), values=values, counts=counts)


def _split(row: Mapping[str, Any]) -> SplitRule:
    """The split of a row."""
    lists = {"parts": {part: tuple(values) for part, values in row.get("parts", {}).items()}}
    return SplitRule(**{**row, **lists, "time": tuple(row.get("time", ()))})


def _load() -> Registry[Entry]:
    """The catalogue from its file."""
    catalogue: Registry[Entry] = Registry("data set")
    text = Path(__file__).with_name("catalogue.json").read_text(encoding="utf-8")
    for name, row in json.loads(text).items():
        catalogue.add(name, _entry(name, row))
    return catalogue


CATALOGUE: Registry[Entry] = _load()
"""Every known data set by name."""

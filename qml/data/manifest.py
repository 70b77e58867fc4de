"""What a folder of prepared Parquet files says of itself: parts, columns, target, the fitted transform, checksums."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qml.base.digest import digest
from qml.base.errors import DataError
from qml.base.files import write_json
from qml.data.source import Column, Target

MANIFEST = "manifest.json"
MANIFEST_VERSION = 1


@dataclass(frozen=True)
class PreparedFile:
    """One Parquet file of a part.

    Args:
        path: below the folder of the manifest, with forward slashes.
        rows: that it holds.
        nbytes: its size.
        sha256: of its bytes.
    """

    path: str
    rows: int
    nbytes: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """A prepared data set: which files are which part, and what their columns mean.

    Args:
        name: of the set.
        features: the columns of a file that are the inputs, in order; numbers, one place of a row each, unless
            `columns` gives the shape of one.
        columns: what the inputs were before the transform.
        types: category of `columns` that is no text -> "int", "float" or "bool", by which 1 and 1.0, yes and true are
            one value when fresh rows come.
        target: what is predicted, in the column of its name: int64 classes or float32 numbers; None without labels.
        parts: "train", "validation", "test" or others -> their files, in the order of the rows.
        kept: further columns of the files that are no inputs: groups, moments, row keys.
        groups, time: those of `kept` that a fair split respects.
        transform: state of the fitted transform that made the features of `columns`, for `qml.data.from_state`; None
            where the files hold the columns as they were.
        statistics: part -> column -> numbers by name ("mean", "spread", "least", "greatest", "missing").
        made: how it was made: plain data; no path of a machine, no credentials.
    """

    name: str
    features: tuple[str, ...]
    columns: tuple[Column, ...]
    target: Target | None
    parts: Mapping[str, tuple[PreparedFile, ...]]
    kept: tuple[str, ...] = ()
    groups: str | None = None
    time: str | None = None
    transform: Mapping[str, Any] | None = None
    statistics: Mapping[str, Mapping[str, Mapping[str, float]]] = field(default_factory=dict)
    made: Mapping[str, Any] = field(default_factory=dict)
    types: Mapping[str, str] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """Equal for equal contents, wherever and whenever they were made."""
        files = {part: [(item.rows, item.sha256) for item in items] for part, items in self.parts.items()}
        return digest({"features": self.features, "target": self.target, "parts": files, "transform": self.transform})

    def rows(self, part: str) -> int:
        """Rows of a part."""
        return sum(item.rows for item in self.parts[part])


def write_manifest(folder: Path, manifest: Manifest) -> Path:
    """Write `manifest.json` into `folder`, whole or not at all; it is written last, so it vouches for the files."""
    path = Path(folder) / MANIFEST
    write_json(path, {"version": MANIFEST_VERSION, **dataclasses.asdict(manifest)})
    return path


def parse_manifest(text: str, where: str) -> Manifest:
    """The manifest of a JSON text.

    Args:
        text: as `write_manifest` wrote it.
        where: it was found, for the message.

    Raises:
        DataError: it is no manifest, or one of another version.
    """
    try:
        plain = json.loads(text)
        version = plain.pop("version")
        if version != MANIFEST_VERSION:
            raise DataError(f"{where} is a manifest of version {version}; this one reads {MANIFEST_VERSION}.")
        plain["columns"] = tuple(_column(item) for item in plain["columns"])
        plain["target"] = None if plain["target"] is None else _target(plain["target"])
        plain["parts"] = {part: tuple(PreparedFile(**item) for item in items) for part, items in plain["parts"].items()}
        for name in ("features", "kept"):
            plain[name] = tuple(plain[name])
        return Manifest(**plain)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{where} does not read as a manifest ({error}). Prepare the folder again.") from error


def _column(plain: Mapping[str, Any]) -> Column:
    return Column(plain["name"], plain["kind"], tuple(plain["categories"]), tuple(plain["shape"]))


def _target(plain: Mapping[str, Any]) -> Target:
    return Target(plain["name"], plain["kind"], tuple(plain["labels"]))

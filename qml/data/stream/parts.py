"""Which files of a folder are which part: by a manifest, by names of sub-folders, or as the caller says."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from qml.base.errors import DataError
from qml.data.manifest import MANIFEST, Manifest, parse_manifest
from qml.data.stream.places import Place
from qml.data.table import PARTS

log = logging.getLogger(__name__)


def manifest_of(place: Place) -> Manifest | None:
    """The manifest of a prepared folder; None where the place has none.

    Raises:
        DataError: it is there and does not read as one.
    """
    text = None if place.is_file() else place.text(MANIFEST)
    return None if text is None else parse_manifest(text, place.shown(MANIFEST))


def parts_of(place: Place, given: Mapping[str, str] | None) -> dict[str, tuple[str, ...]]:
    """Part -> its files below the root, in the order of their names.

    Args:
        place: of the files.
        given: part -> a file or folder below the root; None looks at the names of sub-folders: `train/` or
            `split=train/`. Where no sub-folder is called like a part, all files are "train".

    Raises:
        DataError: there are no files, or none of a part.
    """
    files = place.files()
    if given is not None:
        return {part: _below(place, part, path, files) for part, path in given.items()}
    found: dict[str, list[str]] = {part: [] for part in PARTS}
    others = []
    for name in files:
        part = name.partition("/")[0].rpartition("=")[2] if "/" in name else ""
        (found[part] if part in PARTS else others).append(name)
    parts = {part: tuple(names) for part, names in found.items() if names}
    if not parts:
        return {"train": tuple(files)}
    if "train" not in parts:
        raise DataError(
            f"{place.shown()} has the parts {', '.join(parts)} and no train/. Name the folder of training rows so, or "
            "say parts={'train': folder, ...}."
        )
    if others:
        log.warning(
            "%s: %d files lie in no folder of a part (%s) and are left out, such as %s; parts={...} takes them",
            place.shown(),
            len(others),
            ", ".join(PARTS),
            others[0],
        )
    return parts


def folder_keys(parts: Mapping[str, tuple[str, ...]], given: Mapping[str, str] | None) -> dict[str, str]:
    """Keys of folders called `key=value` -> one such folder, leaving out those that say which part a file is of.

    Args:
        parts: part -> files below the root.
        given: part -> path that the caller named; None where the names of folders decide.

    Example:
        >>> folder_keys({"train": ("split=train/year=2020/a.parquet",)}, None)
        {'year': 'year=2020'}
    """
    keys = {}
    for part, names in parts.items():
        inside = "" if given is None else given[part].strip("/")
        for name in names:
            for folder in name.removeprefix(inside).split("/")[:-1]:
                key, mark, value = folder.partition("=")
                if mark and not (given is None and value in PARTS):
                    keys[key] = folder
    return keys


def _below(place: Place, part: str, path: str, files: Mapping[str, int]) -> tuple[str, ...]:
    """The files of a part that the caller named."""
    inside = path.strip("/")
    names = tuple(name for name in files if inside in ("", ".") or name == inside or name.startswith(f"{inside}/"))
    if not names:
        raise DataError(
            f"part {part!r} was to be {place.shown(inside)}; no Parquet file is there. Below the root lie "
            f"{', '.join(list(files)[:4])}."
        )
    return names
